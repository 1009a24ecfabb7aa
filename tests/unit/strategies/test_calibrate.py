import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from epyflow import strategies
from epyflow.artifacts.task import NOT_STARTED
from epyflow.errors import EpyflowError
from epyflow.strategies.calibrate import _log_generation, calibrate
from epyflow.strategies.particle_simulator import Comparer
from tests.building import compartments, infection, spontaneous
from tests.calibrating import PRIORS, SIZES, calibration_task, model, observed, section

SMC = {"num_particles": 10, "num_generations": 2}


def uniform(low, width):
    return {"prior": {"type": "scipy", "name": "uniform", "args": [low, width]}}


def fails(task, message):
    """A failing task names its population, then the cause."""
    with pytest.raises(EpyflowError, match=f"^United_States_Massachusetts: .*{message}"):
        strategies.run(task)


# --- results -------------------------------------------------------------------------------------


def test_the_fit_describes_the_calibration():
    fit = strategies.run(calibration_task(section("SMC", SMC))).fit

    assert fit.strategy == "smc"
    assert json.loads(fit.settings["num_particles"]) == 10
    assert fit.names == ("beta", "mu", "init_I", "start_date_days")
    assert fit.reference_date == date(2024, 10, 1)
    assert fit.window == (date(2024, 10, 5), date(2024, 10, 26))
    assert fit.comparisons == ("S_to_I_total",)
    assert (fit.ended, fit.projected_generation) == ("complete", 1)
    assert [len(generation.particles) for generation in fit.generations] == [10, 10]
    assert fit.generations[0].epsilon == np.inf
    assert fit.generations[1].epsilon == np.median(fit.generations[0].distances)


def test_projections_reach_the_end_of_the_timespan_and_have_not_started_before_their_start():
    (found,) = strategies.run(calibration_task(section("smc", SMC))).members

    persons = found.compartments.unpack()
    assert found.dates[-1] == found.end_date == date(2024, 11, 16)
    assert persons.shape == (5, len(found.dates), 3, 2)
    before = persons[:, :, 0, 0] == NOT_STARTED
    assert (persons[before] == NOT_STARTED).all()
    assert (persons[~before].sum(axis=1) == SIZES).all()


def test_without_a_projection_there_are_no_trajectories():
    result = strategies.run(calibration_task(section("smc", SMC, projection=None)))

    assert result.members == ()
    assert result.fit.projected_generation is None


def test_projections_of_one_seed_are_paired_whatever_their_number():
    few, more = (
        strategies.run(
            calibration_task(section("top_fraction", {}, projection={"n_trajectories": number}))
        ).members[0]
        for number in (3, 5)
    )

    persons = few.compartments.unpack()
    assert (persons == more.compartments.unpack()[:3, -persons.shape[1] :]).all()


def test_a_calibrated_minimum_of_the_season_replaces_the_written_one():
    season = {
        "target_parameter": "beta",
        "method": "balcan",
        "seasonality_max_date": "2025-01-10",
        "max_value": 1.0,
        "min_value": 0.5,
    }
    calibrated = {"type": "calibrated"}
    written = model(
        seasonality=season,
        parameters={"beta": calibrated, "mu": calibrated, "seasonality_min": calibrated},
    )
    priors = {"beta": uniform(0.02, 0.001), "mu": {"prior": PRIORS["mu"]}}

    weak, strong = (
        strategies.run(
            calibration_task(
                section(
                    "top_fraction",
                    {"Nsim": 20, "top_fraction": 1.0},
                    parameters={**priors, "seasonality_min": uniform(low, 0.01)},
                ),
                written,
            )
        ).fit.generations[0]
        for low in (0.9, 0.1)
    )

    # In October, three months before the maximum, transmission is well below it.
    assert weak.series.unpack().sum() > 1.5 * strong.series.unpack().sum()


def test_weeks_without_a_value_are_left_out_and_listed_in_the_log(caplog):
    task = calibration_task(
        section("top_fraction", {}), observations=observed((200.0, np.nan, 1300.0, np.nan))
    )

    with caplog.at_level("WARNING", "epyflow"):
        fit = strategies.run(task).fit

    assert caplog.messages == ["no value on 2024-10-12, 2024-10-26; left out"]
    series, generation = fit.generations[0].series.unpack()[:, :, 0], fit.generations[0]
    errors = series[:, [0, 2]] - [200.0, 1300.0]
    assert generation.distances == pytest.approx(np.sqrt((errors**2).mean(axis=1)))


def test_compared_series_are_sums_of_ages_and_transitions():
    compared = [
        {"observed_value_column": "value", "observed_date_column": "date", "simulation": names}
        for names in (["S_to_I_total", "I_to_R_18+"], ["I_to_R_0-17"])
    ]
    transitions = np.array([[[1.0, 2.0], [10.0, 20.0]], [[3.0, 4.0], [30.0, 40.0]]])

    totals = Comparer.of(section("smc", {}, comparison=compared), model()).totals(transitions)

    assert totals.tolist() == [[1 + 2 + 20, 10], [3 + 4 + 40, 30]]


def test_each_generation_has_a_line_in_the_log(caplog):
    with caplog.at_level("INFO", "epyflow"):
        strategies.run(calibration_task(section("smc", SMC)))

    lines = [message for message in caplog.messages if message.startswith("generation")]
    assert len(lines) == 2
    assert lines[0].startswith("generation 1 of 2: epsilon inf, accepted 10 of 10 simulations (100")
    assert all("simulations/s" in line and "left at this rate" in line for line in lines)


# --- ends ----------------------------------------------------------------------------------------


def ticking(seconds):
    """Return a clock that moves by so much whenever it is read."""
    now = [0.0]

    def clock():
        now[0] += seconds
        return now[0]

    return clock


def test_max_time_ends_with_the_last_complete_generation_and_says_so(caplog):
    options = {"num_particles": 10, "num_generations": 50, "max_time": "60s"}

    fit = calibrate(calibration_task(section("smc", options)), clock=ticking(1.0)).fit

    assert fit.ended == "max_time"
    assert 1 <= len(fit.generations) < 50
    assert fit.projected_generation == len(fit.generations) - 1
    assert f"max_time: ends with generation {len(fit.generations)}" in caplog.text


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("smc", SMC, r"max_time was reached after \d simulations, before the first generation"),
        ("rejection", {"epsilon": 1e-6}, r"max_time was reached after \d simulations without one"),
    ],
)
def test_max_time_before_anything_is_complete_is_an_error(name, options, message):
    task = calibration_task(section(name, {**options, "max_time": "5s"}))

    with pytest.raises(EpyflowError, match=f"^United_States_Massachusetts: {message}"):
        calibrate(task, clock=ticking(1.0))


@pytest.mark.parametrize("limit", [{}, {"total_simulations_budget": 100}])
def test_the_log_says_that_nothing_but_the_tolerance_ends_a_calibration(limit, caplog):
    calibrate(calibration_task(section("rejection", {"epsilon": 1e9, "num_particles": 2, **limit})))

    said = "neither total_simulations_budget nor max_time ends the calibration if too few "
    assert (said in caplog.text) == (not limit)


def test_of_a_generation_that_was_not_reached_the_last_one_is_projected_with_a_warning(caplog):
    options = {"num_particles": 10, "num_generations": 9, "total_simulations_budget": 25}
    chosen = {"n_trajectories": 5, "generation_number": 8}

    result = calibrate(calibration_task(section("smc", options, projection=chosen)))
    usual = calibrate(calibration_task(section("smc", options, projection={"n_trajectories": 5})))

    last = len(result.fit.generations) - 1
    assert result.fit.projected_generation == last < 8
    assert [each.particles for each in result.members] == [each.particles for each in usual.members]
    said = f"ended with generation {last} (total_simulations_budget), which is projected instead"
    assert caplog.text.count(said) == 1


def test_an_earlier_generation_can_be_projected():
    chosen = {"n_trajectories": 5, "generation_number": 0}

    assert (
        strategies.run(
            calibration_task(section("smc", SMC, projection=chosen))
        ).fit.projected_generation
        == 0
    )


# --- bad input -----------------------------------------------------------------------------------

STRATEGIES = [("smc", SMC), ("rejection", {"epsilon": 1e9}), ("top_fraction", {"Nsim": 20})]


@pytest.mark.parametrize(("name", "options"), STRATEGIES)
def test_an_initial_condition_that_overfills_an_age_group_fails_the_population(name, options):
    overfull = model(compartments=compartments(S="default", I="calibrated", R=[0, 60_000]))

    fails(
        calibration_task(section(name, options), overfull),
        r"age group 18\+ has 60001 persons, but .* place \d+ more",
    )


def test_more_persons_than_everybody_fail_the_population_with_the_draw():
    wide = {"I": {"prior": {"type": "scipy", "name": "uniform", "args": [1e8, 1e6]}}}

    fails(
        calibration_task(section("smc", SMC, compartments=wide)),
        r"place \d+ more than that; drawn were I = 1\.00\d+e\+08",
    )


@pytest.mark.parametrize(("name", "options"), STRATEGIES)
def test_simulations_that_do_not_depend_on_what_is_calibrated_stop_the_calibration(name, options):
    nobody = model(compartments=compartments(S="default", I=None, R="calibrated"))

    fails(
        calibration_task(
            section(name, options, compartments={"R": {"prior": PRIORS["I"]}}), nobody
        ),
        r"all \d+ distances are .* do not depend on the calibrated parameters",
    )


@pytest.mark.parametrize(("name", "options"), STRATEGIES)
def test_a_distance_that_is_no_number_stops_the_calibration(name, options):
    infinite = observed((200.0, np.inf, 1300.0, 2500.0))

    fails(
        calibration_task(section(name, options), observations=infinite),
        "a simulation has the distance inf; expected a finite number",
    )


def test_a_rate_that_is_negative_fails_the_population():
    written = model(transitions=[infection("S", "I", "I", "beta-1"), spontaneous("I", "R", "mu")])

    fails(calibration_task(section("smc", SMC), written), "rate .* is negative")


def test_observations_of_another_frequency_fail_the_population():
    fails(
        calibration_task(section("smc", SMC), observations=observed(every=1)),
        "there is an observation on 2024-10-0[67], but the simulated series has the dates",
    )


def test_a_distance_that_is_undefined_fails_the_population():
    task = calibration_task(
        section("smc", SMC, distance_function="mape"), observations=observed((0.0,) * 4)
    )

    fails(task, "mape is undefined where every observation is zero")


def test_projections_on_different_days_cannot_be_laid_side_by_side():
    # Steps of two days from an even or an odd day.
    stepping = model(delta_t=2.0, resample_frequency=None)

    fails(
        calibration_task(
            section("top_fraction", {"Nsim": 20}),
            stepping,
            observations=replace(observed((200.0,)), dates=(date(2024, 10, 1),)),
        ),
        "set simulation.resample_frequency",
    )


def test_a_prior_that_was_not_resolved_is_refused():
    own = {"beta": {"prior": {"type": "custom", "name": "mine"}}, "mu": {"prior": PRIORS["mu"]}}

    fails(calibration_task(section("smc", SMC, parameters=own)), "the prior mine was not resolved")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"beta": "discrete"}, "beta: the kernel 'discrete' does not suit a continuous prior"),
        ({"start_date": "continuous"}, "start_date: the kernel 'continuous' does not suit a disc"),
        ({"nu": "continuous"}, "perturbations name nu; expected some of beta, mu, I, start_date"),
    ],
)
def test_a_kernel_that_cannot_move_the_quantity_is_refused(named, message):
    fails(calibration_task(section("smc", {**SMC, "perturbations": named})), message)


def test_kernels_can_be_named_for_every_quantity():
    kinds = {"beta": "continuous", "I": "continuous", "start_date": "discrete"}
    plain, named = (
        strategies.run(calibration_task(section("smc", SMC | extra))).fit.generations[-1]
        for extra in ({}, {"perturbations": kinds})
    )

    assert (plain.particles == named.particles).all()


def test_a_discrete_prior_without_an_end_is_refused_by_its_name():
    endless = {"type": "scipy", "name": "poisson", "args": [3]}
    given = {"reference_date": "2024-10-01", "prior": endless}

    fails(
        calibration_task(section("smc", SMC, start_date=given)),
        "start_date: .* so the prior needs a smallest and a largest value",
    )


def test_a_generation_that_took_no_time_has_a_line_too(caplog):
    caplog.set_level("INFO")
    last = SimpleNamespace(simulations=10, epsilon=1.0, particles=[0] * 5, acceptance=0.5)
    smc = SimpleNamespace(done=[last], settings=SimpleNamespace(generations=2))

    _log_generation(smc, 0.0)

    (line,) = caplog.messages
    assert "inf simulations/s, about 0 s left" in line
