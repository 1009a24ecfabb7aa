"""The weeks of a season."""

from copy import deepcopy
from datetime import date, timedelta

import pytest
from made_up_hubs import target, tasks, write_hub

from forecast_hub.config.horizons import (
    find_season_weeks,
    find_week_before,
    is_cumulative,
    name_weeks,
    parse_weeks,
)
from forecast_hub.config.hub import OutputType, Target, ValueRule, Values
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import HubError

PEAK_WEEK = "peak week inc flu hosp"
SATURDAY = date(2025, 1, 11)


def hub_of(folder, listed, dates, name=PEAK_WEEK):
    """Return a hub that asks, in rounds on ``dates``, for a peak among the weeks ``listed``."""
    document = tasks()
    if listed:
        week = deepcopy(document["rounds"][0]["model_tasks"][1])
        week["task_ids"]["outcome"]["optional"] = [name]
        week["target_metadata"] = [target(name, "date", "week")]
        week["output_type"] = {
            "pmf": {
                "output_type_id": {"required": listed},
                "value": {"type": "double", "minimum": 0, "maximum": 1},
                "is_required": False,
            }
        }
        document["rounds"][0]["model_tasks"].append(week)
    for task in document["rounds"][0]["model_tasks"]:
        task["task_ids"]["forecast_date"]["optional"] = dates
    return read_hub(write_hub(folder, document))


def weeks_of(hub, day, given=None):
    return find_season_weeks(hub, hub.rounds[0], day, given)


def test_rate_changes_are_from_the_week_before_the_reference_date():
    assert find_week_before(date(2025, 1, 18)) == SATURDAY


def test_the_weeks_of_a_season_are_those_given_or_else_those_listed(tmp_path):
    hub = hub_of(tmp_path, ["2025-01-11", "2025-01-18"], ["2025-01-11", "2025-01-18"])

    given = weeks_of(hub, SATURDAY, (date(2025, 2, 1), date(2025, 2, 15)))

    assert given == [date(2025, 2, 1), date(2025, 2, 8), date(2025, 2, 15)]
    assert weeks_of(hub, SATURDAY) == [SATURDAY, date(2025, 1, 18)]


def test_a_past_season_of_flusight_has_its_own_weeks(tmp_path):
    """Of 2024-25 they are the 28 weeks from 2024-11-23 to 2025-05-31."""
    hub = hub_of(tmp_path, ["2025-11-22", "2025-11-29"], ["2025-01-11", "2025-11-22"])

    found = weeks_of(hub, SATURDAY)

    assert found == [date(2024, 11, 23) + timedelta(weeks=n) for n in range(28)]


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2024-01-06", PEAK_WEEK),  # the hub had no such target in 2023-24
        ("2025-01-11", "peak week"),  # of another hub
    ],
)
def test_weeks_of_another_season_are_refused_if_the_seasons_own_are_unknown(tmp_path, day, name):
    hub = hub_of(tmp_path, ["2025-11-22", "2025-11-29"], [day, "2025-11-22"], name)

    with pytest.raises(
        HubError, match=f"are 2025-11-22 to 2025-11-29, not those of {day}'s season"
    ):
        weeks_of(hub, date.fromisoformat(day))


def test_a_hub_without_a_peak_week_tells_no_weeks(tmp_path):
    with pytest.raises(HubError, match="no target lists the season's weeks"):
        weeks_of(hub_of(tmp_path, None, ["2025-01-11"]), SATURDAY)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("EW202501", date(2025, 1, 4)),
        ("EW202533", date(2025, 8, 16)),
        ("EW202053", date(2021, 1, 2)),  # 2020 has 53 weeks
        ("EW202101", date(2021, 1, 9)),
        ("EW202622", date(2026, 6, 6)),
    ],
)
def test_weeks_of_the_cdc_are_read_and_written(name, last):
    week = OutputType("cdf", Values((name,)), None, ValueRule("double"), is_required=False)

    assert parse_weeks([name]) == [last]
    assert name_weeks([last], week) == (name,)


@pytest.mark.parametrize(
    "ids", [["EW202453"], ["EW202500"], ["EW202501", "2025-01-11"], ["low"], []]
)
def test_what_is_no_week_is_not_read_as_one(ids):
    # 2024 has 52 weeks.
    assert parse_weeks(ids) is None


@pytest.mark.parametrize(("name", "counts_on"), [("cum hosp", True), ("inc hosp", False)])
def test_a_target_is_cumulative_by_its_name(name, counts_on):
    series = Target(name, {}, "continuous", "count", is_step_ahead=True, time_unit="week")

    assert is_cumulative(series) is counts_on
