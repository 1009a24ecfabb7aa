"""Forecast what a calibration compares by damped growth, for all locations in its file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epyflow.data.growth_forecasts import forecast_locations
from epyflow.data.located_table import LocatedTable
from epyflow.data.observations import Column, required_columns
from epyflow.data.observed_table import read_observed
from epyflow.data.vintages import data_key, vintage_of
from epyflow.experiment.format.calibration import Calibration


def forecast_observed(
    section: Calibration, data: Mapping[str, Path]
) -> dict[str, NDArray[np.float64]]:
    """Forecast the weeks after the fitting window, from the vintage of the calibration.

    Weeks before the fitting window are used, too.

    Parameters
    ----------
    section
        A calibration that compares weekly counts of persons.
    data
        Key of :func:`epyflow.data.vintages.data_key` to its file.

    Returns
    -------
    forecasts
        See :func:`epyflow.data.growth_forecasts.forecast_locations`.

    Raises
    ------
    DataError, UnreadableError
        If the file cannot be used, or has too few weeks to learn from.
    """
    path = data[data_key(section.observed_data_path, section.observed_data_vintage)]
    vintage = vintage_of(path, section.observed_data_vintage, section.observed_as_of_column)
    columns = [
        Column(each.observed_value_column, each.observed_date_column) for each in section.comparison
    ]
    table = read_observed(path, required_columns(columns, vintage), section.observed_rows)
    located = LocatedTable(table, section.observed_location_column)
    return forecast_locations(located, columns, section.fitting_window.end_date, vintage)
