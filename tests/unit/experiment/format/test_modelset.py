import pytest

from epyflow.experiment.format.modelset import members_per_population
from tests.unit.experiment.samples import GONE, SAMPLING, SIR, changed, inspected, messages

NORM = {"type": "scipy", "name": "norm", "args": [2, 0.1]}


def sampling_of(root, *changes):
    experiment, problems = inspected(root, changed(SAMPLING, *changes))
    assert experiment is not None, [str(problem) for problem in problems]
    return experiment.modelset.sampling


def test_members_are_grid_points_times_draws(root):
    # gamma has 2 values, sigma 3, and there are 8 draws.
    assert members_per_population(sampling_of(root)) == 2 * 3 * 8
    assert members_per_population(None) == 1


@pytest.mark.parametrize("strategy", ["LHS", "lhs", "Sobol", "montecarlo"])
def test_the_name_of_a_sampler_is_read_in_any_case(root, strategy):
    sampling = sampling_of(root, ("modelset.sampling.samplers.1.strategy", strategy))

    assert sampling.draws.strategy.casefold() == strategy.casefold()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ([("1.strategy", "LSH")], "'LSH' is not a sampling strategy (did you mean LHS?)"),
        ([("1.n_samples", GONE)], "n_samples is missing; expected the number of draws of LHS"),
        ([("1.n_samples", 0)], "0 is too small; expected 1 or more"),
        ([("0.n_samples", 3)], "a grid with n_samples"),
        ([("0.compartments", ["I"])], "a grid with compartments"),
        ([("1.parameters", []), ("1.compartments", [])], "samples nothing"),
        ([("1.parameters", ["R0", "R0"])], "parameters names 'R0' twice"),
        ([("1.compartments", ["I", "I"])], "compartments names 'I' twice"),
        ([("1.strategy", "grid"), ("1.n_samples", GONE)], "a grid with compartments"),
        (
            [("end", {"strategy": "sobol", "n_samples": 2, "parameters": ["R0"]})],
            "2 other samplers",
        ),
        ([("end", {"strategy": "grid", "parameters": ["R0"]})], "2 grids"),
    ],
)
def test_a_sampler_out_of_shape_is_refused(root, changes, what):
    edits = [(f"modelset.sampling.samplers.{key}", value) for key, value in changes]

    found = messages(root, SAMPLING, *edits)

    assert any(message.startswith("modelset.sampling") and what in message for message in found)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({}, "neither of values and distribution given"),
        ({"values": [1], "distribution": NORM}, "both of values and distribution given"),
        ({"values": []}, "empty; expected at least one entry"),
        ({"values": [0.5, "1/2"]}, "values lists 0.5 twice; expected it once"),
        ({"values": 0.5}, "0.5 is not a list; expected a list, such as [0.5]"),
        (0.5, "0.5 is not a mapping"),
    ],
)
def test_a_sampled_parameter_has_values_or_a_distribution(root, value, what):
    found = messages(root, SAMPLING, ("modelset.sampling.parameters.gamma", value))

    assert any("modelset.sampling.parameters.gamma" in each and what in each for each in found)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"min": 0.2, "max": 0.1}, "min 0.2 is above max 0.1"),
        ({"min": -0.1, "max": 0.1}, "-0.1 is too small; expected 0 or more"),
        ({"min": 0.1}, "missing; expected a value for 'max'"),
    ],
)
def test_a_range_of_initial_conditions_ascends_from_0(root, value, what):
    (message,) = messages(root, SAMPLING, ("modelset.sampling.compartments.I", value))

    assert message.startswith("modelset.sampling.compartments.I")
    assert what in message


@pytest.mark.parametrize(
    ("distribution", "what"),
    [
        ({"type": "scipy", "name": "normal"}, "'normal' is not among the distributions (did you"),
        ({"type": "scipy", "name": "rv_continuous"}, "is not among the distributions"),
        ({"type": "scipy", "name": "norm", "args": [1, 2, 3]}, "expected loc, scale"),
        ({"type": "scipy", "name": "randint", "args": [1]}, "expected low, high, loc"),
        ({"type": "scipy", "name": "randint", "args": [3, 3]}, "randint is not defined for args"),
        ({"type": "scipy", "name": "norm", "kwargs": {"sd": 1}}, "norm does not take args"),
        ({"type": "scipy", "name": "uniform", "args": [1, -1]}, "uniform is not defined for args"),
        ({"type": "scipy", "name": "uniform", "args": ["a"]}, "uses the name 'a'; expected a num"),
        ({"type": "scpiy", "name": "norm"}, "type is 'scpiy' (did you mean scipy?)"),
        ({"type": "custom", "name": "nothing"}, "defines 'nothing'; expected one that does"),
        ({"type": "custom", "name": "my_pior"}, "did you mean my_prior?"),
        ({"type": "custom", "name": "os.system"}, "'os.system' cannot name a parameter"),
        ("norm", "'norm' is not a mapping (key: value); expected a mapping (key: value)"),
    ],
)
def test_a_distribution_that_cannot_be_drawn_from_is_refused(root, distribution, what):
    place = "modelset.sampling.parameters.R0.distribution"

    found = messages(root, SAMPLING, (place, distribution))

    assert any(message.startswith(place) and what in message for message in found), found


@pytest.mark.parametrize(
    "distribution",
    [
        {"type": "scipy", "name": "uniform", "args": [1, 1]},
        {"type": "scipy", "name": "truncnorm", "kwargs": {"a": -1, "b": 1, "loc": 2}},
        {"type": "scipy", "name": "randint", "args": [1, 4]},
        {"type": "scipy", "name": "poisson", "args": [3]},
        {"type": "custom", "name": "my_prior"},
    ],
)
def test_distributions_of_scipy_and_of_the_users_own_are_accepted(root, distribution):
    place = "modelset.sampling.parameters.R0.distribution"

    assert sampling_of(root, (place, distribution))


def test_bounds_are_those_of_scipy():
    from epyflow.experiment.format.distributions import ScipyDistribution

    def bounds(name, *args):
        return ScipyDistribution(type="scipy", name=name, args=args).bounds()

    assert bounds("uniform", 1, 0.5) == (1, 1.5)
    assert bounds("randint", 0, 75) == (0, 74)
    assert bounds("norm") == (-float("inf"), float("inf"))
    assert bounds("expon") == (0, float("inf"))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *(("norm", (0, 1e6)), ("cauchy", ()), ("zipf", (2,)), ("pareto", (2,)), ("levy", ())),
        # Their integrals far out, as scipy computes them, are 2, 1 and no number.
        *(("genhyperbolic", (0.5, 1.5, -0.5)), ("geninvgauss", (2.3, 1.5)), ("invgauss", (0.145,))),
    ],
)
def test_long_tails_of_small_probability_are_accepted(name, args):
    from epyflow.experiment.format.distributions import ScipyDistribution

    _, probability = ScipyDistribution(type="scipy", name=name, args=args).excess()

    assert probability < 1e-5


@pytest.mark.parametrize(
    "given",
    [
        ("norm", 1e4, 1e4),
        ("halfnorm", 1e4, 1e4),
        ("expon", 1e4, 1e4),
        ("gamma", 1e4, 1e4, 1e4),
        ("lognorm", 5, 1e4, 1e4),
        ("beta", 1e4, 1e4, 1e4, 1e4),
    ],
)
def test_arguments_that_are_not_given_to_scipy_keep_within_the_limit(given, monkeypatch):
    from epyflow.experiment.format.distributions import ScipyDistribution

    found = ScipyDistribution(type="scipy", name=given[0], args=given[1:])
    assert found.excess() == (1e10, 0)
    monkeypatch.setattr(ScipyDistribution, "_is_plain", lambda self: False)

    assert found.excess()[1] < 0.01


def outcome(distribution):
    """Return the bounds of a distribution, or the message that refuses it."""
    from epyflow.experiment.format.distributions import ScipyDistribution

    try:
        return ScipyDistribution(type="scipy", **distribution).bounds()
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("kwargs", [{}, {"scale": 0.5}, {"loc": 2, "scale": 3}, {"sd": 1}])
@pytest.mark.parametrize(
    "args",
    [(), (1,), (0.3,), (0,), (-1, 2), (0.1, 0.2), (2, 1), (1, 2, 3), (1, 2, -3), (2, 3, 0.7, 0.1)],
)
@pytest.mark.parametrize(
    "name",
    ["uniform", "loguniform", "norm", "halfnorm", "expon", "lognorm", "gamma", "beta", "randint"],
)
def test_bounds_that_are_known_without_scipy_are_those_of_scipy(name, args, kwargs, monkeypatch):
    from epyflow.experiment.format.distributions import ScipyDistribution

    distribution = {"name": name, "args": args, "kwargs": kwargs}
    here = outcome(distribution)
    monkeypatch.setattr(ScipyDistribution, "_known_bounds", lambda self: None)

    assert here == outcome(distribution)


# Populations.


def populations_of(root, *changes):
    experiment, problems = inspected(root, changed(SAMPLING, *changes))
    assert experiment is not None, [str(problem) for problem in problems]
    return [place.name for place in experiment.populations]


@pytest.mark.parametrize(
    "name", ["US-MA", "United_States_Massachusetts", "United_States__Massachusetts"]
)
def test_a_population_is_named_by_its_code_or_as_in_the_store(root, name):
    found = populations_of(root, ("modelset.population_names", [name]))

    assert found == ["United_States_Massachusetts"]


def test_one_name_need_not_be_a_list(root):
    assert populations_of(root, ("modelset.population_names", "FR")) == ["France"]


@pytest.mark.parametrize("written", ["all", ["all"]])
def test_all_is_the_nation_its_states_and_dc(root, written):
    found = populations_of(root, ("modelset.population_names", written))

    assert len(found) == 52
    assert found[0] == "United_States"
    assert {"United_States_District_of_Columbia", "United_States_Alaska"} < set(found)


def test_some_are_left_out_of_all(root):
    found = populations_of(
        root, ("modelset.population_names", "all"), ("modelset.exclude", ["US", "US-AK"])
    )

    assert len(found) == 50
    assert not {"United_States", "United_States_Alaska"} & set(found)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ([("population_names", ["US-MA", "US-MA"])], "'US-MA' is listed twice"),
        (
            [("population_names", ["US-MA", "United_States_Massachusetts"])],
            "'United_States_Massachusetts' is the same population as 'US-MA'",
        ),
        ([("population_names", ["US-MA", "US-XX"])], 'there is no population "US-XX"'),
        ([("population_names", ["US-MA", "Narnia"])], 'there is no population "Narnia"'),
        ([("population_names", ["all", "US-MA"])], "'all' is given with other names"),
        ([("population_names", [])], "is not a list of population names"),
        (
            [("population_names", [False])],
            "quote names that YAML reads as a number, a date or a truth",
        ),
        ([("population_names", ["US-MA", 2024])], "quote names that YAML reads as a number"),
        ([("population_names", 7)], "7 is not a list of population names"),
        ([("exclude", ["US-AK"])], "exclude is given; expected it only with population_names: all"),
        (
            [("population_names", "all"), ("exclude", ["US-AK", "US-AK"])],
            "exclude lists 'US-AK' twice",
        ),
        ([("population_names", "all"), ("exclude", ["FR"])], "'FR' is not part of all"),
        ([("population_names", "all"), ("exclude", ["US-XX"])], 'no population "US-XX"'),
    ],
)
def test_populations_that_cannot_be_meant_are_refused(root, changes, what):
    edits = [(f"modelset.{key}", value) for key, value in changes]

    found = messages(root, SAMPLING, *edits)

    assert any(what in message for message in found), found


def test_excluding_everybody_is_refused(root):
    from epyflow.population.locations import ALL_US

    found = messages(
        root,
        SAMPLING,
        ("modelset.population_names", "all"),
        ("modelset.exclude", [place.iso for place in ALL_US]),
    )

    assert found == ["modelset.exclude: excludes every population of all; expected fewer entries"]


def test_an_unknown_state_is_refused_with_the_nearest(root):
    found = messages(root, SIR, ("model.population.name", "United_States_Masachusetts"))

    assert "did you mean United_States_Massachusetts" in found[0]


def test_a_name_that_only_the_store_knows_is_accepted(root):
    from epyflow.experiment.load import inspect
    from epyflow.experiment.reading.experiment_files import locate
    from tests.unit.experiment.samples import write_sections

    folder = write_sections(root, changed(SIR, ("model.population.name", "Atlantis")))

    assert inspect(locate(folder))[0] is None
    experiment, _ = inspect(locate(folder), populations=("Atlantis",))
    assert experiment is not None
    assert [place.name for place in experiment.populations] == ["Atlantis"]
