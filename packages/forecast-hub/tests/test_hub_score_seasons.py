"""``forecast-hub score`` of several seasons, rounds and age groups."""

import math

import pandas as pd
import pytest
from made_up_forecasts import COLUMNS, WEEKS, peak_rows, run, wis, write_forecast


def score_two_seasons(folder, files):
    """Score against two weeks of each of two seasons: 9 and 8, 50 and 60."""
    observed = folder / "observed.csv"
    observed.write_text(
        "date,location,value\n"
        "2024-01-06,01,9\n2024-01-13,01,8\n2025-01-04,01,50\n2025-01-11,01,60\n"
    )
    return run(*files, "--target-data", observed, "--output", folder / "scores")


def test_the_peaks_of_two_seasons_are_scored_season_by_season(tmp_path):
    """Of the first season the first week is the peak, of the second the second."""
    seasons = {
        "2024-01-06": ("2024-01-06", "2024-01-13"),
        "2025-01-04": ("2025-01-04", "2025-01-11"),
    }
    files = []
    for day, weeks in seasons.items():
        path = tmp_path / f"{day}-a-b.csv"
        path.write_text("\n".join([COLUMNS, *peak_rows(day, weeks)]) + "\n")
        files.append(path)
    done = score_two_seasons(tmp_path, files)

    assert done.exit_code == 0, done.stderr
    scores = pd.read_csv(tmp_path / "scores" / "pmf_scores.csv.gz").set_index("reference_date")
    assert scores["probability"].to_dict() == {"2024-01-06": 0.75, "2025-01-04": 0.25}
    assert scores["log_score"].to_dict() == {
        "2024-01-06": pytest.approx(math.log(0.75)),
        "2025-01-04": pytest.approx(math.log(0.25)),
    }


def test_the_size_of_a_peak_is_scored_where_every_week_of_the_season_was_observed(tmp_path):
    """In 01 the largest week has 30; in 02 the second week is missing."""
    day, weeks = "2025-01-04", ("2025-01-04", "2025-01-11")
    sizes = [
        f"{day},peak inc flu hosp,,{place},,quantile,{level},{value}"
        for place in ("01", "02")
        for level, value in ((0.25, 26), (0.5, 30), (0.75, 34))
    ]
    own = tmp_path / f"{day}-a-b.csv"
    own.write_text("\n".join([COLUMNS, *peak_rows(day, weeks), *sizes]) + "\n")
    observed = tmp_path / "observed.csv"
    observed.write_text(
        "date,location,value\n2025-01-04,01,30\n2025-01-11,01,9\n2025-01-04,02,50\n"
    )

    done = run(own, "--target-data", observed, "--output", tmp_path / "scores")

    assert done.exit_code == 0, done.stderr
    scores = pd.read_csv(tmp_path / "scores" / "quantile_scores.csv.gz", dtype={"location": str})
    natural = scores[scores["scale"] == "natural"]
    assert natural[["location", "observed", "wis"]].to_numpy().tolist() == [
        ["01", 30, pytest.approx(wis(4))]
    ]


def test_the_size_of_the_peak_is_that_of_the_season_of_each_forecast(tmp_path):
    """The largest weeks are 9 and 60; quantiles of 10 and 50 alone miss them by 1 and 10."""
    seasons = {
        "2024-01-06": (("2024-01-06", "2024-01-13"), 10),
        "2025-01-04": (("2025-01-04", "2025-01-11"), 50),
    }
    files = []
    for day, (weeks, size) in seasons.items():
        quantiles = [
            f"{day},peak inc flu hosp,,01,,quantile,{level},{size}" for level in (0.25, 0.5, 0.75)
        ]
        path = tmp_path / f"{day}-a-b.csv"
        path.write_text("\n".join([COLUMNS, *peak_rows(day, weeks), *quantiles]) + "\n")
        files.append(path)
    done = score_two_seasons(tmp_path, files)

    assert done.exit_code == 0, done.stderr
    scores = pd.read_csv(tmp_path / "scores" / "quantile_scores.csv.gz")
    natural = scores[scores["scale"] == "natural"].set_index("reference_date")
    assert natural["observed"].to_dict() == {"2024-01-06": 9, "2025-01-04": 60}
    assert natural["wis"].to_dict() == pytest.approx({"2024-01-06": 1, "2025-01-04": 10})


def test_forecasts_of_age_groups_are_compared_one_by_one(tmp_path):
    """Three forecasts are half as wide as the baseline's; of the old, the model lacks one week."""
    columns = COLUMNS.replace("location,", "location,age_group,")
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,age_group,value\n")
    spreads = {"x-baseline": (4, 4, 6, 90), "a-b": (2, 2, 3)}
    groups = [(day, age) for day in ("2025-01-04", "2025-01-11") for age in ("young", "old")]
    for day, age in groups:
        with observed.open("a") as file:
            file.write(f"{day},north,{age},100\n")
    files = []
    for model, its in spreads.items():
        rows = {day: [columns] for day, _ in groups}
        for (day, age), spread in zip(groups, its, strict=False):
            rows[day] += [
                f"{day},cases,0,north,{age},{day},quantile,{level},{100 + sign * spread}"
                for level, sign in ((0.25, -1), (0.5, 0), (0.75, 1))
            ]
        for day, lines in rows.items():
            files.append(tmp_path / f"{day}-{model}.csv")
            files[-1].write_text("\n".join(lines) + "\n")

    done = run(*files, "--target-data", observed, "--output", tmp_path / "out")

    assert done.exit_code == 0, done.stderr
    found = pd.read_csv(tmp_path / "out" / "relative_scores.csv")
    whole = found[(found["horizon"] == "all") & (found["scale"] == "natural")].set_index("model")
    assert whole["forecasts"].to_dict() == {"a-b": 3, "x-baseline": 4}
    assert whole["relative_wis"].to_dict() == pytest.approx({"a-b": 1 / 2, "x-baseline": 1})


def test_rounds_with_other_columns_are_scored_together(tmp_path):
    """The second round has a column more, as a hub that adds one from season to season."""
    observed = tmp_path / "observed.csv"
    observed.write_text(
        "date,location,age,value\n"
        f"2025-01-04,north,NA,{WEEKS['2025-01-04']}\n2025-01-11,north,all,{WEEKS['2025-01-11']}\n"
    )
    first = write_forecast(tmp_path, "a-b", "2025-01-04", 2)
    second = write_forecast(tmp_path, "a-b", "2025-01-11", 4)
    lines = second.read_text().splitlines()
    second.write_text("\n".join([f"age,{lines[0]}", *(f"all,{each}" for each in lines[1:])]) + "\n")

    done = run(first, second, "--target-data", observed, "--output", tmp_path / "out")

    assert done.exit_code == 0, done.stderr
    scores = pd.read_csv(tmp_path / "out" / "quantile_scores.csv.gz", keep_default_na=False)
    natural = scores[scores["scale"] == "natural"].set_index("reference_date")
    assert natural["age"].to_dict() == {"2025-01-04": "NA", "2025-01-11": "all"}
    assert len(natural) == 2
