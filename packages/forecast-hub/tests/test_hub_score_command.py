"""``forecast-hub score FILES``: what is scored beside the hub's models, and what is written."""

import pandas as pd
import pytest
from made_up_forecasts import (
    COLUMNS,
    means,
    run,
    wis,
    write_forecast,
)

TABLES = [
    *("mean_scores.csv", "mean_scores_by_horizon.csv", "mean_scores_by_location.csv"),
    *("mean_scores_by_reference_date.csv", "pmf_scores.csv.gz", "quantile_scores.csv.gz"),
    *("energy_scores.csv.gz", "mean_sample_scores.csv", "sample_scores.csv.gz"),
    "relative_scores.csv",
]


def test_scores_are_shown_with_four_digits(tmp_path, observed):
    """A quarter of the width of 4.001 over 1.5 is 0.66683."""
    done = run(write_forecast(tmp_path, "a-b", "2025-01-04", 2.0005), "--target-data", observed)

    assert done.exit_code == 0, done.stderr
    assert "0.6668" in done.stdout.split()
    assert "None" not in done.stdout


def test_quantiles_0_and_1_are_left_out_of_scores_with_a_warning(tmp_path, observed, caplog):
    path = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    ends = "".join(
        f"2025-01-04,cases,0,north,2025-01-04,quantile,{level},{value}\n"
        for level, value in ((0, 1), (1, 90))
    )
    path.write_text(path.read_text() + ends)

    assert means(path, "--target-data", observed) == {"a-b": (1, wis(4))}
    assert "cases: quantiles 0 and 1, which no interval score counts, are left out" in caplog.text


def test_files_alone_are_scored(tmp_path, observed):
    files = [write_forecast(tmp_path, "a-b", day, 4) for day in ("2025-01-04", "2025-01-11")]

    assert means(*files, "--target-data", observed) == {"a-b": (2, wis(4))}


def test_forecasts_without_a_column_of_horizons_are_scored(tmp_path, observed):
    path = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    path.write_text(path.read_text().replace(",horizon", "").replace("cases,0,", "cases,"))

    assert means(path, "--target-data", observed) == {"a-b": (1, wis(4))}


def test_the_round_and_the_end_of_a_week_may_have_their_other_names(tmp_path, observed):
    path = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    names = {"reference_date": "origin_date", "target_end_date": "target_date"}
    pd.read_csv(path, dtype=str).rename(columns=names).to_csv(path, index=False)

    assert means(path, "--target-data", observed) == {"a-b": (1, wis(4))}


def test_peak_weeks_that_are_no_dates_are_refused(tmp_path, observed):
    path = tmp_path / "2025-01-04-a-b.csv"
    row = "2025-01-04,peak week inc flu hosp,NA,north,NA,pmf,soon,1"
    path.write_text(f"{COLUMNS}\n{row}\n")

    done = run(path, "--target-data", observed)

    assert done.exit_code == 2
    assert "soon of 2025-01-04 are no weeks; expected their last days" in done.stderr


def test_beside_files_the_hubs_baseline_and_ensemble_are_scored_on_the_same_tasks(
    tmp_path, observed, hub
):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)

    found = means(own, "--hub", hub, "--target-data", observed)

    assert found == {"a-b": (1, wis(4)), "x-baseline": (1, wis(6)), "x-ensemble": (1, wis(3))}


def test_a_further_column_in_another_models_file_leaves_the_scores_as_they_are(
    tmp_path, observed, hub
):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    other = hub / "submissions" / "x-ensemble" / "2025-01-04-x-ensemble.csv"
    pd.read_csv(other, dtype=str).assign(note="late").to_csv(other, index=False)

    found = means(own, "--hub", hub, "--target-data", observed)

    assert found == {"a-b": (1, wis(4)), "x-baseline": (1, wis(6)), "x-ensemble": (1, wis(3))}


BAD = {
    "quantiles fall": ("0.5,10", "0.5,1"),
    "quantile '1.5' is no level": ("0.5,10", "1.5,10"),
    "value 'inf' is no number": ("0.5,10", "0.5,inf"),
    "its quantiles of 'cases' are 0.1, 0.5, 0.9": ("0.25", "0.1", "0.75", "0.9"),
    "no column location, ": ("location", "place"),
    "no column horizon; expected the hub's": (",horizon", "", "cases,0,", "cases,"),
    "they are of location south; expected location north": ("north", "south"),
    "no row has output type quantile, pmf, sample; expected": (",quantile,", ",mean,"),
}


@pytest.mark.parametrize("says", BAD)
def test_a_bad_file_of_another_model_is_left_out_with_a_warning(
    tmp_path, observed, hub, caplog, says
):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    other = hub / "submissions" / "x-baseline" / "2025-01-04-x-baseline.csv"
    for old, new in zip(BAD[says][::2], BAD[says][1::2], strict=True):
        other.write_text(other.read_text().replace(old, new))

    found = means(own, "--hub", hub, "--target-data", observed)

    assert found == {"a-b": (1, wis(4)), "x-ensemble": (1, wis(3))}
    assert f"{other}: not compared: " in caplog.text
    assert says in caplog.text


def test_beside_files_without_a_column_of_horizons_other_models_need_none(tmp_path, observed, hub):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    own.write_text(own.read_text().replace(",horizon", "").replace("cases,0,", "cases,"))

    found = means(own, "--hub", hub, "--target-data", observed)

    assert found == {"a-b": (1, wis(4)), "x-baseline": (1, wis(6)), "x-ensemble": (1, wis(3))}


def test_a_file_without_rows_that_are_scored_is_refused(tmp_path, observed):
    files = [write_forecast(tmp_path, "a-b", day, 4) for day in ("2025-01-04", "2025-01-11")]
    files[1].write_text(COLUMNS + "\n")

    done = run(*files, "--target-data", observed)

    assert (done.exit_code, f"{files[1]}: no row has output type" in done.stderr) == (2, True)


def test_a_baseline_whose_mean_wis_is_0_leaves_the_other_tables(tmp_path, observed, hub, caplog):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    write_forecast(hub / "submissions" / "x-baseline", "x-baseline", "2025-01-04", 0)

    done = run(own, "--hub", hub, "--target-data", observed, "--output", tmp_path / "scores")

    assert done.exit_code == 0, done.stderr
    assert pd.read_csv(tmp_path / "scores" / "relative_scores.csv").empty
    assert len(pd.read_csv(tmp_path / "scores" / "mean_scores.csv")) == 6
    assert "the mean wis of x-baseline is 0 over the forecasts that a-b" in caplog.text


def test_beside_files_the_models_named_are_scored(tmp_path, observed, hub):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)

    found = means(own, "--hub", hub, "--target-data", observed, "--model", "y-z")

    assert found == {"a-b": (1, wis(4)), "y-z": (1, wis(2))}


def test_a_file_that_is_in_the_hub_as_well_is_scored_once(observed, hub):
    own = hub / "submissions" / "x-ensemble" / "2025-01-04-x-ensemble.csv"

    found = means(own, "--hub", hub, "--target-data", observed)

    assert found == {"x-baseline": (1, wis(6)), "x-ensemble": (1, wis(3))}


def test_the_tables_are_written_with_relative_scores_to_the_baseline(tmp_path, observed, hub):
    folder = tmp_path / "new" / "scores"

    done = run("--hub", hub, "--target-data", observed, "--output", folder)

    assert done.exit_code == 0
    assert done.stdout.split()[:2] == ["model", "scale"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(TABLES)
    relative = pd.read_csv(folder / "relative_scores.csv")
    whole = relative[(relative["horizon"] == "all") & (relative["scale"] == "natural")]
    skill = whole.set_index("model")["relative_wis"]
    # The ratios of the means are 6 : 3 : 2; the baseline's is 1.
    assert skill.to_dict() == {
        "x-baseline": 1,
        "x-ensemble": pytest.approx(3 / 6),
        "y-z": pytest.approx(2 / 6),
    }


def test_another_baseline_can_be_named(tmp_path, observed, hub):
    run("--hub", hub, "--target-data", observed, "--output", tmp_path, "--baseline", "y-z")

    relative = pd.read_csv(tmp_path / "relative_scores.csv")
    assert set(relative[relative["model"] == "y-z"]["relative_wis"]) == {1}


def test_equal_scores_give_equal_bytes(tmp_path, observed, hub):
    for name in ("one", "two"):
        run("--hub", hub, "--target-data", observed, "--output", tmp_path / name)

    for name in TABLES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "there is nothing to score; expected submissions, or --hub"),
        (["--model", "y-z", "{own}"], "--model names models of a hub; expected --hub"),
        (["--hub", "{hub}", "--model", "y-y"], "no model 'y-y' (did you mean y-z"),
        (["--hub", "{hub}", "--from", "2026-01-01"], "no submission is of a round from 2026-01-01"),
        (["{own}", "--to", "2024-01-01"], "none of the files is of a round from any date to 2024"),
        (["{own}", "--baseline", "a-c"], "--baseline a-c: no submission of it is scored"),
        (["{hub}/none.csv"], "none.csv: the name tells no model"),
        (["{hub}/spring-a-b.csv"], "spring-a-b.csv: the name has no date"),
        (["--hub", "{hub}/none"], "none: no such folder"),
        (["{own}", "--output", "{own}"], "the tables cannot be written"),
    ],
)
def test_what_cannot_be_scored_ends_with_2_and_says_why(tmp_path, observed, hub, arguments, says):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)

    done = run(*(each.format(hub=hub, own=own) for each in arguments), "--target-data", observed)

    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_forecasts_without_an_outcome_are_no_scores(tmp_path, observed):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    observed.write_text("date,location,value\n2025-01-04,south,3\n")

    done = run(own, "--target-data", observed)

    assert done.exit_code == 2
    assert "none of the forecasts has an outcome yet" in done.stderr
