"""Scores by week and location, and what is read of scores."""

import pandas as pd

from epyflow.report.season_tables import compare_by, read_ahead, write_comparisons

KEYS = ("model", "reference_date", "target", "horizon", "location", "scale", "observed", "wis")


def scores(*rows):
    return pd.DataFrame(rows, columns=list(KEYS))


def score(model, day, horizon, wis, *, place="06", scale="natural"):
    return (model, day, "flu", horizon, place, scale, 9.0, wis)


SCORES = scores(
    score("a-base", "2025-01-18", "0", 4.0),
    score("a-base", "2025-01-18", "1", 6.0),
    score("a-base", "2025-01-18", "1", 1.0, scale="log"),
    score("uni-sir", "2025-01-18", "0", 1.0),
    score("uni-sir", "2025-01-18", "1", 3.0),
    score("uni-sir", "2025-01-18", "1", 2.0, scale="log"),
    # The baseline has no forecast of this week; the other is over.
    score("uni-sir", "2025-01-25", "0", 9.0),
    score("uni-sir", "2025-01-18", "-1", 100.0),
)


def read(folder, table):
    table.to_csv(folder / "scores.csv.gz", index=False)
    return read_ahead(folder / "scores.csv.gz")


def test_weeks_are_compared_on_the_forecasts_that_both_made(tmp_path):
    table = compare_by(read(tmp_path, SCORES), "reference_date", "uni-sir", "a-base")

    assert table.to_numpy().tolist() == [
        ["uni-sir", "flu", "natural", "2025-01-18", 2, 2.0, 5.0, 0.4, "a-base"],
        ["uni-sir", "flu", "log", "2025-01-18", 1, 2.0, 1.0, 2.0, "a-base"],
        ["a-base", "flu", "natural", "2025-01-18", 2, 5.0, 5.0, 1.0, "a-base"],
        ["a-base", "flu", "log", "2025-01-18", 1, 1.0, 1.0, 1.0, "a-base"],
    ]


def test_without_a_baseline_all_forecasts_count_and_locations_keep_their_zeros(tmp_path):
    rows = read(tmp_path, SCORES[SCORES["model"] == "uni-sir"])

    table = compare_by(rows, "location", "uni-sir", None)

    assert table["location"].tolist() == ["06", "06"]
    assert table["forecasts"].tolist() == [3, 1]
    assert table["wis"].tolist() == [13 / 3, 2]
    assert table["relative_wis"].isna().all()


def test_what_identifies_a_forecast_is_text_and_scores_are_numbers(tmp_path):
    """As text, the age group 65 of scores is that of forecasts."""
    table = SCORES.copy()
    table.insert(1, "age_group", "65")

    rows = read(tmp_path, table)

    assert rows.loc[0, ["age_group", "horizon", "location"]].tolist() == ["65", "0", "06"]
    assert rows.loc[0, ["observed", "wis"]].tolist() == [9.0, 4.0]


def test_scores_of_no_week_ahead_give_tables_without_rows(tmp_path):
    paths = [tmp_path / "weeks.csv", tmp_path / "places.csv"]
    past, none = SCORES[SCORES["horizon"] == "-1"], SCORES.iloc[:0, :0]
    for given in (past, none, SCORES.drop(columns="horizon")):
        given.to_csv(tmp_path / "scores.csv", index=False)

        write_comparisons(tmp_path / "scores.csv", "uni-sir", "a-base", *paths)

        assert [len(path.read_text().splitlines()) for path in paths] == [1, 1]
        assert paths[0].read_text().startswith("model,target,scale,reference_date,forecasts,wis,")
