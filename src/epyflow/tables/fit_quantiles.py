"""Compute quantiles of the simulations that a calibration accepted, beside the observations."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from epyflow.artifacts.task import Failure, Fit, Result
from epyflow.data.comparison_names import number_repeats
from epyflow.tables.calibrations import primary_id, shown_generation
from epyflow.tables.frames import Rows, frames
from epyflow.tables.series import finite
from epyflow.tables.spec import TableSpec

COLUMNS = ("primary_id", "seed", "population", "date", "quantile", "...", "location")


def chunks(result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield quantiles by population, then quantile, then observed date; a failed task has no rows.

    After the keys come a column per comparison, then ``observed_<comparison>`` for each: empty on
    dates without an observation, which were left out of the comparison. Quantiles are over the
    accepted particles of the generation that is projected, else of the last, each counted once
    whatever its weight, with linear interpolation: as epydemix's ``get_calibration_quantiles``.
    Before a simulation starts its series is zero, as in the comparison.
    """
    if isinstance(result, Result) and result.fit is not None:
        names = number_repeats(result.fit.comparisons)
        columns = (*names, *(f"observed_{name}" for name in names))
        yield from frames(result, columns, [_rows(result, result.fit, spec.quantiles)])


def _rows(result: Result, fit: Fit, levels: tuple[float, ...]) -> Rows:
    accepted = fit.generations[shown_generation(fit)]
    series = finite(accepted.series, f"fitted series of {result.population}").astype(np.float64)
    quantiles = np.quantile(series, levels, axis=0)
    observed = np.broadcast_to(fit.observations.values, quantiles.shape)
    dates = np.array([day.isoformat() for day in fit.observations.dates], dtype=object)
    keys = {
        "primary_id": primary_id(result),
        "seed": result.seed,
        "population": result.population,
        "date": np.tile(dates, len(levels)),
        "quantile": np.repeat(np.array(levels), len(dates)),
    }
    both = np.concatenate([quantiles, observed], axis=-1)
    return Rows(keys, both.reshape(-1, both.shape[-1]))
