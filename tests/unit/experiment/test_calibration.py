import inspect as signatures

import pytest
from epydemix.calibration import ABCSampler

from epyflow.experiment.format.calibration import (
    RejectionOptions,
    SmcOptions,
    TopFractionOptions,
)
from epyflow.experiment.format.distributions import ScipyDistribution
from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    REJECTION,
    TOP_FRACTION,
    changed,
    inspected,
    messages,
)

OPTIONS = "modelset.calibration.strategy.options"


def calibration_of(root, sample, *changes):
    experiment, problems = inspected(root, changed(sample, *changes))
    assert experiment is not None, [str(problem) for problem in problems]
    return experiment.modelset.calibration


@pytest.mark.parametrize(
    ("options", "method"),
    [
        (SmcOptions, ABCSampler.run_smc),
        (RejectionOptions, ABCSampler.run_rejection),
        (TopFractionOptions, ABCSampler.run_top_fraction),
    ],
)
def test_the_options_and_their_defaults_are_those_of_epydemix(options, method):
    parameters = signatures.signature(method).parameters.values()
    theirs = {each.name: each.default for each in parameters if each.name != "self"}

    assert {name: field.default for name, field in options.model_fields.items()} == theirs


@pytest.mark.parametrize("name", ["SMC", "smc", "Smc"])
def test_the_name_of_a_strategy_is_read_in_any_case(root, name):
    found = calibration_of(root, CALIBRATION, ("modelset.calibration.strategy.name", name))

    assert found.strategy.name == "smc"


def test_without_options_they_are_those_of_epydemix(root):
    strategy = calibration_of(root, TOP_FRACTION, (OPTIONS, GONE)).strategy

    assert (strategy.options.Nsim, strategy.options.top_fraction) == (100, 0.05)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (
            "SMCC",
            "name is 'smcc' (did you mean smc?); expected one of smc, rejection, top_fraction",
        ),
        (GONE, "'name' is missing; expected name: one of smc, rejection, top_fraction"),
        (5, "name is '5'; expected one of smc, rejection, top_fraction"),
    ],
)
def test_an_unknown_strategy_is_refused(root, name, what):
    found = messages(root, CALIBRATION, ("modelset.calibration.strategy.name", name))

    assert found == [f"modelset.calibration.strategy: {what}"]


@pytest.mark.parametrize(
    ("sample", "option", "value", "what"),
    [
        (CALIBRATION, "num_particles", 0, "0 is too small; expected 1 or more"),
        (CALIBRATION, "num_particles", 10.0, "10.0 is not a whole number"),
        (
            CALIBRATION,
            "num_generations",
            4,
            "epsilon_schedule has 3 values and num_generations is 4",
        ),
        (CALIBRATION, "epsilon_schedule", [3, 2, 0], "0 is too small; expected a number above 0"),
        (CALIBRATION, "epsilon_quantile_level", 1.5, "1.5 is too large; expected 1 or less"),
        (CALIBRATION, "max_time", 4, "4 is not a duration; expected text such as 90min or 6h"),
        (CALIBRATION, "max_time", "0.5s", "'0.5s' is not a duration of 1 second to 1,000 days"),
        (CALIBRATION, "num_generations", 1001, "1001 is too large; expected 1,000 or less"),
        (CALIBRATION, "num_particles", 1, "the continuous prior of Rt: its next generation is"),
        (CALIBRATION, "total_simulations_budget", 1, "expected enough for the first generation"),
        (CALIBRATION, "max_time", "4 fortnights", "'4 fortnights' is not a duration"),
        (CALIBRATION, "perturbations", {"Rt": "nothing"}, "'nothing'"),
        (CALIBRATION, "perturbations", {"R0": "discrete"}, "unknown calibrated quantity 'R0'"),
        (CALIBRATION, "verbose", "yes", "'yes' is not true or false; expected true or false"),
        (CALIBRATION, "epsilon", 5, "unknown key 'epsilon' (did you mean minimum_epsilon"),
        (
            CALIBRATION,
            "num_partciles",
            5,
            "unknown key 'num_partciles' (did you mean num_particles",
        ),
        (REJECTION, "num_generations", 5, "unknown key 'num_generations'"),
        (REJECTION, "epsilon", 0, "0 is too small; expected a number above 0"),
        (TOP_FRACTION, "top_fraction", 0, "0 is too small; expected a number above 0"),
        (TOP_FRACTION, "n_sim", 5, "unknown key 'n_sim' (did you mean Nsim"),
    ],
)
def test_an_option_that_epydemix_would_not_take_is_refused(root, sample, option, value, what):
    found = messages(root, sample, (f"{OPTIONS}.{option}", value))

    assert any(message.startswith(OPTIONS) and what in message for message in found), found


@pytest.mark.parametrize(
    ("strategy", "key"),
    [
        ({"name": "rejection", "options": {"epsilon": 5}}, "epsilon"),
        ({"name": "rejection"}, "epsilon"),
        (
            {"name": "smc", "options": {"num_generations": 2, "epsilon_schedule": [9, 5]}},
            "epsilon_schedule",
        ),
        ({"name": "rejection", "options": {"max_time": "6h"}}, None),
        ({"name": "rejection", "options": {"total_simulations_budget": 1000}}, None),
        ({"name": "smc"}, None),
        ({"name": "top_fraction"}, None),
    ],
)
def test_a_fixed_tolerance_without_a_limit_is_a_warning(root, strategy, key):
    found = messages(root, REJECTION, ("modelset.calibration.strategy", strategy))

    assert [each for each in found if "does not end" in each] == [
        f"{OPTIONS}: warning: {key} is a fixed tolerance: if the model comes that near rarely or "
        "never, the calibration does not end; expected total_simulations_budget, such as 100000, "
        "or max_time, such as 6h"
        for _ in [key] * (key is not None)
    ]


@pytest.mark.parametrize(
    ("prior", "kernel", "where", "what"),
    [
        (
            {"name": "poisson", "args": [2]},
            None,
            "parameters.Rt.prior",
            "poisson has no largest or no smallest value, and SMC moves between the values",
        ),
        (
            {"name": "randint", "args": [1, 4]},
            "continuous",
            "strategy.options.perturbations.Rt",
            "continuous does not suit randint, which is discrete; expected discrete",
        ),
        (
            {"name": "truncnorm", "args": [0, 1]},
            "discrete",
            "strategy.options.perturbations.Rt",
            "discrete does not suit truncnorm, which is continuous; expected continuous",
        ),
    ],
)
def test_a_prior_that_no_kernel_can_move_is_refused(root, prior, kernel, where, what):
    changes = [
        ("modelset.calibration.parameters.Rt.prior", prior),
        (f"{OPTIONS}.perturbations", {"Rt": kernel} if kernel else GONE),
    ]

    found = messages(root, CALIBRATION, *changes)

    assert any(each.startswith(f"modelset.calibration.{where}: {what}") for each in found), found


@pytest.mark.parametrize(
    ("name", "args", "share"),
    [
        # Of 100 draws of exp(5 z), the standard deviation is 4.0e4 and so that of steps 5.6e4. The
        # quartiles are exp(-3.37) and exp(3.37), 29.1 apart: 29.1 / 5.6e4 * 0.399 = 2e-4.
        ("lognorm", [5], "0.0002"),
        ("lognorm", [3], "0.009"),
        ("lognorm", [2], None),
        ("lognorm", [1.5], None),
        ("loguniform", [1e-10, 1], "0.006"),
        ("loguniform", [1e-6, 1], None),
        ("gamma", [0.05], "0.003"),
        ("gamma", [0.5], None),
        ("halfcauchy", [], None),
        ("uniform", [0, 1e6], None),
    ],
)
def test_a_prior_with_such_tails_that_smc_hardly_moves_in_its_middle_is_warned_of(
    root, name, args, share
):
    prior = ("modelset.calibration.parameters.beta.prior", {"name": name, "args": args})
    options = {"num_particles": 100, "num_generations": 5}
    changes = [prior, ("modelset.calibration.strategy", {"name": "smc", "options": options})]

    found = [each for each in messages(root, REJECTION, *changes) if "steps of SMC" in each]

    assert len(found) == (share is not None)
    for each in found:
        assert each.startswith("modelset.calibration.parameters.beta.prior: warning: the largest ")
        assert f"with a probability of {share}: each particle may take " in each
        assert "expected a narrower prior, the strategy top_fraction, or total_sim" in each
    options["num_generations"] = 1
    assert not any("steps of SMC" in each for each in messages(root, REJECTION, *changes))
    assert not any("steps of SMC" in each for each in messages(root, REJECTION, prior))


def test_no_quantiles_are_asked_of_a_family_for_which_scipy_searches_for_each():
    slow = ScipyDistribution(type="scipy", name="studentized_range", args=[3, 10])
    fast = ScipyDistribution(type="scipy", name="halfcauchy")

    assert slow.central_share(10, 1.4) is None
    assert fast.central_share(10, 1.4) is not None


def test_rejection_needs_no_bounded_prior(root):
    prior = ("modelset.calibration.parameters.beta.prior", {"name": "poisson", "args": [2]})

    assert messages(root, REJECTION, prior) == messages(root, REJECTION)


@pytest.mark.parametrize(
    ("args", "delta_t", "what"),
    [
        ([-200_000, 10], 1, "start 200000 days before 2024-09-01; expected a day from the year 17"),
        ([-2_000, 10], 0.002, "which gives 1,136,500 steps of 0.002 days; expected at most 1,000"),
    ],
)
def test_a_start_before_all_dates_or_with_too_many_steps_is_refused(root, args, delta_t, what):
    changes = [
        ("modelset.calibration.start_date.prior.args", args),
        ("model.timespan.delta_t", delta_t),
    ]

    found = messages(root, CALIBRATION, *changes)

    assert any(
        each.startswith("modelset.calibration.start_date.prior: ") and what in each
        for each in found
    ), found


def test_one_particle_has_several_generations_if_all_priors_are_discrete(root):
    one = {"name": "smc", "options": {"num_particles": 1, "num_generations": 3}}
    strategy = ("modelset.calibration.strategy", one)
    numbers = {"name": "randint", "args": [1, 4]}

    drawn = messages(root, REJECTION, strategy)
    prior = ("modelset.calibration.parameters.beta.prior", numbers)
    counted = messages(root, REJECTION, strategy, prior)

    assert [each for each in drawn if each not in counted] == [
        f"{OPTIONS}.num_particles: 1, with num_generations 3 and the continuous prior of beta: its "
        "next generation is drawn from the spread of the particles, which is 0; expected 2 or more "
        "particles, 1 generation, or discrete priors only"
    ]


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        ("distance_function", "rsme", "'rsme' is not among the choices (did you mean rmse?)"),
        ("fitting_window.end_date", "2024-10-05", "is not after start_date 2024-10-05"),
        ("comparison", [], "empty; expected at least one entry"),
        ("comparison.0.simulation", [], "empty; expected at least one entry"),
        ("comparison.0.simulation", ["I_to_H_total"] * 2, "simulation lists 'I_to_H_total' twice"),
        ("comparison.0.weight", 0, "0 is too small; expected a number above 0"),
        ("projection.n_trajectories", 0, "0 is too small"),
        ("projection.generation_number", -1, "-1 is too small; expected 0 or more"),
    ],
)
def test_a_calibration_out_of_shape_is_refused(root, place, value, what):
    found = messages(root, CALIBRATION, (f"modelset.calibration.{place}", value))

    assert any("modelset.calibration" in message and what in message for message in found), found


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("I_to_H_total", "such as ['I_to_H_total']"),
        ("I_to_H_total, I_to_D_total]", "write [I_to_H_total, I_to_D_total]"),
        ("I_to_H_total, I_to_D_total", "write [I_to_H_total, I_to_D_total]"),
        ("[I_to_H_total", "write [I_to_H_total]"),
        (", ".join(["I_to_H_total"] * 20), "write it between [ and ]"),
    ],
)
def test_a_text_in_place_of_a_list_is_one_error_that_says_how_to_write_it(root, value, advice):
    """The list that it is in has an entry, if a wrong one."""
    place = "modelset.calibration.comparison"
    found = messages(root, CALIBRATION, (f"{place}.0.simulation", value))

    [error] = [each for each in found if each.startswith(place)]
    assert error.startswith(f"{place}[0].simulation: ")
    assert error.endswith(advice)


def test_something_must_be_calibrated(root):
    found = messages(root, REJECTION, ("modelset.calibration.parameters", GONE))

    assert any(
        "nothing is calibrated; expected at least one of start_date" in each for each in found
    )


def test_sampling_and_calibration_are_not_mixed(root):
    from tests.unit.experiment.samples import SAMPLING

    sampling = SAMPLING["modelset"]["sampling"]

    found = messages(root, CALIBRATION, ("modelset.sampling", sampling))

    assert "modelset: both sampling and calibration given; expected at most one of them" in found


COMPARED = "modelset.calibration.comparison.0"


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        ({"unit": "buckets"}, "unit", "'buckets' is no unit; expected one such as count, rate per"),
        ({"unit": "percent"}, "unit", "'percent' is no unit"),
        ({"unit": "percent of visits"}, "", "nothing says how many visits there are"),
        ({"scale": "ratoi"}, "scale", "unknown parameter 'ratoi'"),
        ({"scale": "ages"}, "scale", "'ages' varies with age; expected one number"),
        ({"scale": "2*Rt"}, "scale", "seasonality or an intervention acts on 'Rt'"),
        ({"scale": 0}, "scale", "0 is not above 0"),
        ({"scale": "2/(rest-rest)"}, "scale", "'2/(rest-rest)' cannot be computed: float division"),
        ({"scale": "0-rest"}, "scale", "0-rest is -3; expected a positive factor"),
        ({"observed_visits_column": "all"}, "observed_visits_column", "'all'"),
    ],
)
def test_a_unit_that_cannot_be_fitted_is_refused(root, changes, where, what):
    written = [(f"{COMPARED}.{key}", value) for key, value in changes.items()]
    intervention = {
        "type": "parameter",
        "target_parameter": "Rt",
        "scaling_factor": 0.9,
        "start_date": "2024-12-01",
        "end_date": "2024-12-31",
    }
    ages = {"type": "age_varying", "values": [1, 2]}
    model = [
        ("model.interventions", [intervention]),
        ("model.parameters.ages", ages),
        ("model.parameters.rest", {"type": "scalar", "value": 3}),
    ]

    found = messages(root, CALIBRATION, *model, *written)

    here = "modelset.calibration.comparison[0]" + (f".{where}" if where else "")
    assert any(each.startswith(f"{here}: ") and what in each for each in found), found


def test_a_parameter_that_only_a_scale_uses_is_used(root):
    factor = ("model.parameters.ratio", {"type": "scalar", "value": 100})

    unused = messages(root, CALIBRATION, factor)
    used = messages(
        root,
        CALIBRATION,
        factor,
        (f"{COMPARED}.scale", "ratio"),
        (f"{COMPARED}.unit", "percent of ED visits"),
    )

    assert "model.parameters.ratio: warning: no rate or calculated parameter uses it" in unused
    assert used == [each for each in unused if "ratio" not in each]
