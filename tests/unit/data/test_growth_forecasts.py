"""Forecasts by damped growth of the locations in a file of observations."""

from datetime import date, timedelta

import numpy as np
import pytest

from epyflow.artifacts.task import GROWTH_LEVELS
from epyflow.data.growth_forecasts import choose, forecast_locations
from epyflow.data.located_table import LocatedTable
from epyflow.data.observations import Column
from epyflow.data.observed_table import read_observed
from epyflow.errors import DataError
from epyflow.population.locations import find

LAST = date(2025, 1, 11)
PLACES = ("AL", "GA", "NY", "MA")


@pytest.fixture
def forecast(tmp_path):
    """Return what forecasts from rows ``date,location,value``."""

    def forecast(rows, last=LAST):
        path = tmp_path / "observed.csv"
        path.write_text("\n".join(["date,location,value", *rows]) + "\n")
        located = LocatedTable(read_observed(path, ["date", "value"]), None)
        return forecast_locations(located, [Column("value", "date")], last, None)

    return forecast


def waves(places=PLACES, weeks=120, days=7):
    """Return rows of a yearly wave of each place, in turn."""
    phase = np.arange(weeks)[::-1, None] + np.arange(len(places))
    counts = np.rint(np.exp(4 + 2 * np.sin(phase * 2 * np.pi / 52)))
    return [
        f"{LAST - timedelta(days=days * week)},{place},{counts[week, at]:.0f}"
        for week in range(weeks)
        for at, place in enumerate(places)
    ]


def test_each_location_has_quantiles_of_four_weeks_by_any_of_its_names(forecast):
    found = forecast(waves())

    assert set(found) == {place.casefold() for place in PLACES}
    quantiles = choose(found, find("US-NY"))
    assert quantiles.shape == (1, 4, len(GROWTH_LEVELS))
    assert (np.diff(quantiles, axis=2) >= 0).all()


def test_a_location_that_is_written_in_several_ways_is_one(forecast):
    names = ("US-MA", "25", "United_States_Massachusetts", "Massachusetts")
    rows = [
        row.replace(",MA,", f",{names[number // 4 % 4]},") for number, row in enumerate(waves())
    ]

    found = forecast(rows)

    expected = forecast(waves())
    for place in ("US-MA", "US-NY"):
        assert (choose(found, find(place)) == choose(expected, find(place))).all()


def test_rows_after_the_window_and_of_long_ago_change_nothing(forecast):
    rows = waves()
    later = [f"{LAST + timedelta(weeks=1)},AL,9999", "0001-01-06,AL,5", "1980-01-05,GA,7"]

    for name, found in forecast([*rows, *later]).items():
        assert (found == forecast(rows)[name]).all()


def test_the_last_week_of_a_location_may_not_be_missing(forecast):
    found = forecast([row for row in waves() if not row.startswith(f"{LAST},MA")])

    with pytest.raises(DataError, match="Massachusetts: damped_growth needs the last three weeks"):
        choose(found, find("US-MA"))
    with pytest.raises(DataError, match="Texas"):
        choose(found, find("US-TX"))
    assert not np.isnan(choose(found, find("US-AL"))).any()


def test_a_location_with_dates_between_weeks_does_not_count(forecast):
    found = forecast([*waves(), f"{LAST - timedelta(days=3)},MA,12"])

    assert "ma" not in found
    assert "al" in found


@pytest.mark.parametrize("days", [1, 8])
def test_a_file_of_other_dates_is_refused_with_the_weekday(forecast, days):
    with pytest.raises(DataError, match=r"on 2025-01-11 \(Saturday\), and \S+ has a value on"):
        forecast(waves(days=days))


def test_a_file_that_ends_on_another_weekday_than_the_window_is_refused(forecast):
    with pytest.raises(DataError, match=r"Sunday.*Saturday"):
        forecast(waves(), LAST + timedelta(days=1))


def test_one_location_and_a_year_are_too_little(forecast):
    with pytest.raises(DataError, match=r"damped_growth: the observations have .* expected 300"):
        forecast(waves(("AL",), 60))
