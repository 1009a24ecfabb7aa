"""Scores worked by hand, the identities that they obey, and those of the hub's own models."""

import gzip
import math
from datetime import date, timedelta
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from forecast_hub.config.locations import Place, read_places
from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.scoring.forecasts import read_forecasts, require_columns
from forecast_hub.scoring.outcomes import read_outcomes
from forecast_hub.scoring.probabilities import (
    LOWEST,
    classify_rate_changes,
    find_peak_weeks,
    score_probabilities,
)
from forecast_hub.scoring.quantiles import compute_interval_scores, pit_bounds, score_quantiles
from forecast_hub.scoring.relative_skill import average_scores, compare_groups, compare_models

FLUSIGHT = [0.01, 0.025, *(round(0.05 * n, 2) for n in range(1, 20)), 0.975, 0.99]
DATES = (
    *("2024-12-21", "2024-12-28", "2025-01-04", "2025-01-18"),
    *("2025-02-01", "2025-02-15", "2025-03-01", "2025-03-15"),
)
TASKS = ["location", "reference_date", "horizon"]


def scored(observed, quantiles, levels):
    scores = compute_interval_scores(np.array([observed]), np.array([quantiles]), levels)
    return [
        float(part[0])
        for part in (
            scores.wis,
            scores.dispersion,
            scores.underprediction,
            scores.overprediction,
        )
    ]


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        # Quantiles 1, 2, 4, 8, 9 at 0.1, 0.25, 0.5, 0.75, 0.9: alpha 0.2 and 0.5, weight 1 / 2.5.
        # Widths 8 and 6: dispersion (8 * 0.1 + 6 * 0.25) / 2.5 = 0.92 throughout.
        (4.0, [0.92, 0.92, 0, 0]),
        # 10 is 1 above 9 and 2 above 8, and 6 above the median: (1 + 2 + 3) / 2.5 = 2.4.
        (10.0, [3.32, 0.92, 2.4, 0]),
        # 0 is 1 below 1 and 2 below 2, and 4 below the median: (1 + 2 + 2) / 2.5 = 2.
        (0.0, [2.92, 0.92, 0, 2]),
        # 8.5 is 0.5 above 8 only, and 4.5 above the median: (0.5 + 2.25) / 2.5 = 1.1.
        (8.5, [2.02, 0.92, 1.1, 0]),
        # 3 is within both intervals and 1 below the median: 0.5 / 2.5 = 0.2.
        (3.0, [1.12, 0.92, 0, 0.2]),
    ],
)
def test_the_wis_and_its_parts_are_those_worked_by_hand(observed, expected):
    assert scored(observed, [1, 2, 4, 8, 9], [0.1, 0.25, 0.5, 0.75, 0.9]) == pytest.approx(expected)


def test_of_the_interval_and_median_alone_the_wis_is_worked_by_hand():
    """0.5 * |10 - 4| + 0.25 * (6 + 4 * 2) = 6.5, over 1.5."""
    assert scored(10.0, [2, 4, 8], [0.25, 0.5, 0.75])[0] == pytest.approx(6.5 / 1.5)


def pinball(observed, quantile, level):
    return max(level * (observed - quantile), (level - 1) * (observed - quantile))


def test_the_wis_is_twice_the_mean_pinball_loss_over_the_23_levels():
    generator = np.random.default_rng(5)
    quantiles = np.sort(generator.gamma(2, 100, size=(300, 23)), axis=1)
    observed = generator.gamma(2, 150, size=300)

    scores = compute_interval_scores(observed, quantiles, FLUSIGHT)

    for row in range(300):
        losses = [
            pinball(observed[row], quantile, level)
            for quantile, level in zip(quantiles[row], FLUSIGHT, strict=True)
        ]
        assert scores.wis[row] == pytest.approx(2 * np.mean(losses))


def test_the_parts_add_up_to_the_wis():
    generator = np.random.default_rng(6)
    quantiles = np.sort(generator.normal(size=(500, 23)), axis=1)

    scores = compute_interval_scores(generator.normal(size=500) * 3, quantiles, FLUSIGHT)

    total = scores.dispersion + scores.underprediction + scores.overprediction
    assert scores.wis == pytest.approx(total)


def test_scoringrules_weighted_score_agrees():
    """Its compiled backend: that of numpy adds the median in place of its error (0.10.0)."""
    import scoringrules

    generator = np.random.default_rng(7)
    quantiles = np.sort(generator.gamma(2, 100, size=(50, 23)), axis=1)
    observed = generator.gamma(2, 150, size=50)

    theirs = scoringrules.weighted_interval_score(
        observed,
        quantiles[:, 11],
        quantiles[:, :11],
        quantiles[:, :11:-1],
        2 * np.array(FLUSIGHT[:11]),
        backend="numba",
    )

    assert compute_interval_scores(observed, quantiles, FLUSIGHT).wis == pytest.approx(theirs)


@pytest.mark.parametrize(
    "levels", [[0.1, 0.5, 0.8], [0.25, 0.75], [0.1, 0.4, 0.9], [0.5], [0.025, 0.5, 0.95]]
)
def test_quantiles_that_make_no_central_intervals_are_refused(levels):
    with pytest.raises(DataError, match=r"not symmetric around 0.5|no interval"):
        compute_interval_scores(np.ones(1), np.ones((1, len(levels))), levels)


def forecast(model, quantiles, location="01", horizon="0", levels=("0.25", "0.5", "0.75")):
    end = date(2025, 1, 4) + timedelta(weeks=int(horizon))
    return pd.DataFrame(
        {
            "model": model,
            "reference_date": "2025-01-04",
            "target": "t",
            "horizon": horizon,
            "target_end_date": str(end),
            "location": location,
            "output_type": "quantile",
            "output_type_id": list(levels),
            "value": [float(value) for value in quantiles],
        }
    )


OUTCOMES = pd.DataFrame(
    {
        "location": ["01", "01", "02"],
        "target_end_date": ["2025-01-04", "2025-01-11", "2025-01-04"],
        "observed": [10.0, 20.0, 0.0],
    }
)


def test_forecasts_meet_their_outcomes_on_both_scales():
    both = pd.concat([forecast("a-b", [2, 4, 8]), forecast("a-b", [0, 0, 3], "02")])

    scores = score_quantiles(both, OUTCOMES, "t").set_index(["location", "scale"])

    natural, log = scores.loc[("01", "natural")], scores.loc[("01", "log")]
    assert natural["wis"] == pytest.approx(6.5 / 1.5)
    assert natural["ae_median"] == 6
    # log(11/5) / 2 + (log(9/3) + 4 * log(11/9)) / 4, over 1.5
    expected = math.log(11 / 5) / 2 + math.log(9 / 3) / 4 + math.log(11 / 9)
    assert log["wis"] == pytest.approx(expected / 1.5)
    assert log["ae_median"] == pytest.approx(math.log(11 / 5))
    assert (natural["covered_50"], log["covered_50"]) == (0, 0)
    zero = scores.loc[("02", "log")]
    assert zero["covered_50"] == 1
    assert zero["wis"] == pytest.approx(math.log(4) / 4 / 1.5)


def test_coverage_counts_the_ends_and_is_missing_where_the_levels_are():
    levels = ("0.025", "0.25", "0.5", "0.75", "0.975")

    scores = score_quantiles(forecast("a-b", [1, 2, 4, 10, 11], levels=levels), OUTCOMES, "t")

    assert scores["covered_50"].tolist() == [1, 1]
    assert scores["covered_95"].tolist() == [1, 1]
    assert scores["covered_90"].isna().all()


@pytest.mark.parametrize(
    ("observed", "bounds"),
    [
        (0, (0, 0.1)),  # below all quantiles
        (3, (0.1, 0.5)),
        (4, (0.1, 0.9)),  # at the median alone
        (2, (0, 0.5)),  # at the lowest
        (9, (0.5, 1)),  # at the highest
        (10, (0.9, 1)),
    ],
)
def test_a_pit_is_between_the_levels_of_the_quantiles_around_the_observation(observed, bounds):
    given = np.array([float(observed)]), np.array([[2.0, 4.0, 9.0]]), [0.1, 0.5, 0.9]

    assert tuple(float(each[0]) for each in pit_bounds(*given)) == bounds


def test_a_pit_at_equal_quantiles_is_between_those_around_them():
    quantiles = np.array([[0.0, 0.0, 0.0, 5.0], [1.0, 3.0, 3.0, 3.0]])

    low, high = pit_bounds(np.array([0.0, 3.0]), quantiles, [0.1, 0.4, 0.6, 0.9])

    assert (low.tolist(), high.tolist()) == ([0, 0.1], [0.9, 1])


def test_pits_are_in_the_scores_of_both_scales():
    scores = score_quantiles(forecast("a-b", [2, 4, 20]), OUTCOMES, "t")

    assert scores["pit_low"].tolist() == [0.5, 0.5]
    assert scores["pit_high"].tolist() == [0.75, 0.75]


def test_a_forecast_without_an_outcome_has_no_score():
    both = pd.concat([forecast("a-b", [2, 4, 8]), forecast("a-b", [2, 4, 8], "02", "1")])

    assert score_quantiles(both, OUTCOMES, "t")["location"].unique().tolist() == ["01"]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (forecast("a-b", [2, 4, 8], "99"), "no forecast of 't' has an outcome"),
        (forecast("a-b", [2, 4, 8]).assign(target="u"), "there are no quantiles of 't'"),
        (
            pd.concat([forecast("a-b", [2, 4, 8]), forecast("a-b", [2, 4, 8], "02").iloc[:2]]),
            "a-b: no quantile 0.75 for .*location 02",
        ),
        (
            pd.concat([forecast("a-b", [2, 4, 8]), forecast("a-b", [2, 4, 8])]),
            "quantile 0.25 is there twice for .*location 01",
        ),
        # A negative width would make the score better, and a negative count has no logarithm.
        (forecast("a-b", [8, 4, 2], "02"), "a-b: quantiles fall for .*location 02"),
        (forecast("a-b", [-2, 4, 8]), "a-b: a quantile is negative for .*location 01"),
    ],
)
def test_forecasts_that_cannot_be_scored_are_refused(frame, says):
    with pytest.raises(DataError, match=says):
        score_quantiles(frame, OUTCOMES, "t")


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


def test_forecasts_are_read_from_any_format_and_carry_their_model(tmp_path):
    frame = forecast("x", [2, 4, 8]).drop(columns="model")
    text = frame.to_csv(index=False)
    plain = tmp_path / "2025-01-04-a-b.csv"
    plain.write_text(text)
    packed = tmp_path / "2025-01-04-c-d.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))

    found = read_forecasts([plain, packed])

    assert found["model"].tolist() == ["a-b"] * 3 + ["c-d"] * 3
    assert found["value"].tolist() == [2, 4, 8, 2, 4, 8]
    assert found["location"].unique().tolist() == ["01"]


@pytest.mark.parametrize(
    ("name", "text", "error", "says"),
    [
        ("forecast.csv", "a\n1\n", UnreadableError, "the name tells no model"),
        ("2025-01-04-a-b.csv", "a\n1\n", DataError, "no column output_type"),
        (
            "2025-01-04-a-b.csv",
            "output_type,output_type_id,value\nquantile,0.5,x\n",
            DataError,
            "csv, line 2: value 'x' is no number",
        ),
        (
            "2025-01-04-a-b.csv",
            "output_type,output_type_id,value\nquantile,0.5,1e400\n",
            DataError,
            "value '1e400' is no number",
        ),
        *(
            (
                "2025-01-04-a-b.csv",
                f"output_type,output_type_id,value\n{row}\n",
                DataError,
                f"csv, line 2: {says}",
            )
            for row, says in (
                ("quantile,low,1", "quantile 'low' is no level"),
                ("quantile,1.5,1", "quantile '1.5' is no level"),
                ("pmf,up,-0.5", "-0.5 is no probability"),
                ("pmf,up,1.00000001", "1.00000001 is no probability"),
            )
        ),
        *(
            (
                "2025-01-04-a-b.csv",
                f"{name},output_type,output_type_id,value\nx,quantile,0.5,1\n",
                DataError,
                f"the column {name} has a name that scores use",
            )
            for name in ("model", "observed", "level")
        ),
        *(
            (
                "2025-01-04-a-b.csv",
                f"reference_date,output_type,output_type_id,value\n{text},quantile,0.5,1\n",
                DataError,
                "csv, line 2: reference_date .* is no date; expected YYYY-MM-DD",
            )
            for text in ("soon", "99999-01-01", "20250104", "")
        ),
        ("2025-01-04-a-b.csv.gz", "no gzip", UnreadableError, "cannot be read"),
    ],
)
def test_files_that_are_no_forecasts_are_refused(tmp_path, name, text, error, says):
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(error, match=says):
        read_forecasts([path])


@pytest.mark.parametrize(
    ("suffix", "place"), [(".csv", "line 5"), (".csv.gz", "line 5"), (".parquet", "row 3")]
)
def test_a_cell_that_cannot_be_used_is_named_by_its_line(tmp_path, suffix, place):
    """The third line is empty."""
    text = "output_type,output_type_id,value\nmean,NA,1\n\nmean,NA,2\nmean,NA,x\n"
    path = tmp_path / f"2025-01-04-a-b{suffix}"
    if suffix == ".parquet":
        pd.read_csv(StringIO(text), dtype=str).to_parquet(path)
    else:
        path.write_bytes(gzip.compress(text.encode()) if suffix == ".csv.gz" else text.encode())

    with pytest.raises(DataError, match=f"{suffix}, {place}: value 'x' is no number"):
        read_forecasts([path])


def test_levels_0_and_1_are_read_and_probabilities_are_rounded_into_their_range(tmp_path):
    path = tmp_path / "2025-01-04-a-b.csv"
    rows = ["quantile,0,5", "quantile,1,9", "pmf,up,1.0000000001", "cdf,3,-1e-10"]
    path.write_text("\n".join(["output_type,output_type_id,value", *rows]) + "\n")

    assert read_forecasts([path])["value"].tolist() == [5, 9, 1, 0]


def test_a_file_without_rows_that_lacks_a_column_is_refused(tmp_path):
    path = tmp_path / "2025-01-04-a-b.csv"
    path.write_text("output_type,output_type_id,value\n")

    with pytest.raises(DataError, match="there are no forecasts with a column target, needed"):
        require_columns(read_forecasts([path]), ["target"], "needed here")


def test_no_files_are_no_forecasts():
    with pytest.raises(UnreadableError, match="there are no forecasts"):
        read_forecasts([])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date,location\n", "no column value"),
        ("date,location,value\n2025-01-04,01,x\n", "csv:2: value: 'x' is not a number"),
        ("date,location,value\n2025-01-04,01,1\n2025-01-04,01,2\n", "stands twice for location 01"),
    ],
)
def test_what_are_no_outcomes_is_refused(tmp_path, text, says):
    path = tmp_path / "final.csv"
    path.write_text(text)

    with pytest.raises(DataError, match=says):
        read_outcomes(path)


def test_weeks_without_a_value_are_no_outcomes(tmp_path):
    path = tmp_path / "final.csv"
    path.write_text("date,location,value\n2025-01-04,01,NA\n2025-01-11,01,\n2025-01-18,01,3\n")

    assert read_outcomes(path)["target_end_date"].tolist() == ["2025-01-18"]


@pytest.fixture(scope="module")
def real(shared):
    """Return forecasts of the baseline and the ensemble on eight dates, and the outcomes."""
    folder = shared / "data" / "hub" / "model-output"
    files = [path for day in DATES for path in sorted(folder.glob(f"*/{day}-*.csv.gz"))]
    final = shared / "data" / "surveillance" / "flu_admissions_final_to_2025-09.csv"
    return read_forecasts(files), read_outcomes(final)


@pytest.mark.shared
def test_the_hubs_ensemble_beats_its_baseline_on_the_forecasts_of_both(real):
    forecasts, outcomes = real
    scores = score_quantiles(forecasts, outcomes, "wk inc flu hosp")
    shared_horizons = scores[scores["horizon"] != "-1"]

    found = compare_models(scores, "FluSight-baseline", TASKS).set_index(["model", "scale"])
    means = average_scores(shared_horizons).set_index(["model", "scale"])

    # The baseline has horizon -1 too, 8 dates of 53 locations: it is left out of the ratio.
    assert found["forecasts"].unique().tolist() == [5 * 8 * 53, 4 * 8 * 53]
    for scale in ("natural", "log"):
        ratio = (
            means.loc[("FluSight-ensemble", scale), "wis"]
            / means.loc[("FluSight-baseline", scale), "wis"]
        )
        relative = found.loc[("FluSight-ensemble", scale), "relative_wis"]
        assert relative == pytest.approx(ratio)
        assert 0.5 < relative < 0.9


@pytest.mark.shared
def test_the_ensembles_classes_and_peak_weeks_are_scored(shared, real):
    forecasts, outcomes = real
    places = read_places(shared / "data" / "hub" / "locations_202425.csv")
    dates = [date.fromisoformat(day) for day in sorted(forecasts["reference_date"].unique())]
    weeks = [date(2024, 11, 23) + timedelta(weeks=n) for n in range(28)]

    classes = score_probabilities(
        forecasts, classify_rate_changes(outcomes, places, dates), "wk flu hosp rate change"
    )
    peaks = score_probabilities(
        forecasts, find_peak_weeks(outcomes, weeks), "peak week inc flu hosp"
    )

    assert len(classes) == 4 * 8 * 53
    # Better than the same probability of all five classes, and of all 28 weeks.
    assert math.log(1 / 5) < classes["log_score"].mean() < 0
    assert math.log(1 / 28) < peaks["log_score"].mean() < 0
