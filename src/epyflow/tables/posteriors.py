"""List the accepted particles of each calibration, with their weights and distances."""

import logging
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from epyflow.artifacts.task import Failure, Fit, Result
from epyflow.errors import EpyflowError
from epyflow.tables.calibrations import DAYS, first_days, name_in_experiment, primary_id
from epyflow.tables.spec import TableSpec

log = logging.getLogger(__name__)

COLUMNS = (
    "primary_id",
    "population",
    "generation",
    "particle",
    "weight",
    "distance",
    "...",
    "location",
)
EMPTY = (
    "the results hold no calibration that reached a generation asked for; posteriors.generations "
    "counts from 0, and true asks for all"
)

_DATE = "start_date"


def chunks(result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield one frame per generation, by population; a failed task has no rows.

    ``generation`` and ``particle`` count from 0; the weights of a generation sum to 1. After them
    comes what is calibrated, in the order of the fit: parameters and compartments by their names in
    the experiment, ``start_date_days`` and, as a date, ``start_date``. The value of a compartment
    is persons from 1 on, and a share of every age group below. A generation asked for that a
    calibration did not reach has no rows, and the log says so.

    Raises
    ------
    EpyflowError
        If a parameter has the name of another column.
    """
    if isinstance(result, Result) and result.fit is not None:
        for generation in _wanted(result, result.fit, spec):
            yield _frame(result, result.fit, generation)


def _wanted(result: Result, fit: Fit, spec: TableSpec) -> list[int]:
    there = range(len(fit.generations))
    if spec.generations is None:
        return list(there)
    if beyond := [number for number in spec.generations if number not in there]:
        log.warning(
            "%s: no posterior of generation %s: the calibration ended with generation %d (%s)",
            result.population,
            ", ".join(map(str, beyond)),
            there[-1],
            fit.ended,
        )
    return [number for number in spec.generations if number in there]


def _frame(result: Result, fit: Fit, number: int) -> pd.DataFrame:
    generation = fit.generations[number]
    fixed: dict[str, object] = {
        "primary_id": primary_id(result),
        "population": result.population,
        "generation": number,
        "particle": np.arange(len(generation.particles)),
        "weight": generation.weights,
        "distance": generation.distances,
    }
    calibrated: dict[str, object] = {}
    names = [name_in_experiment(name, result) for name in fit.names]
    for name, values in zip(names, generation.particles.T, strict=True):
        calibrated[name] = values
        if name == DAYS and fit.reference_date is not None:
            _refuse_taken(_DATE, names)
            calibrated[_DATE] = first_days(fit.reference_date, values.tolist())
    for name in fixed | {"location": None}:
        _refuse_taken(name, names)
    return pd.DataFrame({**fixed, **calibrated}).assign(location=result.location)


def _refuse_taken(column: str, names: Iterable[str]) -> None:
    if column in names:
        raise EpyflowError(
            f"a parameter or compartment gives the column {column!r}, which posteriors has "
            "already; rename it"
        )
