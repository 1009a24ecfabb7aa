"""Score probabilities, and find the observed classes and peak weeks, worked by hand."""

import math
from datetime import date, timedelta

import pandas as pd
import pytest
from made_up_forecasts import forecast

from forecast_hub.config.locations import Place
from forecast_hub.errors import DataError
from forecast_hub.scoring.probabilities import (
    LOWEST,
    classify_rate_changes,
    find_peak_weeks,
    score_probabilities,
)
from forecast_hub.scoring.relative_skill import average_scores


def probabilities(values, location="56", horizon="0"):
    names = ("large_decrease", "decrease", "stable", "increase", "large_increase")
    return forecast("a-b", values, location, horizon, names).assign(output_type="pmf")


def test_the_log_score_is_that_of_the_class_observed():
    outcomes = pd.DataFrame(
        {"location": ["56", "06"], "horizon": "0", "category": ["stable", "increase"]}
    )
    frame = pd.concat(
        [probabilities([0, 0, 0.25, 0.75, 0]), probabilities([0.5, 0.5, 0, 0, 0], "06")]
    )

    scores = score_probabilities(frame, outcomes, "t").set_index("location")

    assert scores.loc["56", "log_score"] == pytest.approx(math.log(0.25))
    assert scores.loc["06", "log_score"] == LOWEST == -10
    assert average_scores(scores.reset_index())["log_score"].tolist() == [
        pytest.approx((math.log(0.25) - 10) / 2)
    ]


def test_a_forecast_that_does_not_name_the_class_observed_is_refused():
    outcomes = pd.DataFrame({"location": ["56"], "horizon": "0", "category": ["unchanged"]})

    with pytest.raises(DataError, match="a-b: no probability of unchanged"):
        score_probabilities(probabilities([0, 0, 1, 0, 0]), outcomes, "t")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (2 * [probabilities([0, 0, 1, 0, 0])], "a-b: a class is there twice for .*location 56"),
        ([probabilities([0, 0.5, 1, 0, 0])], "a-b: the probabilities do not add up to 1 for"),
        ([probabilities([0, 0.5, 0.5 + 1e-7, 0, 0])], "the probabilities do not add up to 1 for"),
    ],
)
def test_probabilities_that_score_too_well_are_refused(rows, says):
    outcomes = pd.DataFrame({"location": ["56"], "horizon": "0", "category": ["stable"]})

    with pytest.raises(DataError, match=says):
        score_probabilities(pd.concat(rows), outcomes, "t")


def weekly(location, counts, first=date(2025, 1, 11)):
    return pd.DataFrame(
        {
            "location": location,
            "target_end_date": [str(first + timedelta(weeks=n)) for n in range(len(counts))],
            "observed": [float(count) for count in counts],
        }
    )


def test_the_rate_change_observed_is_from_the_week_before_the_reference_date():
    """Of Wyoming's 587,618 persons, from 50 admissions.

    Horizon 0: +10, 1.702 per 100,000, large from 1.7 on. 1: +9, fewer than 10, stable. 2: +23,
    3.91, large from 4 on. 3: -30, 5.11, large from 5 on.
    """
    outcomes = weekly("56", [50, 60, 59, 73, 20])
    places = {"56": Place("56", "WY", 587_618)}

    found = classify_rate_changes(outcomes, places, [date(2025, 1, 18)])

    assert found[["horizon", "category"]].to_numpy().tolist() == [
        ["0", "large_increase"],
        ["1", "stable"],
        ["2", "increase"],
        ["3", "large_decrease"],
    ]


def test_there_is_no_rate_change_where_a_week_was_not_observed():
    places = {"56": Place("56", "WY", 587_618), "06": Place("06", "CA", 39_431_263)}

    found = classify_rate_changes(weekly("56", [20, 30, 29]), places, [date(2025, 1, 18)])

    assert found["horizon"].tolist() == ["0", "1"]


def test_the_peak_week_is_the_largest_unless_several_are_or_one_is_missing():
    weeks = [date(2025, 1, 11) + timedelta(weeks=n) for n in range(3)]
    outcomes = pd.concat(
        [weekly("01", [1, 5, 3, 99]), weekly("02", [4, 4, 1]), weekly("04", [1, 2])]
    )

    found = find_peak_weeks(outcomes, weeks)

    assert found.to_numpy().tolist() == [["01", "2025-01-18"]]
