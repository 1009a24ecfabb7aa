"""Load an experiment for another reference date, with the data that were known then.

These values are changed as the experiment is read, and all of it is checked again: the reference
date of the hub, the vintages of the observations, the end of the fitting window and, where it
would be too near, the end of the projection.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from epyflow.errors import EpyflowError, InvalidExperimentError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.load import Changes, inspect
from epyflow.experiment.reading.problems import Problem
from epyflow.population.store import PopulationStore

WEEK = timedelta(days=7)

PROJECTED = 4 * WEEK
"""The shortest projection past the reference date, unless the experiment's own is shorter."""


def at(
    experiment: Experiment,
    day: date,
    output_config: str | None = None,
    populations: Collection[str] = (),
    named: str = "",
) -> Experiment:
    """Return an experiment for another reference date.

    Parameters
    ----------
    experiment
        With a calibration, a projection and a hub format.
    day
        The reference date.
    output_config, populations
        See :func:`epyflow.experiment.load.inspect`.
    named
        What each error begins with: see :func:`name_date`; by default the date.

    Raises
    ------
    InvalidExperimentError
        If the experiment is not valid for this date; each problem names it.
    EpyflowError
        If the experiment has no reference date.
    """
    found, problems = inspect_at(experiment, day, output_config, populations, named=named)
    if found is None:
        raise InvalidExperimentError(each for each in problems if each.severity == "error")
    return found


def inspect_at(
    experiment: Experiment,
    day: date,
    output_config: str | None = None,
    populations: Collection[str] = (),
    store: PopulationStore | None = None,
    named: str = "",
) -> tuple[Experiment | None, list[Problem]]:
    """Validate an experiment for another reference date, which each error names.

    Parameters
    ----------
    experiment, day, named
        See :func:`at`.
    output_config, populations, store
        See :func:`epyflow.experiment.load.inspect`.

    Raises
    ------
    EpyflowError
        If the experiment has no reference date.
    """
    found, problems = inspect(
        experiment.files, output_config, populations, changes(experiment, day), store
    )
    return found, [
        replace(each, message=f"{named or f'reference date {day}: '}{each.message}")
        if each.severity == "error"
        else each
        for each in problems
    ]


def runs(
    experiment: Experiment,
    run_id: str,
    dates: Sequence[date],
    output_config: str | None = None,
    populations: Collection[str] = (),
) -> dict[str, Experiment]:
    """Return the experiment of each run: one, or in a replay one for each reference date.

    Returns
    -------
    runs
        Run to its experiment: ``<run_id>``, or ``<run_id>/<reference date>`` in ascending order.

    Raises
    ------
    EpyflowError
        If a date is listed twice; see :func:`at` also.
    """
    if not dates:
        return {run_id: experiment}
    if twice := sorted({str(day) for day in dates if list(dates).count(day) > 1}):
        raise EpyflowError(f"reference_dates: {', '.join(twice)} is listed twice; expected it once")
    return {
        f"{run_id}/{day}": at(experiment, day, output_config, populations, name_date(day, dates))
        for day in sorted(dates)
    }


def name_date(day: date, dates: Sequence[date]) -> str:
    """Return the beginning of an error about one of the setting ``reference_dates``.

    It is empty for another date.
    """
    return f"reference_dates[{list(dates).index(day)}] is {day}: " if day in dates else ""


def changes(experiment: Experiment, day: date) -> Changes:
    """Return the values that change in an experiment for another reference date.

    - The vintage of observations keeps its distance to the reference date: a week, where the
      experiment names no vintage, for a week ends and is published before the next one ends.
    - So does the end of the fitting window.
    - The end of the projection stays where it is, as a season's end does; it moves along with
      the reference date where less than four weeks, or than the experiment has, would be left.
    - A date that is relative in the YAML, and is none of these, is that of the other date.

    Raises
    ------
    EpyflowError
        If the experiment has no reference date.
    """
    name, own = _own(experiment)
    calibration = _calibration(experiment)
    by = day - own
    window = ("modelset", "calibration", "fitting_window", "end_date")
    found: dict[tuple[str | int, ...], Any] = {
        ("output", name, "reference_date"): str(day),
        window: str(calibration.fitting_window.end_date + by),
        ("modelset", "calibration", "observed_data_vintage"): str(
            _vintage(calibration.observed_data_vintage, own, day)
        ),
    }
    flusight = experiment.output.flusight_format
    if flusight is not None and flusight.rate_trends is not None:
        vintage = _vintage(flusight.rate_trends.observed_data_vintage, own, day)
        found["output", name, "rate_trends", "observed_data_vintage"] = str(vintage)
    end = experiment.model.timespan.end_date
    least = day + min(PROJECTED, end - own)
    if end < least and "model.timespan.end_date" not in experiment.dates:
        found["model", "timespan", "end_date"] = str(least)
    return found


def _vintage(given: date | None, own: date, day: date) -> date:
    return day - (WEEK if given is None else own - given)


def _own(experiment: Experiment) -> tuple[str, date]:
    hub = experiment.output.hub
    if hub is None or hub[1].reference_date is None:
        raise EpyflowError(
            f"reference_dates: {experiment.files.exp_id} has no reference date to replace; "
            "expected a hub format with reference_date in its output file, such as flusight_format"
        )
    return hub[0], hub[1].reference_date


def _calibration(experiment: Experiment) -> Calibration:
    calibration = experiment.calibration
    if calibration is None:  # a hub format needs one: see epyflow.experiment.checks.output_requests
        raise EpyflowError(
            f"reference_dates: {experiment.files.exp_id} has no calibration to run for another date"
        )
    return calibration
