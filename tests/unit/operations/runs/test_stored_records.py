"""A record that anybody may have damaged stops no command, and hides no other run."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.operations.runs.made_up import MadeUp

from epyflow.operations.runs import stored_records
from epyflow.operations.runs.coordinator_presence import find_coordinator, how_to_resume
from epyflow.operations.runs.coordinator_record import read_record, this_coordinator
from epyflow.operations.runs.run_lease import Lease, read_lease
from epyflow.operations.runs.run_list import find_runs
from epyflow.storage.disk import Disk
from epyflow.storage.stored_file import Stored, Version

METADATA = {
    "exp_id": "flu",
    "run_id": "main",
    "counts": {"tasks": 2, "failed": 1},
    "failures": [{"task": 1}],
}
COORDINATOR = json.loads(this_coordinator("flu", "main", {}).model_dump_json())

HARMFUL = [
    *("null", "true", '""', "[]", "{}", "-1", "0", "1e308", "1e999", "NaN", "Infinity"),
    *('"\\ud800"', '"\\u001b[2J\\n"', '"x"', "9" * 5_000, "1" + "0" * 30, "[" * 100_000),
    *('{"a": ' * 100_000, "0.5", '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"'),
]


@pytest.fixture(autouse=True)
def _forget_warnings() -> None:
    stored_records.warn_once.cache_clear()


def places(document: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each value of a document; () is the whole."""
    yield before
    items = document.items() if isinstance(document, dict) else ()
    for key, value in items:
        yield from places(value, (*before, key))


def damaged(document: Any, place: tuple[Any, ...], text: str) -> bytes:
    """Return a document as JSON, with a text in the place of one of its values."""
    mark = "the place"
    if not place:
        return text.encode()
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = mark
    return json.dumps(copy).replace(json.dumps(mark), text).encode()


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made_up = MadeUp(tmp_path_factory.mktemp("runs"))
    made_up.finished("flu/main")
    made_up.finished("covid/main")
    return made_up.root


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([*places(METADATA)]), st.sampled_from(HARMFUL))
def test_no_damage_of_the_metadata_of_one_run_hides_the_other(two_runs, place, text):
    file = two_runs / "results/flu/main/outputs/run_metadata.json"
    file.write_bytes(damaged(METADATA, place, text))

    found = {run.folder: run for run in find_runs(Disk(two_runs))}

    assert found.keys() == {"flu/main", "covid/main"}
    assert found["covid/main"].complete
    assert 0 <= found["flu/main"].failed <= found["flu/main"].tasks
    assert json.dumps([run.as_dict() for run in found.values()])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([*places(COORDINATOR)]), st.sampled_from(HARMFUL))
def test_no_damage_of_the_record_of_a_coordinator_stops_status(two_runs, place, text):
    file = "coordinator/flu/main/record.json"
    Disk(two_runs).write(file, damaged(COORDINATOR, place, text))

    presence = find_coordinator(Disk(two_runs), "flu", "main")
    runs = find_runs(Disk(two_runs))
    Disk(two_runs).remove([file])

    assert {run.folder for run in runs} == {"flu/main", "covid/main"}
    assert presence.lives in (True, False, None)
    assert presence.described().isprintable()
    assert how_to_resume(presence.record).isprintable()
    assert json.dumps(presence.as_dict())


class Versions:
    """A storage whose only file is a lease."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read_version(self, path: str) -> Version:
        del path
        return Version(self._data, "1", datetime.now(UTC))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_damage_of_a_lease_stops_a_start(data):
    holder = this_coordinator("flu", "main", {})
    document = json.loads(Lease(holder=holder, nonce="a").model_dump_json())
    place = data.draw(st.sampled_from([*places(document)]))
    text = data.draw(st.sampled_from(HARMFUL))

    found = read_lease("flu", "main", Versions(damaged(document, place, text)))

    assert found is not None
    assert found.is_held in (True, False)
    assert found.described().isprintable()


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        (("counts",), "null", "counts: Input should be an object"),
        (("counts", "tasks"), "true", "counts.tasks: Input should be a valid integer"),
        (("counts", "tasks"), "0", "counts: Value error, failed is 1; expected at most tasks, 0"),
        (("run_id",), json.dumps("x" * 1025), "run_id: String should have at most 1024 characters"),
        ((), "[" * 100_000, "Invalid JSON: recursion limit exceeded"),
    ],
)
def test_a_damaged_record_is_named_once(two_runs, caplog, place, text, expected):
    file = two_runs / "results/flu/main/outputs/run_metadata.json"
    file.write_bytes(damaged(METADATA, place, text))

    with caplog.at_level(logging.WARNING):
        find_runs(Disk(two_runs))
        find_runs(Disk(two_runs))

    (said,) = caplog.messages
    assert said.startswith(f"results/flu/main/outputs/run_metadata.json: damaged: {expected}")
    assert said.endswith("; this run is described by its files")


def test_a_record_that_is_too_large_is_named_and_not_read(tmp_path, caplog):
    with (tmp_path / "a\nb").open("wb") as file:
        file.truncate(2**26 + 1)  # a sparse file: it takes no space

    disk = Disk(tmp_path)
    found = stored_records.read_records(stored_records.Record, disk, disk.below(""), "skipped")

    assert found == {}
    (said,) = caplog.messages
    assert said.startswith(f"{tmp_path}/a\\nb has more than 67,108,864 bytes, as no such file")
    assert said.endswith("; skipped")


@pytest.mark.parametrize("key", ["exp_id", "run_id", "host", "machine", "folder", "job"])
def test_a_record_with_a_name_longer_than_any_is_damaged(tmp_path, caplog, key):
    path = tmp_path / "coordinator/flu/main/record.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(damaged(COORDINATOR, (key,), json.dumps("x" * 5000)))

    assert read_record("flu", "main", Disk(tmp_path)) is None
    (said,) = caplog.messages
    assert f"damaged: {key}: String should have at most" in said


def test_records_are_read_some_at_a_time(monkeypatch):
    monkeypatch.setattr(stored_records, "_AT_ONCE", 5)
    sizes = {"a": 2, "b": 3, "c": 9, "d": 2}
    listed = {name: Stored(size, datetime.now(UTC)) for name, size in sizes.items()}
    reads: list[list[str]] = []

    class Counting:
        def read_all(self, paths: list[str], most: int | None = None) -> dict[str, bytes]:
            assert most == 2**26
            reads.append([*paths])
            return dict.fromkeys(paths, b"{}")

    found = stored_records.read_records(stored_records.Record, Counting(), listed, "skipped")

    assert [*found] == ["a", "b", "c", "d"]
    assert reads == [["a", "b"], ["c"], ["d"]]


def test_logs_are_read_some_at_a_time(monkeypatch):
    monkeypatch.setattr(stored_records, "PIECE", 4)
    monkeypatch.setattr(stored_records, "_AT_ONCE", 5)
    sizes = {"a": 2, "b": 3, "c": 9, "d": 2}
    listed = {name: Stored(size, datetime.now(UTC)) for name, size in sizes.items()}
    reads: list[tuple[str, int]] = []

    class Counting:
        def read_part(self, path: str, start: int, count: int) -> bytes | None:
            assert count == stored_records.PIECE
            reads.append((path, start))
            return {"a": b"12", "b": None, "c": b"x\n3\n", "d": b"1"}[path]

    found = stored_records.read_ends(Counting(), listed, "skipped")

    assert reads == []
    assert next(found) == ("a", stored_records.LogEnd(b"12"))
    assert set(reads) <= {("a", 0), ("b", 0)}
    assert next(found) == ("c", stored_records.LogEnd(b"3\n", 7))
    assert reads[2:] == [("c", 5)]
    assert [path for path, _ in found] == ["d"]


def test_a_log_is_read_in_pieces_that_end_with_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_records, "PIECE", 4)
    (tmp_path / "log").write_bytes(b"1\n2\n123456\n1\n12")

    pieces = stored_records.read_pieces(Disk(tmp_path), "log", 2, "skipped")

    assert list(pieces) == [b"2\n", b"1234", b"56\n", b"1\n", b"12"]


def test_of_a_long_line_at_the_end_of_a_log_the_end_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_records, "PIECE", 4)
    disk = Disk(tmp_path)
    disk.write("log", b"123456\n")

    (found,) = stored_records.read_ends(disk, disk.below(""), "skipped")

    assert found == ("log", stored_records.LogEnd(b"456\n", 3))
