"""Compare models by relative skill, on the forecasts that both made, worked by hand."""

import pandas as pd
import pytest

from forecast_hub.errors import DataError
from forecast_hub.scoring.relative_skill import average_scores, compare_groups, compare_models

TASKS = ["location", "reference_date", "horizon"]


def wis_of(table):
    """Make scores of models (columns) on tasks (rows); None where there is no forecast."""
    rows = [
        {"model": model, "location": str(row), "reference_date": "x", "horizon": "0", "wis": value}
        for model, values in table.items()
        for row, value in enumerate(values)
        if value is not None
    ]
    return pd.DataFrame(rows)


def test_of_two_models_the_relative_score_is_the_ratio_on_shared_forecasts():
    """On the first two tasks the baseline has a mean of 4 and the other of 3; the rest is alone."""
    scores = wis_of({"base": [2, 6, 100, None], "other": [1, 5, None, 900]})

    found = compare_models(scores, "base", TASKS).set_index("model")

    assert found["relative_wis"].to_dict() == pytest.approx({"base": 1, "other": 3 / 4})
    assert found["forecasts"].to_dict() == {"base": 3, "other": 3}


def test_of_three_models_it_is_the_scaled_geometric_mean_of_their_ratios():
    """Ratios: a to b 2 (4/2), b to c 1/3 (2/6), a to c 1/2 (4/8), where they overlap.

    Geometric means over all three, itself included: a (1 * 2 * 1/2)^(1/3) = 1,
    b (1/2 * 1 * 1/3)^(1/3), c (2 * 3 * 1)^(1/3). Over b's: a 6^(1/3), c 36^(1/3).
    """
    scores = wis_of({"a": [4, None, 4], "b": [2, 2, None], "c": [None, 6, 8]})

    found = compare_models(scores, "b", TASKS).set_index("model")["relative_wis"]

    assert found.to_dict() == pytest.approx({"a": 6 ** (1 / 3), "b": 1, "c": 36 ** (1 / 3)})


def test_scales_are_compared_apart():
    scores = pd.concat(
        [
            wis_of({"base": [2], "other": [1]}).assign(scale="natural"),
            wis_of({"base": [1], "other": [3]}).assign(scale="log"),
        ]
    )

    found = compare_models(scores, "base", TASKS).set_index(["model", "scale"])["relative_wis"]

    assert found[("other", "natural")] == pytest.approx(0.5)
    assert found[("other", "log")] == pytest.approx(3)


@pytest.mark.parametrize(
    ("table", "baseline", "says"),
    [
        ({"base": [1], "other": [2]}, "bse", r"the baseline 'bse' \(did you mean base\?\)"),
        ({"base": [1, None], "other": [None, 2]}, "base", "other and base share no forecast"),
        ({"base": [0], "other": [2]}, "base", "the mean wis of base is 0 over the forecasts that"),
    ],
)
def test_models_that_cannot_be_compared_are_refused(table, baseline, says):
    with pytest.raises(DataError, match=says):
        compare_models(wis_of(table), baseline, TASKS)


def test_groups_are_compared_on_the_forecasts_that_both_made():
    """In the first two of three weeks: means 3 and 4; in the last, the baseline made none."""
    scores = wis_of({"base": [2, 6, None], "other": [1, 5, 9]})
    scores["week"] = scores["location"].map({"0": "a", "1": "a", "2": "b"})

    found = compare_groups(scores, "base", TASKS, ["week"])

    assert found.to_dict("list") == {
        "week": ["a", "a"],
        "model": ["base", "other"],
        "forecasts": [2, 2],
        "wis": [4, 3],
        "baseline_wis": [4, 4],
        "relative_wis": [1, 3 / 4],
    }


@pytest.mark.parametrize("baseline", [None, "another"])
def test_groups_without_a_baseline_have_their_own_scores_alone(baseline):
    found = compare_groups(wis_of({"other": [1, 5, 9]}), baseline, TASKS, ["reference_date"])

    assert found[["forecasts", "wis"]].to_numpy().tolist() == [[3, 5]]
    assert found[["baseline_wis", "relative_wis"]].isna().all(axis=None)


def test_means_are_kept_apart_by_what_is_asked_for():
    scores = wis_of({"a": [1, 3], "b": [5, 9]})

    assert average_scores(scores)["wis"].tolist() == [2, 7]
    assert average_scores(scores)["forecasts"].tolist() == [2, 2]
    assert average_scores(scores, ["location"])["wis"].tolist() == [1, 3, 5, 9]
