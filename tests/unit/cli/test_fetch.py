import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from epyflow.cli import app
from tests.unit.operations.runs.made_up import NOON, MadeUp


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> MadeUp:
    """Two runs of an experiment in another folder, each with tables, artifacts and figures."""
    monkeypatch.chdir(tmp_path)
    there = MadeUp(tmp_path / "there")
    for folder in ("us/flu/week-1", "us/flu/week-2"):
        there.finished(folder)
        there.write(f"results/{folder}/figures/fan_chart/a.svg", "drawn")
    there.judged("us/flu/week-2", accepted=True)
    return there


def fetch(*arguments: object):
    done = CliRunner().invoke(app.app, ["fetch", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def fetched(folder: str = "fetched") -> set[str]:
    top = Path(folder)
    return {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}


OF_WEEK_2 = {
    "us/flu/week-2/outputs/quantiles.csv.gz",
    "us/flu/week-2/outputs/run_metadata.json",
    "us/flu/week-2/hub/2030-01-05-a-b.csv",
    "us/flu/week-2/hub/2030-01-05-a-b.csv.findings.json",
}


@pytest.mark.parametrize(
    "named",
    [
        ("us/flu", "--storage", "there"),
        ("us/flu/week-2", "--storage", "there"),
        ("us/flu", "--run-id", "week-2", "--storage", "there"),
        ("there/results/us/flu/week-2",),
        ("there/results/us/flu/",),
    ],
)
def test_what_the_newest_run_made_is_fetched_and_named(made_up, named):
    done = fetch(*named)

    assert done.exit_code == 0
    assert fetched() == OF_WEEK_2
    assert set(done.stdout.splitlines()) == {f"fetched/{path}" for path in OF_WEEK_2}
    assert done.stderr == "us/flu/week-2: 4 fetched\n"
    table = Path("fetched/us/flu/week-2/outputs/quantiles.csv.gz")
    assert table.read_text() == "us/flu/week-2"


def test_a_glob_fetches_the_newest_run_of_each_experiment(made_up):
    made_up.finished("us/covid/week-1")

    done = fetch("us/*", "--storage", "there", "--what", "outputs/*.csv.gz")

    assert done.exit_code == 0
    assert fetched() == {
        "us/covid/week-1/outputs/quantiles.csv.gz",
        "us/flu/week-2/outputs/quantiles.csv.gz",
    }
    assert set(done.stderr.splitlines()) == {
        "us/covid/week-1: 1 fetched",
        "us/flu/week-2: 1 fetched",
    }


def test_a_glob_and_a_run_id_fetch_that_run_of_each(made_up):
    made_up.finished("us/covid/week-1")

    done = fetch("us/*", "--run-id", "week-1", "--storage", "there", "--what", "outputs/*.csv.gz")
    none = fetch("us/*", "--run-id", "week-3", "--storage", "there")

    assert done.exit_code == 0
    assert {path.split("/")[2] for path in fetched()} == {"week-1"}
    assert none.exit_code == 2
    assert "no run of us/* under there/results" in none.stderr


def test_of_a_glob_one_without_such_files_does_not_keep_the_others_from_being_fetched(made_up):
    made_up.finished("us/covid/week-1")

    done = fetch("us/*", "--storage", "there", "--what", "figures/*/*.svg")

    assert done.exit_code == 2
    assert fetched() == {"us/flu/week-2/figures/fan_chart/a.svg"}
    assert "results/us/covid/week-1 has no file that matches figures/*/*.svg" in done.stderr


def test_a_run_by_its_absolute_folder_is_fetched(made_up):
    assert fetch(made_up.root / "results/us/flu/week-1", "--to", "here").exit_code == 0
    assert {path.split("/")[2] for path in fetched("here")} == {"week-1"}


def test_globs_say_what_is_fetched(made_up):
    named = ("us/flu", "--storage", "there")

    assert fetch(*named, "--what", "*.svg", "--what", "hub/*.csv").exit_code == 0

    assert fetched() == {
        "us/flu/week-2/figures/fan_chart/a.svg",
        "us/flu/week-2/hub/2030-01-05-a-b.csv",
    }


def test_flat_names_say_the_experiment_and_the_run(made_up):
    named = ("us/flu", "--storage", "there", "--what", "outputs/*", "--what", "figures/*")

    assert fetch(*named, "--names", "flat", "--to", "here").exit_code == 0

    assert fetched("here") == {
        "us_flu_week-2_quantiles.csv.gz",
        "us_flu_week-2_run_metadata.json",
        "us_flu_week-2_fan_chart_a.svg",
    }


def test_flat_names_that_are_the_same_are_refused_before_anything_is_fetched(made_up):
    made_up.write("results/us/flu/week-2/scores/quantiles.csv.gz")

    done = fetch("us/flu", "--storage", "there", "--names", "flat")

    assert done.exit_code == 2
    assert "would both be fetched/us_flu_week-2_quantiles.csv.gz" in done.stderr
    assert fetched() == set()


def test_the_dates_of_a_replay_are_fetched(made_up):
    made_up.tables("us/flu/season/2030-01-05", tasks=2)
    made_up.write("results/us/flu/season/scores/scores.csv")
    named = ("us/flu", "--storage", "there")

    assert fetch(*named).exit_code == 0
    assert fetch(*named, "--names", "flat", "--to", "flat").exit_code == 0

    assert fetched() == {
        "us/flu/season/2030-01-05/outputs/quantiles.csv.gz",
        "us/flu/season/2030-01-05/outputs/run_metadata.json",
        "us/flu/season/scores/scores.csv",
    }
    assert "us_flu_season_2030-01-05_quantiles.csv.gz" in fetched("flat")


def test_only_what_changed_is_fetched_again(made_up):
    fetch("us/flu", "--storage", "there")
    made_up.write("results/us/flu/week-2/hub/2030-01-05-a-b.csv", "new rows")

    documents = json.loads(fetch("us/flu", "--storage", "there", "--format", "json").stdout)

    became = {each["source"]: each["became"] for each in documents}
    assert became.pop("hub/2030-01-05-a-b.csv") == "fetched"
    assert set(became.values()) == {"unchanged"}
    assert Path("fetched/us/flu/week-2/hub/2030-01-05-a-b.csv").read_text() == "new rows"


def test_a_newer_local_file_is_kept_unless_forced(made_up):
    fetch("us/flu", "--storage", "there")
    mine = Path("fetched/us/flu/week-2/hub/2030-01-05-a-b.csv")
    mine.write_text("edited by hand")
    os.utime(mine, (2e9, 2e9))

    careful = fetch("us/flu", "--storage", "there")
    kept = mine.read_text()
    forced = fetch("us/flu", "--storage", "there", "--force")

    assert (careful.exit_code, kept) == (1, "edited by hand")
    assert f"{mine} is newer than the run's; --force replaces it" in careful.stderr
    assert (forced.exit_code, mine.read_text()) == (0, "rows")


def test_a_link_that_leads_out_of_the_folder_is_not_followed(made_up, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "fetched").mkdir()
    (tmp_path / "fetched" / "us").symlink_to(outside)

    done = fetch("us/flu", "--storage", "there")

    assert done.exit_code == 2
    assert "leads out of fetched" in done.stderr
    assert list(outside.iterdir()) == []


def test_a_file_that_cannot_be_written_is_one_message(made_up):
    Path("fetched").write_text("a file, not a folder")

    done = fetch("us/flu", "--storage", "there")

    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("flu", "--storage", "there"), "no run flu under there/results"),
        (("us/flu", "--run-id", "week-3", "--storage", "there"), "no run us/flu/week-3"),
        (("us/flu", "--storage", "there", "--what", "*.xlsx"), "no file that matches *.xlsx"),
        (("us/../flu",), "not the name of a run"),
        (("there/results/us/flu", "--storage", "there"), "expected no --storage"),
        (("us/flu", "--storage", "elsewhere"), "no such folder"),
    ],
)
def test_what_is_not_there_ends_with_2(made_up, arguments, message):
    done = fetch(*arguments)

    assert done.exit_code == 2
    assert message in done.stderr
    assert fetched() == set()


def test_the_help_shows_globs_and_names_as_they_are_typed():
    shown = " ".join(fetch("--help").stdout.replace("│", " ").split())

    assert "outputs/*, hub/*, scores/*" in shown
    assert "<exp_id>_<run_id>_<table>.csv.gz" in shown
    assert "gs://<bucket>/<prefix>" in shown


def test_a_glob_with_latest_fetches_the_newest_finished_run_of_each_experiment(made_up):
    made_up.finished("us/covid/main")
    made_up.write("results/us/flu/latest", "week-1\n")

    done = fetch("us/*", "--run-id", "latest", "--storage", "there")

    assert done.exit_code == 0
    assert {path.split("/outputs/")[0] for path in fetched()} == {"us/flu/week-1"}


def test_a_name_that_is_left_is_named_and_all_others_are_fetched(made_up):
    made_up.write("results/us/flu/week-2/outputs/b\nforged")
    Path("fetched/us/flu/week-2/outputs/quantiles.csv.gz/in").mkdir(parents=True)

    done = fetch("us/flu", "--storage", "there")

    assert done.exit_code == 2
    escaped = r"fetched/us/flu/week-2/outputs/b\nforged"
    others = {f"fetched/{path}" for path in OF_WEEK_2 if "quantiles" not in path}
    assert set(done.stdout.splitlines()) == others | {escaped}
    assert done.stderr == (
        "us/flu/week-2: 4 fetched, 1 left\n"
        "outputs/quantiles.csv.gz was left: fetched/us/flu/week-2/outputs/quantiles.csv.gz is a "
        "folder, of other files\n"
    )


def test_files_of_an_earlier_plan_are_left_out_and_named(made_up):
    made_up.judged("us/flu/week-2", accepted=True, name="2030-01-05-a-old.csv")
    old = [f"hub/2030-01-05-a-old.csv{end}" for end in ("", ".findings.json")]
    made_up.planned("us/flu/week-2", {"week-2": 2}, *old, "figures/fan_chart/a.svg")

    done = fetch("us/flu/week-2", "--storage", "there")

    assert done.exit_code == 0
    assert fetched() == OF_WEEK_2
    assert set(done.stdout.splitlines()) == {f"fetched/{path}" for path in OF_WEEK_2}
    assert done.stderr == (
        "us/flu/week-2: 4 fetched, 2 unplanned\n"
        f"us/flu/week-2: left out 2 files of an earlier plan: {', '.join(old)}; "
        "--unplanned copies them\n"
    )
    said = fetch("us/flu/week-2", "--storage", "there", "--what", old[0], "--format", "json")
    (document,) = json.loads(said.stdout)
    assert (document["became"], document["file"]) == ("unplanned", None)

    assert fetch("us/flu/week-2", "--storage", "there", "--unplanned").exit_code == 0
    assert fetched() == OF_WEEK_2 | {f"us/flu/week-2/{path}" for path in old}


def stale(*arguments: object) -> list[str]:
    documents = json.loads(fetch(*arguments, "--format", "json").stdout)
    assert all(each["file"] is None for each in documents if each["became"] == "stale")
    return [each["source"] for each in documents if each["became"] == "stale"]


def test_local_files_that_the_run_no_longer_plans_are_named_and_stay(made_up):
    named, old = ("us/flu/week-2", "--storage", "there"), "hub/2030-01-05-a-old.csv"
    made_up.judged("us/flu/week-2", accepted=True, name="2030-01-05-a-old.csv")
    made_up.write("results/us/flu/week-2/outputs/posteriors.csv.gz")
    assert "warning" not in fetch(*named).stderr
    before = fetched()
    gone = [old, f"{old}.findings.json", "outputs/posteriors.csv.gz"]
    Path("fetched/us/flu/week-2/notes.txt").write_text("mine")
    Path("fetched/us/flu/week-2/outputs/notes.md").write_text("mine")
    Path("fetched/us/flu/week-2-more/hub").mkdir(parents=True)
    Path("fetched/us/flu/week-2-more/hub/2030-01-05-a-b.csv").write_text("of another run")

    made_up.planned("us/flu/week-2", {"week-2": 2}, *gone)
    edited = fetch(*named)
    for path in gone:
        (made_up.root / "results/us/flu/week-2" / path).unlink()
    cleaned = fetch(*named)

    for done, count in ((edited, "4 unchanged, 3 unplanned"), (cleaned, "4 unchanged")):
        assert done.exit_code == 0
        assert done.stderr.splitlines()[0] == f"us/flu/week-2: {count}, 3 stale"
        assert done.stderr.splitlines()[-1] == (
            "us/flu/week-2: warning: the run does not have, or no longer plans, 3 local files: "
            f"{', '.join(f'fetched/us/flu/week-2/{path}' for path in gone)}; delete what an "
            "earlier fetch left, or fetch to an empty folder with --to"
        )
        assert set(done.stdout.splitlines()) == {f"fetched/{path}" for path in OF_WEEK_2}
    assert fetched() > before
    assert stale(*named, "--what", "outputs/*") == gone


def test_a_local_table_by_population_loses_the_file_of_one_that_the_run_no_longer_has(made_up):
    named = ("us/flu/week-2", "--storage", "there")
    table = "outputs/trajectories_transitions.parquet"
    places = [f"{table}/{name}.parquet" for name in ("Ohio", "Utah")]
    for path in places:
        made_up.write(f"results/us/flu/week-2/{path}", "rows")
    assert fetch(*named).exit_code == 0
    local = Path("fetched/us/flu/week-2")
    (local / table / "_notes.txt").write_text("mine")
    newer = local / table / "Texas.parquet"
    newer.write_text("mine")
    os.utime(newer, (NOON + 10**6, NOON + 10**6))
    (made_up.root / "results/us/flu/week-2" / places[1]).unlink()
    made_up.write(f"results/us/flu/week-2/{places[0]}", "rows")

    # The table is not fetched: nothing is deleted.
    assert stale(*named, "--what", "hub/*") == [f"{table}/Texas.parquet", places[1]]
    done = fetch(*named)

    assert done.exit_code == 0
    kept = {"_notes.txt", "Ohio.parquet", "Texas.parquet"}
    assert {path.name for path in (local / table).iterdir()} == kept
    told = f"deleted 1 local file of populations that the table lacks: {local / places[1]}\n"
    assert told in done.stderr
    assert f"no longer plans, 1 local file: {newer};" in done.stderr


def test_files_of_an_earlier_plan_that_are_asked_for_are_not_stale(made_up):
    named = ("us/flu/week-2", "--storage", "there", "--unplanned")
    made_up.judged("us/flu/week-2", accepted=True, name="2030-01-05-a-old.csv")
    made_up.planned("us/flu/week-2", {"week-2": 2}, "hub/2030-01-05-a-old.csv")

    assert fetch(*named).exit_code == 0
    assert stale(*named) == []


@pytest.mark.parametrize("names", ["tree", "flat"])
def test_submissions_of_a_date_that_a_replay_no_longer_has_are_stale(made_up, names):
    named = ("us/flu/season", "--storage", "there", "--names", names)
    for day in ("2030-01-05", "2030-01-12"):
        made_up.tables(f"us/flu/season/{day}", tasks=1)
        made_up.judged(f"us/flu/season/{day}", accepted=True, name=f"{day}-a-b.csv")
    assert fetch(*named).exit_code == 0
    Path("fetched/us_flu_season_two_2030-01-05-a-b.csv").write_text("of another run")

    made_up.planned("us/flu/season", {"season/2030-01-12": 1})

    found = [path for path in stale(*named) if path.endswith("a-b.csv")]
    tree = ["2030-01-05/hub/2030-01-05-a-b.csv"]
    flat = ["us_flu_season_2030-01-05_2030-01-05-a-b.csv"]
    assert found == (tree if names == "tree" else flat)
