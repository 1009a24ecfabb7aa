"""Read the fields that all tables of calibrations use."""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from epyflow.artifacts.task import Fit, Result

NO_FIT = (
    "the results hold no calibration; add one to the modelset, or leave this table out of the "
    "output"
)

DAYS = "start_date_days"
"""The calibrated start among the names of a fit, days after its reference date."""


def name_in_experiment(name: str, result: Result) -> str:
    """Return the name that a quantity of a fit has in YAML: ``L`` for ``init_L``."""
    compartment = name.removeprefix("init_")
    return compartment if compartment in result.compartments else name


def primary_id(result: Result) -> int:
    """Return the ``primary_id`` of a calibration.

    Its task has one member. Without a projection the member has no result; the tasks of
    calibrations are numbered as their members are.
    """
    return result.members[0].primary_id if result.members else result.index


def shown_generation(fit: Fit) -> int:
    """Return the generation that was projected, or the last where none was."""
    last = len(fit.generations) - 1
    return last if fit.projected_generation is None else fit.projected_generation


def missing_dates(fit: Fit) -> tuple[date, ...]:
    """Return the dates on which a comparison has no observation and is left out."""
    lacking = np.flatnonzero(np.isnan(fit.observations.values).any(axis=1))
    return tuple(fit.observations.dates[position] for position in lacking.tolist())


def first_days(reference: date, days: Iterable[float]) -> list[str]:
    """Return the dates, as text, that are ``days`` after ``reference``, rounded as they are run."""
    return [(reference + timedelta(days=round(each))).isoformat() for each in days]
