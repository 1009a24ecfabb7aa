"""Fits to rates and shares: what simulated persons are multiplied by, and what follows from it."""

from datetime import date

import numpy as np
import pytest

from epyflow import strategies
from epyflow.artifacts.task import Observations
from epyflow.errors import DataError, EpyflowError
from epyflow.strategies.observed_units import ObservedUnits
from tests.building import people, scalar
from tests.calibrating import AGES, PRIORS, SIZES, calibration_task, model, observed, section

REJECTION = {"Nsim": 12, "top_fraction": 0.5}
DAYS = (date(2024, 10, 5), date(2024, 10, 12))
FACTOR = {"type": "scipy", "name": "uniform", "args": [50, 100]}


def comparison(**changes):
    return {
        "observed_value_column": "value",
        "observed_date_column": "date",
        "simulation": ["S_to_I_total"],
        **changes,
    }


def factors(visits=None, values=None, **changes):
    """Return the two factors for 200 children and 800 adults, on two dates."""
    fit = section("top_fraction", REJECTION, comparison=[comparison(**changes)])
    seen = Observations(DAYS, np.array([[1.0], [2.0]]), visits)
    units = ObservedUnits.of(fit, people((200, 800), ages=AGES), seen)
    reported, unit = units.factors(values or {}, DAYS)
    return reported.tolist(), unit[:, 0].tolist()


def test_a_rate_is_per_population_of_the_age_groups_counted():
    assert factors(unit="rate per 100,000") == ([1], [100, 100])  # 100,000 / 1000
    children = factors(unit="proportion of the population", simulation=["S_to_I_0-17"])
    assert children == ([1], [1 / 200, 1 / 200])


def test_a_scaled_count_is_a_share_of_the_persons():
    assert factors(scale="reported_share", values={"reported_share": 0.2}) == ([0.2], [1, 1])


def test_a_share_of_observed_visits_is_of_those_of_its_week():
    # 10 of 40 visits are 25%; of 50, 20%.
    visits = np.array([[40.0], [50.0]])

    assert factors(visits, unit="percent of visits", observed_visits_column="all") == (
        [1],
        [2.5, 2],
    )


def test_without_observed_visits_the_scale_is_the_share_of_visits_per_share_of_people():
    # 1 of 1000 people: 0.1% of the population, and 125 times as large a share of the visits.
    # Another comparison may have visits; this one then has none.
    of_another = np.full((2, 1), np.nan)
    for visits in (None, of_another):
        found = factors(visits, unit="percent of visits", scale="ratio", values={"ratio": 125.0})

        assert found == ([1], [12.5, 12.5])


def test_visits_after_the_last_observed_are_the_mean_of_the_last_four():
    fit = section(
        "top_fraction",
        REJECTION,
        comparison=[comparison(unit="proportion of visits", observed_visits_column="all")],
    )
    weeks = observed((1, 1, 1, 1, 1)).dates
    visits = np.array([[1000.0], [10], [20], [np.nan], [30]])
    units = ObservedUnits.of(
        fit, people(SIZES, ages=AGES), Observations(weeks, np.ones((5, 1)), visits)
    )

    _, unit = units.factors({}, [weeks[0], weeks[3], date(2024, 12, 28)])

    # (1000 + 10 + 20 + 30) / 4 = 265
    assert unit[:, 0].tolist() == [1 / 1000, 1 / 265, 1 / 265]


def test_weeks_without_any_visit_are_refused():
    with pytest.raises(DataError, match="positive number"):
        factors(np.zeros((2, 1)), unit="proportion of visits", observed_visits_column="all")


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), (1.0, 2.0)])
def test_a_scale_that_is_no_positive_number_is_refused(value):
    with pytest.raises(ValueError, match="scale"):
        factors(scale="s", values={"s": value})


def test_a_comparison_of_persons_is_left_alone():
    fit = section("top_fraction", REJECTION, comparison=[comparison(unit="count")])

    assert ObservedUnits.of(fit, people(), observed()) is None


def fit_in(unit, factor, scale=None, noise=None, written=None, visits=None, **changes):
    """Fit the made-up weeks, with observations in a unit that is ``factor`` persons."""
    projection = {"n_trajectories": 4} | ({"observation_model": noise} if noise else {})
    given = comparison(unit=unit) | ({"scale": scale} if scale is not None else {})
    plain, column = observed(), None
    if visits is not None:
        given["observed_visits_column"] = "all"
        column = np.full_like(plain.values, visits)
    fit = section("top_fraction", REJECTION, comparison=[given], projection=projection, **changes)
    seen = Observations(plain.dates, plain.values * factor, column)
    return strategies.run(calibration_task(fit, observations=seen, written=written))


NOISE = {"type": "negative_binomial", "dispersion": 0.05, "discrepancy": {"sd": 0.2}}


@pytest.mark.parametrize("noise", [None, NOISE])
@pytest.mark.parametrize(
    ("unit", "per", "visits"),
    [
        ("rate per 100,000 population", 100_000 / sum(SIZES), None),
        ("percent of visits", 100 / 4000, 4000),
    ],
)
def test_a_fit_in_a_unit_is_the_fit_to_counts_in_another_unit(unit, per, visits, noise):
    counts, rates = fit_in("count", 1, noise=noise), fit_in(unit, per, noise=noise, visits=visits)

    (of_counts,), (of_rates,) = counts.fit.generations, rates.fit.generations
    assert np.array_equal(of_counts.particles, of_rates.particles)
    assert of_rates.series.unpack() == pytest.approx(of_counts.series.unpack() * per)
    (of_counts,), (of_rates,) = counts.members, rates.members
    assert of_counts.transitions == of_rates.transitions
    persons = of_counts.transitions.unpack()[:, :, [0]].sum(axis=-1, keepdims=True, dtype=float)
    if noise:
        persons = of_counts.reported.unpack().astype(float)
    started = persons >= 0
    reports = of_rates.reported.unpack()
    assert reports[started] == pytest.approx(persons[started] * per)
    assert rates.fit.units == (unit,)
    assert counts.fit.units == ()


def test_a_calibrated_factor_is_that_of_its_trajectory():
    calibrated = {"type": "calibrated"}
    parameters = {"beta": calibrated, "mu": scalar(0.4), "ratio": calibrated}
    priors = {"beta": {"prior": PRIORS["beta"]}, "ratio": {"prior": FACTOR}}

    found = fit_in(
        "proportion of visits",
        100 / sum(SIZES),
        scale="ratio",
        written=model(parameters=parameters),
        parameters=priors,
    )

    at = found.fit.names.index("ratio")
    ratios = found.fit.generations[0].particles[:, at]
    assert ((ratios > 50) & (ratios < 150)).all()
    (member,) = found.members
    reports = member.reported.unpack()[:, -3:, 0, 0]
    persons = member.transitions.unpack()[:, -3:, 0].sum(axis=-1)
    of_trajectory = reports / persons * sum(SIZES)
    for each in of_trajectory:
        assert np.abs(ratios - each[0]).min() < 1e-9  # one of the particles'
        assert each == pytest.approx(each[0])  # at all times
    assert found.fit.settings["comparison_units"] == '["proportion of visits"]'


def test_a_prior_that_reaches_zero_is_named():
    calibrated = {"type": "calibrated"}
    parameters = {"beta": calibrated, "mu": scalar(0.4), "ratio": calibrated}
    negative = {"type": "scipy", "name": "uniform", "args": [-2, 1]}

    with pytest.raises(EpyflowError, match=r"the scale ratio is -1\.\d+; expected one positive"):
        fit_in(
            "proportion of visits",
            0.001,
            scale="ratio",
            written=model(parameters=parameters),
            parameters={"beta": {"prior": PRIORS["beta"]}, "ratio": {"prior": negative}},
        )
