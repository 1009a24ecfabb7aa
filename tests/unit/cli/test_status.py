import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.cli import status as cli_status
from epyflow.operations.runs.coordinator_presence import format_time
from epyflow.operations.runs.coordinator_record import (
    Coordinator,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.run_lease import new_lease, write_lease
from epyflow.operations.runs.run_request import Wanted
from epyflow.storage.disk import Disk, SharedFolder
from tests.unit.operations.runs.made_up import FAILED_LOG, RUNNING_LOG, MadeUp

NOW = datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC)

TRACEBACK = """2030-01-02 03:04:06,789 ERROR Traceback (most recent call last):
  File "a.py", line 1, in <module>
ValueError: two rows for one date
"""


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> MadeUp:
    monkeypatch.chdir(tmp_path)
    return MadeUp(tmp_path)


def status(*arguments: object):
    done = CliRunner().invoke(app.app, ["status", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_run_under_way_is_shown_by_stage_and_ends_with_3(made_up):
    made_up.tasks("us/flu/main", count=4, done=(0,))
    made_up.write("logs/us/flu/main/run_task/00000.log", FAILED_LOG)  # and then worked
    made_up.write("logs/us/flu/main/run_task/00001.log", RUNNING_LOG)

    done = status("us/flu")

    assert done.exit_code == 3
    assert done.stdout == (
        "us/flu/main: incomplete, 2030-03-17 17:46:45 UTC\n"
        "coordinator: none is recorded\n"
        "tasks    4: 1 done, 0 failed, 3 missing\n"
        "build    4 files\n"
        "run      1 file\n"
    )


def test_a_complete_run_ends_with_0(made_up):
    made_up.finished("us/flu/main")
    made_up.write("results/us/flu/main/figures/fan_chart/a.svg")
    made_up.judged("us/flu/main", accepted=True)

    done = status("us/flu/main", "--format", "json")

    document = json.loads(done.stdout)
    assert (done.exit_code, document["complete"], document["failures"]) == (0, True, [])
    assert {each["stage"]: each["files"] for each in document["stages"]} == {
        "build": 2,
        "run": 2,
        "tables": 1,
        "observed": 0,
        "figures": 1,
        "hub": 1,
        "scores": 0,
    }


def test_what_failed_is_told_with_its_log_and_ends_with_1(made_up):
    made_up.tasks("flu/main", count=2, done=(0,))
    made_up.write("logs/flu/main/run_task/00001.log", FAILED_LOG)
    made_up.write("logs/flu/main/make_tables.log", TRACEBACK)

    done = status("flu")

    assert done.exit_code == 1
    assert "tasks    2: 1 done, 1 failed, 0 missing\n" in done.stdout
    assert "run      1 file, 1 failed\n" in done.stdout
    assert "tables   0 files, 1 failed\n" in done.stdout
    assert "logs/flu/main/run_task/00001.log: doses.csv: no row\n" in done.stdout
    assert "logs/flu/main/make_tables.log: ValueError: two rows for one date\n" in done.stdout


def test_a_refused_submission_ends_with_1(made_up):
    made_up.finished("flu/main")
    made_up.judged("flu/main", accepted=False)

    done = status("flu")

    assert done.exit_code == 1
    assert done.stdout.startswith("flu/main: complete; submission refused, ")


def test_the_dates_of_a_replay_are_counted_together(made_up):
    for date in ("2030-01-05", "2030-01-12"):
        made_up.tasks(f"us/flu/season/{date}", count=2, done=(0,))
        made_up.write(f"logs/us/flu/season/{date}/run_task/00000.log", FAILED_LOG)
        made_up.write(f"logs/us/flu/season/{date}/run_task/00001.log", FAILED_LOG)

    document = json.loads(status("us/flu", "--format", "json").stdout)

    stages = {each["stage"]: (each["files"], each["failed"]) for each in document["stages"]}
    assert (stages["build"], stages["run"]) == ((4, 0), (2, 2))
    assert [each["log"].split("/")[4] for each in document["failures"]] == [
        "2030-01-05",
        "2030-01-12",
    ]


def test_a_run_is_watched_until_it_is_complete_and_printed_when_it_changed(made_up, monkeypatch):
    made_up.tasks("flu/main", count=2, done=(0,))
    steps = iter(
        [
            lambda: None,
            lambda: made_up.write("results/flu/main/runner-artifacts/result_00001.pkl"),
            lambda: made_up.tables("flu/main", tasks=2),
        ]
    )
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        next(steps)()

    monkeypatch.setattr(cli_status, "time", SimpleNamespace(sleep=sleep))

    done = status("flu", "--watch", "--every", 7)

    assert (done.exit_code, waited) == (0, [7, 7, 7])
    states = [line for line in done.stdout.splitlines() if line.startswith("tasks")]
    assert states == [
        "tasks    2: 1 done, 0 failed, 1 missing",
        "tasks    2: 2 done, 0 failed, 0 missing",
        "tasks    2: 2 done, 0 failed, 0 missing",
    ]


def test_a_run_that_failed_is_not_watched_for_ever(made_up):
    made_up.tasks("flu/main", count=1, done=())
    made_up.write("logs/flu/main/run_task/00000.log", FAILED_LOG)

    assert status("flu", "--watch").exit_code == 1


def test_no_such_run_ends_with_2(made_up):
    done = status("flu")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "no run flu under ./results; `epyflow runs` lists those there are" in done.stderr


def test_the_command_that_lists_runs_names_the_storage_as_a_shell_takes_it(made_up):
    Path("my runs").mkdir()

    for named in ("flu", "flu/latest"):
        done = status(named, "--storage", "my runs")
        assert "`epyflow runs --storage 'my runs'` lists those there are" in done.stderr


def noted(made_up: MadeUp, run: str = "flu/main", **changed: object) -> Coordinator:
    """Write the record of this process as the run's coordinator, changed in places."""
    exp_id, _, run_id = run.rpartition("/")
    wanted = Wanted(command=("snakemake", "--cores", "2"), files={"build": 2, "tables": 7})
    record = this_coordinator(exp_id, run_id, {}, wanted).model_copy(update=changed)
    write_record(record, Disk(made_up.root))
    return record


def test_who_goes_on_is_told_with_how_much_each_stage_is_to_make(made_up):
    made_up.tasks("flu/main", count=2, done=(0,))
    made_up.write("results/flu/main/outputs/quantiles.csv.gz")
    record = noted(made_up)

    done = status("flu")

    assert done.exit_code == 3
    assert (
        f"coordinator: process {record.pid} on {record.host} since {record.started:%F %T} UTC\n"
        in (done.stdout)
    )
    assert "build    2 of 2\nrun      1 file\ntables   1 of 7\n" in done.stdout


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"process_started": 1.0}, "none: process {pid} on {host}, started {began}, was killed"),
        ({"outcome": "failed", "ended": NOW}, "none: process {pid} on {host} failed at 2030-03-17"),
        ({"outcome": "stopped", "ended": NOW}, "none: process {pid} on {host} was stopped at 2030"),
        ({"outcome": "cancelled", "ended": NOW}, "none: the run was cancelled at 2030-03-17"),
        ({"outcome": "complete", "ended": NOW}, "completed at 2030-03-17"),
    ],
    ids=["killed", "failed", "stopped", "cancelled", "done"],
)
def test_that_nobody_goes_on_with_an_incomplete_run_ends_with_4_or_1(made_up, changed, said):
    made_up.tasks("flu/main", count=2, done=(0,))
    record = noted(made_up, **changed)

    done = status("flu")

    began = f"{record.started:%F %T} UTC"
    assert done.exit_code == (1 if changed.get("outcome") == "failed" else 4)
    assert said.format(pid=record.pid, host=record.host, began=began) in done.stdout


def test_of_another_machine_it_is_said_that_it_cannot_be_seen(made_up):
    made_up.tasks("flu/main", count=2, done=(0,))
    noted(made_up, host="elsewhere", pid=123)

    done = status("flu", "--format", "json")

    coordinator = json.loads(done.stdout)["coordinator"]
    assert (done.exit_code, coordinator["lives"]) == (3, None)
    assert coordinator["description"].startswith("process 123 on elsewhere since ")
    assert coordinator["description"].endswith("its state is unknown on this machine")


def test_a_command_of_many_words_is_shortened_in_the_middle(made_up):
    made_up.tasks("flu/main", count=2, done=(0,))
    targets = [f"results/{number:05d}" for number in range(5000)]
    noted(made_up, wanted=Wanted(command=("snakemake", *targets, "--cores", "9" * 5000)))

    done = status("flu", "--format", "json")

    command = json.loads(done.stdout)["coordinator"]["record"]["wanted"]["command"]
    assert command[:2] == ["snakemake", "results/00000"]
    assert "words left out: the whole is in the run's record.json" in " ".join(command)
    assert len(done.stdout) < 10_000


def test_a_batch_job_that_cannot_be_asked_for_is_no_error(made_up, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(made_up.root / "nowhere.json"))
    made_up.tasks("flu/main", count=2, done=(0,))
    noted(made_up, job="projects/p/locations/us-central1/jobs/epyflow-1")

    done = status("flu")

    assert done.exit_code == 3
    assert "coordinator: Batch job epyflow-1 since" in done.stdout
    assert "gcloud auth application-default login" in done.stdout


def test_what_failed_before_the_coordinator_at_work_began_is_missing_again(made_up):
    made_up.tasks("flu/main", count=2, done=(0,))
    made_up.write("logs/flu/main/run_task/00001.log", FAILED_LOG)
    made_up.write("logs/flu/main/make_tables.log", FAILED_LOG)
    mine = this_coordinator("flu", "main", {})
    write_record(mine.model_copy(update={"started": NOW.replace(year=2031)}), Disk())

    document = json.loads((under_way := status("flu", "--format", "json")).stdout)

    assert (document["failed"], document["missing"], document["failures"]) == (0, 1, [])
    assert under_way.exit_code == 3
    write_record(mine.model_copy(update={"started": NOW}), Disk())
    document = json.loads((again := status("flu", "--format", "json")).stdout)
    assert (document["failed"], document["missing"], len(document["failures"])) == (1, 0, 2)
    assert again.exit_code == 1


def test_watching_ends_when_nobody_goes_on_and_says_how_to(made_up, monkeypatch):
    made_up.tasks("flu/main", count=2, done=(0,))
    record = noted(made_up)
    monkeypatch.setattr(
        cli_status,
        "time",
        SimpleNamespace(sleep=lambda seconds: noted(made_up, process_started=1.0)),
    )

    done = status("flu", "--watch")

    assert done.exit_code == 4
    assert done.stderr == (
        "flu/main: no coordinator works on it. To resume it: "
        f"in {record.folder} on {record.host}: snakemake --cores 2\n"
    )


def test_a_run_whose_coordinator_is_at_work_is_watched_although_a_task_failed(made_up, monkeypatch):
    made_up.tasks("flu/main", count=1, done=())
    made_up.write("logs/flu/main/run_task/00000.log", FAILED_LOG)
    noted(made_up)
    looks = []

    def mended(seconds: float) -> None:
        looks.append(seconds)
        made_up.write("results/flu/main/runner-artifacts/result_00000.pkl")
        made_up.tables("flu/main", tasks=1)
        noted(made_up, outcome="complete")

    monkeypatch.setattr(cli_status, "time", SimpleNamespace(sleep=mended))

    assert (status("flu", "--watch").exit_code, len(looks)) == (0, 1)


def test_a_run_that_has_no_file_yet_but_its_coordinators_is_there(made_up):
    noted(made_up, "us/flu/week-1")

    done = status("us/flu")

    assert done.exit_code == 3
    assert done.stdout.startswith("us/flu/week-1: incomplete")
    assert "build    0 of 2\n" in done.stdout
    assert status("us").exit_code == 2


@pytest.mark.parametrize("format", ["table", "json"])
@pytest.mark.parametrize("storage", [(), ("--storage", ".")])
def test_who_holds_the_lease_of_a_run_in_a_shared_folder_is_shown(made_up, format, storage):
    made_up.tasks("flu/main", count=2, done=(0,))
    shared, mine = SharedFolder(made_up.root), this_coordinator("flu", "main", {})
    write_lease(shared, new_lease(mine), None)

    done = status("flu", "--format", format, *storage)

    said = f"held by process {mine.pid} on {mine.host} since {format_time(mine.started)}"
    if format == "json":
        assert json.loads(done.stdout)["lease"] == said
    else:
        assert f"\nlease    {said}\n" in done.stdout


def test_files_of_an_earlier_plan_are_named_and_not_counted(made_up):
    made_up.finished("flu/main")
    for name in ("a-old", "a-new"):
        made_up.judged("flu/main", accepted=True, name=f"2030-01-05-{name}.csv")
    made_up.write("results/flu/main/outputs/posteriors.csv.gz")
    old = "hub/2030-01-05-a-old.csv"
    named = (old, f"{old}.findings.json", "outputs/posteriors.csv.gz")
    made_up.planned("flu/main", {"main": 2}, *named)

    lines = status("flu").stdout.splitlines()

    assert lines[-3:] == [
        "tables   1 file",
        "hub      1 file",
        f"not counted: 3 files of an earlier plan: {', '.join(named)}",
    ]
    assert json.loads(status("flu", "--format", "json").stdout)["unplanned"] == list(named)


@pytest.mark.parametrize(
    ("outcome", "failed", "state", "code"),
    [
        ("failed", 1, "failed", 1),
        ("failed", 0, "failed", 1),  # as where no job could be started
        ("stopped", 1, "failed", 1),
        ("stopped", 0, "incomplete; it was stopped, and the same command resumes it", 4),
        ("cancelled", 0, "incomplete", 4),
    ],
)
def test_status_and_runs_name_one_state(made_up, outcome, failed, state, code):
    made_up.tasks("flu/main", count=2, done=(0,))
    if failed:
        made_up.write("logs/flu/main/run_task/00001.log", FAILED_LOG)
    noted(made_up, outcome=outcome, ended=NOW)
    word = state.partition(";")[0]

    shown = status("flu")

    assert shown.exit_code == code
    assert shown.stdout.startswith(f"flu/main: {state}, 2030-03-17 ")
    assert json.loads(status("flu", "--format", "json").stdout)["state"] == word
    listed = CliRunner().invoke(app.app, ["runs", "--state", word, "--format", "json"]).stdout
    assert [each["state"] for each in json.loads(listed)] == [word]


LATER = {"started": NOW.replace(year=2031)}
ELSEWHERE = {**LATER, "host": "elsewhere"}


@pytest.mark.parametrize(
    ("changed", "leased", "failed"),
    [
        (LATER, False, 1),
        ({"started": NOW}, False, 2),  # both are of the coordinator at work
        ({**LATER, "process_started": 1.0}, False, 2),  # it was killed
        ({**LATER, "outcome": "failed"}, False, 2),
        (ELSEWHERE, True, 1),
        (ELSEWHERE, False, 2),  # whether it runs is unknown
    ],
)
@pytest.mark.parametrize("tables", [False, True])
def test_status_runs_and_logs_count_what_has_failed_since_a_coordinator_at_work_began(
    made_up, tables, changed, leased, failed
):
    made_up.tasks("flu/main", count=4, done=(0,))
    made_up.write("logs/flu/main/run_task/00001.log", FAILED_LOG)
    late = LATER["started"].timestamp() + 1
    os.utime(made_up.write("logs/flu/main/run_task/00002.log", FAILED_LOG), (late, late))
    if tables:
        made_up.write("results/flu/main/runner-artifacts/result_00003.pkl", "out")
        made_up.tables("flu/main", tasks=4, failed=2)
    record = noted(made_up, **changed)
    if leased:
        write_lease(SharedFolder(Path()), new_lease(record), None)

    shown = json.loads(status("flu", "--format", "json").stdout)
    (listed,) = json.loads(CliRunner().invoke(app.app, ["runs", "--format", "json"]).stdout)
    logs = CliRunner().invoke(app.app, ["logs", "flu", "--failed"])

    counts = {key: shown[key] for key in ("done", "failed", "missing", "state")}
    assert counts.items() <= listed.items()
    assert (shown["done"], shown["failed"]) == (2 if tables else 1, failed)
    assert (len(shown["failures"]), logs.stdout.count("no row")) == (failed, failed)
