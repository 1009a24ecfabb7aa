"""Scores worked by hand, the identities that they obey, and those of the hub's own models."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from made_up_forecasts import forecast

from forecast_hub.config.locations import read_places
from forecast_hub.errors import DataError
from forecast_hub.scoring.forecasts import read_forecasts
from forecast_hub.scoring.outcomes import read_outcomes
from forecast_hub.scoring.probabilities import (
    classify_rate_changes,
    find_peak_weeks,
    score_probabilities,
)
from forecast_hub.scoring.quantiles import compute_interval_scores, pit_bounds, score_quantiles
from forecast_hub.scoring.relative_skill import average_scores, compare_models

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
