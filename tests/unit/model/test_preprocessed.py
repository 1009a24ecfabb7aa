from datetime import date

import pytest

from epyflow.data.coverage import read_preprocessed
from epyflow.errors import DataError

AGES = ("0-17", "18+")
NAMES = {"Massachusetts", "US-MA", "MA", "25"}


def preprocessed_file(tmp_path, *rows, columns="dates,location,0-17,18+"):
    path = tmp_path / "doses.csv"
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


def test_doses_per_day_are_read_in_the_order_of_days_and_age_groups(tmp_path):
    path = preprocessed_file(
        tmp_path,
        "2024-09-02,MA,4.5,3",
        "2024-09-01,MA,2,1",
        "2024-09-01,NY,9,9",
        columns="dates,location,18+,0-17",
    )

    doses = read_preprocessed(path, NAMES, AGES)

    assert doses.first_day == date(2024, 9, 1)
    assert doses.doses.tolist() == [[1.0, 2.0], [3.0, 4.5]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2024-09-03,MA,1,1", "csv:3: dates: follows 2024-09-01; expected 2024-09-02"),
        ("2024-09-01,25,1,1", "csv:3: dates: 2024-09-01 is on line 2 already"),
        ("2024-09-02,MA,1,-1", r"csv:3: 18\+: is '-1'; expected a number from 0 to "),
        ("2024-09-02,MA,1,", r"csv:3: 18\+: is ''; expected a number"),
    ],
)
def test_days_and_doses_must_be_whole(tmp_path, row, message):
    path = preprocessed_file(tmp_path, "2024-09-01,MA,2,1", row)

    with pytest.raises(DataError, match=message):
        read_preprocessed(path, NAMES, AGES)


def test_an_age_group_without_a_column_is_an_error_that_lists_those_there(tmp_path):
    path = preprocessed_file(tmp_path, "2024-09-01,MA,2,1", columns="dates,location,0-17,18-64")

    with pytest.raises(DataError, match=r"no column 18\+; the file has dates, location, 0-17, "):
        read_preprocessed(path, NAMES, AGES)


def test_a_place_without_doses_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"location: no row for 25 or MA or .*; the file has NY"):
        read_preprocessed(preprocessed_file(tmp_path, "2024-09-01,NY,2,1"), NAMES, AGES)
