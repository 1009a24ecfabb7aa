"""Check files of made-up hubs: messages, and the days of the submission window."""

import re
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from made_up_hubs import CASES, COLUMNS, LEVEL, submission, target, tasks, write_hub
from made_up_hubs import write_submission as write

from forecast_hub.checks.validation import Verdict, validate
from forecast_hub.config.flusight import SEASONS
from forecast_hub.config.horizons import is_peak
from forecast_hub.config.hub import Target
from forecast_hub.errors import UnreadableError


def messages(verdict: Verdict, check: str) -> list[str]:
    return [each.message for each in verdict.findings if each.check == check]


def errors(verdict: Verdict) -> list[str]:
    return [str(each) for each in verdict.findings if each.severity == "error"]


def test_a_row_is_compared_with_the_model_task_that_has_its_output_type_id(tmp_path):
    document = tasks()
    north, south = deepcopy(CASES), deepcopy(CASES)
    north["task_ids"]["region"] = {"required": None, "optional": ["north"]}
    south["task_ids"]["region"] = {"required": None, "optional": ["south"]}
    south["output_type"]["quantile"]["output_type_id"] = {"required": [0.25]}
    document["rounds"][0]["model_tasks"] = [north, south]
    hub = write_hub(tmp_path, document)
    frame = submission().iloc[:1].assign(region="east", output_type_id="0.25")

    verdict = validate(write(hub, frame), hub)

    assert any("region is 'east'" in each and "expected south" in each for each in errors(verdict))


@pytest.mark.parametrize(
    ("columns", "values", "says"),
    [
        (("region", "age"), (list(map(str, range(800))), None), "500,000 required tasks"),
        (list("abcdefghijklm"), (["x"], ["y"]), "12 columns with required and optional values"),
    ],
)
def test_a_hub_that_requires_too_much_of_a_file_is_refused(tmp_path, columns, values, says):
    document = tasks()
    (task,) = document["rounds"][0]["model_tasks"] = document["rounds"][0]["model_tasks"][:1]
    for column in columns:
        task["task_ids"][column] = dict(zip(("required", "optional"), values, strict=True))
    frame = submission()
    frame = frame[frame["outcome"] == "cases"].assign(**dict.fromkeys(columns, values[0][0]))
    hub = write_hub(tmp_path, document)

    with pytest.raises(UnreadableError, match=says):
        validate(write(hub, frame), hub)


def test_of_several_gaps_of_a_sample_the_first_in_the_file_is_named(tmp_path):
    document = tasks()
    ids = document["rounds"][0]["model_tasks"][0]["task_ids"]
    ids["horizon"] = {"required": None, "optional": [1, 2, 3, 4]}
    hub = write_hub(tmp_path, document)
    where = ["2026-03-02", "cases", "north"]
    rows = [
        [*where, horizon, "18+", "sample", sample, "4"]
        for horizon in ("4", "3", "2", "1")
        for sample in ("1", "2")
        if (horizon, sample) not in {("4", "2"), ("3", "2")}
    ]

    verdict = validate(write(hub, pd.DataFrame(rows, columns=COLUMNS)), hub)

    (message,) = messages(verdict, "spl_non_compound_tid")
    assert "sample '2'" in message
    assert "horizon 4" in message


def seasonal(name: str, weeks: list[str]) -> dict[str, object]:
    task = deepcopy(LEVEL)
    task["task_ids"]["outcome"] = {"required": None, "optional": [name]}
    output = {"output_type_id": {"required": weeks}, "is_required": False}
    output["value"] = {"type": "double", "minimum": 0, "maximum": 1}
    return {
        **task,
        "output_type": {"pmf": output},
        "target_metadata": [target(name, "nominal", "week")],
    }


def test_the_weeks_of_one_seasonal_target_are_not_those_of_another(tmp_path):
    """The hub lists weeks of last season. Peak and onset are in weeks far apart."""
    document = tasks()
    listed = ["2025-01-04", "2025-01-11"]
    document["rounds"][0]["model_tasks"] = [seasonal("peak", listed), seasonal("onset", listed)]
    hub = write_hub(tmp_path, document)
    given = {"peak": ["2026-01-03", "2026-01-10"], "onset": ["2025-11-01", "2025-11-08"]}
    rows = [
        ["2026-03-02", name, "north", "NA", "18+", "pmf", week, "0.5"]
        for name, weeks in given.items()
        for week in weeks
    ]

    verdict = validate(write(hub, pd.DataFrame(rows, columns=COLUMNS)), hub)

    assert errors(verdict) == []
    warnings = messages(verdict, "valid_vals")
    assert len(warnings) == 2
    assert "2026-01-03 to 2026-01-10" in warnings[0]
    assert "2025-11-01 to 2025-11-08" in warnings[1]


def test_weeks_listed_around_the_round_are_the_only_ones_of_its_season(tmp_path):
    document = tasks()
    document["rounds"][0]["model_tasks"] = [seasonal("peak", ["2026-02-28", "2026-03-07"])]
    hub = write_hub(tmp_path, document)
    row = ["2026-03-02", "peak", "north", "NA", "18+", "pmf"]
    rows = [[*row, "2026-02-21", "0.5"], [*row, "2026-02-28", "0.5"]]

    verdict = validate(write(hub, pd.DataFrame(rows, columns=COLUMNS)), hub)

    assert any("2026-02-21" in each and "valid_vals" in each for each in errors(verdict))


def test_a_file_without_a_round_is_told_its_wrong_columns_too(tmp_path):
    hub = write_hub(tmp_path, tasks())
    frame = submission().drop(columns="forecast_date").rename(columns={"age": "agegroup"})

    verdict = validate(write(hub, frame, "nameless.csv"), hub)

    assert verdict.round_id is None
    assert messages(verdict, "round_id_valid")
    assert any("agegroup" in each for each in messages(verdict, "colnames"))


BERLIN = [
    ("2026-02-28 22:59", "before it"),
    ("2026-02-28 23:00", "in this time"),  # midnight of 1 March in Berlin
    ("2026-03-20 22:59", "in this time"),
    ("2026-03-20 23:00", "after it"),
]


@pytest.mark.parametrize("due", ["dates", "days from the round"])
@pytest.mark.parametrize(("now", "says"), BERLIN)
def test_a_hub_takes_files_from_the_first_midnight_to_the_last(tmp_path: Path, due, now, says):
    document = tasks()
    if due != "dates":
        document["rounds"][0]["submissions_due"] = {
            **{"relative_to": "forecast_date", "start": -1, "end": 18}
        }
    hub = write_hub(tmp_path, document)
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    verdict = validate(write(hub, submission()), hub, now=moment)

    (message,) = messages(verdict, "submission_time")
    assert "from 2026-03-01 to 2026-03-20 (Europe/Berlin)" in message
    assert message.endswith(says)


def test_weeks_that_may_be_flusights_peak_begin_and_end_with_a_saturday():
    ends = [day for season in SEASONS for day in season.weeks or ()]

    assert {day.isoweekday() for day in ends} == {6}
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("name", "is_step_ahead", "expected"),
    [("Peak week", False, True), ("peak cases", True, False), ("level", False, False)],
)
def test_a_target_of_the_peak_is_known_by_its_name_and_has_no_horizons(
    name, is_step_ahead, expected
):
    kind = Target(name, {}, "nominal", "week", is_step_ahead, None)

    assert is_peak(kind) is expected


@pytest.mark.parametrize(
    ("output", "bounds", "values", "says"),
    [
        ("pmf", {}, "0.2 0.3 0.50000002", "add up to 1.00000002 for"),
        ("pmf", {}, "0.2 0.3 0.49999998", "add up to 0.99999998 for"),
        ("pmf", {}, "1000000 0 0.5", "add up to 1000000.5 for"),
        ("cdf", {}, "0.70000001 0.7 1", "0.70000001 at low, 0.7 at middle"),
        ("cdf", {"maximum": 1}, "0.2 0.7 1.0000001", r"such as 1.0000001\); expected at most 1$"),
        ("cdf", {"minimum": 1e-9}, "9e-10 0.7 1", r"such as 9e-10\); expected at least 1e-09$"),
        (
            "cdf",
            {"minimum": 1234567.5},
            "1234567.25 1234568 1234569",
            r"such as 1234567.25\); expected at least 1234567.5$",
        ),
    ],
)
def test_numbers_have_the_digits_that_the_rule_looks_at(tmp_path, output, bounds, values, says):
    document, level = tasks(), deepcopy(LEVEL)
    rule = level["output_type"].pop("cdf")
    level["output_type"][output] = rule | {"value": {"type": "double", **bounds}}
    document["rounds"][0]["model_tasks"] = [level]
    rows = [
        ["2026-03-02", "level", "north", "NA", "18+", output, category, value]
        for category, value in zip(("low", "middle", "high"), values.split(), strict=True)
    ]
    hub = write_hub(tmp_path, document)

    verdict = validate(write(hub, pd.DataFrame(rows, columns=COLUMNS)), hub)

    found = [each.message for each in verdict.findings if each.check.startswith("value_col")]
    assert any(re.search(says, message) for message in found), found
