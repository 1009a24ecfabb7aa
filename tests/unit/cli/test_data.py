"""``epyflow data fetch`` from a hub's folder, and from a server that stands for data.cdc.gov."""

import fcntl
import gzip
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from epyflow.data.vintages import vintage_file
from epyflow.errors import DataError
from epyflow.files import sha256_of
from epyflow.operations.target_data import nhsn, vintage_manifest
from epyflow.operations.target_data.source import Source, fetch_vintage
from epyflow.operations.target_data.vintage_manifest import Series
from epyflow.operations.target_data.vintage_store import keep_vintage
from tests.running import running
from tests.unit.cli.command import run

HEADER = "date,location,value\n"
WEEK_1 = "2025-01-04,25,10\n2025-01-04,US,900\n"
WEEK_2 = "2025-01-11,25,12\n2025-01-11,US,950\n"
SATURDAYS = ("2024-12-21", "2024-12-28", "2025-01-04", "2025-01-11")
WEEKS = "".join(f"{day},25,1\n" for day in SATURDAYS)
SUNDAYS = "".join(
    f"{day},06,1\n" for day in ("2024-12-15", "2024-12-22", "2024-12-29", "2025-01-05")
)
DAYS = "".join(f"2025-01-{day:02},06,1\n" for day in range(1, 15))
TOKEN = "a-secret-token"  # noqa: S105 - nobody accepts it


class Server(HTTPServer):
    """Answers with the rows of a page, or with a status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows: Any = []
        self.status = 200
        self.seen: list[tuple[dict[str, list[str]], str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/resource/mpgq-jmmr.json"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.seen.append((query, self.headers["X-App-Token"]))
        start, limit = int(query["$offset"][0]), int(query["$limit"][0])
        rows = self.server.rows
        body = json.dumps(rows[start : start + limit] if isinstance(rows, list) else rows).encode()
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere?$offset=0&$limit=1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    with running(Server()) as started:
        yield started


@pytest.fixture
def hub(tmp_path):
    folder = tmp_path / "hub" / "target-data"
    folder.mkdir(parents=True)
    return folder / "time-series.csv"


def fetch(tmp_path, hub, day: str, text: str, *options: object):
    hub.write_text(HEADER + text)
    to = tmp_path / "vintages"
    return run("data", "fetch", "--hub", tmp_path / "hub", "--to", to, "--as-of", day, *options)


def test_vintages_of_a_hub_are_kept_with_checksum_and_source_and_are_read_by_date(tmp_path, hub):
    first = fetch(tmp_path, hub, "2025-01-08", WEEK_1)
    again = fetch(tmp_path, hub, "2025-01-08", WEEK_1)
    second = fetch(tmp_path, hub, "2025-01-15", WEEK_1 + WEEK_2)

    folder = tmp_path / "vintages"
    assert (first.exit_code, again.exit_code, second.exit_code) == (0, 0, 0)
    assert second.stdout.strip() == str(folder / "target-data_2025-01-15.csv")
    kept = json.loads((folder / "vintages.json").read_text())["vintages"]["target-data"]
    assert [each["day"] for each in kept] == ["2025-01-08", "2025-01-15"]
    assert kept[1]["source"] == f"{tmp_path / 'hub'}: target-data/time-series.csv"
    found = vintage_file(folder, date(2025, 1, 14))
    assert found.read_text() == HEADER + WEEK_1


@pytest.mark.parametrize(
    ("day", "text", "message"),
    [
        ("2025-01-24", WEEK_1 + WEEK_2, "stale: the last observation is of 2025-01-11"),
        ("2025-01-16", WEEK_2, "values 2 as of 2025-01-16, and 4 as of 2025-01-15"),
        ("2025-01-16", WEEK_1, "last observation 2025-01-04 as of 2025-01-16"),
        ("2025-01-16", WEEKS, "locations 1 as of 2025-01-16, and 2"),
        ("2025-01-15", WEEK_1 + WEEK_2 + "2025-01-11,36,1\n", "another vintage of 2025-01-15"),
        ("2025-01-10", WEEK_1 + WEEK_2, "is of 2025-01-11, after 2025-01-10"),
        ("2025-01-16", "2025-01-11,25,NA\n", "no row has a value"),
    ],
)
def test_stale_shrunken_and_other_data_are_refused_and_nothing_is_kept(
    tmp_path, hub, day, text, message
):
    fetch(tmp_path, hub, "2025-01-15", WEEK_1 + WEEK_2)
    before = {path: path.read_bytes() for path in (tmp_path / "vintages").iterdir()}

    done = fetch(tmp_path, hub, day, text, "--max-age", 12)

    assert done.exit_code == 1
    assert message in done.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "vintages").iterdir()} == before


@pytest.mark.parametrize(
    ("text", "day", "message"),
    [
        (HEADER + "2025-01-11,25,-3\n", "2025-01-15", "time-series.csv:2: value: is -3"),
        (HEADER + "2025-01-11,25,x\n", "2025-01-15", "time-series.csv:2: value: 'x' is not a num"),
        ("date,value\n2025-01-11,3\n", "2025-01-15", "time-series.csv: no column location"),
        (HEADER + WEEK_2, "0001-01-01", "day: 0001-01-01 is out of range"),
        (HEADER + "0001-01-01,25,3\n", "2025-01-15", "last_observation: 0001-01-01 is out of ran"),
        *(
            (
                f"date,location,value,as_of\n2025-01-11,25,3,{known}\n2025-01-04,25,2,{first}\n",
                "2025-01-15",
                f"versions from {first} to {known}; expected what is known on 2025-01-15 alone",
            )
            for first, known in (("2025-01-08", "2025-01-15"), ("2025-03-01", "2025-03-01"))
        ),
    ],
)
def test_what_no_run_could_use_is_not_kept(tmp_path, hub, text, day, message):
    hub.write_text(text)
    options = ("--to", tmp_path / "v", "--as-of", day, "--max-age", 10**12)

    done = run("data", "fetch", "--hub", tmp_path / "hub", *options)

    assert done.exit_code in (1, 2)
    assert message in done.stderr
    assert list((tmp_path / "v").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WEEKS + "2025-01-11,25,7\n", "25 has 2025-01-11 twice, on lines 5 and 6: 1 and 7"),
        (WEEKS + "2025-01-11,25,1\n", "25 has 2025-01-11 twice, on lines 5 and 6: 1 and 1"),
        (WEEKS + "2025-01-11,25,\n", "on lines 5 and 6: 1 and no value; expected each date once"),
        (WEEKS + "2025-01-12,06,1\n", "06 has 2025-01-12, a Sunday, and 4 of 5 dates are Satur"),
        (WEEKS + "2025-01-05,06,NA\n", "06 has 2025-01-05, a Sunday"),
        *(
            (
                WEEKS + f"2025-01-11,{name},7\n",
                f"25 alias {name} has 2025-01-11 twice, on lines 5 and 6: 1 and 7",
            )
            for name in ("ma", "MA", "US-MA", "Massachusetts", "United_States_Massachusetts")
        ),
        (WEEK_2 + "2025-01-11,us,7\n", "US alias us has 2025-01-11 twice, on lines 3 and 4"),
        (
            "2025-01-11,north-carolina,7\n2025-01-11,37,7\n",
            "north-carolina alias 37 has 2025-01-11 twice",
        ),
        ("2025-01-11,FR,7\n2025-01-11,France,7\n", "FR alias France has 2025-01-11 twice"),
        ("2025-01-11,Boston,7\n2025-01-11,boston,7\n", "Boston alias boston has 2025-01-11 twice"),
        ("2025-01-11,01,7\n2025-01-11,US,9\n2025-01-11,1,7\n", "location '1': spreadsheets drop"),
        (WEEK_2 + "2025-01-11,6.0,7\n", "location '6.0': spreadsheets drop zeros; expected 06"),
        (
            WEEKS + WEEKS.replace(",25", ",Boston") + SUNDAYS,
            "the dates of 25 are Saturdays, and those of 06 are Sundays; expected one weekday",
        ),
        (
            WEEKS + DAYS + "2025-01-12,25,1\n",
            "25 has 2025-01-12, a Sunday, and 4 of 5 dates are Saturdays",
        ),
    ],
)
def test_repeated_rows_and_odd_weekdays_are_refused_with_place_date_and_values(
    tmp_path, hub, text, message
):
    done = fetch(tmp_path, hub, "2025-01-15", text)

    assert done.exit_code == 1
    assert message in done.stderr
    assert list((tmp_path / "vintages").iterdir()) == []


def test_a_second_column_of_places_does_not_tell_repeated_rows_apart(tmp_path, hub):
    hub.write_text("date,location,value,name\n2025-01-11,25,1,MA\n2025-01-11,25,7,Massachusetts\n")
    options = ("--to", tmp_path / "v", "--as-of", "2025-01-15")

    done = run("data", "fetch", "--hub", tmp_path / "hub", *options)

    assert "25 has 2025-01-11 twice, on lines 2 and 3: 1 and 7" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-11,1,1\n2025-01-11,2,1\n2025-01-11,10,1\n2025-01-11,US,1\n",
        "2025-01-11,1,1\n2025-01-11,13,1\n",
        "2025-01-11,CA,1\n2025-01-11,GA,1\n2025-01-11,Guam,1\n",
    ],
    ids=["regions", "prefectures", "names"],
)
def test_numbers_and_names_of_other_places_are_kept(tmp_path, hub, text):
    assert fetch(tmp_path, hub, "2025-01-15", text).exit_code == 0


@pytest.mark.parametrize("name", ['""', "X"])
def test_row_numbers_do_not_tell_repeated_rows_apart(tmp_path, hub, name):
    hub.write_text(f"{name},date,location,value\n1,2025-01-11,25,1\n2,2025-01-11,25,7\n")
    options = ("--to", tmp_path / "v", "--as-of", "2025-01-15")

    done = run("data", "fetch", "--hub", tmp_path / "hub", *options)

    assert "25 has 2025-01-11 twice, on lines 2 and 3: 1 and 7" in done.stderr


@pytest.mark.parametrize("rate", ["0.1", "9e-04"])
def test_rates_beside_the_counts_do_not_tell_repeated_rows_apart(tmp_path, hub, rate):
    hub.write_text(f"date,location,value,rate\n2025-01-11,25,1,{rate}\n2025-01-11,25,7,0.7\n")
    options = ("--to", tmp_path / "v", "--as-of", "2025-01-15")

    done = run("data", "fetch", "--hub", tmp_path / "hub", *options)

    assert "25 has 2025-01-11 twice, on lines 2 and 3: 1 and 7" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{day},25,1,{name}\n" for day in SATURDAYS for name in ("flu hosp", "flu visits")),
        "".join(f"{day},25,1,flu\n" for day in SATURDAYS)
        + "".join(f"2025-01-{day:02},25,1,daily\n" for day in range(1, 15)),
        "".join(f"2024-{month:02}-01,25,1,monthly\n" for month in range(9, 13)),
        "".join(f"2025-01-{day:02},25,1,sundays\n" for day in (5, 12)),
    ],
)
def test_several_targets_and_series_of_other_days_are_kept(tmp_path, hub, text):
    hub.write_text("date,location,value,target\n" + text)
    options = ("--to", tmp_path / "v", "--as-of", "2025-01-15", "--max-age", 60)

    done = run("data", "fetch", "--hub", tmp_path / "hub", *options)

    assert done.exit_code == 0, done.stderr


# --- a fetch that is killed -----------------------------------------------------------------------

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


def test_a_vintage_that_was_kept_with_another_suffix_is_named_as_it_is_and_compared(tmp_path, hub):
    hub.write_text(HEADER + WEEK_1 + WEEK_2)
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


@pytest.mark.parametrize("place", ["vintages", "hub/target-data"])
def test_a_pipe_is_not_waited_for(tmp_path, hub, place):
    name = "vintages.json" if place == "vintages" else "time-series.csv"
    (tmp_path / "vintages").mkdir()
    hub.write_text(HEADER + WEEK_1)
    (tmp_path / place / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / place / name)
    options = ("--to", tmp_path / "vintages", "--as-of", "2025-01-08")

    done = run("data", "fetch", "--hub", tmp_path / "hub", *options)

    assert done.exit_code == 2
    assert re.search("not a regular file|neither a file nor a folder", done.stderr)


def test_a_vintage_that_somebody_changed_is_reported(tmp_path, hub):
    fetch(tmp_path, hub, "2025-01-08", WEEK_1)
    (tmp_path / "vintages" / "target-data_2025-01-08.csv").write_text(HEADER)

    done = fetch(tmp_path, hub, "2025-01-15", WEEK_1 + WEEK_2)

    assert done.exit_code == 2
    assert "not the file that was kept" in done.stderr


@pytest.mark.parametrize("name", ["a/b", "1", "", "a" * 101])
def test_a_name_that_no_vintage_can_have_is_refused_before_anything_is_fetched(tmp_path, name):
    done = run("data", "fetch", "--hub", "none", "--to", tmp_path, "--name", name)

    assert done.exit_code == 2
    assert "expected at most 100 letters, '-' and '_'" in done.stderr


def nhsn_fetch(tmp_path, server, *options: object):
    address = ["--nhsn", "flu", "--address", server.address]
    return run("data", "fetch", *address, "--to", tmp_path / "v", "--as-of", "2025-01-15", *options)


def row(day: str, place: str, **value: str | None) -> dict[str, str | None]:
    return {"weekendingdate": f"{day}T00:00:00.000", "jurisdiction": place, **value}


def test_all_pages_of_nhsn_become_a_table_of_the_hubs_codes(tmp_path, server, monkeypatch):
    monkeypatch.setattr(nhsn, "PAGE", 2)
    monkeypatch.setenv("EPYFLOW_SOCRATA_TOKEN", TOKEN)
    server.rows = [
        row("2025-01-04", "MA", totalconfflunewadm="10"),
        row("2025-01-11", "MA", totalconfflunewadm="12"),
        row("2025-01-11", "Region 1", totalconfflunewadm="99"),
        row("2025-01-11", "USA", totalconfflunewadm="950"),
        row("2025-01-11", "PR", totalconfflunewadm=None),
    ]

    done = nhsn_fetch(tmp_path, server)

    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "v" / "nhsn-flu_2025-01-15.csv").read_text() == (
        "date,location,value\n2025-01-04,25,10\n2025-01-11,25,12\n2025-01-11,72,NA\n"
        "2025-01-11,US,950\n"
    )
    assert [query["$offset"] for query, _ in server.seen] == [["0"], ["2"], ["4"]]
    assert {token for _, token in server.seen} == {TOKEN}
    assert "EPYFLOW_SOCRATA_TOKEN" not in os.environ
    manifest = (tmp_path / "v" / "vintages.json").read_text()
    assert TOKEN not in manifest + done.stdout + done.stderr


@pytest.mark.parametrize(
    ("status", "rows", "message"),
    [
        (429, [], "answers 429; wait, or set EPYFLOW_SOCRATA_TOKEN"),
        (302, [], "answers 302"),
        (200, {"error": True}, "not a list of rows"),
        (
            200,
            [row("2025-01-11", "MA", totalconfflunewadm=value) for value in ("1", None)],
            "25 has 2025-01-11 twice: 1 and NA; expected each week once",
        ),
        (
            200,
            [row("2025-01-12", "MA", totalconfflunewadm="1")],
            "25 has 2025-01-12, a Sunday; expected weeks that end on a Saturday",
        ),
        (200, [], "no row has a value"),
    ],
)
def test_what_is_no_answer_of_nhsn_is_refused(tmp_path, server, monkeypatch, status, rows, message):
    monkeypatch.setenv("EPYFLOW_SOCRATA_TOKEN", TOKEN)
    server.status, server.rows = status, rows

    done = nhsn_fetch(tmp_path, server)

    assert done.exit_code == 1
    assert message in done.stderr
    assert TOKEN not in done.stderr
    assert len(server.seen) == 1


def test_the_last_day_of_a_week_is_known_whatever_the_locale(server, monkeypatch):
    class Day(date):
        def __format__(self, code: str) -> str:
            return "samedi"

    monkeypatch.setattr(nhsn, "parse_date", Day.fromisoformat)
    server.rows = [row("2025-01-11", "MA", totalconfflunewadm="1")]

    assert b"2025-01-11,25,1" in nhsn.fetch_admissions("flu", server.address, {})


def test_answers_that_are_too_large_end_the_fetch(tmp_path, server, monkeypatch):
    monkeypatch.setattr(nhsn, "LARGEST", 100)
    server.rows = [row("2025-01-11", "MA", totalconfflunewadm="1" * 200)]

    assert "more than 100 bytes" in nhsn_fetch(tmp_path, server).stderr


def test_a_token_is_sent_by_https_only(tmp_path):
    options = ["--nhsn", "flu", "--to", tmp_path, "--address", "http://example.org/x.json"]

    assert "expected an address that begins with https://" in run("data", "fetch", *options).stderr
