"""Dates of observations that the simulated series does not have, or that come too late."""

import pytest

from tests.unit.experiment.checks.observing import (
    FLUSIGHT,
    ROUND,
    SATURDAYS,
    STATES,
    problems,
    weeks,
)
from tests.unit.experiment.samples import CALIBRATION, write_data

SUNDAYS = ("2024-10-06", "2024-10-13")


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (SUNDAYS, "2024-10-06 is a Sunday, and the simulated weeks end on Saturday"),
        (SUNDAYS, "or resample_frequency: W-SUN"),
        (("2024-10-05", "2024-10-06"), "resample_frequency: D, if the observations are daily"),
        (("2024-10-13",), "2024-10-13 is a Sunday"),
    ],
)
def test_another_weekday_than_that_of_the_simulated_weeks_is_an_error(tmp_path, days, says):
    [found] = problems(tmp_path, weeks(days))

    assert found.startswith("modelset.calibration.comparison[0].observed_date_column: ")
    assert says in found


@pytest.mark.parametrize("frequency", [None, "D"])
@pytest.mark.parametrize("days", [SATURDAYS, ("2024-09-28", "2024-10-05")])
def test_weekly_observations_of_a_daily_series_are_an_error(tmp_path, frequency, days):
    """The fitting window begins on 2024-10-05: of the second file one week is in it."""
    [found] = problems(tmp_path, weeks(days), frequency=frequency)

    assert "at least 7 days apart, and the simulated series is daily" in found
    assert found.endswith("set simulation.resample_frequency to W-SAT")


@pytest.mark.parametrize(
    ("frequency", "says"),
    [
        (
            "ME",
            "2024-11-02 is between the dates of the simulated series, 2024-10-31, 2024-11-30, ... ",
        ),
        ("MS", "2024-10-05 is between the dates of the simulated series, 2024-10-01, 2024-11-01"),
    ],
)
def test_weeks_between_the_dates_of_months_are_an_error(tmp_path, frequency, says):
    days = (*SATURDAYS, "2024-10-26", "2024-11-02", "2024-11-09")

    found = [
        each
        for each in problems(tmp_path, weeks(days), frequency=frequency)
        if "expected one frequency" in each
    ]

    assert len(found) == 1
    assert says in found[0]
    assert found[0].endswith("set simulation.resample_frequency to W-SAT")


def test_months_that_end_as_the_simulated_ones_are_no_problem(tmp_path):
    days = ("2024-10-31", "2024-11-30", "2024-12-31")

    assert problems(tmp_path, weeks(days), frequency="ME") == []


def test_a_single_date_of_a_daily_series_is_a_warning(tmp_path):
    [found] = problems(tmp_path, weeks(("2024-10-12",)), frequency=None)

    assert "2024-10-12 is the only date, and the simulated series is daily; if it is" in found
    assert found.endswith("set simulation.resample_frequency to W-SAT")


def test_daily_observations_with_gaps_are_daily(tmp_path):
    days = ("2024-10-05", "2024-10-06", "2024-10-13")

    assert problems(tmp_path, weeks(days), frequency=None) == []


def test_places_that_are_not_run_and_days_outside_the_window_may_have_any_weekday(tmp_path):
    rows = [*weeks(), *weeks(SUNDAYS, "CA"), *weeks(("2024-09-29", "2025-01-12"))]

    assert problems(tmp_path, rows) == []


@pytest.mark.parametrize(
    ("last", "output", "says"),
    [
        ("2025-01-04", FLUSIGHT, []),
        ("2024-12-28", FLUSIGHT, ["end on 2024-12-28, 21 days before the reference date 2025-"]),
        ("2024-12-07", FLUSIGHT, ["end on 2024-12-07, 42 days before the reference date 2025-"]),
        # In RespiCast, horizon 0 ends ten days before the round.
        ("2024-12-28", {"flusight_format": {**ROUND, "horizon_0_days": -10}}, []),
        # A scenario round projects from the fit, of whatever season.
        ("2024-12-07", {"flusmh_format": ROUND}, []),
    ],
)
def test_observations_that_end_long_before_the_reference_date_are_a_warning(
    tmp_path, last, output, says
):
    rows = [*weeks(("2025-01-11", last)), *weeks((*SATURDAYS, last), "NY"), "2025-01-11,NY,NA"]
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}

    found = problems(tmp_path, rows, output=output, places=STATES[:2], **window)

    named = "observed_data_path: the observations of United_States_New_York (1 of 2 populations) "
    assert all(named in each and text in each for text, each in zip(says, found, strict=True))


LATE = {"observed_data_vintage": "2025-01-25"}


@pytest.mark.parametrize(
    ("name", "head", "given", "says"),
    [
        ("admissions.csv", "date,place,value,as_of", LATE, "are those known on 2025-01-25,"),
        ("admissions_2025-01-25.csv", "date,place,value,x", {}, "are those known on 2025-01-25,"),
        ("admissions.csv", "date,place,value,as_of", {}, "(as_of) became known until 2025-01-25,"),
        ("admissions.csv", "date,place,value,x", {}, "they reach 2025-01-25,"),
    ],
)
@pytest.mark.parametrize("day", ["2025-01-18", "2025-01-24", "2025-01-25"])
def test_observations_that_were_published_after_the_reference_date_are_a_warning(
    tmp_path, name, head, given, says, day
):
    """A hub closes a day after it at the latest, so data of that day or before are no mistake."""
    rows = [f"{each},MA,5,2025-01-25" for each in ("2025-01-11", "2025-01-18", "2025-01-25")]
    rows += ["2025-02-01,MA,NA,2025-01-25"]
    write_data(tmp_path)
    (tmp_path / "common-data" / name).write_text("\n".join([head, *rows]) + "\n")
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}
    output = {"flusight_format": {"reference_date": day}}
    path = {"observed_data_path": f"common-data/{name}"}

    found = problems(tmp_path, rows, head, output=output, **window, **path, **given)

    if day != "2025-01-18":
        assert found == []
    else:
        [warning] = found
        assert f"the observations {says}" in warning.replace("were published later: ", "")
        assert "after the reference date 2025-01-18" in warning
        assert "expected what was known by then: observed_data_vintage: 2025-01-18" in warning


def test_rate_trends_of_data_that_were_published_later_are_a_warning(tmp_path):
    columns = {"observed_value_column": "value", "observed_date_column": "date"}
    trends = {"observed_data_path": "common-data/admissions.csv", **LATE, **columns}
    output = {"flusight_format": {**ROUND, "rate_trends": trends}}
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}
    rows, head = ["2025-01-11,MA,5,2025-01-12"], "date,location,value,as_of"

    found = problems(
        tmp_path, rows, head, output=output, observed_location_column="location", **window
    )

    [warning] = found
    assert warning.startswith("output.flusight_format.rate_trends.observed_data_vintage: the obs")


def test_old_observations_are_found_where_no_row_has_the_values_of_all_columns(tmp_path):
    (first,) = CALIBRATION["modelset"]["calibration"]["comparison"]
    second = {**first, "observed_value_column": "more"}
    values = dict(zip(SATURDAYS, ("5,", "5,", ",5"), strict=True))
    rows = [f"{day},MA,{each}" for day, each in values.items()]

    found = problems(
        *(tmp_path, rows, "date,place,value,more"), output=FLUSIGHT, comparison=[first, second]
    )

    assert [each for each in found if "end on 2024-10-12, 98 days before the reference" in each]
