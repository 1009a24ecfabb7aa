import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.cli import clean as cli_clean
from epyflow.operations.runs.coordinator_record import (
    Coordinator,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.run_lease import new_lease, write_lease
from epyflow.operations.runs.run_request import Wanted
from epyflow.run.layout import TOPS
from epyflow.storage.disk import Disk, SharedFolder

DAY = 86_400.0
RUN = "us/flu/main"


class Place:
    """A folder of runs, whose files are so many days old."""

    def __init__(self, root: Path) -> None:
        self.root, self.storage = root, Disk(root)

    def write(self, path: str, days: float = 30) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("12345678")
        moment = time.time() - DAY * days
        os.utime(file, (moment, moment))

    def run(self, folder: str = RUN, days: float = 30, tasks: int = 2) -> None:
        for task in range(tasks):
            self.write(f"results/{folder}/builder-artifacts/input_{task:05d}.pkl", days)
            self.write(f"results/{folder}/runner-artifacts/result_{task:05d}.pkl", days)
            self.write(f"logs/{folder}/run_task/{task:05d}.log", days)
            self.write(f"benchmarks/{folder}/run_task/{task:05d}.tsv", days)
        self.write(f"results/{folder}/outputs/quantiles.csv.gz", days)

    def note(
        self, folder: str = RUN, tasks: Mapping[str, int] | None = None, **changed: object
    ) -> None:
        """Write a record; of a coordinator that is complete, unless changed."""
        exp_id, _, run_id = folder.rpartition("/")
        wanted = Wanted(command=("snakemake",), tasks=tasks or {}, unplanned=("hub/old.csv",))
        record: Coordinator = this_coordinator(exp_id, run_id, {}, wanted)
        write_record(record.model_copy(update={"outcome": "complete"} | changed), self.storage)

    def hold(self) -> None:
        """Write a lease; of a coordinator elsewhere, which has not recorded its start yet."""
        mine = this_coordinator(*RUN.rsplit("/", 1), {}).model_copy(update={"host": "elsewhere"})
        write_lease(SharedFolder(self.root), new_lease(mine), None)

    def files(self) -> set[str]:
        found = {path.relative_to(self.root).as_posix() for path in self.root.rglob("*.*")}
        return {path for path in found if (self.root / path).is_file()}


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def clean(*arguments: object):
    done = CliRunner().invoke(app.app, ["clean", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def removed(place: Place, *arguments: object) -> set[str]:
    """What is removed, as it is said before and as it is then."""
    before = place.files()
    said = json.loads(clean("--dry-run", "--format", "json", *arguments).stdout)
    assert place.files() == before
    done = clean("--yes", *arguments)
    assert done.exit_code == 0, done.output
    gone = before - place.files()
    assert {path for each in said["remove"] for path in each["files"]} == gone
    return gone


def test_tasks_that_are_no_longer_planned_go_with_their_logs_and_nothing_else(place):
    place.run(tasks=3)
    place.write(f"results/{RUN}/runner-artifacts/checkpoint_00001.pkl", 31)
    place.write(f"results/{RUN}/builder-artifacts/built.json")
    place.note(tasks={"main": 2})

    assert removed(place) == {
        f"results/{RUN}/builder-artifacts/input_00002.pkl",
        f"results/{RUN}/runner-artifacts/result_00002.pkl",
        f"results/{RUN}/runner-artifacts/checkpoint_00001.pkl",
        f"logs/{RUN}/run_task/00002.log",
        f"benchmarks/{RUN}/run_task/00002.tsv",
    }
    assert clean().stdout == "nothing to remove\n"


@pytest.mark.parametrize("hours", [0, 3])
def test_a_run_whose_lease_may_be_held_is_left_alone_and_one_whose_lease_is_old_is_not(
    place, hours
):
    place.run(tasks=3)
    place.note(tasks={"main": 2})
    place.hold()
    renewed = time.time() - 3600 * hours  # or the clock of this machine is ahead
    os.utime(place.root / f"coordinator/{RUN}/lease.json", (renewed, renewed))

    done = clean("--runs", "*", "--keep", 0, "--dry-run")

    assert done.stdout == "nothing to remove\n"
    assert f"{RUN}: left alone, as a coordinator may hold its lease" in done.stderr
    place.write(f"coordinator/{RUN}/lease.json")
    assert f"results/{RUN}/outputs/quantiles.csv.gz" in removed(place, "--runs", "*", "--keep", 0)


def test_a_calibration_that_has_no_result_keeps_its_generations(place):
    place.run(tasks=1)
    place.write(f"results/{RUN}/runner-artifacts/checkpoint_00000.pkl", 29)
    place.write(f"results/{RUN}/runner-artifacts/checkpoint_00001.pkl")
    place.note(tasks={"main": 2}, outcome="failed")

    assert removed(place) == set()


def test_a_date_of_a_replay_that_is_no_longer_planned_keeps_its_submission(place):
    for date in ("2030-01-05", "2030-01-12"):
        place.run(f"us/flu/season/{date}", tasks=1)
        place.write(f"results/us/flu/season/{date}/hub/{date}-a-b.csv")
    place.note("us/flu/season", tasks={"season/2030-01-05": 1})

    assert removed(place) == {
        "results/us/flu/season/2030-01-12/builder-artifacts/input_00000.pkl",
        "results/us/flu/season/2030-01-12/runner-artifacts/result_00000.pkl",
        "logs/us/flu/season/2030-01-12/run_task/00000.log",
        "benchmarks/us/flu/season/2030-01-12/run_task/00000.tsv",
    }


def test_what_is_left_of_processes_that_were_killed_and_of_runs_without_results_goes_once_old(
    place,
):
    place.run(days=1)
    place.note()
    temporary = f"results/{RUN}/outputs/.quantiles.csv.gz.123-0a1b2c3d.tmp"
    place.write(temporary)
    place.write(f"results/{RUN}/outputs/.quantiles.csv.gz.124-0a1b2c3d.tmp", 1)
    place.write(f"results/{RUN}/outputs/.hidden")
    place.write("logs/us/flu/gone/run_task/00000.log")
    place.write("benchmarks/us/flu/gone/build_inputs.tsv")
    place.write("logs/us/flu/young/run_task/00000.log", 1)

    assert removed(place) == {
        temporary,
        "logs/us/flu/gone/run_task/00000.log",
        "benchmarks/us/flu/gone/build_inputs.tsv",
    }
    assert not (place.root / "logs/us/flu/gone").exists()


def test_the_state_of_a_coordinator_goes_when_its_run_has_been_over_for_long(place):
    for run_id, days in (("old", 30), ("young", 1)):
        place.run(f"us/flu/{run_id}", days)
        place.write(f"coordinator/us/flu/{run_id}/state.tar.gz", days)
        place.write(f"coordinator/us/flu/{run_id}/coordinator.log", days)  # stays with the results
        place.note(f"us/flu/{run_id}")
    place.write("googlebatch-logs/a/0.log")
    place.write("googlebatch-logs/a/1.log", 1)

    assert removed(place) == {"coordinator/us/flu/old/state.tar.gz", "googlebatch-logs/a/0.log"}
    assert removed(place, "--older-than", "12h") == {
        "coordinator/us/flu/young/state.tar.gz",
        "googlebatch-logs/a/1.log",
    }


def test_whole_runs_go_by_name_but_the_newest_and_those_below_another_name(place):
    for number, run_id in enumerate(("w1", "w2", "w3")):
        place.run(f"us/flu/{run_id}", days=40 - number)
        place.note(f"us/flu/{run_id}")
    place.run("us/covid/w1", days=50)
    place.note("us/covid/w1")
    place.run("us/flu/w1/nested/main", days=60)  # of the experiment us/flu/w1/nested
    place.note("us/flu/w1/nested/main")

    gone = removed(place, "--runs", "us/flu", "--keep", 2)

    assert {path.split("/")[1:4] == ["us", "flu", "w1"] for path in gone} == {True}
    assert not any("nested" in path for path in gone)
    assert {path.split("/", 1)[0] for path in gone} == set(TOPS)
    assert (place.root / "results/us/flu/w1/nested/main/outputs/quantiles.csv.gz").is_file()
    assert not (place.root / "results/us/flu/w1/outputs").exists()
    assert removed(place, "--runs", "us/flu/w2", "--keep", 0) > {
        "results/us/flu/w2/outputs/quantiles.csv.gz"
    }


@pytest.mark.parametrize(
    ("record", "days", "why"),
    [
        ({"outcome": None}, 30, "its coordinator is running"),
        ({"outcome": None, "host": "elsewhere"}, 5, "the state of its coordinator is unknown"),
        ({"outcome": None, "job": "projects/p/locations/r/jobs/j"}, 30, None),
        ({"outcome": None, "host": "elsewhere"}, 30, None),
        ({"outcome": None, "process_started": 1.0}, 5, None),
    ],
    ids=["alive", "elsewhere", "job", "silent", "killed"],
)
def test_a_run_that_somebody_may_be_at_work_on_is_left_alone(place, record, days, why):
    place.run(days=days)
    place.note(**record)
    moment = time.time() - DAY * days
    os.utime(place.root / f"coordinator/{RUN}/record.json", (moment, moment))
    before = place.files()

    done = clean("--runs", "*", "--keep", 0, "--yes")

    assert done.exit_code == 0
    assert (place.files() == before) is (why is not None)
    if why is not None:
        assert done.stderr == f"{RUN}: left alone, as {why}\n"


def test_what_would_be_removed_is_shown_in_a_table_and_has_to_be_confirmed(place):
    place.run()
    place.note()

    done = clean("--runs", "us/*", "--keep", 0)

    assert done.exit_code == 3
    assert "expected --yes" in done.stderr
    _, row, total = done.stdout.splitlines()
    size = sum((place.root / path).stat().st_size for path in place.files())
    assert re.fullmatch(
        rf"old run +us/flu/main +10 +{size} bytes +matches us/\*, and 0 newer are kept *", row
    )
    assert total.split() == ["total", "10", str(size), "bytes"]
    assert (place.root / f"results/{RUN}/outputs/quantiles.csv.gz").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--runs", "*"), "--runs and --keep go together"),
        (("--keep", 1), "--runs and --keep go together"),
        (("--older-than", "soon"), "'soon' is not a duration"),
        (("--storage", "nowhere"), "no such folder"),
    ],
)
def test_what_makes_no_sense_ends_with_2(place, options, message):
    done = clean(*options)

    assert done.exit_code == 2
    assert message in done.stderr


def test_a_file_that_cannot_be_removed_is_told_and_the_others_go(place, monkeypatch):
    place.run("us/a/main")
    place.run("us/b/main")
    for folder in ("us/a/main", "us/b/main"):
        place.note(folder)
    remove = Disk.remove

    def fail(self: Disk, paths: object) -> None:
        if any("us/a/" in path for path in paths):
            raise PermissionError(13, "Permission denied", "x")
        remove(self, paths)

    monkeypatch.setattr(Disk, "remove", fail)

    done = clean("--runs", "*", "--keep", 0, "--yes")

    assert done.exit_code == 1
    assert "us/a/main: [Errno 13] Permission denied" in done.stderr
    assert all("us/a/" in path for path in place.files())


@pytest.mark.parametrize("begin", [lambda place: place.note(outcome=None), lambda p: p.hold()])
def test_a_run_that_somebody_begins_to_work_on_meanwhile_is_left_alone(place, monkeypatch, begin):
    place.run()
    place.note()
    monkeypatch.setattr(cli_clean, "confirm_or_exit", lambda *a, **b: begin(place))

    done = clean("--runs", "*", "--keep", 0, "--yes")

    assert done.exit_code == 1
    assert f"{RUN}: started again meanwhile; skipped" in done.stderr
    assert (place.root / f"results/{RUN}/outputs/quantiles.csv.gz").is_file()
