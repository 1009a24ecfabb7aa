"""Observations as of a day: what was published later can be neither read nor noticed."""

from datetime import date
from pathlib import Path

import pytest

from epyflow.data.observations import Column, read_observations
from epyflow.data.vintages import Vintage, check_column, data_key, digest, vintage_file, vintage_of
from epyflow.errors import DataError, UnreadableError

DAY = date(2025, 1, 18)
COLUMNS = [Column("value", "date")]
WHOLE_SEASON = (date(2024, 10, 5), date(2025, 5, 31))

AS_OF = """\
date,location,value,as_of
2025-01-04,MA,10,2025-01-11
2025-01-04,MA,12,2025-01-18
2025-01-11,MA,20,2025-01-18
2025-01-04,MA,999,2025-01-25
2025-01-18,MA,999,2025-01-25
"""


def dated(folder: Path, *days: str) -> Path:
    for day in days:
        (folder / f"admissions_{day}.csv").write_text(f"date,location,value\n{day},MA,1\n")
    return folder


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2025, 1, 11), "2025-01-11"), (date(2025, 1, 17), "2025-01-11"), (DAY, "2025-01-18")],
)
def test_the_latest_file_of_the_day_or_before_is_the_vintage(tmp_path, day, expected):
    folder = dated(tmp_path, "2025-01-04", "2025-01-11", "2025-01-18", "2025-01-25")

    assert vintage_file(folder, day).name == f"admissions_{expected}.csv"


def test_one_of_several_dated_files_stands_for_those_that_differ_in_the_date_alone(tmp_path):
    dated(tmp_path, "2025-01-04", "2025-01-18")
    (tmp_path / "deaths_2025-01-11.csv").write_text("date,location,value\n")

    found = vintage_file(tmp_path / "admissions_2025-01-18.csv", date(2025, 1, 11))

    assert found.name == "admissions_2025-01-04.csv"


def test_a_day_before_the_first_file_is_refused(tmp_path):
    dated(tmp_path, "2025-01-04", "2025-01-18")

    with pytest.raises(
        UnreadableError, match=r"dated 2025-01-03 or earlier.*2025-01-04 to 2025-01-18"
    ):
        vintage_file(tmp_path, date(2025, 1, 3))


def test_two_files_of_one_date_are_refused(tmp_path):
    dated(tmp_path, "2025-01-04")
    (tmp_path / "deaths_2025-01-04.csv").write_text("")

    with pytest.raises(
        UnreadableError, match=r"several series.*admissions_2025-01-04.csv, deaths_2025-01-04.csv"
    ):
        vintage_file(tmp_path, DAY)


def test_a_folder_without_dated_files_is_refused(tmp_path):
    (tmp_path / "admissions.csv").write_text("")

    with pytest.raises(UnreadableError, match="no file has a date"):
        vintage_file(tmp_path, DAY)


def test_a_file_that_cannot_say_what_was_known_when_is_refused(tmp_path):
    with pytest.raises(DataError, match="neither a date in its name nor a column 'as_of'"):
        check_column(["date", "value"], tmp_path / "admissions.csv", None)


def test_of_each_date_the_value_known_last_is_read_and_none_that_came_later(tmp_path):
    path = tmp_path / "admissions.csv"
    path.write_text(AS_OF)

    dates, values = read_observations(
        path, ["MA"], None, COLUMNS, WHOLE_SEASON, Vintage(DAY, "as_of")
    )

    assert dates == (date(2025, 1, 4), date(2025, 1, 11))
    assert values[:, 0].tolist() == [12.0, 20.0]


def test_rows_of_weeks_after_the_vintage_are_left_out_of_a_dated_file(tmp_path):
    path = tmp_path / "admissions_2025-01-18.csv"
    path.write_text("date,location,value\n2025-01-11,MA,20\n2025-01-25,MA,999\n")

    dates, _ = read_observations(
        path, ["MA"], None, COLUMNS, WHOLE_SEASON, vintage_of(path, DAY, None)
    )

    assert dates == (date(2025, 1, 11),)


def test_two_values_of_a_date_known_on_one_day_are_refused(tmp_path):
    path = tmp_path / "admissions.csv"
    path.write_text(AS_OF + "2025-01-11,MA,21,2025-01-18\n")

    with pytest.raises(DataError, match="2025-01-11 occurs twice as of 2025-01-18"):
        read_observations(path, ["MA"], None, COLUMNS, WHOLE_SEASON, Vintage(DAY, "as_of"))


def test_rows_that_became_known_later_do_not_change_the_hash(tmp_path):
    path = tmp_path / "admissions.csv"
    path.write_text(AS_OF)
    vintage = vintage_of(path, DAY, None)
    before = digest(path, vintage)

    path.write_text(AS_OF.replace("999", "1000") + "2025-01-25,MA,5,2025-02-01\n")
    assert digest(path, vintage) == before

    path.write_text(AS_OF.replace(",12,", ",13,"))
    assert digest(path, vintage) != before


def test_the_vintage_is_part_of_what_data_are_called():
    assert data_key("admissions.csv", None) == "admissions.csv"
    assert data_key("vintages", DAY) == "vintages as of 2025-01-18"


@pytest.mark.parametrize(
    "beside",
    [
        "visits_2025-01-11.csv",
        "admissions_2025-01-11 (copy).csv",
        "admissions_2025-01-04.csv.bak",
        "note on 2025-01-04.txt",
    ],
)
def test_files_that_differ_in_more_than_the_date_are_refused(tmp_path, beside):
    dated(tmp_path, "2025-01-04", "2025-01-18")
    (tmp_path / beside).write_text("date,location,value\n2025-01-11,MA,7\n")

    with pytest.raises(UnreadableError, match=r"holds several series.*name one file") as found:
        vintage_file(tmp_path, DAY)
    assert beside in str(found.value)
    assert "admissions_2025-01-" in str(found.value)


def test_a_file_without_a_date_and_packed_files_are_no_second_series(tmp_path):
    dated(tmp_path, "2025-01-04")
    (tmp_path / "README.md").write_text("what this is")
    (tmp_path / "admissions_2025-01-11.csv.gz").write_bytes(b"")

    assert vintage_file(tmp_path, DAY).name == "admissions_2025-01-11.csv.gz"
