"""Count from scores how many observations the intervals of forecasts held."""

import numpy as np
import pandas as pd

from epyflow.report.forecast_coverage import COLUMNS, write_forecast_coverage


def score(model, place, day, horizon, held, target="flu", scale="natural"):
    covered = {"covered_50": 0.0, "covered_90": np.nan, "covered_95": held}
    names = ("model", "location", "reference_date", "horizon", "target", "scale")
    return dict(zip(names, (model, place, day, horizon, target, scale), strict=True)) | covered


SCORES = pd.DataFrame(
    [
        score("uni-sir", "01", "2025-01-18", "0", 1.0),
        score("uni-sir", "01", "2025-01-18", "1", 0.0),
        score("uni-sir", "02", "2025-01-18", "0", 1.0),
        score("uni-sir", "01", "2025-01-25", "0", 1.0),
        # Of these, none counts: over, no week ahead, another scale, another model.
        score("uni-sir", "01", "2025-01-18", "-1", 0.0),
        score("uni-sir", "01", "2025-01-18", np.nan, 0.0, target="peak"),
        score("uni-sir", "01", "2025-01-18", "0", 0.0, scale="log"),
        score("a-base", "01", "2025-01-18", "0", 0.0),
    ]
)


def test_scores_without_quantiles_give_a_table_without_rows(tmp_path):
    (tmp_path / "scores.csv").write_text("\n")

    write_forecast_coverage(tmp_path / "scores.csv", "uni-sir", tmp_path / "held.csv")

    assert (tmp_path / "held.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_weeks_ahead_of_the_own_model_are_counted_by_target_and_level(tmp_path):
    SCORES.to_csv(tmp_path / "scores.csv.gz", index=False)

    write_forecast_coverage(tmp_path / "scores.csv.gz", "uni-sir", tmp_path / "held.csv")

    # No score says whether the 90% intervals held. Of two weeks, Wilson's intervals of 2, with
    # z = 1.96: (0 + z2 / 4) / (1 + z2 / 2) = 0.329, and as much to each side; likewise of 0.75.
    assert (tmp_path / "held.csv").read_text().splitlines()[1:] == [
        "flu,0.5,3,4,0,0,0,0.65762",
        "flu,0.95,3,4,3,0.75,0.197867,0.973323",
    ]
