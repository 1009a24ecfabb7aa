"""The definitions of hubs for those who have no copy of the hub."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from made_up_hubs import write_hub

from epyflow.submission.hub_definitions import define_tasks, is_outdated, list_season_weeks
from forecast_hub.config import flusight
from forecast_hub.config.hub import SubmissionsDue, ValueRule
from forecast_hub.config.reader import read_hub

DAY = date(2025, 1, 18)
LEVELS = (
    *("0.01", "0.025", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.45", "0.5"),
    *("0.55", "0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95", "0.975", "0.99"),
)
COUNT, SHARE = ValueRule("double", 0), ValueRule("double", 0, 1)


@pytest.fixture
def define(tmp_path):
    """Return the hub of a format as forecast-hub reads it, and its only round."""

    def read(format):
        hub = read_hub(write_hub(tmp_path, define_tasks(format, DAY, ["25", "36"]), admin=None))
        return hub, hub.rounds[0]

    return read


@pytest.mark.parametrize("format", ["flusight_format", "covid19_format"])
def test_the_only_round_is_the_reference_date(define, format):
    hub, round_ = define(format)

    assert hub.round_ids == ("2025-01-18",)
    assert round_.id_column == "reference_date"
    # Both hubs take files from Sunday to Wednesday of the week.
    assert round_.due == SubmissionsDue("reference_date", -6, -3)


def test_flusight_takes_four_targets_and_the_covid_hub_admissions(define):
    targets = {
        format: [target.id for _, target in define(format)[1].targets()]
        for format in ("flusight_format", "covid19_format")
    }

    assert targets == {
        "flusight_format": [
            *("wk inc flu hosp", "wk flu hosp rate change"),
            *("peak inc flu hosp", "peak week inc flu hosp"),
        ],
        "covid19_format": ["wk inc covid hosp"],
    }


def test_weekly_admissions_have_five_horizons_and_the_hubs_levels(define):
    task = define("flusight_format")[1].model_tasks[0]

    assert task.columns["horizon"].optional == ("-1", "0", "1", "2", "3")
    assert task.columns["target_end_date"].optional == (
        *("2025-01-11", "2025-01-18", "2025-01-25", "2025-02-01", "2025-02-08"),
    )
    assert task.columns["location"].optional == ("25", "36")
    assert (task.targets[0].is_step_ahead, task.targets[0].time_unit) == (True, "week")
    quantile = task.output_types["quantile"]
    assert (quantile.ids.required, quantile.value, quantile.is_required) == (LEVELS, COUNT, True)


def test_samples_are_a_hundred_trajectories(define):
    output = define("flusight_format")[1].model_tasks[0].output_types["sample"]

    assert output.value == ValueRule("integer", 0)
    assert not output.is_required
    assert (output.samples.minimum, output.samples.maximum) == (100, 100)
    assert (output.samples.type, output.samples.max_length) == ("character", 15)
    assert output.samples.compound == ("reference_date", "location", "target")


def test_rate_changes_have_the_horizons_with_thresholds(define):
    task = define("flusight_format")[1].model_tasks[1]
    output = task.output_types["pmf"]

    assert task.columns["horizon"].optional == ("0", "1", "2", "3")
    assert task.columns["target_end_date"].optional[0] == "2025-01-18"
    assert (task.targets[0].is_step_ahead, task.targets[0].time_unit) == (True, "week")
    assert (output.ids.required, output.value) == (flusight.CLASSES, SHARE)
    assert not output.is_required


def test_peaks_are_optional_and_of_no_horizon(define):
    size, week = define("flusight_format")[1].model_tasks[2:]

    for task in (size, week):
        assert task.columns["horizon"].permitted == ("NA",)
        assert task.columns["target_end_date"].permitted == ("NA",)
        assert not task.targets[0].is_step_ahead
    quantile, pmf = size.output_types["quantile"], week.output_types["pmf"]
    assert (quantile.ids.required, quantile.value, quantile.is_required) == (LEVELS, COUNT, False)
    assert (pmf.ids.required[0], pmf.ids.required[-1]) == ("2024-11-23", "2025-05-31")
    assert (len(pmf.ids.required), pmf.value, pmf.is_required) == (28, SHARE, False)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2025, 1, 18), date(2024, 11, 23), date(2025, 5, 31)),  # as FluSight's README says
        (date(2024, 8, 3), date(2024, 11, 23), date(2025, 5, 31)),  # a season begins in August
        (date(2025, 12, 6), date(2025, 11, 22), date(2026, 5, 23)),  # as its tasks.json
        (date(2026, 7, 25), date(2025, 11, 22), date(2026, 5, 23)),
        (date(2027, 1, 2), date(2026, 11, 28), date(2027, 5, 22)),
    ],
)
def test_the_weeks_of_a_season(day, first, last):
    weeks = list_season_weeks(day)

    assert (weeks[0], weeks[-1]) == (first, last)
    assert all(after - before == timedelta(weeks=1) for before, after in pairwise(weeks))


@pytest.mark.parametrize(("format", "count"), [("flusight_format", 100), ("covid19_format", 200)])
def test_the_number_of_samples_is_the_hubs(define, format, count):
    _, round_ = define(format)
    samples = round_.model_tasks[0].output_types["sample"].samples

    assert (samples.minimum, samples.maximum) == (count, count)


@pytest.mark.parametrize(
    ("day", "outdated"),
    [("2024-11-16", False), ("2026-05-30", False), ("2026-08-01", True), ("2026-11-28", True)],
)
def test_a_round_of_a_later_season_is_not_of_the_definitions_time(day, outdated):
    # They are of June 2026, in the season of 2025-26.
    assert is_outdated(date.fromisoformat(day)) is outdated
