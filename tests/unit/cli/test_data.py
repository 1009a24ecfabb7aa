"""``epyflow data fetch`` from the folder of a hub."""

import json
import os
import re
from datetime import date

import pytest

from epyflow.data.vintages import vintage_file
from tests.unit.cli.command import run
from tests.unit.cli.fetching import HEADER, WEEK_1, WEEK_2, fetch

SATURDAYS = ("2024-12-21", "2024-12-28", "2025-01-04", "2025-01-11")
WEEKS = "".join(f"{day},25,1\n" for day in SATURDAYS)
SUNDAYS = "".join(
    f"{day},06,1\n" for day in ("2024-12-15", "2024-12-22", "2024-12-29", "2025-01-05")
)
DAYS = "".join(f"2025-01-{day:02},06,1\n" for day in range(1, 15))


@pytest.fixture
def hub(tmp_path):
    folder = tmp_path / "hub" / "target-data"
    folder.mkdir(parents=True)
    return folder / "time-series.csv"


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
