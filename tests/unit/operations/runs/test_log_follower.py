"""Following the logs of a run while they grow."""

from datetime import UTC, datetime

import pytest
from tests.unit.operations.runs.made_up import FAILED_LOG, NOON, MadeUp

from epyflow.operations.runs import log_follower, stored_records
from epyflow.operations.runs.log_follower import Follower, Line
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import Choice
from epyflow.storage.disk import Disk

RUN = Run("us/flu", "main", datetime.fromtimestamp(NOON, UTC), 2, 0, 1, False, None)
LOG = "logs/us/flu/main/run_task/00001.log"
AGAIN = "(the job was started again: its log follows from the beginning)"


@pytest.fixture
def follower(made_up: MadeUp) -> Follower:
    return Follower(Disk(made_up.root), RUN, Choice())


def texts(lines) -> list[str]:
    return [line.text for line in lines]


def test_complete_lines_are_given_once_and_an_incomplete_one_at_the_end(made_up, follower):
    made_up.write(LOG, "one\ntwo\nth")
    first = list(follower.poll())
    made_up.write(LOG, "one\ntwo\nthree\nfo")

    assert first == [Line(LOG, "run_task", "00001", text) for text in ("one", "two")]
    assert texts(follower.poll()) == ["three"]
    assert texts(follower.poll()) == []
    assert texts(follower.rest()) == ["fo"]
    assert texts(follower.rest()) == []


def test_a_log_with_another_beginning_is_given_from_its_beginning(made_up, follower):
    made_up.write(LOG, "one\ntwo\n")
    assert texts(follower.poll()) == ["one", "two"]

    made_up.write(LOG, "another\n")

    assert texts(follower.poll()) == [AGAIN, "another"]


def test_a_log_that_was_empty_has_not_begun_again(made_up, follower):
    made_up.write(LOG, "o")
    assert texts(follower.poll()) == []

    made_up.write(LOG, "one\n")

    assert texts(follower.poll()) == ["one"]


def test_lines_that_were_printed_from_elsewhere_are_not_given_again(made_up, follower):
    made_up.write(LOG, "one\ntwo\n")

    follower.printed([Line(LOG, "run_task", "00001", "one")])

    assert texts(follower.poll()) == ["two"]


@pytest.mark.parametrize(("last", "expected"), [(None, ["1", "2", "3"]), (1, ["3"]), (0, [])])
def test_of_what_is_there_at_first_the_last_lines_are_given(made_up, last, expected):
    made_up.write(LOG, "1\n2\n3\n")
    follower = Follower(Disk(made_up.root), RUN, Choice(), last)

    assert texts(follower.poll()) == expected
    made_up.write(LOG, "1\n2\n3\n4\n5\n")
    assert texts(follower.poll()) == ["4", "5"]


def test_a_log_without_an_error_is_given_when_it_has_one(made_up):
    follower = Follower(Disk(made_up.root), RUN, Choice(failed=True))
    begun, failed = FAILED_LOG.splitlines()
    made_up.write(LOG, f"{begun}\n")
    assert texts(follower.poll()) == []

    made_up.write(LOG, FAILED_LOG)

    assert texts(follower.poll()) == [begun, failed]


def test_lines_below_the_level_are_left_out(made_up):
    made_up.write(LOG, FAILED_LOG)

    found = texts(Follower(Disk(made_up.root), RUN, Choice(level="ERROR")).poll())

    assert found == [FAILED_LOG.splitlines()[1]]


def test_a_long_log_is_given_whole_and_read_in_pieces(made_up, follower, monkeypatch):
    for module in (stored_records, log_follower):
        monkeypatch.setattr(module, "PIECE", 8)
    monkeypatch.setattr(Disk, "read", None)
    monkeypatch.setattr(Disk, "read_all", None)
    lines = [f"line {number}" for number in range(9)]
    made_up.write(LOG, "\n".join(lines))

    assert texts(follower.poll()) == lines[:-1]
    assert texts(follower.rest()) == lines[-1:]


def test_a_log_that_was_read_in_pieces_and_has_another_beginning_has_begun_again(made_up, follower):
    for text in ("one\n", "one\n.\n", "one\n.\n.\n"):
        made_up.write(LOG, text)
        list(follower.poll())

    made_up.write(LOG, "two\n.\n.\n.\n")

    assert texts(follower.poll()) == [AGAIN, "two", ".", ".", "."]
