"""Vintages are whole where a fetch is killed, or two run at once."""

import fcntl
import gzip
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from epyflow.errors import DataError
from epyflow.files import sha256_of
from epyflow.operations.target_data import vintage_manifest
from epyflow.operations.target_data.source import Source, fetch_vintage
from epyflow.operations.target_data.vintage_manifest import Series
from epyflow.operations.target_data.vintage_store import keep_vintage
from tests.unit.cli.fetching import HEADER, WEEK_1, WEEK_2

WRITES = (
    (Path, "mkdir"),
    (tempfile, "mkstemp"),
    (os, "fdopen"),
    (Path, "chmod"),
    (os, "link"),
    (vintage_manifest, "write_bytes_atomically"),
    (Path, "replace"),
)
"""What writes, links or renames in a fetch."""


class Killed(BaseException):
    """Stands for the end of the process."""


@contextmanager
def killed_at(write: int) -> Iterator[None]:
    """Raise in place of a write of a fetch; from then on nothing is written or deleted."""
    left = write

    def counting(real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= name != "unlink"
            if left < 0:
                raise Killed
            return real(*arguments, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for where, name in (*WRITES, (Path, "unlink")):
            patch.setattr(where, name, counting(getattr(where, name), name))
        yield


def keep(folder: Path, day: str, text: str) -> None:
    series = Series(folder, "flu", ".csv")
    keep_vintage(series, (HEADER + text).encode(), date.fromisoformat(day), "source", 10)


def test_after_a_fetch_that_was_killed_at_any_write_the_next_one_keeps_the_days_vintage(tmp_path):
    for write in range(9):
        folder = tmp_path / str(write)
        keep(folder, "2025-01-08", WEEK_1)
        with pytest.raises(Killed), killed_at(write):
            keep(folder, "2025-01-15", WEEK_1 + WEEK_2)
        path = folder / "flu_2025-01-15.csv"
        used = path.read_bytes() if path.exists() else None

        keep(folder, "2025-01-15", WEEK_1 + WEEK_2.replace("12", "13"))
        keep(folder, "2025-01-16", WEEK_1 + WEEK_2.replace("12", "14"))

        assert used in (None, path.read_bytes())
        manifest = json.loads((folder / "vintages.json").read_text())
        assert [*manifest] == ["vintages"]
        kept = {each["day"]: each["sha256"] for each in manifest["vintages"]["flu"]}
        assert [*kept] == ["2025-01-08", "2025-01-15", "2025-01-16"]
        for day, checksum in kept.items():
            assert sha256_of(folder / f"flu_{day}.csv") == checksum
        assert [path.name for path in folder.glob(".*")] == []


def test_two_fetches_at_once_in_one_folder_lose_no_record(tmp_path, monkeypatch):
    write, lock, proceed = vintage_manifest.write_bytes_atomically, fcntl.flock, threading.Event()

    def fetch_another() -> None:
        series = Series(tmp_path, "covid", ".csv")
        keep_vintage(series, (HEADER + WEEK_1).encode(), date(2025, 1, 8), "source", 10)
        proceed.set()

    other = threading.Thread(target=fetch_another)

    def write_later(path: Path, data: bytes) -> None:
        if other.ident is None:  # between what the first one reads and writes
            other.start()
            proceed.wait(60)
        write(path, data)

    def lock_later(number: int, operation: int) -> None:
        if threading.current_thread() is other:
            proceed.set()
        lock(number, operation)

    monkeypatch.setattr(vintage_manifest, "write_bytes_atomically", write_later)
    monkeypatch.setattr(fcntl, "flock", lock_later)
    keep(tmp_path, "2025-01-08", WEEK_1)
    other.join()

    manifest = json.loads((tmp_path / "vintages.json").read_text())
    assert [*manifest["vintages"]] == ["covid", "flu"]
    assert "pending" not in manifest


def test_a_vintage_that_was_kept_with_another_suffix_is_named_as_it_is_and_compared(tmp_path):
    published = tmp_path / "hub" / "target-data" / "time-series.csv"
    published.parent.mkdir(parents=True)
    published.write_text(HEADER + WEEK_1 + WEEK_2)
    source, day = Source(str(tmp_path / "hub")), date(2025, 1, 15)
    series = Series(tmp_path / "v", source.series, ".csv.gz")
    content = gzip.compress((HEADER + WEEK_2).encode())
    with pytest.raises(Killed), killed_at(7):
        keep_vintage(series, content, day, source.read()[2], 10)

    fetched = fetch_vintage(source, tmp_path / "v", day, 10)
    assert (fetched.path, fetched.is_new) == (series.path(day), False)
    assert fetched.path.is_file()
    later = fetch_vintage(source, tmp_path / "v", date(2025, 1, 16), 10)
    assert later.path.name == "target-data_2025-01-16.csv"


def test_a_day_has_one_vintage_whatever_its_suffix(tmp_path):
    keep(tmp_path, "2025-01-15", WEEK_1 + WEEK_2)
    packed = Series(tmp_path, "flu", ".csv.gz")
    content = gzip.compress((HEADER + WEEK_1 + WEEK_2.replace("12", "13")).encode())

    with pytest.raises(DataError, match=r"flu_2025-01-15\.csv: there is another vintage of 2025"):
        keep_vintage(packed, content, date(2025, 1, 15), "another", 10)

    assert [path.name for path in tmp_path.glob("flu*")] == ["flu_2025-01-15.csv"]


def test_another_source_does_not_pass_for_the_one_whose_fetch_was_killed(tmp_path):
    series, day = Series(tmp_path, "flu", ".csv"), date(2025, 1, 15)
    with pytest.raises(Killed), killed_at(7):
        keep(tmp_path, "2025-01-15", WEEK_2)

    with pytest.raises(DataError, match="there is another vintage of 2025-01-15"):
        keep_vintage(series, (HEADER + WEEK_1 + WEEK_2).encode(), day, "another", 10)
