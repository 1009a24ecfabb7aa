import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_hubs import submission, tasks, write_hub, write_submission
from typer.testing import CliRunner

from forecast_hub.command import app

ACCEPTED, REFUSED, UNJUDGED = 0, 1, 2


def run(*arguments: object):
    """Run the command as a person would; a traceback fails the test."""
    done = CliRunner().invoke(app, ["validate", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def hub(tmp_path):
    return write_hub(tmp_path, tasks())


def test_an_accepted_file_ends_with_0_and_says_so(hub):
    path = write_submission(hub, submission())

    done = run(path, "--hub", hub)

    assert done.exit_code == ACCEPTED
    assert done.stdout.splitlines()[-1] == (
        f"{path}: accepted (0 errors, 0 warnings) for round 2026-03-02 of Made-up hub; 31 rows"
    )


def test_a_refused_file_ends_with_1_and_a_line_for_each_finding(hub):
    frame = submission()
    frame.loc[frame["region"] == "south", "region"] = "east"
    path = write_submission(hub, frame)

    done = run(path, "--hub", hub)

    assert done.exit_code == REFUSED
    header, *_, verdict = done.stdout.splitlines()
    assert header.split() == ["severity", "check", "where", "what"]
    assert "valid_vals" in done.stdout
    assert "lines 16-29" in done.stdout
    assert "region is 'east' for target 'cases'" in done.stdout
    assert f"{path}: refused (1 error, 0 warnings)" in verdict


def test_a_warning_ends_with_0_and_strictly_with_1(hub):
    """No such round is listed; it is Monday between two that are, two weeks apart."""
    document = tasks()
    for task in document["rounds"][0]["model_tasks"]:
        dates = ["2026-02-16", "2026-02-23", "2026-03-09", "2026-03-16"]
        task["task_ids"]["forecast_date"]["optional"] = dates
    write_hub(hub, document)
    path = write_submission(hub, submission())

    lenient, strict = run(path, "--hub", hub), run(path, "--hub", hub, "--strict")

    assert lenient.exit_code == ACCEPTED
    assert "accepted (0 errors, 1 warning)" in lenient.stdout
    assert strict.exit_code == REFUSED
    assert "refused (0 errors, 1 warning)" in strict.stdout


def test_json_says_the_same(hub):
    frame = submission()
    frame.loc[[3, 4], "value"] = "x"
    path = write_submission(hub, frame)

    done = run(path, "--hub", hub, "--format", "json")

    document = json.loads(done.stdout)
    assert done.exit_code == REFUSED
    assert document["accepted"] is False
    assert document["round_id"] == "2026-03-02"
    (number,) = [each for each in document["findings"] if each["check"] == "value_col_valid"]
    assert number == {
        "check": "value_col_valid",
        "severity": "error",
        "message": "value is 'x'; expected a number",
        "unit": "line",
        "count": 2,
        "rows": [[5, 6]],
    }


def unreadable(hub, path):
    empty = hub / "2026-03-02-a-c.csv"
    empty.touch()
    ragged = hub / "2026-03-02-a-d.csv"
    ragged.write_text(path.read_text() + "1,2\n")
    sheet = hub / "2026-03-02-a-e.xlsx"
    sheet.touch()
    parquet = hub / "2026-03-02-a-f.parquet"
    parquet.write_text("no parquet")
    binary = hub / "2026-03-02-a-g.csv"
    binary.write_bytes(b"a,\xff\xfe\n")
    nowhere = hub / "2026-03-02-a-h.csv"
    return [(each, hub) for each in (empty, ragged, sheet, parquet, binary, nowhere)] + [
        (path, hub / "none"),
        (path, hub / "submissions"),
    ]


@pytest.mark.parametrize("format", ["text", "json"])
def test_what_cannot_be_judged_ends_with_2_and_says_what(hub, format):
    for path, folder in unreadable(hub, write_submission(hub, submission())):
        done = run(path, "--hub", folder, "--format", format)

        assert done.exit_code == UNJUDGED, path
        said = json.loads(done.stdout)["unreadable"] if format == "json" else done.stderr
        assert (path if folder == hub else folder).name in said
        assert "Traceback" not in said


def test_a_hub_with_a_mistake_ends_with_2(hub):
    path = write_submission(hub, submission())
    document = tasks()
    del document["rounds"][0]["round_id"]
    write_hub(hub, document)

    done = run(path, "--hub", hub)

    assert done.exit_code == UNJUDGED
    assert "tasks.json: rounds[0].round_id: is missing" in done.stderr


def test_help_does_not_wait_for_the_imports_of_the_commands():
    ask = "import sys, forecast_hub.command; print('pandas' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True)

    assert answer.stdout.strip() == "False"


def test_an_unexpected_error_has_pythons_plain_traceback(tmp_path, monkeypatch, capsys):
    """One that can be copied into a report: without boxes and the values of variables."""
    monkeypatch.setattr("forecast_hub.checks.validation.validate", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)

    with pytest.raises(ZeroDivisionError) as raised:
        app(["validate", str(tmp_path), "--hub", str(tmp_path)])
    sys.excepthook(raised.type, raised.value, raised.tb)

    assert capsys.readouterr().err.startswith("Traceback (most recent call last):\n  File ")


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(("region", "code"), [("south", ACCEPTED), ("east", REFUSED)])
def test_a_reader_that_has_read_enough_does_not_change_the_answer(
    hub, monkeypatch, format, region, code
):
    path = write_submission(hub, submission().replace({"region": {"south": region}}))
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        arguments = ["validate", str(path), "--hub", str(hub), "--format", format]
        assert app(arguments, standalone_mode=False) == code


@pytest.mark.parametrize("region", ["south", "east"])
def test_a_full_disk_is_named_and_ends_with_2(hub, monkeypatch, capsys, region):
    path = write_submission(hub, submission().replace({"region": {"south": region}}))

    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code = app(["validate", str(path), "--hub", str(hub)], standalone_mode=False)

    assert code == UNJUDGED
    assert "the answer cannot be printed: No space left on device" in capsys.readouterr().err
