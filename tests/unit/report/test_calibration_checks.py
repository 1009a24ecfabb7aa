"""A worse calibration gets no fewer warnings than a better one."""

import operator
import random
from itertools import accumulate, pairwise

import numpy as np
import pandas as pd
import pytest

from epyflow.figures.observations import LastObservation, Seen
from epyflow.report.calibration_checks import CHECKS, check
from epyflow.report.evidence import Evidence
from tests.unit import factories
from tests.unit.figures.test_fit import LEVELS, ONE

WEEKS = 20
PRIORS = {"R0": {"name": "uniform", "args": [1.0, 1.0], "kwargs": {}}}
TRUTH = 1000.0


def quantiles(days, median, spread, observed=None):
    """Every date has quantiles ``median`` + ``spread`` x (level - 0.5)."""
    rows = [
        {"date": day.isoformat(), "quantile": level, ONE: median + spread * (level - 0.5)}
        | ({} if observed is None else {f"observed_{ONE}": observed})
        for level in LEVELS
        for day in days
    ]
    return pd.DataFrame(rows).assign(primary_id=0, seed=7, population="A", location="US-MA")


def evidence(particles=1000, generations=8, window=16, median=TRUTH, spread=200.0, r0=1.5):
    """Observations are always 1,000 a week, in the window and in the four weeks after it."""
    days = factories.weeks(WEEKS)
    fitted, ahead = days[16 - window : 16], days[16:]
    halved = 1000 * 0.5 ** np.arange(min(generations, 5))
    epsilon = [np.inf, *halved, *[halved[-1] * 0.98] * (generations - 5)][:generations]
    progress = pd.DataFrame(
        {
            "generation": range(generations),
            "epsilon": epsilon,
            "particles": particles,
            "simulations": 10 * particles,
            "acceptance": 0.1,
            "effective_sample_size": particles / 2,
        }
    )
    posterior = pd.DataFrame({"generation": 3, "weight": 0.1, "R0": np.full(10, r0)})
    then = {day.isoformat(): TRUTH for day in fitted}
    since = then | {day.isoformat(): TRUTH for day in ahead}
    return Evidence(
        progress,
        quantiles(fitted, median, spread, TRUTH),
        quantiles(ahead, median, spread),
        Seen.of(then, since),
        LastObservation(fitted[-1].isoformat(), TRUTH, ONE),
        posterior,
        PRIORS,
    )


def failed(given):
    return set(check({"A": given})[0])


def test_a_good_calibration_has_no_warning_and_every_check_is_named():
    found, passed = check({"A": evidence()})

    assert found == {}
    assert passed == [each.passed for each in CHECKS]


@pytest.mark.parametrize(
    "steps",
    [
        [{"particles": n} for n in (1000, 200, 99, 24, 8)],
        [{"generations": n} for n in (8, 5, 4, 2, 1)],
        [{"window": n} for n in (16, 10, 6, 3, 2)],
        [{"median": n} for n in (1000, 1300, 1600, 2500, 9000)],
        [{"median": n} for n in (1000, 800, 600, 400, 100)],
        [{"r0": n} for n in (1.5, 1.9, 1.99)],
        # A wrong fit is excused by no width of its intervals.
        [{"median": 2500, "spread": n} for n in (2500, 5000, 20000)],
        [{"spread": n} for n in (200, 1000, 5000, 20000)],
    ],
)
def test_a_worse_calibration_gets_no_fewer_warnings(steps):
    counts = [len(failed(evidence(**step))) for step in steps]

    assert all(worse >= better for better, worse in pairwise(counts)), counts
    assert counts[-1] > (0 if counts[0] else counts[0])


@pytest.mark.parametrize("backwards", [False, True])
def test_all_degraded_together_step_by_step_lose_no_warning(backwards):
    worse = [{"particles": 50}, {"generations": 3}, {"window": 4}, {"median": 2500.0}]
    order = worse[::-1] if backwards else [*worse, {"spread": 9000.0}]
    steps = accumulate(order, operator.or_, initial={})

    found = [failed(evidence(**step)) for step in steps]

    assert all(better < worse for better, worse in pairwise(found)), found


def test_of_two_random_calibrations_the_worse_has_no_fewer_warnings():
    chance = random.Random(1)  # noqa: S311
    for _ in range(25):
        better = {
            "particles": chance.choice([1000, 200, 50]),
            "generations": chance.choice([8, 5]),
            "window": chance.choice([16, 10, 6]),
            "median": TRUTH * chance.choice([1, 1.1, 1.2, 1.3, 1.5]),
            "spread": chance.choice([50, 200, 600, 1500, 3000]),
        }
        worse = {
            name: value * chance.choice([1, 0.3] if name != "median" else [1, 1.1, 1.5, 2.5])
            for name, value in better.items()
        }
        whole = {name: max(1, int(worse[name])) for name in ("particles", "generations", "window")}
        # To widen an interval is worse only where it held the observations.
        holds = abs(better["median"] - TRUTH) <= 0.475 * better["spread"]
        spread = {"spread": better["spread"] * (chance.choice([1, 2, 5, 20]) if holds else 1)}

        found = failed(evidence(**better)), failed(evidence(**worse | whole | spread))

        assert len(found[0]) <= len(found[1]), (better, worse | whole | spread, found)


@pytest.mark.parametrize(
    ("rows", "passed", "detail"),
    [
        (
            "fitted",
            "no fit misses more observations than chance allows, or by much",
            "16 of 16 in the 95% interval, 8 near the median",
        ),
        ("projected", "later observations are as forecast", "medians of 1,625, observed 1,000"),
    ],
)
def test_a_wide_interval_excuses_no_week_that_is_far_from_the_median(rows, passed, detail):
    given = evidence(spread=1500)
    table = getattr(given, rows)
    # Every second week; the mean of all is near the observations.
    days = sorted(table["date"].unique())[::2]
    wrong = 500 if rows == "fitted" else 1_250
    table.loc[table["date"].isin(days), ONE] += wrong
    low = table["quantile"] < 0.5
    table.loc[low, ONE] -= 1_000

    found, _ = check({"A": given})

    assert {CHECKS[position].passed: its["A"] for position, its in found.items()}[passed] == detail


def test_a_fit_that_turned_the_wrong_way_is_not_called_near_the_newest_observations():
    """The means are near: 331 and 427; the fit falls where the observations rise."""
    given = evidence(window=9)
    weeks = given.fitted["date"].drop_duplicates().tail(3)
    for week, fitted, observed in zip(weeks, (415, 344, 234), (256, 520, 505), strict=True):
        rows = given.fitted["date"] == week
        given.fitted.loc[rows, [ONE, f"observed_{ONE}"]] = fitted, observed

    found, passed = check({"A": given})

    (position,) = [n for n, each in enumerate(CHECKS) if "newest 3" in each.passed]
    assert found[position] == {"A": "234 fitted, 505 observed"}
    assert CHECKS[position].passed not in passed


def test_a_real_small_fit_is_not_called_good():
    """24 particles, 3 generations: Massachusetts in the smoke experiment of 2024-25."""
    progress = pd.DataFrame(
        {
            "generation": [0, 1, 2],
            "epsilon": [np.inf, 212.55, 177.08],
            "particles": 24,
            "acceptance": [1.0, 0.49, 0.27],
            "effective_sample_size": [24.0, 8.94, 8.35],
        }
    )
    days = factories.weeks(WEEKS)
    given = Evidence(
        progress,
        quantiles(days[:16], 205, 800, 427.0),
        quantiles(days[16:], 148, 540),
        Seen.of({days[15].isoformat(): 505.0}, {days[15].isoformat(): 627.0}),
        LastObservation(days[15].isoformat(), 505.0, ONE),
    )

    found, _ = check({"MA": given})

    details = {CHECKS[position].passed: its["MA"] for position, its in found.items()}
    assert details["at least 100 particles"] == "24"
    assert details["an effective sample size of at least 40"] == "8"
    assert details["the tolerance has settled, and enough simulations were accepted"] == (
        "tolerance fell by 17% in the last generation"
    )
    assert details["the forecast begins near the last observation"] == "148 after 505 observed"
    assert details["the newest observation looks complete"] == "505, since revised to 627"


def test_a_settled_calibration_that_accepted_nearly_nothing_is_named():
    given = evidence()
    given.progress["acceptance"] = 0.009

    ((_, found),) = check({"A": given})[0].items()

    assert found == {"A": "0.009 of the simulations accepted"}


def test_coverage_is_warned_of_where_chance_does_not_explain_it():
    given = evidence(spread=200)
    # Four of 16 outside the interval have a probability below 0.01; the median is near.
    rows = given.fitted
    outside = rows["date"].isin(sorted(rows["date"].unique())[:5])
    rows.loc[outside, f"observed_{ONE}"] = TRUTH + 200

    ((_, found),) = check({"A": given})[0].items()

    assert found == {"A": "11 of 16 in the 95% interval"}


def test_a_check_that_lacks_its_data_is_not_said_to_be_passed():
    whole = evidence()
    bare = Evidence(whole.progress, whole.fitted)

    found, passed = check({"A": bare})

    assert found == {}
    assert "no posterior is at the edge of its prior" not in passed
    assert "later observations are as forecast" not in passed
