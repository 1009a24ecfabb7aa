from collections import Counter
from datetime import date, timedelta

import pytest

from epyflow.data.school_calendar import US_BREAKS, Break, closure_days, read_calendar
from epyflow.errors import DataError, UnreadableError
from epyflow.model.dates import step_dates, step_days
from epyflow.model.interventions import steps_on

HEADER = "state,event_name,start_day,start_month,end_day,end_month\n"
YEAR = (date(2025, 1, 1), date(2025, 12, 31))


def calendar(tmp_path, *rows):
    path = tmp_path / "calendar.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return read_calendar(path)


def days(month, *numbers, year=2025):
    return [date(year, month, number) for number in numbers]


def test_a_calendar_holds_the_breaks_of_each_state(tmp_path):
    breaks = calendar(tmp_path, "MA,Spring Break,21,4,25,4", "us-ma,Fall Break,1,10,2,10")

    assert breaks == {
        "US-MA": (Break("Spring Break", (4, 21), (4, 25)), Break("Fall Break", (10, 1), (10, 2)))
    }


def test_first_and_last_day_of_a_break_are_closed_and_their_neighbours_are_not(tmp_path):
    breaks = calendar(tmp_path, "MA,Spring Break,22,4,25,4")

    closed = closure_days("US-MA", date(2025, 4, 20), date(2025, 4, 30), breaks)

    # 21 April 2025 is Patriots' Day in Massachusetts.
    assert list(closed) == days(4, 21, 22, 23, 24, 25)


def test_a_state_without_patriots_day_is_open_on_it(tmp_path):
    breaks = calendar(tmp_path, "NY,Spring Break,22,4,25,4")

    closed = closure_days("US-NY", date(2025, 4, 20), date(2025, 4, 30), breaks)

    assert list(closed) == days(4, 22, 23, 24, 25)


def test_a_break_goes_on_into_the_next_year(tmp_path):
    breaks = calendar(tmp_path, "MA,Christmas Break,30,12,2,1")

    closed = closure_days("US-MA", date(2024, 12, 26), date(2025, 1, 10), breaks)

    assert list(closed) == [*days(12, 30, 31, year=2024), *days(1, 1, 2)]


def test_a_break_that_began_in_the_year_before_the_window_is_seen(tmp_path):
    breaks = calendar(tmp_path, "MA,Christmas Break,30,12,3,1")

    assert list(closure_days("US-MA", date(2025, 1, 2), date(2025, 1, 9), breaks)) == days(1, 2, 3)


def test_breaks_come_every_year(tmp_path):
    breaks = calendar(tmp_path, "NY,Short Break,4,3,5,3")

    closed = closure_days("US-NY", date(2023, 1, 1), date(2025, 12, 31), breaks)

    march = [day for day in closed if day.month == 3]
    assert march == [date(year, 3, day) for year in (2023, 2024, 2025) for day in (4, 5)]


@pytest.mark.parametrize(
    ("row", "leap", "common"),
    [
        ("NY,Mid Winter Break,27,2,29,2", [(2, 27), (2, 28), (2, 29)], [(2, 27), (2, 28)]),
        ("NY,Mid Winter Break,29,2,1,3", [(2, 29), (3, 1)], [(3, 1)]),
        ("NY,Leap Day,29,2,29,2", [(2, 29)], []),
    ],
)
def test_a_29th_of_february_that_a_year_does_not_have_is_left_out(tmp_path, row, leap, common):
    breaks = calendar(tmp_path, row)

    for year, expected in ((2024, leap), (2025, common)):
        closed = closure_days("US-NY", date(year, 2, 20), date(year, 3, 10), breaks)
        assert [(day.month, day.day) for day in closed] == expected


def test_the_window_includes_its_first_and_last_day(tmp_path):
    breaks = calendar(tmp_path, "NY,Summer Break,1,6,31,8")

    assert list(closure_days("US-NY", date(2025, 7, 7), date(2025, 7, 8), breaks)) == days(7, 7, 8)


def test_days_are_ascending_and_each_is_there_once(tmp_path):
    breaks = calendar(tmp_path, "NY,B,20,12,31,12", "NY,A,24,12,26,12")

    closed = closure_days("US-NY", *YEAR, breaks)

    assert list(closed) == sorted(set(closed))
    assert date(2025, 12, 25) in closed


def test_a_holiday_on_a_weekend_closes_schools_on_the_day_it_is_observed(tmp_path):
    # 4 July 2026 is a Saturday.
    breaks = calendar(tmp_path, "NY,Short Break,4,3,5,3")

    closed = closure_days("US-NY", date(2026, 7, 1), date(2026, 7, 10), breaks)

    assert list(closed) == days(7, 3, 4, year=2026)


@pytest.mark.parametrize("iso", ["US", "US-MA"])
def test_without_a_calendar_thanksgiving_is_wednesday_to_friday(iso):
    closed = closure_days(iso, date(2025, 11, 12), date(2025, 12, 12), None)

    assert list(closed) == days(11, 26, 27, 28)


def test_thanksgiving_moves_with_the_year():
    closed = closure_days("US", date(2024, 11, 12), date(2024, 12, 12), None)

    assert list(closed) == days(11, 27, 28, 29, year=2024)


def test_the_nation_has_the_default_where_the_calendar_has_only_states(tmp_path):
    breaks = calendar(tmp_path, "MA,Spring Break,21,4,25,4")

    closed = closure_days("US", date(2025, 3, 1), date(2025, 5, 1), breaks)

    assert list(closed) == [*days(3, 30, 31), *days(4, 1, 2, 3, 4, 5)]


def test_a_country_is_not_mistaken_for_a_state_with_its_letters(tmp_path):
    # DE is Delaware in a calendar of the United States and Germany as a country.
    breaks = calendar(tmp_path, "DE,Long Break,1,3,31,3")

    assert closure_days("DE", date(2025, 3, 1), date(2025, 3, 31), breaks) == ()
    assert len(closure_days("US-DE", date(2025, 3, 1), date(2025, 3, 31), breaks)) == 31


def test_another_country_has_its_public_holidays_and_the_days_around_the_new_year():
    closed = closure_days("FR", date(2025, 7, 1), date(2025, 12, 31), None)

    public = [*days(7, 14), *days(8, 15), *days(11, 1, 11)]
    assert list(closed) == [*public, *days(12, 24, 25, 26, 27, 28, 29, 30, 31)]


def test_a_population_without_a_location_is_refused():
    with pytest.raises(DataError, match="this population has no ISO code; expected"):
        closure_days(None, *YEAR, None)


def test_a_country_whose_holidays_are_not_known_is_refused():
    with pytest.raises(DataError, match="public holidays of ZZ"):
        closure_days("ZZ-A", *YEAR, None)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("MA,Break,31,4,1,5", "csv:2: start_day: is '31'; expected a whole number from 1 to 30"),
        ("MA,Break,1,13,1,5", "csv:2: start_month: is '13'; expected a whole number from 1 to 12"),
        ("MA,Break,1,4,x,5", "csv:2: end_day: is 'x'; expected a whole number"),
        ("MA,Break,1,4,,5", "csv:2: end_day: is ''; expected"),
        ("Massachusetts,Break,1,4,2,4", "csv:2: state: is 'Massachusetts'; expected a postal"),
        ("MA,Break,1,4,2", "csv:2: 5 cells; expected 6, as in the header"),
    ],
)
def test_a_malformed_row_is_an_error_that_names_line_and_column(tmp_path, row, message):
    with pytest.raises(DataError, match=message):
        calendar(tmp_path, row)


def test_a_missing_column_is_an_error_that_lists_those_there(tmp_path):
    path = tmp_path / "calendar.csv"
    path.write_text("state,start_day\nMA,1\n")

    with pytest.raises(DataError, match="start_month, end_day, end_month; the file has state, "):
        read_calendar(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(UnreadableError, match=r"none\.csv cannot be read: No such file"):
        read_calendar(tmp_path / "none.csv")


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.2, 0.3])
def test_steps_are_closed_on_exactly_the_closure_days(tmp_path, delta_t):
    breaks = calendar(tmp_path, "MA,Christmas Break,24,12,4,1", "MA,Spring Break,21,4,25,4")
    first, last = date(2024, 12, 1), date(2025, 5, 31)
    closed = set(closure_days("US-MA", first, last, breaks))
    dates = step_dates(first, last, delta_t)

    inside = steps_on(dates, closed)

    assert set(step_days(dates)[inside].tolist()) == closed
    assert not closed & set(step_days(dates)[~inside].tolist())


@pytest.mark.shared
def test_the_calendar_of_the_states_is_read(shared):
    breaks = read_calendar(shared / "data" / "school_calendars_us.csv")

    assert len(breaks) == 51
    closed = closure_days("US-MA", date(2024, 12, 20), date(2025, 1, 10), breaks)
    # MA,Christmas Break,24,12,4,1
    assert list(closed) == [date(2024, 12, 24) + timedelta(day) for day in range(12)]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("default", "kind"), [("Winter break", "Christmas Break"), ("Summer break", "Summer Break")]
)
def test_the_default_break_is_the_days_on_which_most_states_are_closed(shared, default, kind):
    breaks = read_calendar(shared / "data" / "school_calendars_us.csv")
    states = Counter(
        day
        for of_state in breaks.values()
        for day in {day for each in of_state if each.name == kind for day in each.days(2025)}
    )

    most = sorted(day for day, closed in states.items() if closed > 51 / 2)

    assert most == next(list(each.days(2025)) for each in US_BREAKS if each.name == default)
