"""Compute quantiles across the simulations of each member, by date and series."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from epyflow.artifacts.task import Failure, MemberResult, Result
from epyflow.tables.frames import Rows, frames, iso_dates, scenario_key
from epyflow.tables.series import BLOCK, Kind, Selection, select, select_comparisons
from epyflow.tables.spec import TableSpec

COLUMNS = ("primary_id", "seed", "population", "date", "quantile", "...", "location")


def chunks(kind: Kind, result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield frames by member, then quantile, then date; a failed task has no rows.

    Quantiles interpolate linearly between simulations, as epydemix's ``get_quantiles`` does. On a
    date before some of them start, they are those of the others; before all, there are no rows.

    Raises
    ------
    EpyflowError
        If a series of ``spec`` is not in the results.
    """
    if isinstance(result, Result):
        selection = select(kind, result, spec.series)
        yield from frames(result, selection.columns, _rows(result, selection, spec.quantiles))


def comparison_chunks(result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield quantiles of the compared series, over the projected trajectories.

    A comparison is the sum of its transition series in each trajectory, so its quantiles cannot
    be had from those of the series. Rows are as in :func:`chunks`; a calibration without a
    projection has none, which is no error: the columns are there.
    """
    if isinstance(result, Result) and result.fit is not None:
        selection = select_comparisons(result, result.fit)
        if result.members:
            rows = _rows(result, selection, spec.quantiles)
            yield from frames(result, selection.columns, rows)
        else:
            yield pd.DataFrame(columns=[*COLUMNS[:-2], *selection.columns, COLUMNS[-1]])


def _rows(result: Result, selection: Selection, levels: tuple[float, ...]) -> Iterator[Rows]:
    for member in result.members:
        values, started = member_quantiles(selection, member, levels)
        keys = member_keys(result, member, levels, started)
        yield Rows(keys, values.reshape(-1, len(selection.columns)))


def member_keys(
    result: Result, member: MemberResult, levels: tuple[float, ...], shown: NDArray[np.bool_]
) -> dict[str, object]:
    """Return the keys of the rows of a member: by quantile, then date.

    Parameters
    ----------
    result
        The result of the member.
    member, levels
        Whose quantiles.
    shown
        Shape (T,). The dates that have rows.
    """
    dates = iso_dates(member)[shown]
    return {
        "primary_id": member.primary_id,
        **scenario_key(member),
        "seed": result.seed,
        "population": result.population,
        "date": np.tile(dates, len(levels)),
        "quantile": np.repeat(np.array(levels), len(dates)),
    }


def member_quantiles(
    selection: Selection, member: MemberResult, levels: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Compute quantiles of the series selected.

    Returns
    -------
    quantiles
        Shape (levels, dates with a simulation that has started, S). Persons.
    dates
        Shape (T,). Which dates these are.
    """
    counts = selection.counts(member)
    simulations, dates = counts.shape[:2]
    series = len(selection.columns)
    started = selection.has_started(counts)
    running = started.sum(axis=0)
    quantiles = np.empty((len(levels), dates, series))
    # Dates on which all have started are done together; the others are few.
    step = max(1, BLOCK // max(1, simulations * series))
    together = np.flatnonzero(running == simulations)
    for first in range(0, len(together), step):
        days = together[first : first + step]
        quantiles[:, days] = _quantiles(selection.of(counts[:, days]), levels)
    for day in np.flatnonzero((running > 0) & (running < simulations)):
        some = counts[started[:, day], day : day + 1]
        quantiles[:, day : day + 1] = _quantiles(selection.of(some), levels)
    return quantiles[:, running > 0], running > 0


def _quantiles(persons: NDArray[Any], levels: tuple[float, ...]) -> NDArray[np.float64]:
    quantiles: NDArray[np.float64] = np.quantile(
        persons.astype(np.float64), levels, axis=0, overwrite_input=True
    )
    return quantiles
