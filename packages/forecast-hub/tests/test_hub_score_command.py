"""``forecast-hub score``: which submissions are scored, against what, and what is written."""

import gzip

import pandas as pd
import pytest
from made_up_forecasts import COLUMNS, WEEKS, means, peak_rows, run, wis, write_forecast
from made_up_hubs import scorable, tasks, write_hub

TABLES = [
    *("mean_scores.csv", "mean_scores_by_horizon.csv", "mean_scores_by_location.csv"),
    *("mean_scores_by_reference_date.csv", "pmf_scores.csv.gz", "quantile_scores.csv.gz"),
    *("energy_scores.csv.gz", "mean_sample_scores.csv", "sample_scores.csv.gz"),
    "relative_scores.csv",
]


@pytest.fixture
def hub(tmp_path):
    """Return a hub with forecasts of three models, and two weeks of one of them."""
    hub = write_hub(tmp_path / "hub", tasks())
    for model, spread in (("x-baseline", 6), ("x-ensemble", 3), ("y-z", 2)):
        write_forecast(hub / "submissions" / model, model, "2025-01-04", spread)
    write_forecast(hub / "submissions" / "x-baseline", "x-baseline", "2025-01-11", 6)
    return hub


@pytest.fixture
def observed(tmp_path):
    path = tmp_path / "observed.csv"
    rows = [f"{day},north,{value}" for day, value in WEEKS.items()]
    path.write_text("\n".join(["date,location,value", *rows]) + "\n")
    return path


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


@pytest.mark.parametrize("name", ["2025-01-04-x-y.csv", "spring-y-z.csv", "2025-01-04-y-z (1).csv"])
def test_of_a_whole_hub_a_file_with_another_name_is_left_out_with_a_warning(
    observed, hub, caplog, name
):
    own = hub / "submissions" / "y-z" / "2025-01-04-y-z.csv"
    own.with_name(name).write_text(own.read_text())

    assert means("--hub", hub, "--target-data", observed)["y-z"] == (1, wis(2))
    assert (
        f"{own.with_name(name)}: not scored: expected its name to be <date>-y-z.csv" in caplog.text
    )


def test_a_baseline_whose_mean_wis_is_0_leaves_the_other_tables(tmp_path, observed, hub, caplog):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    write_forecast(hub / "submissions" / "x-baseline", "x-baseline", "2025-01-04", 0)

    done = run(own, "--hub", hub, "--target-data", observed, "--output", tmp_path / "scores")

    assert done.exit_code == 0, done.stderr
    assert pd.read_csv(tmp_path / "scores" / "relative_scores.csv").empty
    assert len(pd.read_csv(tmp_path / "scores" / "mean_scores.csv")) == 6
    assert "the mean wis of x-baseline is 0 over the forecasts that a-b" in caplog.text


def test_of_a_whole_hub_bad_files_are_left_out_unless_all_are(observed, hub, caplog):
    files = sorted((hub / "submissions").glob("*/*.csv"))
    files[0].write_text("no forecast")

    found = means("--hub", hub, "--target-data", observed)
    assert found == {"x-baseline": (1, wis(6)), "x-ensemble": (1, wis(3)), "y-z": (1, wis(2))}
    assert f"{files[0]}: not compared: no column" in caplog.text

    for path in files:
        path.write_text("no forecast")
    done = run("--hub", hub, "--target-data", observed)
    assert done.exit_code == 2
    assert "can be scored; see the warnings" in done.stderr


OTHERS = {"x-ensemble": (1, wis(3)), "y-z": (1, wis(2))}


def test_of_a_whole_hub_the_quantiles_of_most_files_count_not_those_of_the_first(
    observed, hub, caplog
):
    odd = sorted((hub / "submissions" / "x-baseline").iterdir())
    for path in odd:
        path.write_text(path.read_text().replace("0.25", "0.2").replace("0.75", "0.8"))
    write_forecast(hub / "submissions" / "y-z", "y-z", "2025-01-11", 2)

    found = means("--hub", hub, "--target-data", observed)

    assert found == OTHERS | {"y-z": (2, wis(2))}
    says = "its quantiles of 'cases' are 0.2, 0.5, 0.8; expected 0.25, 0.5, 0.75"
    assert [f"{path}: not compared: {says}" in caplog.text for path in odd] == [True, True]


def test_of_a_whole_hub_the_quantiles_that_the_hub_permits_count(observed, hub):
    """One file has 0.1, 0.5 and 0.9, as the hub says; three have other levels."""
    write_hub(hub, scorable(tasks()))
    path = hub / "submissions" / "y-z" / "2025-01-04-y-z.csv"
    path.write_text(path.read_text().replace("0.25", "0.10").replace("0.75", "0.90"))

    assert list(means("--hub", hub, "--target-data", observed)) == ["y-z"]


def test_of_a_whole_hub_a_file_with_other_weeks_of_a_season_is_left_out(tmp_path, caplog):
    """Its further week was not observed, so that the season would have no peak for all models."""
    hub = write_hub(tmp_path / "hub", tasks())
    day, weeks = "2025-01-04", ("2025-01-04", "2025-01-11")
    for model, rows in (
        ("a-more", [*peak_rows(day, weeks), f"{day},peak week inc flu hosp,,01,,pmf,2025-01-18,0"]),
        ("b-one", peak_rows(day, weeks)),
        ("c-less", [f"{day},peak week inc flu hosp,,01,,pmf,2025-01-04,1"]),
        ("d-two", peak_rows(day, weeks)),
    ):
        path = hub / "submissions" / model / f"{day}-{model}.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    observed = tmp_path / "observed.csv"
    observed.write_text("date,location,value\n2025-01-04,01,50\n2025-01-11,01,60\n")

    done = run("--hub", hub, "--target-data", observed, "--output", tmp_path / "scores")

    assert done.exit_code == 0, done.stderr
    scores = pd.read_csv(tmp_path / "scores" / "pmf_scores.csv.gz").set_index("model")
    assert scores["probability"].to_dict() == {"b-one": 0.25, "d-two": 0.25}
    for model, says in (("a-more", "a probability of 2025-01-18"), ("c-less", "no probability of")):
        assert f"{day}-{model}.csv: not compared: {says}" in caplog.text


def test_beside_files_the_models_named_are_scored(tmp_path, observed, hub):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)

    found = means(own, "--hub", hub, "--target-data", observed, "--model", "y-z")

    assert found == {"a-b": (1, wis(4)), "y-z": (1, wis(2))}


def test_a_file_that_is_in_the_hub_as_well_is_scored_once(observed, hub):
    own = hub / "submissions" / "x-ensemble" / "2025-01-04-x-ensemble.csv"

    found = means(own, "--hub", hub, "--target-data", observed)

    assert found == {"x-baseline": (1, wis(6)), "x-ensemble": (1, wis(3))}


def test_without_files_every_model_of_the_hub_is_scored(observed, hub):
    found = means("--hub", hub, "--target-data", observed)

    assert found == {
        "x-baseline": (2, wis(6)),
        "x-ensemble": (1, wis(3)),
        "y-z": (1, wis(2)),
    }


def test_models_and_reference_dates_can_be_chosen(observed, hub):
    one = means("--hub", hub, "--target-data", observed, "--model", "x-baseline")
    early = means("--hub", hub, "--target-data", observed, "--to", "2025-01-10")
    late = means("--hub", hub, "--target-data", observed, "--from", "2025-01-11")

    assert one == {"x-baseline": (2, wis(6))}
    assert early["x-baseline"] == (1, wis(6))
    assert late == {"x-baseline": (1, wis(6))}


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


# --- target data as hubs publish them -----------------------------------------------------------

SERIES = """\
as_of,target_end_date,target,location,observation
2025-01-08,2025-01-04,cases,north,7
2025-01-15,2025-01-04,cases,north,10
2025-01-15,2025-01-04,visits,north,500
"""


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_hubs_time_series_is_read_as_known_last_and_for_each_target(tmp_path, suffix):
    path = tmp_path / f"time-series{suffix}"
    (tmp_path / "plain.csv").write_text(SERIES)
    if suffix == ".parquet":
        pd.read_csv(tmp_path / "plain.csv").to_parquet(path)
    else:
        path.write_bytes(gzip.compress(SERIES.encode()) if suffix != ".csv" else SERIES.encode())
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)

    assert means(own, "--target-data", path) == {"a-b": (1, wis(4))}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "day,location,value\n",
            "no column date; expected date or target_end_date or truth_date, l",
        ),
        ("date,location,observed\n", "no column value; expected date or target_end_date"),
        ("date,location,value\n2025-01-04,north,many\n", "2: value: 'many' is not a number"),
        (
            "date,location,value\n2025-01-04,north,1\n2025-01-04,north,2\n",
            "csv:3: date: 2025-01-04 stands twice for location north",
        ),
    ],
)
def test_target_data_of_another_form_are_refused(tmp_path, text, says):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    path = tmp_path / "observed.csv"
    path.write_text(text)

    done = run(own, "--target-data", path)

    assert done.exit_code == 2
    assert says in done.stderr
