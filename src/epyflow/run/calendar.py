"""Say what relative dates of an experiment stand for, and keep it for jobs and later starts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from epyflow.errors import ArtifactError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.base import as_date
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.run.plan import CALENDAR, PLAN_KEY, planned_dates, read_plan_file
from epyflow.run.settings import Settings


def describe_dates(experiment: Experiment, *, is_replay: bool = False) -> dict[str, Any]:
    """Return the relative dates of an experiment, as plain data; empty without one.

    Parameters
    ----------
    experiment
        As it is written.
    is_replay
        Whether each date of a replay has days of its own, which are left out.

    Returns
    -------
    description
        ``today``, ``last_observation`` (None if no date depends on it) and ``keys``: key path to
        the text in YAML and the day.
    """
    if not experiment.dates:
        return {}
    last = experiment.files.last_observation
    keys = [] if is_replay else sorted(experiment.dates.items())
    return {
        "today": str(experiment.files.today),
        "last_observation": None if last is None else str(last),
        "keys": {key: [text, str(day)] for key, (text, day) in keys},
    }


def with_calendar(settings: Settings) -> Settings:
    """Return the settings with the day that relative dates count from.

    It is the given day, else that of the run's plan, with the last observation of that time, so
    that a run that is resumed later keeps its dates, else the present day in UTC.
    """
    if settings.today is not None:
        return settings
    found: dict[str, date] = {"today": datetime.now(UTC).date()}
    try:
        about = read_plan_file(settings.plan_path.read_bytes()).about
        found |= {name: as_date(day) for name, day in planned_dates(_config(about)).items()}
    except (OSError, ArtifactError, KeyError, TypeError, AttributeError, ValueError):
        pass  # the run was not planned before, or its plan cannot be used
    given = {name: getattr(settings, name) for name in CALENDAR}
    return settings.model_copy(update=found | {k: v for k, v in given.items() if v is not None})


def _config(about: Mapping[str, Any]) -> dict[str, Any]:
    return {PLAN_KEY: {"about": about}}


def calendar_of(experiment: Experiment) -> dict[str, date | None]:
    """Return the settings that relative dates of an experiment depend on; empty without one."""
    if not experiment.dates:
        return {}
    return {name: getattr(experiment.files, name) for name in CALENDAR}


def place_with(settings: Settings, place: ExperimentFiles) -> ExperimentFiles:
    """Return the files of an experiment with the values that settings give."""
    calendar = {name: getattr(settings, name) for name in CALENDAR}
    return replace(place, replacements=settings.replacements, **calendar)
