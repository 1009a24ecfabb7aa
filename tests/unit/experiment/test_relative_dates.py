"""The days that relative dates of an experiment stand for."""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from epyflow.errors import InvalidExperimentError
from epyflow.experiment import as_of
from epyflow.experiment.experiment import Experiment, canonical_json
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from tests.unit.experiment.samples import CALIBRATION, SIR, write_data, write_sections

VINTAGES = {
    "2025-01-08": "2024-12-28,MA,1\n2025-01-04,MA,2\n",
    "2025-01-15": "2025-01-04,MA,2\n2025-01-11,MA,3\n2025-01-18,MA,NA\n",
    "2025-01-22": "2025-01-11,MA,3\n2025-01-18,MA,4\n",
}


@pytest.fixture
def root(tmp_path):
    write_data(tmp_path)
    folder = tmp_path / "common-data" / "vintages"
    folder.mkdir()
    for day, rows in VINTAGES.items():
        (folder / f"admissions_{day}.csv").write_text(f"date,place,value\n{rows}")
    return tmp_path


def experiment(root, today: str | None, *, dates: tuple[str, ...], **known: date) -> Experiment:
    """Load one with these: reference date, vintage, window (2), start, end, peak."""
    sections: dict[str, Any] = deepcopy(CALIBRATION)
    reference, vintage, first, last, start, end = dates
    calibration = sections["modelset"]["calibration"]
    calibration |= {
        "observed_data_path": "common-data/vintages",
        "observed_data_vintage": vintage,
        "fitting_window": {"start_date": first, "end_date": last},
    }
    calibration["start_date"]["reference_date"] = start
    calibration["projection"].pop("scenarios")
    flusight = sections["output"]["flusight_format"]
    flusight["reference_date"] = reference
    flusight.pop("rate_trends")
    sections["model"]["timespan"]["end_date"] = end
    place = locate(write_sections(root, sections))
    return load(replace(place, today=today and date.fromisoformat(today), **known))


RELATIVE = ("next", "today", "season 10-05", "last observation", "season 09-01", "season 05-31")
WRITTEN = ("2025-01-18", "2025-01-15", "2024-10-05", "2025-01-11", "2024-09-01", "2025-05-31")


def test_relative_dates_give_the_experiment_with_the_days_written(root):
    relative = experiment(root, "2025-01-15", dates=RELATIVE)
    written = experiment(root, None, dates=WRITTEN)

    for section in ("model", "modelset", "output"):
        assert canonical_json(getattr(relative, section)) == canonical_json(
            getattr(written, section)
        )
    assert relative.data == written.data
    assert written.dates == {}
    assert relative.dates["modelset.calibration.fitting_window.end_date"] == (
        "last observation",
        date(2025, 1, 11),
    )
    assert relative.files.last_observation == date(2025, 1, 11)


@pytest.mark.parametrize(
    ("today", "written", "expected"),
    [
        ("2025-01-18", "next", "2025-01-18"),  # a Saturday is its own
        ("2025-01-19", "next", "2025-01-25"),
        ("2025-01-13", "next Wednesday + 3 days", "2025-01-18"),
    ],
)
def test_the_next_weekday_counts_from_today(root, today, written, expected):
    dates = (written, *WRITTEN[1:])

    found = experiment(root, today, dates=dates)

    assert str(found.output.flusight_format.reference_date) == expected


def test_a_distance_is_added_and_a_known_last_observation_is_kept(root):
    dates = ("next", "today", "reference date - 14 weeks", "last observation - 1 week")

    found = experiment(
        root, "2025-01-15", dates=(*dates, *WRITTEN[4:]), last_observation=date(2025, 1, 18)
    )

    window = found.modelset.calibration.fitting_window
    assert window.start_date == date(2024, 10, 12)
    assert window.end_date == date(2025, 1, 11)


def test_a_replay_moves_season_and_vintage_with_its_date(root):
    found = as_of.at(experiment(root, "2025-01-15", dates=RELATIVE), date(2025, 1, 25))

    calibration = found.modelset.calibration
    assert calibration.observed_data_vintage == date(2025, 1, 22)
    assert calibration.fitting_window.end_date == date(2025, 1, 18)
    assert calibration.fitting_window.start_date == date(2024, 10, 5)


@pytest.mark.parametrize(
    ("key", "written", "message"),
    [
        (0, "next Satturday", r"output\.flusight_format\.reference_date: 'next Satturday': is not"),
        (2, "season 02-29", "season 02-29': is no day of 2025; expected another MM-DD"),
        (3, "today", "nothing says which day is today"),
    ],
)
def test_a_relative_date_without_a_day_is_refused_once_with_its_key(root, key, written, message):
    dates = [*WRITTEN]
    dates[key] = written

    with pytest.raises(InvalidExperimentError, match=message) as refused:
        experiment(root, None, dates=tuple(dates))

    assert len(refused.value.problems) == 1


def test_an_error_names_the_expressions_of_its_dates_and_what_they_are_counted_from(root):
    dates = ("next", "2025-01-15", "season 11-16", "last observation", *WRITTEN[4:])

    with pytest.raises(InvalidExperimentError) as refused:
        experiment(root, "2026-11-30", dates=dates)

    [problem] = refused.value.problems
    assert problem.message == (
        "end_date 2025-01-11 is not after start_date 2026-11-16; expected a later one "
        "(2025-01-11 is 'last observation', 2026-11-16 is 'season 11-16', the reference date is "
        "2026-12-05, today is 2026-11-30)"
    )


def test_a_warning_names_an_expression_once_and_dates_of_the_file_or_of_names_not(root):
    dates = ("next", "2025-01-22", "2024-10-05", "2025-01-18", *WRITTEN[4:])

    found = experiment(root, "2025-01-12", dates=dates).warnings

    [late] = [each.message for each in found if "are those known on" in each.message]
    assert late.endswith("or earlier (2025-01-18 is 'next', today is 2025-01-12)")


def test_observations_that_cannot_be_read_are_reported_once(root):
    for path in (root / "common-data" / "vintages").iterdir():
        path.unlink()

    with pytest.raises(
        InvalidExperimentError, match=r"YYYY-MM-DD\. The folder is empty"
    ) as refused:
        experiment(root, "2025-01-15", dates=RELATIVE)

    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(("today", "by"), [("9999-12-31", "+"), ("0001-01-01", "-")])
def test_a_day_outside_the_calendar_is_refused(root, today, by):
    dates = (*WRITTEN[:5], f"today {by} 999 weeks")

    with pytest.raises(InvalidExperimentError, match="999 weeks': is outside the calendar"):
        experiment(root, today, dates=dates)


@pytest.mark.parametrize(("last", "warned"), [("2025-01-18", True), ("2025-01-11", False)])
def test_a_window_that_holds_weeks_of_the_forecast_is_warned_of(root, last, warned):
    dates = ("2025-01-18", "2025-01-22", "2024-10-05", last, *WRITTEN[4:])

    told = "\n".join(map(str, experiment(root, None, dates=dates).warnings))

    assert ("2025-01-18 is not after fitting_window.end_date" in told) == warned


def test_without_a_hub_a_season_is_that_of_today(root):
    sections = deepcopy(SIR)
    sections["model"]["timespan"]["end_date"] = "season 03-31"
    place = locate(write_sections(root, sections))

    found = load(replace(place, today=date(2024, 8, 1)))

    assert found.model.timespan.end_date == date(2025, 3, 31)
