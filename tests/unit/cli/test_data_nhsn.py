"""``epyflow data fetch`` from a server that stands for data.cdc.gov."""

import os
from datetime import date

import pytest

from epyflow.operations.target_data import nhsn
from tests.running import running
from tests.unit.cli.command import run
from tests.unit.cli.fetching import Server, row

TOKEN = "a-secret-token"  # noqa: S105 - nobody accepts it


@pytest.fixture
def server():
    with running(Server()) as started:
        yield started


def nhsn_fetch(tmp_path, server, *options: object):
    address = ["--nhsn", "flu", "--address", server.address]
    return run("data", "fetch", *address, "--to", tmp_path / "v", "--as-of", "2025-01-15", *options)


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
