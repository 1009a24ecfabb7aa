"""The week of a horizon follows from the rule of each hub."""

import gzip
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_hubs import CASES, tasks, write_hub

from forecast_hub.checks.validation import validate
from forecast_hub.config.horizon_rule import find_horizon_rule
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import HubError

WEDNESDAY = "2026-03-04"
"""A round of RespiCast: its horizon 1 ends on Sunday 2026-03-01, its horizon 0 a week before."""


def document(origins, horizons, ends=None, unit="week"):
    """Return ``tasks.json`` of a hub with one weekly target, and the ends that it lists."""
    made = tasks()
    task = deepcopy(CASES)
    task["task_ids"]["forecast_date"]["optional"] = list(map(str, origins))
    task["task_ids"]["horizon"] = {"required": None, "optional": list(horizons)}
    if ends is not None:
        task["task_ids"]["target_end_date"] = {"required": None, "optional": list(map(str, ends))}
    task["target_metadata"][0]["time_unit"] = unit
    made["rounds"][0]["model_tasks"] = [task]
    return made


def rule_of(folder, written, weekday=None):
    hub = read_hub(write_hub(folder, written))
    (task,) = hub.rounds[0].model_tasks
    return find_horizon_rule(hub, hub.rounds[0], task, task.targets[0], weekday)


def submit(hub, model, days, origin=WEDNESDAY, wrong=()):
    """Write a submission whose horizon 0 ends ``days`` after the round's date, into the hub."""
    rows = []
    for horizon in (0, 1, 2):
        late = 7 if horizon in wrong else 0
        end = date.fromisoformat(origin) + timedelta(days=days + 7 * horizon + late)
        fixed = [origin, "cases", "north", str(horizon), "18+", str(end)]
        rows += [[*fixed, "quantile", level, "3"] for level in ("0.1", "0.5", "0.9")]
    columns = ["forecast_date", "outcome", "region", "horizon", "age", "target_end_date"]
    columns += ["output_type", "output_type_id", "value"]
    folder = hub / "submissions" / model
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{origin}-{model}.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def respicast(folder):
    """Return a hub with RespiCast's dates; its list of ends begins as theirs and ends early.

    Source: european-modelling-hubs/RespiCast-SyndromicIndicators, hub-config/tasks.json.
    """
    sundays = [date(2026, 1, 4) + timedelta(weeks=n) for n in range(13)]
    origins = [date(2026, 3, 4) + timedelta(weeks=n) for n in range(3)]
    return write_hub(folder, document(origins, range(-1, 5), sundays))


def test_a_round_on_the_last_day_of_a_week_is_the_end_of_horizon_0(tmp_path):
    rule = rule_of(tmp_path, document(["2025-01-11"], [-1, 0, 1, 2]), weekday=5)

    assert rule.days == 0
    assert rule.end(date(2025, 1, 11), 2) == date(2025, 1, 25)
    assert rule.end(date(2025, 1, 11), -1) == date(2025, 1, 4)


@pytest.mark.parametrize(("origin", "days"), [("2025-01-12", -1), ("2025-01-13", -2)])
def test_a_round_on_the_first_or_second_day_of_a_week_is_in_the_week_of_horizon_1(
    tmp_path, origin, days
):
    rule = rule_of(tmp_path, document([origin], [1, 2]), weekday=5)

    assert rule.days == days
    assert rule.end(date.fromisoformat(origin), 1) == date(2025, 1, 18)


def test_without_a_list_or_a_file_a_round_in_the_middle_of_a_week_is_refused(tmp_path):
    with pytest.raises(HubError) as raised:
        rule_of(tmp_path, document([WEDNESDAY], [1, 2]), weekday=6)

    assert str(raised.value) == (
        f"{tmp_path}/hub-config/tasks.json: which week is horizon 1 of 'cases' is not known: the "
        "round's date is a Wednesday, weeks end on a Sunday; expected a file of the hub's ensemble "
        "in submissions/"
    )


def test_the_file_of_the_hubs_ensemble_says_which_week_a_horizon_is(tmp_path):
    hub = respicast(tmp_path)
    submit(hub, "respicast-hubEnsemble", -10)
    submit(hub, "another-model", 4)

    rule = rule_of_first_target(hub)

    assert (rule.days, rule.source) == (-10, "2026-03-04-respicast-hubEnsemble.csv")
    assert rule.end(date(2026, 3, 4), 1) == date(2026, 3, 1)


def rule_of_first_target(hub):
    read = read_hub(hub)
    (task,) = read.rounds[0].model_tasks
    return find_horizon_rule(read, read.rounds[0], task, task.targets[0])


def test_a_list_of_ends_that_fits_no_rule_decides_nothing(tmp_path):
    hub = respicast(tmp_path)

    with pytest.raises(HubError, match="which week is horizon 1 of 'cases' is not known"):
        rule_of_first_target(hub)


def test_a_list_that_ends_too_early_is_not_taken_for_a_rule(tmp_path):
    # Horizons 1 to 3 of a Saturday hub; the list lacks the last week, and begins a week early.
    saturday = date(2026, 3, 7)
    listed = [saturday + timedelta(weeks=n) for n in range(4)]
    written = document([saturday], [1, 2, 3], listed[:3])

    assert rule_of(tmp_path / "exact", document([saturday], [1, 2, 3], listed[1:])).days == 0
    assert rule_of(tmp_path / "more", document([saturday], [1, 2, 3], listed)).days == 0
    # Exactly the dates of another rule: the hub would refuse any other file.
    assert rule_of(tmp_path / "early", written).days == -7


def test_files_of_the_hub_that_disagree_are_named(tmp_path):
    hub = respicast(tmp_path)
    first = submit(hub, "respicast-hubEnsemble", -10)
    second = submit(hub, "respicast-baseline", -3)

    with pytest.raises(HubError) as raised:
        rule_of_first_target(hub)
    assert f"-10 days in {first}; -3 days in {second}; expected one rule" in str(raised.value)


def test_of_a_hub_with_many_models_the_first_four_are_read(tmp_path):
    hub = respicast(tmp_path)
    for name in ("a", "b", "c", "d"):
        submit(hub, f"respicast-ensemble_{name}", -10)
    submit(hub, "respicast-ensemble_e", -3)

    assert rule_of_first_target(hub).days == -10


def test_a_gzipped_file_of_the_ensemble_is_read(tmp_path):
    hub = respicast(tmp_path)
    path = submit(hub, "respicast-hubEnsemble", -10)
    path.with_suffix(".csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()

    assert rule_of_first_target(hub).days == -10


def test_a_file_that_cannot_be_read_says_nothing(tmp_path):
    hub = respicast(tmp_path)
    submit(hub, "respicast-hubEnsemble", -10)
    broken = hub / "submissions" / "respicast-baseline" / "2026-03-04-respicast-baseline.csv"
    broken.parent.mkdir()
    broken.write_bytes(b"\xff\xfe")

    assert rule_of_first_target(hub).days == -10


def test_a_day_is_counted_from_the_rounds_date_and_a_month_is_refused(tmp_path):
    assert rule_of(tmp_path, document([WEDNESDAY], [1, 2], unit="day")).end(
        date(2026, 3, 4), 3
    ) == date(2026, 3, 7)
    with pytest.raises(HubError, match="in steps of a month; projections are weekly or daily"):
        rule_of(tmp_path, document([WEDNESDAY], [1], unit="month"))


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (
            -3,
            "target_end_date of 'cases' is 7 days late: horizon 0 ends 3 days before the round's "
            "date; expected 10 days before it, by 2026-03-04-respicast-hubEnsemble.csv",
        ),
        (
            -17,
            "target_end_date of 'cases' is 7 days early: horizon 0 ends 17 days before the round's "
            "date; expected 10 days before it, by 2026-03-04-respicast-hubEnsemble.csv",
        ),
    ],
)
def test_a_submission_that_is_a_week_off_is_refused(tmp_path, days, message):
    hub = respicast(tmp_path)
    submit(hub, "respicast-hubEnsemble", -10)
    right, wrong = submit(hub, "a-b", -10), submit(hub, "c-d", days)

    assert dates_found(right, hub) == []
    assert dates_found(wrong, hub) == [("error", message)]


def test_without_a_rule_rows_that_contradict_each_other_are_refused_others_are_warned_of(tmp_path):
    hub = respicast(tmp_path)
    right, wrong = submit(hub, "a-b", -10), submit(hub, "c-d", -10, wrong=[2])

    ((severity, message),) = dates_found(right, hub)
    assert severity == "warning"
    assert "target_end_date of 'cases' was not checked: " in message
    assert dates_found(wrong, hub) == [
        (
            "error",
            "target_end_date of 'cases' does not follow from the horizon: in some rows horizon 0 "
            "ends 10 days before the round's date, in others 3 days before the round's date; "
            "expected one rule",
        )
    ]


def dates_found(path, hub):
    found = validate(path, hub).findings
    return [(each.severity, each.message) for each in found if each.check == "horizon_dates"]


@settings(max_examples=200, deadline=None)
@given(
    first=st.dates(date(2024, 1, 1), date(2027, 1, 1)),
    rounds=st.integers(1, 4),
    days=st.integers(-14, 6),
    horizons=st.lists(st.integers(-2, 5), min_size=1, max_size=5, unique=True),
)
def test_the_dates_are_exactly_those_that_the_hub_permits(
    tmp_path_factory, first, rounds, days, horizons
):
    origins = [first + timedelta(weeks=n) for n in range(rounds)]
    due = {each: [each + timedelta(days=days, weeks=n) for n in horizons] for each in origins}
    listed = sorted({end for ends in due.values() for end in ends})

    rule = rule_of(tmp_path_factory.mktemp("hub"), document(origins, horizons, listed))

    assert {each: [rule.end(each, n) for n in horizons] for each in origins} == due
    assert replace(rule, source="") == replace(rule, source="", days=days)


def test_a_teams_own_ensemble_says_nothing_of_the_hubs_rule(tmp_path):
    hub = respicast(tmp_path)
    submit(hub, "abc-myensemble", -3)
    submit(hub, "abc-ensemble", -3)
    submit(hub, "respicast-hubEnsemble", -10)

    assert rule_of_first_target(hub).days == -10


def test_the_hub_is_the_team_with_an_ensemble_and_a_baseline(tmp_path):
    hub = respicast(tmp_path)
    submit(hub, "abc-ensemble", -3)
    for model in ("FluSight-ensemble", "FluSight-baseline"):
        submit(hub, model, -10)

    assert rule_of_first_target(hub).days == -10


def test_which_of_two_teams_is_the_hub_is_not_guessed(tmp_path):
    hub = respicast(tmp_path)
    submit(hub, "abc-ensemble", -3)
    submit(hub, "def-ensemble", -10)

    with pytest.raises(HubError, match="is not known"):
        rule_of_first_target(hub)
