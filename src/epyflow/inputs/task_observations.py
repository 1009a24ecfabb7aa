"""Read the observations of a task: the compared series of its population, and all visits."""

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import Observations
from epyflow.data import vintages
from epyflow.data.observations import Column, read_observations
from epyflow.data.periods import find_cut_periods
from epyflow.errors import DataError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.population.locations import Location
from forecast_hub.config.units import COUNT, parse_unit

log = logging.getLogger(__name__)


def read_task_observations(
    experiment: Experiment, section: Calibration, location: Location
) -> Observations:
    """Read the observations of a population in the fitting window, of whole periods only.

    Raises
    ------
    DataError
        As :func:`epyflow.data.observations.read_observations`; also if a value is a larger share
        than the whole, such as 3.5 in a column of proportions.
    """
    window, compared = section.fitting_window, section.comparison
    day = section.observed_data_vintage
    path = experiment.data[vintages.data_key(section.observed_data_path, day)]
    has_visits = [each.observed_visits_column is not None for each in compared]
    columns = [Column(each.observed_value_column, each.observed_date_column) for each in compared]
    columns += [
        Column(each.observed_visits_column, each.observed_date_column)
        for each in compared
        if each.observed_visits_column is not None
    ]
    dates, values = read_observations(
        path,
        location.spellings,
        section.observed_location_column,
        columns,
        (window.start_date, window.end_date),
        vintages.vintage_of(path, day, section.observed_as_of_column),
        section.observed_rows,
    )
    model = experiment.model
    start, frequency = model.timespan.start_date, model.simulation.resample_frequency
    given = start if isinstance(start, date) else None
    cut = find_cut_periods(given, (window.start_date, window.end_date), frequency)
    kept = [position for position, day in enumerate(dates) if day not in cut]
    dates, values = tuple(dates[position] for position in kept), values[kept]
    observed = values[:, : len(compared)]
    _check_shares(path, location, observed, compared)
    if not any(has_visits):
        return Observations(dates, observed)
    visits = np.full_like(observed, np.nan)
    visits[:, has_visits] = values[:, len(compared) :]
    return Observations(dates, observed, visits)


def _check_shares(
    path: Path, location: Location, values: NDArray[np.float64], compared: Sequence[Comparison]
) -> None:
    for each, column in zip(compared, values.T, strict=True):
        known = column[~np.isnan(column)]
        if each.unit == str(COUNT) and (known % 1 != 0).any():
            log.warning(
                "%s: %s: %g for %s is no number of persons; if the column is a rate or a share, "
                "give its unit in the comparison",
                *(path, each.observed_value_column, known[known % 1 != 0][0], location.label),
            )
        unit, largest = parse_unit(each.unit), known.max()
        if unit is not None and unit.highest is not None and largest > unit.highest:
            raise DataError(
                f"{path}: {each.observed_value_column}: {largest:g} for {location.label} is no "
                f"{unit}; expected at most {unit.highest:g}: give another unit in the comparison"
            )
