import json

import pytest
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.operations.runs import stored_records
from epyflow.storage import regular_file
from tests.unit.operations.runs.made_up import MadeUp


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> MadeUp:
    monkeypatch.chdir(tmp_path)
    return MadeUp(tmp_path)


def run(*arguments: object):
    done = CliRunner().invoke(app.app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_runs_are_a_plain_table_when_piped(made_up):
    made_up.finished("us/flu/main", tasks=2)
    made_up.judged("us/flu/main", accepted=True)
    made_up.tasks("covid/main", count=3, done=(0,))

    done = run("runs")

    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "experiment run_id modified state tasks done failed missing submission",
        # Eight files of the first run, then three inputs and a result, a second apart.
        "covid main 2030-03-17 17:46:52 UTC incomplete 3 1 0 2 -",
        "us/flu main 2030-03-17 17:46:48 UTC complete 2 2 0 0 accepted",
    ]


def test_runs_are_a_document_of_every_number(made_up):
    made_up.finished("flu/main", tasks=2)

    (document,) = json.loads(run("runs", "flu", "--format", "json").stdout)

    assert document == {
        "experiment": "flu",
        "run_id": "main",
        "modified": "2030-03-17T17:46:46+00:00",
        "tasks": 2,
        "done": 2,
        "failed": 0,
        "missing": 0,
        "complete": True,
        "state": "complete",
        "submission": None,
    }


def test_the_latest_runs_of_another_folder_are_listed(made_up, tmp_path):
    there = MadeUp(tmp_path / "there")
    there.finished("flu/week-1")
    there.finished("flu/week-2")

    listed = json.loads(run("runs", "--latest", "--storage", "there", "--format", "json").stdout)

    assert [each["run_id"] for each in listed] == ["week-2"]


def test_no_run_ends_with_1_and_a_place_that_cannot_be_read_with_2(made_up):
    none, elsewhere, odd = run("runs"), run("runs", "--storage", "x"), run("runs", "../x")

    assert (none.exit_code, none.stdout) == (1, "")
    assert "no run of * under ./results; `epyflow run EXPERIMENT` makes one" in none.stderr
    assert (elsewhere.exit_code, odd.exit_code) == (2, 2)
    assert "no such folder" in elsewhere.stderr
    assert json.loads(run("runs", "--format", "json").stdout) == []


def test_runs_of_a_state_are_picked_and_no_more_than_asked_for(made_up):
    for week in ("week-1", "week-2", "week-3"):
        made_up.finished(f"flu/{week}")
    made_up.tasks("covid/main", count=3, done=(0,))

    picked = json.loads(
        run("runs", "--state", "complete", "--limit", "2", "--format", "json").stdout
    )
    none = run("runs", "covid", "--state", "complete")

    assert [each["run_id"] for each in picked] == ["week-3", "week-2"]
    assert none.exit_code == 1
    assert "no complete run of covid" in none.stderr


def test_the_folders_of_runs_are_what_other_commands_take(made_up, tmp_path):
    there = MadeUp(tmp_path / "there")
    there.finished("us/flu/week-1")

    (folder,) = run("runs", "--storage", "there/", "--format", "uri").stdout.splitlines()

    assert folder == "there/results/us/flu/week-1"
    assert run("status", folder).exit_code == 0


def test_runs_of_which_nothing_was_written_lately_are_left_out(made_up):
    made_up.finished("flu/week-1")
    made_up.finished("flu/week-2")
    # Six files a run, a second apart: week-1 ends 6 seconds after 17:46:40, and week-2 at :52.
    listed = run("runs", "--since", "2030-03-17T17:46:50", "--format", "json")

    assert [each["run_id"] for each in json.loads(listed.stdout)] == ["week-2"]
    assert run("runs", "--since", "yesterday").exit_code == 2


@pytest.mark.parametrize("format", ["table", "uri", "json"])
def test_names_of_objects_forge_no_line_and_no_style(made_up, format):
    made_up.tasks("[bold]a/\x1b[2J\nb", count=1, done=())

    done = run("runs", "--format", format)

    assert done.exit_code == 0
    assert done.stdout.replace("\n", "").isprintable()
    if format == "json":
        assert json.loads(done.stdout)[0]["run_id"] == "\x1b[2J\nb"
    else:
        last = done.stdout.splitlines()[-1]
        assert "[bold]a" in last
        assert r"\x1b[2J\nb" in last


def refuse_to_read(monkeypatch, refused: str) -> None:
    opened = regular_file.os.open

    def refuse(path, *arguments, **options):
        if str(path) == refused:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(regular_file.os, "open", refuse)


@pytest.mark.parametrize(
    ("file", "instead"),
    [
        ("results/flu/main/outputs/run_metadata.json", "this run is described by its files"),
        ("coordinator/flu/main/record.json", "the run counts as one without a record"),
        ("results/flu/latest", "its experiment counts as one without"),
        ("logs/flu/main/run_task/00001.log", "as one without an error"),
    ],
)
def test_a_file_that_may_not_be_read_is_named_and_hides_no_run(
    made_up, monkeypatch, caplog, file, instead
):
    refuse_to_read(monkeypatch, file)
    made_up.finished("covid/main")
    made_up.write("results/covid/latest", "main")
    made_up.tables("flu/main", tasks=2)
    made_up.tasks("flu/main", count=2, done=(0,))
    for name in ("coordinator/flu/main/record.json", "results/flu/latest"):
        made_up.write(name, "main")
    made_up.write("logs/flu/main/run_task/00001.log", "INFO begun")

    stored_records.warn_once.cache_clear()
    listed = run("runs", "--format", "json")
    stored_records.warn_once.cache_clear()
    codes = [run("status", each).exit_code for each in ("flu/main", "covid", "latest")]

    assert {each["experiment"] for each in json.loads(listed.stdout)} == {"covid", "flu"}
    # The newest run is that of covid if the pointer of flu may not be read.
    assert codes == [3, 0, 0 if file.endswith("latest") else 3]
    (said, *_) = [each for each in caplog.messages if "Permission denied" in each]
    assert said.startswith(f"{file} cannot be read: Permission denied; ask its owner")
    assert said.endswith(instead)


def test_logs_that_can_be_read_are_shown_beside_one_that_cannot(made_up, monkeypatch, caplog):
    stored_records.warn_once.cache_clear()
    made_up.tasks("dengue/main", count=2, done=())
    made_up.write("logs/dengue/main/run_task/00000.log", "INFO begun")
    made_up.write("logs/dengue/main/run_task/00001.log", "INFO begun, too")
    refuse_to_read(monkeypatch, "logs/dengue/main/run_task/00001.log")

    done = run("logs", "dengue")

    assert (done.exit_code, done.stdout) == (0, "INFO begun\n")
    (_, said) = caplog.messages
    assert said.startswith("logs/dengue/main/run_task/00001.log cannot be read: Permission denied")
    assert said.endswith("; this log is left out")
