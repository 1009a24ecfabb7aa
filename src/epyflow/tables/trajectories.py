"""List every simulation of every member, by date and series."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from epyflow.artifacts.task import Failure, Result
from epyflow.tables.frames import Rows, frames, iso_dates, scenario_key
from epyflow.tables.series import BLOCK, Kind, Selection, select
from epyflow.tables.spec import TableSpec

COLUMNS = ("primary_id", "sim_id", "seed", "population", "date", "...", "location")


def chunks(kind: Kind, result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield frames by member, then simulation, then date; a failed task has no rows.

    ``sim_id`` counts a member's simulations from 0. A simulation has no rows before its start.

    Raises
    ------
    EpyflowError
        If a series of ``spec`` is not in the results.
    """
    if isinstance(result, Result):
        selection = select(kind, result, spec.series)
        yield from frames(result, selection.columns, _rows(result, selection))


def _rows(result: Result, selection: Selection) -> Iterator[Rows]:
    """Yield as many simulations of a member at a time as give about ``BLOCK`` values."""
    series = len(selection.columns)
    for member in result.members:
        counts = selection.counts(member)
        dates = iso_dates(member)
        step = max(1, BLOCK // max(1, len(dates) * series))
        for start in range(0, len(counts), step):
            part = counts[start : start + step]
            started = selection.has_started(part)
            simulations, days = np.nonzero(started)
            keys = {
                "primary_id": member.primary_id,
                **scenario_key(member),
                "sim_id": start + simulations,
                "seed": result.seed,
                "population": result.population,
                "date": dates[days],
            }
            yield Rows(keys, selection.of(part)[started])
