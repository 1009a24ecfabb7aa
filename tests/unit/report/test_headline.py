import pandas as pd
import pytest

from epyflow.figures.observations import LastObservation, Seen
from epyflow.report.headline import INTERVALS, peak, weeks_ahead
from epyflow.report.sentences import headline_sentence, share
from tests.unit.figures.test_fit import DAYS, ONE, quantiles

LAST = LastObservation(DAYS[3].isoformat(), 1050.0, ONE)
CLASSES = pd.DataFrame(
    [("Here", 0, DAYS[4].isoformat(), 0.5, 0.2, 0.1, 0.15, 0.05)],
    columns=[
        *("location", "horizon", "target_end_date", "large_decrease", "decrease", "stable"),
        *("increase", "large_increase"),
    ],
)


def test_every_week_ahead_has_its_median_intervals_rate_and_change():
    first, second = weeks_ahead(quantiles(DAYS, 1000), LAST, CLASSES, 2_100_000)

    assert (first["date"], second["date"]) == (DAYS[4].isoformat(), DAYS[5].isoformat())
    # Quantiles are 1000 + 100 x level.
    found = [first[name] for name in ("low_95", "low_50", "median", "high_50", "high_95")]
    assert found == [1002.5, 1025.0, 1050.0, 1075.0, 1097.5]
    assert first["change_percent"] == 0.0
    assert first["rate_per_100000"] == pytest.approx(50.0)
    # The first week has the classes of the hub, the second what the quantiles say.
    assert (first["p_fall"], first["p_rise"]) == pytest.approx((0.7, 0.2))
    assert first["p_large_decrease"] == 0.5
    assert second["p_fall"] == pytest.approx(0.5)
    assert "p_stable" not in second


def test_a_level_that_the_table_lacks_is_left_out():
    (first, _) = weeks_ahead(quantiles(DAYS, 1000, levels=(0.25, 0.5, 0.75)), LAST)

    assert "low_95" not in first
    assert "rate_per_100000" not in first


@pytest.mark.parametrize(("observed", "fall"), [(10.0, 0.0), (9999.0, 1.0)])
def test_a_value_beyond_all_quantiles_is_a_fall_or_a_rise(observed, fall):
    row, _ = weeks_ahead(quantiles(DAYS, 1000), LastObservation(LAST.date, observed, ONE))

    assert (row["p_fall"], row["p_rise"]) == (fall, 1 - fall)


def trajectories(*series):
    rows = [
        {"primary_id": 0, "sim_id": n, "date": day.isoformat(), ONE: value}
        for n, values in enumerate(series)
        for day, value in zip(DAYS, values, strict=True)
    ]
    return pd.DataFrame(rows)


def test_the_peak_continues_the_observations_and_not_the_simulated_past():
    seen = Seen.of({DAYS[2].isoformat(): 900.0, DAYS[3].isoformat(): 500.0})
    last = LastObservation(DAYS[3].isoformat(), 500.0, ONE)
    rising, falling = (5000, 0, 0, 0, 1000, 1200), (0, 0, 0, 7000, 400, 300)
    ahead = quantiles(DAYS, 0, levels=(0.5,))
    ahead[ONE] = [0, 0, 0, 0, 700.0, 750.0]

    found = peak(trajectories(rising, falling), ahead, last, seen)

    # 1,200 in the last week, or the 900 observed in week 2.
    assert found["p_peak_passed"] == 0.5
    assert found["peak_size_median"] == 1050.0
    assert found["peak_week_low_95"] == DAYS[2].isoformat()
    assert found["peak_week_high_95"] == DAYS[5].isoformat()
    assert {f"peak_size_{name}" for name in INTERVALS} <= set(found)


def test_trajectories_that_are_not_those_of_the_forecast_have_no_peak():
    seen = Seen.of({DAYS[3].isoformat(): 500.0})

    assert peak(trajectories((1,) * 6), quantiles(DAYS, 900), LAST, seen) == {}
    assert peak(trajectories((1,) * 6).drop(columns=ONE), quantiles(DAYS, 0), LAST, seen) == {}


ROW = {
    "date": "2025-02-01",
    "median": 145.0,
    "low_95": 88.5,
    "high_95": 671.0,
    "p_fall": 0.8,
    "p_rise": 0.18,
}
PLACE = {
    "location": "Massachusetts",
    "observed": 505.0,
    "last_observed": "2025-01-11",
    "ahead": [ROW],
}


def test_the_sentence_has_the_direction_the_observation_and_the_interval():
    said = headline_sentence(PLACE, "admissions", "a week")

    assert said == (
        "Massachusetts: admissions are likely to fall (80%), from 505 "
        "admissions a week observed to January 11, to a median of 145 (95% interval 88.5–671) "
        "admissions a week to February 1."
    )


def test_the_sentence_uses_the_classes_of_the_hub():
    classes = {"p_large_decrease": 0.2, "p_decrease": 0.1, "p_stable": 0.6, "p_increase": 0.1}
    row = ROW | classes | {"p_large_increase": 0.0, "p_fall": 0.3, "p_rise": 0.1}

    said = headline_sentence(PLACE | {"ahead": [row]}, "admissions", "a week")

    assert "more likely than not to stay stable (60%; most probable class: stable, 60%)" in said


def test_the_sentence_points_to_the_warnings_and_names_no_series_that_has_no_label():
    said = headline_sentence(PLACE | {"warnings": 3}, "persons", "a week")

    assert said.startswith(
        "Massachusetts: numbers are likely to fall (80%), from 505 persons a week"
    )
    assert said.endswith("3 of the warnings above concern this forecast.")


def test_an_uncertain_direction_is_said_to_be_uncertain():
    row = ROW | {"p_fall": 0.45, "p_rise": 0.44}

    said = headline_sentence(PLACE | {"ahead": [row]}, "admissions", "a week")

    assert "admissions may fall (45%) or rise (44%), from" in said


def test_a_rare_outcome_is_not_called_impossible():
    assert [share(p) for p in (0.0, 0.001, 0.5, 0.999, 1.0)] == ["0%", "<1%", "50%", ">99%", "100%"]
