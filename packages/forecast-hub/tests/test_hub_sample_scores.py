"""CRPS and energy score of samples, worked by hand."""

import math

import pandas as pd
import pytest

from forecast_hub.errors import DataError
from forecast_hub.scoring.samples import average_samples, score_samples, score_trajectories
from forecast_hub.scoring.score_tables import compute_score_tables

WEEKS = ("2025-01-04", "2025-01-11")
OUTCOMES = pd.DataFrame({"location": "25", "target_end_date": list(WEEKS), "observed": [0.0, 0.0]})


def samples(values, horizon="0", ids=None, model="a-b"):
    """Return the samples of one week; the first ids are 0, 1, ..."""
    return pd.DataFrame(
        {
            "model": model,
            "reference_date": WEEKS[0],
            "target": "t",
            "horizon": horizon,
            "target_end_date": WEEKS[max(0, int(horizon))],
            "location": "25",
            "output_type": "sample",
            "output_type_id": ids or [str(number) for number in range(len(values))],
            "value": [float(value) for value in values],
        }
    )


def crps(values, observed):
    outcomes = OUTCOMES.assign(observed=[observed, 0.0])
    return score_samples(samples(values), outcomes, "t").set_index("scale")["crps"].to_dict()


@pytest.mark.parametrize(
    ("values", "observed", "expected"),
    [
        # Distances to 3: 2, 1, 3, mean 2. Pairs: 1, 5, 4, twice each of 9: 20 / 9, half 10 / 9.
        ((1, 2, 6), 3, 2 - 10 / 9),
        ((6, 1, 2), 3, 2 - 10 / 9),
        # All samples alike: the distance.
        ((5, 5), 3, 2),
        ((7,), 3, 4),
        # Distances 1 and 1; pairs 2, twice of 4: 1, half 0.5.
        ((2, 4), 3, 0.5),
    ],
)
def test_the_crps_is_that_worked_by_hand(values, observed, expected):
    assert crps(values, observed)["natural"] == pytest.approx(expected)


def test_the_crps_on_the_logarithmic_scale_is_of_logarithms_plus_1():
    """log 4 and log 16 beside log 8: log 2 each, mean log 2; pairs log 4, half of a half."""
    assert crps((3, 15), 7)["log"] == pytest.approx(math.log(2) - math.log(4) / 4)


def test_models_may_have_different_numbers_of_samples():
    both = pd.concat([samples((5, 5), model="a-b"), samples((1, 2, 6), model="c-d")])

    scores = score_samples(both, OUTCOMES.assign(observed=3.0), "t")

    natural = scores[scores["scale"] == "natural"].set_index("model")
    assert natural["samples"].to_dict() == {"a-b": 2, "c-d": 3}
    assert natural["crps"].to_dict() == pytest.approx({"a-b": 2, "c-d": 2 - 10 / 9})


def test_the_energy_score_is_of_whole_trajectories():
    """Observed (0, 0); trajectories (3, 4), at a distance of 5, and (0, 0).

    Mean distance 2.5; pairs 5, twice of 4: 2.5, half 1.25.
    """
    joint = pd.concat([samples((3, 0)), samples((4, 0), "1")])

    scores = score_trajectories(joint, OUTCOMES, "t").set_index("scale")

    assert scores.loc["natural", "energy_score"] == pytest.approx(1.25)
    assert scores.loc["natural", ["horizons", "samples"]].tolist() == [2, 2]
    # (log 4, log 5) and (0, 0): a quarter of the distance.
    distance = math.hypot(math.log(4), math.log(5))
    assert scores.loc["log", "energy_score"] == pytest.approx(distance / 4)


def test_trajectories_are_joined_by_their_ids_not_by_their_order():
    """(3, 4) and (0, 0) again: with 3 beside 0 the score would be another one."""
    joint = pd.concat([samples((3, 0), ids=["x", "y"]), samples((0, 4), "1", ids=["y", "x"])])

    natural = score_trajectories(joint, OUTCOMES, "t").set_index("scale").loc["natural"]

    assert natural["energy_score"] == pytest.approx(1.25)


def test_the_past_week_is_no_part_of_a_trajectory():
    joint = pd.concat([samples((99, 99), "-1"), samples((3, 0)), samples((4, 0), "1")])

    natural = score_trajectories(joint, OUTCOMES, "t").set_index("scale").loc["natural"]

    assert natural["energy_score"] == pytest.approx(1.25)


def test_one_week_is_no_trajectory():
    assert score_trajectories(samples((3, 0)), OUTCOMES, "t").empty


def test_samples_with_ids_of_their_own_in_each_week_have_no_energy_score(caplog):
    apart = pd.concat([samples((3, 0)), samples((4, 0), "1", ids=["2", "3"])])

    assert score_trajectories(apart, OUTCOMES, "t").empty
    assert "t: no energy score of 1 forecasts, whose samples are not joint" in caplog.text


def test_the_first_sample_that_is_there_twice_is_named():
    with pytest.raises(DataError, match="a-b: sample 1 is there twice for reference_date 2025-01"):
        score_samples(samples((3, 0, 4, 1), ids=["1", "1", "2", "2"]), OUTCOMES, "t")


def test_a_negative_sample_is_refused():
    with pytest.raises(DataError, match="a-b: a sample of t is -4; expected 0 or more"):
        score_samples(samples((3, -4)), OUTCOMES, "t")


def test_means_are_over_all_horizons_from_0_on_and_by_horizon():
    """CRPS of one sample: its distance, 9 in the past, then 3 and 5; trajectory (3, 5)."""
    rows = pd.concat([samples((9,), "-1"), samples((3,)), samples((5,), "1")])

    found = average_samples(
        score_samples(rows, OUTCOMES, "t"), score_trajectories(rows, OUTCOMES, "t")
    )

    natural = found[found["scale"] == "natural"].set_index("horizon")
    assert natural["crps"].to_dict() == {"all": 4, "-1": 9, "0": 3, "1": 5}
    assert natural["forecasts"].to_dict() == {"all": 2, "-1": 1, "0": 1, "1": 1}
    assert natural.loc["all", "energy_score"] == pytest.approx(math.hypot(3, 5))
    assert natural["energy_score"].isna().sum() == 3


def test_a_file_of_samples_alone_is_scored_beside_others(tmp_path):
    """Own samples 12 and 12, the other's 15 and 15, of 10 observed: CRPS 2 and 5."""
    files = []
    for model, value in (("a-b", 12), ("x-baseline", 15)):
        path = tmp_path / f"{WEEKS[0]}-{model}.csv"
        samples((value, value)).drop(columns="model").to_csv(path, index=False)
        files.append(path)
    final = tmp_path / "final.csv"
    final.write_text(f"date,location,value\n{WEEKS[0]},25,10\n")

    tables = compute_score_tables(files[:1], files[1:], final, {}, "x-baseline")

    means = tables["mean_sample_scores.csv"]
    all_of = means[(means["horizon"] == "all") & (means["scale"] == "natural")]
    assert all_of.set_index("model")["crps"].to_dict() == {"a-b": 2, "x-baseline": 5}
    assert len(tables["sample_scores.csv.gz"]) == 2 * 2
    assert tables["quantile_scores.csv.gz"].empty
