from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from epyflow.artifacts.task import DailyDoses, Observations
from epyflow.errors import ArtifactError
from epyflow.strategies import run
from tests.building import compartments, layers, people, sir, task
from tests.calibrating import calibration_task, section

DAY = date(2024, 10, 1)


def doses(*shape):
    return DailyDoses(DAY, np.ones(shape))


def by_age(*values):
    given = sir().model_dump(mode="json")["parameters"]
    return {**given, "a": {"type": "age_varying", "values": values}}


def with_home(*shape):
    return people(contacts={**layers(), "home": np.ones(shape)})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": sir(ages=("0-17", "18+"))}, r"model.population.age_groups has the shape \(2,"),
        ({"model": sir(parameters=by_age(1, 2))}, r"model.parameters.a.values has the shape \(2,"),
        (
            {"model": sir(compartments=compartments(S="default", I=[1, 2], R=None))},
            r"model.compartments.I.init has the shape \(2,\); expected \(3 age groups\)",
        ),
        ({"population": replace(people(), sizes=np.ones(4))}, r"population.sizes has .* \(4,"),
        (
            {"population": people(contacts=layers(2))},
            r"contacts.school has the shape \(2, 2\); expected \(3 age groups, 3 age",
        ),
        ({"population": with_home(3)}, r"population.contacts.home has the shape \(3,\)"),
        ({"doses": doses(5, 2)}, r"doses.doses has the shape \(5, 2\); expected \(any days, 3 age"),
        ({"doses": doses(5)}, r"doses.doses has the shape \(5,\)"),
        ({"scenario_doses": {"high": doses(5, 1)}}, r"scenario_doses.high.doses has .* \(5, 1\)"),
    ],
)
def test_an_array_that_does_not_fit_the_age_groups_is_refused(changes, field):
    wrong = task(**{"model": sir(), **changes})

    with pytest.raises(ArtifactError, match=rf"^United_States_Massachusetts: .*{field}"):
        run(wrong)


@pytest.mark.parametrize(
    ("values", "visits", "field"),
    [
        (
            (3, 1),
            None,
            r"observations.values has the shape \(3, 1\); expected \(2 dates, 1 comparisons\)",
        ),
        ((2, 2), None, r"observations.values has the shape \(2, 2\)"),
        ((2, 1), (2,), r"observations.visits has the shape \(2,\)"),
    ],
)
def test_observations_that_do_not_fit_the_comparisons_are_refused(values, visits, field):
    seen = Observations((DAY, DAY), np.ones(values), None if visits is None else np.ones(visits))
    options = {"num_particles": 2, "num_generations": 1}
    wrong = calibration_task(section("smc", options), observations=seen)

    with pytest.raises(ArtifactError, match=field):
        run(wrong)


FORECAST = np.tile(np.arange(199.0), (1, 4, 1))
ENSEMBLE = {
    "type": "ensemble",
    "members": [{"type": "negative_binomial", "dispersion": 0}, {"type": "damped_growth"}],
}


def changed(value, at=5):
    found = FORECAST.copy()
    found[0, 3, at] = value
    return found


@pytest.mark.parametrize(
    ("growth", "problem"),
    [
        (None, "growth is missing; expected ascending counts"),
        (FORECAST[:, :0], r"growth has the shape \(1, 0, 199\); expected \(1 comparisons, 4 per"),
        (FORECAST[:, :3], r"growth has the shape \(1, 3, 199\)"),
        (FORECAST[..., :23], r"growth has the shape \(1, 4, 23\)"),
        (np.tile(FORECAST, (2, 1, 1)), r"growth has the shape \(2, 4, 199\)"),
        (FORECAST[0], r"growth has the shape \(4, 199\)"),
        (changed(np.nan), "growth is wrong"),
        (changed(np.inf, at=198), "growth is wrong"),
        (changed(-1, at=0), "growth is wrong"),
        (changed(9), "growth is wrong"),
        (FORECAST.astype(str), "growth is wrong"),
    ],
)
def test_a_forecast_by_damped_growth_that_is_missing_or_none_is_refused(growth, problem):
    projection = {"n_trajectories": 2, "observation_model": ENSEMBLE}
    options = {"num_particles": 2, "num_generations": 1}
    wrong = calibration_task(section("smc", options, projection=projection), growth=growth)

    with pytest.raises(ArtifactError, match=rf"{problem}.*\. Delete the input of task"):
        run(wrong)
