import logging

import pytest

from epyflow.progress import Progress

LOG = logging.getLogger("epyflow.progress_test")


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that the test sets; work begins at 100."""
    now = [100.0]
    monkeypatch.setattr("epyflow.progress.time.monotonic", lambda: now[0])
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
