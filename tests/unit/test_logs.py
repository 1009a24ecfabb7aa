import json
import logging
import time

import pytest

from epyflow.errors import EpyflowError
from epyflow.logs import HAS_ERROR, Progress, as_text, cause_of, log_to

LOG = logging.getLogger("epyflow.somewhere")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "run" / "0.log"


def test_messages_of_the_package_go_to_the_file_alone(path, capfd):
    with log_to(path):
        LOG.info("member %d of %d", 1, 2)
        LOG.debug("too much")
        logging.getLogger("elsewhere").error("not ours")
    LOG.info("after the end")

    (line,) = path.read_text().splitlines()
    assert line.endswith("INFO member 1 of 2")
    assert "member" not in capfd.readouterr().err


def test_an_earlier_log_is_replaced(path):
    path.parent.mkdir(parents=True)
    path.write_text("old\n")

    with log_to(path):
        pass

    assert path.read_text() == ""


def test_a_mistake_of_the_user_is_one_message_and_exit_code_1(path, capsys):
    with pytest.raises(SystemExit) as stopped, log_to(path):
        raise EpyflowError("beta is misspelt; expected Beta")

    assert stopped.value.code == 1
    assert capsys.readouterr().err == "epyflow: beta is misspelt; expected Beta\n"
    assert "ERROR beta is misspelt" in path.read_text()
    assert "Traceback" not in path.read_text()


def test_the_traceback_of_any_other_error_is_in_the_file_alone(path, capsys):
    with pytest.raises(SystemExit) as stopped, log_to(path):
        raise KeyError("school")

    assert stopped.value.code == 1
    assert capsys.readouterr().err == f"epyflow: KeyError: 'school'; traceback in {path}\n"
    logged = path.read_text()
    assert "Traceback (most recent call last)" in logged
    assert "KeyError: 'school'" in logged


def test_a_log_that_a_full_disk_does_not_take_leaves_the_message_alone(capfd):
    with pytest.raises(SystemExit) as end, log_to("/dev/full"):  # noqa: PT012
        logging.getLogger("epyflow").info("working")
        raise EpyflowError("there is no room")

    assert end.value.code == 1
    assert capfd.readouterr().err == "epyflow: there is no room\n"


def test_an_interruption_is_no_error_of_ours(path, capsys):
    with pytest.raises(KeyboardInterrupt), log_to(path):
        raise KeyboardInterrupt

    assert capsys.readouterr().err == ""
    assert path.read_text() == ""


@pytest.mark.parametrize("raised", [None, EpyflowError("why"), KeyError("why")])
def test_logging_is_left_as_it_was(path, raised, capsys):
    logger = logging.getLogger("epyflow")
    before = (logger.level, list(logger.handlers))

    try:
        with log_to(path):
            if raised:
                raise raised
    except SystemExit:
        pass

    assert (logger.level, list(logger.handlers)) == before


def test_the_cause_of_an_error_has_its_notes_first():
    error = KeyError("school")
    error.add_note("Vermont, member 7")

    assert cause_of(error) == "Vermont, member 7: KeyError: 'school'"
    assert cause_of(EpyflowError("Vermont has no schools")) == "Vermont has no schools"


def test_times_are_in_utc_wherever_the_machine_is(path, monkeypatch):
    monkeypatch.setattr(logging.time, "time", lambda: 1_900_000_000.5)
    monkeypatch.setattr(logging.time, "time_ns", lambda: 1_900_000_000_500_000_000, raising=False)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()

    with log_to(path):
        LOG.info("noon")
    monkeypatch.undo()
    time.tzset()

    assert path.read_text() == "2030-03-17 17:46:40,500 INFO noon\n"


def test_on_google_batch_messages_are_printed_too(path, capfd, monkeypatch):
    monkeypatch.setenv("BATCH_TASK_INDEX", "3")

    with log_to(path):
        LOG.info("generation 1 of 5")

    assert capfd.readouterr().err == path.read_text()
    assert path.read_text().endswith("INFO generation 1 of 5\n")


def test_a_message_with_fields_is_an_object_on_one_line_and_reads_as_text(path):
    text = "Zürich,\nslow\u2028"
    with log_to(path, {"exp_id": "us/flu", "task": 3}):
        LOG.warning(text)
        LOG.error("no row")

    data = path.read_bytes()
    first, second = data.decode().splitlines()
    fields = json.loads(first)
    assert (fields["level"], fields["severity"]) == ("WARNING", "WARNING")
    assert (fields["message"], fields["exp_id"], fields["task"]) == (text, "us/flu", 3)
    day, clock = fields["time"].removesuffix("Z").split("T")
    assert as_text(first) == f"{day} {clock.replace('.', ',')} WARNING {text}"
    assert as_text(second).endswith(" ERROR no row")
    assert HAS_ERROR.search(data)
    assert not HAS_ERROR.search(first.encode())


@pytest.mark.parametrize(
    "line",
    [
        "2030-03-17 17:46:40,500 INFO noon",
        '{"level": "INFO", "message": 1, "time": "2030-03-17T17:46:40Z"}',
        '{"level": "LOUD", "message": "a", "time": "2030-03-17T17:46:40Z"}',
        '{"level": "INFO", "message": "a", "time": "noon"}',
        '{"level": "INFO", "message": "a"',
        '{"level":"INFO","message":"a","time":"2030-03-17T17:46:40Z"}',
        '{"level": "' * 100_000,
        '{"level": "INFO", "a": ' + "[" * 100_000,
    ],
)
def test_any_other_line_stays_as_it_is(line):
    assert as_text(line) == line


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that the test sets; work begins at 100."""
    now = [100.0]
    monkeypatch.setattr("epyflow.logs.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, LOG.name)
    return lambda: [record.getMessage() for record in caplog.records]


def test_short_work_is_told_once_at_its_end(clock, lines):
    progress = Progress(LOG, "member", 3)
    for clock[0] in (101.0, 102.0, 103.5):
        progress.step()

    assert lines() == ["member 3 of 3, 3.5 s, 0 s left"]


def test_long_work_is_told_every_so_often_with_what_is_left(clock, lines):
    progress = Progress(LOG, "member", 8, every=10)
    for clock[0] in (104.0, 108.0, 112.0, 116.0, 122.0, 123.0):
        progress.step()

    # After 12 s three are done: 4 s each for the five others. After 22 s five: 4.4 s each.
    assert lines() == ["member 3 of 8, 12.0 s, 20 s left", "member 5 of 8, 22.0 s, 13 s left"]


def test_work_of_which_nothing_is_done_says_so(clock, lines, caplog):
    progress = Progress(LOG, "particle", 8, every=10)
    clock[0] = 105.0
    progress.step()
    for clock[0] in (109.0, 111.0, 120.0, 122.0):
        progress.wait(lambda: "all too far")

    assert lines() == [
        "particle 1 of 8, 11.0 s: all too far",
        "particle 1 of 8, 22.0 s: all too far",
    ]
    # One was done before the first line, none since.
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
