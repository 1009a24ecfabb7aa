"""FluSight's rate-trend classes, worked by hand at and around every threshold.

Populations are those of the hub's table for 2025-26. A count is the last below a threshold where
count * 100,000 / population is below it: for California (39,431,263) 118 of 0.3 (0.29925), for
Wyoming (587,618) 17 of 3 (2.893).
"""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast_hub.config.flusight import (
    CLASSES,
    SEASONS,
    classify,
    compute_class_shares,
    find_season,
)
from forecast_hub.errors import HubError

WYOMING, CALIFORNIA, NATION = 587_618, 39_431_263, 340_110_988
NOW = SEASONS[-1].thresholds

STABLE, UP, LARGE_UP = "stable", "increase", "large_increase"
OPPOSITE = {UP: "decrease", LARGE_UP: "large_decrease", STABLE: STABLE}


def class_of(change: int, population: int, horizon: int, thresholds=NOW) -> str:
    return CLASSES[int(classify(change, population, thresholds[horizon]))]


CASES = [
    # 0.3 * 394.31263 = 118.29; 1.7 -> 670.33
    (CALIFORNIA, 0, 118, STABLE),
    (CALIFORNIA, 0, 119, UP),
    (CALIFORNIA, 0, 670, UP),
    (CALIFORNIA, 0, 671, LARGE_UP),
    # 0.5 -> 197.16; 3 -> 1182.94
    (CALIFORNIA, 1, 197, STABLE),
    (CALIFORNIA, 1, 198, UP),
    (CALIFORNIA, 1, 1182, UP),
    (CALIFORNIA, 1, 1183, LARGE_UP),
    # 0.7 -> 276.02; 4 -> 1577.25
    (CALIFORNIA, 2, 276, STABLE),
    (CALIFORNIA, 2, 277, UP),
    (CALIFORNIA, 2, 1577, UP),
    (CALIFORNIA, 2, 1578, LARGE_UP),
    # 1 -> 394.31; 5 -> 1971.56
    (CALIFORNIA, 3, 394, STABLE),
    (CALIFORNIA, 3, 395, UP),
    (CALIFORNIA, 3, 1971, UP),
    (CALIFORNIA, 3, 1972, LARGE_UP),
    # 1.7 * 5.87618 = 9.99: fewer than 10 admissions are stable, and 10 are large at once.
    (WYOMING, 0, 1, STABLE),
    (WYOMING, 0, 2, STABLE),
    (WYOMING, 0, 9, STABLE),
    (WYOMING, 0, 10, LARGE_UP),
    # 0.5 -> 2.94, 3 -> 17.63
    (WYOMING, 1, 9, STABLE),
    (WYOMING, 1, 10, UP),
    (WYOMING, 1, 17, UP),
    (WYOMING, 1, 18, LARGE_UP),
    # 4 -> 23.50
    (WYOMING, 2, 9, STABLE),
    (WYOMING, 2, 10, UP),
    (WYOMING, 2, 23, UP),
    (WYOMING, 2, 24, LARGE_UP),
    # 5 -> 29.38
    (WYOMING, 3, 9, STABLE),
    (WYOMING, 3, 10, UP),
    (WYOMING, 3, 29, UP),
    (WYOMING, 3, 30, LARGE_UP),
    # 0.3 -> 1020.33; 1.7 -> 5781.89
    (NATION, 0, 1020, STABLE),
    (NATION, 0, 1021, UP),
    (NATION, 0, 5781, UP),
    (NATION, 0, 5782, LARGE_UP),
]


@pytest.mark.parametrize(("population", "horizon", "change", "expected"), CASES)
def test_the_class_of_a_change_is_that_of_the_readme(population, horizon, change, expected):
    assert class_of(change, population, horizon) == expected
    assert class_of(-change, population, horizon) == OPPOSITE[expected]


@pytest.mark.parametrize(
    ("horizon", "stable", "large"), [(0, 30, 170), (1, 50, 300), (2, 70, 400), (3, 100, 500)]
)
def test_a_rate_on_a_threshold_is_in_the_class_above(horizon, stable, large):
    """Of ten million persons, n admissions are a rate of n / 100 exactly."""
    people = 10_000_000

    assert class_of(stable - 1, people, horizon) == STABLE
    assert class_of(stable, people, horizon) == UP
    assert class_of(-stable, people, horizon) == "decrease"
    assert class_of(large - 1, people, horizon) == UP
    assert class_of(large, people, horizon) == LARGE_UP
    assert class_of(-large, people, horizon) == "large_decrease"


def test_no_change_is_stable():
    assert class_of(0, WYOMING, 0) == STABLE


@pytest.mark.parametrize(
    ("horizon", "stable", "large"), [(0, 100, 200), (1, 100, 300), (2, 200, 400), (3, 250, 500)]
)
def test_the_season_of_2023_had_wider_classes(horizon, stable, large):
    then = find_season(date(2024, 1, 13)).thresholds

    assert class_of(stable - 1, 10_000_000, horizon, then) == STABLE
    assert class_of(stable, 10_000_000, horizon, then) == UP
    assert class_of(large, 10_000_000, horizon, then) == LARGE_UP


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2023, 10, 7), "2023-24"),
        (date(2024, 5, 11), "2023-24"),
        (date(2024, 11, 16), "2024-25"),
        (date(2025, 5, 31), "2024-25"),
        (date(2025, 11, 22), "2025-26"),
        (date(2027, 1, 2), "2025-26"),
    ],
)
def test_a_reference_date_has_the_definitions_of_its_season(day, name):
    assert find_season(day).name == name


def test_seasons_whose_definitions_are_not_known_are_refused():
    with pytest.raises(HubError, match="before 2023-08-01 are not known"):
        find_season(date(2023, 1, 14))


def test_shares_count_the_trajectories_of_each_class():
    changes = np.array([-671, -670, -119, 0, 9, 118, 119, 671, 5000, 6000], dtype=float)

    shares = compute_class_shares(changes, CALIFORNIA, NOW[0])

    assert dict(zip(CLASSES, shares.tolist(), strict=True)) == {
        "large_decrease": 0.1,
        "decrease": 0.2,
        "stable": 0.3,
        "increase": 0.1,
        "large_increase": 0.3,
    }


@pytest.mark.shared
def test_the_hubs_own_counts_of_each_threshold_agree(shared):
    """The table's columns count_rate0p3 ... hold the rounded counts at the thresholds."""
    table = pd.read_csv(shared / "data" / "hub" / "locations.csv", dtype={"location": str})
    columns = {
        0: ("count_rate0p3", "count_rate1p7"),
        1: ("count_rate0p5", "count_rate3"),
        2: ("count_rate0p7", "count_rate4"),
        3: ("count_rate1", "count_rate5"),
    }
    for horizon, (stable, large) in columns.items():
        for row in table.to_dict("records"):
            for column, below in ((stable, {STABLE}), (large, {STABLE, UP})):
                count, people = int(row[column]), int(row["population"])
                assert class_of(count - 1, people, horizon) in below
                assert class_of(max(count + 1, 10), people, horizon) not in below
