"""Rounds, seasons and submission windows, from lists of dates."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from made_up_hubs import ADMIN, submission, target, tasks, write_hub, write_submission

from forecast_hub.checks.submission_window import check_window
from forecast_hub.checks.validation import validate
from forecast_hub.config.reader import read_hub
from forecast_hub.config.round_calendar import (
    adopt_season_weeks,
    find_listed_season,
    find_round,
    lists_other_season,
    parse_date,
    parse_dates,
)

FIRST = date(2026, 3, 2)
WEEKLY = [str(FIRST + timedelta(weeks=n)) for n in range(4)]
NEXT_SEASON = [str(date(2026, 11, 2) + timedelta(weeks=n)) for n in range(3)]


def seasonal_hub(folder, dates, peak_weeks):
    """Return a hub with rounds on ``dates`` that asks for the week of the peak."""
    document = tasks()
    week = deepcopy(document["rounds"][0]["model_tasks"][1])
    week["task_ids"]["outcome"]["optional"] = ["peak week"]
    week["target_metadata"] = [target("peak week", "date", "week")]
    week["output_type"] = {
        "pmf": {
            "output_type_id": {"required": peak_weeks},
            "value": {"type": "double", "minimum": 0, "maximum": 1},
            "is_required": False,
        }
    }
    document["rounds"][0]["model_tasks"].append(week)
    for task in document["rounds"][0]["model_tasks"]:
        task["task_ids"]["forecast_date"]["optional"] = dates
    return write_hub(folder, document)


def peak_submission(hub, round_id, weeks):
    """Add equal probabilities of each week to the submission of a round."""
    frame = submission()
    where = ["", "peak week", "north", "NA", "0-17", "pmf"]
    for week in weeks:
        frame.loc[len(frame)] = [*where, week, str(1 / len(weeks))]
    frame["forecast_date"] = round_id
    return validate(write_submission(hub, frame, f"{round_id}-a-b.csv"), hub)


def found(verdict, severity):
    return [(each.check, each.message) for each in verdict.findings if each.severity == severity]


# --- dates and seasons ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2026-3-2", "20260302", "2026-02-30", "2026-03-02T00:00", ""])
def test_a_date_is_written_in_one_way_alone(text):
    assert parse_date(text) is None
    assert parse_date("2026-03-02") == FIRST


def test_dates_are_ascending_and_all_or_none():
    assert parse_dates(["2026-03-09", "2026-03-02"]) == [FIRST, date(2026, 3, 9)]
    assert parse_dates(["2026-03-09", "NA"]) is None
    assert parse_dates([]) is None


def test_a_season_is_the_rounds_without_a_break_of_four_weeks():
    ids = [*WEEKLY, *NEXT_SEASON, "2026-12-13"]

    assert find_listed_season("2026-03-09", ids) == (FIRST, date(2026, 3, 23))
    # From 2026-11-16 to 2026-12-13 it is 27 days, a day less than a break.
    assert find_listed_season("2026-11-02", ids) == (date(2026, 11, 2), date(2026, 12, 13))
    assert find_listed_season("2026-11-02", [*NEXT_SEASON, "2026-12-14"])[1] == date(2026, 11, 16)
    assert find_listed_season("2026-03-10", ids) is None
    assert find_listed_season("spring", ids) is None
    assert find_listed_season("2026-03-09", [*ids, "spring"]) is None


def test_weeks_that_overlap_the_rounds_of_a_season_are_its_own(tmp_path):
    hub = read_hub(seasonal_hub(tmp_path, [*WEEKLY, *NEXT_SEASON], ["2026-03-07", "2026-03-14"]))
    (round_,) = hub.rounds
    output = round_.model_tasks[2].output_types["pmf"]

    assert not lists_other_season(round_, WEEKLY[0], output)
    assert not lists_other_season(round_, WEEKLY[-1], output)
    assert lists_other_season(round_, NEXT_SEASON[0], output)
    assert lists_other_season(round_, "2026-03-10", output)  # of no season that is listed
    assert not lists_other_season(round_, "2026-03-10", round_.model_tasks[1].output_types["cdf"])


# --- the weeks of a peak -------------------------------------------------------------------------


def test_the_weeks_of_a_listed_season_are_those_listed(tmp_path):
    hub = seasonal_hub(tmp_path, WEEKLY, ["2026-03-07", "2026-03-14"])

    listed = peak_submission(hub, WEEKLY[1], ["2026-03-07", "2026-03-14"])
    later = peak_submission(hub, WEEKLY[1], ["2026-03-14", "2026-03-21"])

    assert found(listed, "error") == []
    assert ("valid_vals", "output_type_id is '2026-03-21' for target 'peak week', pmf; ") in [
        (check, message.split("expected")[0]) for check, message in found(later, "error")
    ]


def test_the_weeks_of_another_season_are_a_warning_if_they_are_consecutive(tmp_path):
    hub = seasonal_hub(tmp_path, [*WEEKLY, *NEXT_SEASON], ["2026-03-07", "2026-03-14"])

    verdict = peak_submission(hub, NEXT_SEASON[0], ["2026-11-07", "2026-11-14", "2026-11-21"])

    assert found(verdict, "error") == []
    ((check, message),) = found(verdict, "warning")
    assert check == "valid_vals"
    assert "only 2026-03-07 to 2026-03-14" in message
    assert "the file's, 2026-11-07 to 2026-11-21, are consecutive" in message


def test_a_gap_in_the_weeks_of_another_season_is_an_error(tmp_path):
    hub = seasonal_hub(tmp_path, [*WEEKLY, *NEXT_SEASON], ["2026-03-07", "2026-03-14"])

    verdict = peak_submission(hub, NEXT_SEASON[0], ["2026-11-07", "2026-11-21"])

    ((check, message),) = found(verdict, "error")
    assert check == "valid_vals"
    assert "not consecutive: 2026-11-14 is missing" in message


@pytest.mark.parametrize("week", ["2026-11-06", "2027-11-13"])  # a Friday; 376 days later
def test_weeks_of_another_weekday_or_year_are_not_a_seasons(tmp_path, week):
    hub = seasonal_hub(tmp_path, [*WEEKLY, *NEXT_SEASON], ["2026-03-07", "2026-03-14"])

    verdict = peak_submission(hub, NEXT_SEASON[0], [week, "2026-11-07"])

    assert any(f"output_type_id is '{week}'" in message for _, message in found(verdict, "error"))


def test_a_round_whose_id_is_no_date_has_the_listed_weeks_alone(tmp_path):
    hub = read_hub(seasonal_hub(tmp_path, WEEKLY, ["2026-03-07", "2026-03-14"]))
    task = hub.rounds[0].model_tasks[2]
    listed = task.output_types["pmf"]

    assert adopt_season_weeks(task, listed, "spring", ["2026-03-21"]) == (listed, None)


# --- rounds that are not listed ------------------------------------------------------------------


def round_finding(folder, dates, round_id):
    hub = read_hub(seasonal_hub(folder, dates, ["2026-03-07", "2026-03-14"]))
    return find_round(hub, round_id)[1]


def test_a_round_between_two_seasons_on_the_day_of_a_weekly_hub_is_a_warning(tmp_path):
    finding = round_finding(tmp_path, [*WEEKLY, *NEXT_SEASON], "2026-10-19")

    assert (finding.check, finding.severity) == ("round_id_valid", "warning")
    assert "the nearest are 2026-03-23 and 2026-11-02" in finding.message


@pytest.mark.parametrize(
    ("dates", "round_id"),
    [
        ([*WEEKLY, *NEXT_SEASON], "2026-02-23"),  # before the first
        ([*WEEKLY, *NEXT_SEASON], "2026-11-23"),  # after the last
        ([*WEEKLY, *NEXT_SEASON], "2026-10-20"),  # a Tuesday
        ([*WEEKLY[::2], *NEXT_SEASON[::2]], "2026-03-09"),  # of a hub with a round a fortnight
        ([*WEEKLY, *NEXT_SEASON], "spring"),
    ],
)
def test_any_other_round_that_is_not_listed_is_an_error(tmp_path, dates, round_id):
    finding = round_finding(tmp_path, dates, round_id)

    assert (finding.check, finding.severity) == ("round_id_valid", "error")


def test_a_round_that_is_listed_is_no_finding(tmp_path):
    assert round_finding(tmp_path, WEEKLY, WEEKLY[0]) is None


# --- the submission window -----------------------------------------------------------------------


def window(folder, due, now, timezone="Europe/Berlin"):
    document = tasks()
    document["rounds"][0]["submissions_due"] = due
    hub = read_hub(write_hub(folder, document, ADMIN | {"timezone": timezone}))
    (round_,) = hub.rounds
    return [each.message for each in check_window(hub, round_, "2026-03-02", now)]


RELATIVE = {"relative_to": "forecast_date", "start": -2, "end": 1}


@pytest.mark.parametrize(
    ("now", "says"),
    [
        # In Berlin it is an hour later than in Greenwich.
        (datetime(2026, 2, 27, 22, 59, tzinfo=UTC), "(2026-02-27 23:59) is before it"),
        (datetime(2026, 2, 27, 23, 0, tzinfo=UTC), "(2026-02-28 00:00) is in this time"),
        (datetime(2026, 3, 3, 22, 59, tzinfo=UTC), "(2026-03-03 23:59) is in this time"),
        (datetime(2026, 3, 3, 23, 0, tzinfo=UTC), "(2026-03-04 00:00) is after it"),
    ],
)
def test_the_window_opens_and_closes_at_midnight_of_the_hub(tmp_path, now, says):
    (message,) = window(tmp_path, RELATIVE, now)

    assert message.startswith("the hub takes files of this round from 2026-02-28 to 2026-03-03")
    assert message.endswith(f"(Europe/Berlin); now {says}")


def test_the_window_may_be_two_dates(tmp_path):
    (message,) = window(tmp_path, {"start": "2026-03-01", "end": "2026-03-20"}, None)

    assert message.endswith("from 2026-03-01 to 2026-03-20 (Europe/Berlin)")


def test_a_window_relative_to_another_column_is_not_known(tmp_path):
    due = RELATIVE | {"relative_to": "region"}

    assert window(tmp_path, due, None) == []


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_window_at_the_end_of_the_calendar_is_told_or_left_out(tmp_path, day):
    now = datetime(2026, 2, 27, 23, 30, tzinfo=UTC)

    (message,) = window(tmp_path, {"start": day, "end": day}, now)
    assert message.startswith(f"the hub takes files of this round from {day} to {day}")

    hub = read_hub(tmp_path)
    due = replace(hub.rounds[0].due, relative_to="forecast_date", start=-10_000, end=10_000)
    assert check_window(hub, replace(hub.rounds[0], due=due), day, now) == []


@pytest.mark.parametrize("zone", ["Atlantis", "Europe", "/etc/passwd", "a" * 300])
def test_an_unknown_time_zone_is_that_of_greenwich(tmp_path, zone):
    now = datetime(2026, 2, 27, 23, 30, tzinfo=UTC)

    (message,) = window(tmp_path, RELATIVE, now, timezone=zone)

    assert message.endswith("now (2026-02-27 23:30) is before it")
    assert "in UTC: the hub's timezone is unknown" in message
    assert zone not in message
