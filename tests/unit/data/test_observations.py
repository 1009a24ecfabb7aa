from datetime import date, timedelta

import numpy as np
import pytest

from epyflow.data.observations import Column, find_missing_dates, positions, read_observations
from epyflow.errors import DataError
from epyflow.population.locations import find

ALABAMA = find("US-AL").spellings
WINDOW = (date(2024, 10, 5), date(2024, 10, 26))
WEEKS = tuple(WINDOW[0] + timedelta(weeks=number) for number in range(4))


@pytest.fixture
def read(tmp_path):
    """Return what reads observations from a text of rows ``date,location,value``."""

    def read(rows, header="date,location,value", column=None, columns=("value",)):
        path = tmp_path / "observed.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        wanted = [Column(name, "date") for name in columns]
        return read_observations(path, ALABAMA, column, wanted, WINDOW)

    return read


def weekly(place="AL", values=(1, 2, 3, 4)):
    return [f"{day},{place},{value}" for day, value in zip(WEEKS, values, strict=True)]


# --- places --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["US-AL", "01", "AL", "al", "Alabama", "United_States_Alabama"])
def test_a_place_is_found_by_iso_fips_postal_and_full_name(read, place):
    others = weekly("Georgia", (9, 9, 9, 9))

    dates, values = read([*others, *weekly(place), *weekly("US", (8, 8, 8, 8))])

    assert dates == WEEKS
    assert values.tolist() == [[1], [2], [3], [4]]


@pytest.mark.parametrize("place", ["1", "001", "State of Alabama"])
def test_a_place_is_taken_as_it_is_written(read, place):
    with pytest.raises(DataError, match=f"location: no row for 01 or .*; .*{place}"):
        read(weekly(place))


@pytest.mark.parametrize("name", ["location", "geo_value"])
def test_the_location_column_is_found_by_its_usual_names(read, name):
    assert read(weekly(), header=f"date,{name},value")[0] == WEEKS


def test_another_location_column_can_be_named(read):
    assert read(weekly(), header="date,state,value", column="state")[0] == WEEKS


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (None, "csv:1: no column geo_value or location; the file has date, state, value"),
        ("place", "csv:1: no column place; the file has date, state, value: name the"),
    ],
)
def test_a_file_without_the_location_column_is_refused(read, column, message):
    with pytest.raises(DataError, match=message):
        read(weekly(), header="date,state,value", column=column)


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["NA", "", "NaN"])
def test_a_week_without_a_value_is_left_out_and_listed(read, text):
    dates, values = read(weekly(values=(1, text, 3, 4)))

    assert dates == WEEKS
    np.testing.assert_array_equal(values[:, 0], [1, np.nan, 3, 4])
    assert find_missing_dates(dates, values) == (WEEKS[1],)


def test_a_week_that_only_one_of_two_comparisons_lacks_is_listed(read):
    rows = [f"{row},{other}" for row, other in zip(weekly(), ("5", "6", "NA", "8"), strict=True)]

    dates, values = read(rows, header="date,location,value,deaths", columns=("value", "deaths"))

    np.testing.assert_array_equal(values, [[1, 5], [2, 6], [3, np.nan], [4, 8]])
    assert find_missing_dates(dates, values) == (WEEKS[2],)


def test_dates_outside_the_window_do_not_count_and_its_ends_do(read):
    rows = ["2024-09-28,AL,7", *weekly(), "2024-11-02,AL,-7"]

    assert read(rows)[0] == WEEKS


def test_rows_may_stand_in_any_order(read):
    dates, values = read(weekly()[::-1])

    assert dates == WEEKS
    assert values[:, 0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2024-10-12,Alabama,2", "csv:6: date: 2024-10-12 occurs twice for this location"),
        ("2024-10-13,AL,-2", "csv:6: value: is '-2'; expected a number from 0 to"),
        ("2024-10-13,AL,inf", "csv:6: value: is 'inf'"),
        ("2024-10-13,AL,few", "csv:6: value: is 'few'"),
        ("13/10/2024,AL,2", "csv:6: date: '13/10/2024' is not a date"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(read, row, message):
    with pytest.raises(DataError, match=message):
        read([*weekly(), row])


@pytest.mark.parametrize(
    "rows", [["2023-10-07,AL,1", "2023-10-14,AL,2"], [f"{day},AL,NA" for day in WEEKS]]
)
def test_a_window_without_a_value_is_refused_with_the_dates_that_there_are(read, rows):
    first, last = rows[0][:10], rows[-1][:10]

    with pytest.raises(
        DataError,
        match=f"no value for 01 or AL or .* from 2024-10-05 to 2024-10-26; its dates are {first} "
        f"to {last}",
    ):
        read(rows)


# --- frequency -----------------------------------------------------------------------------------


def days(first, count):
    return tuple(first + timedelta(days=number) for number in range(count))


def test_observed_dates_are_found_among_the_simulated_ones():
    assert positions(WEEKS[1:3], WEEKS).tolist() == [1, 2]


def test_before_a_simulation_begins_there_is_no_position():
    assert positions(WEEKS, WEEKS[2:]).tolist() == [-1, -1, 0, 1]


def test_weeks_without_a_row_do_not_change_the_frequency():
    assert positions((WEEKS[0], WEEKS[1], WEEKS[3]), WEEKS).tolist() == [0, 1, 3]


def test_daily_observations_of_a_weekly_simulation_are_refused():
    with pytest.raises(
        DataError, match=r"observation on 2024-10-06, but .* 2024-10-05, 2024-10-12"
    ):
        positions(days(WEEKS[0], 10), WEEKS)


def test_weekly_observations_of_a_daily_simulation_are_refused():
    with pytest.raises(DataError, match="at least 7 days apart, the simulated series 1"):
        positions(WEEKS, days(WEEKS[0], 22))


def test_two_observations_show_their_frequency_and_one_has_none():
    with pytest.raises(DataError, match="at least 7 days apart, the simulated series 1"):
        positions(WEEKS[:2], days(WEEKS[0], 22))
    assert positions(WEEKS[1:2], days(WEEKS[0], 22)).tolist() == [7]


def test_weeks_that_end_on_another_day_are_refused():
    with pytest.raises(DataError, match="observation on 2024-10-13"):
        positions(tuple(day + timedelta(days=1) for day in WEEKS[1:]), WEEKS)
