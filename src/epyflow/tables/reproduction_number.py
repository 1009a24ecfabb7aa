"""Compute quantiles of the effective reproduction number across the trajectories of members."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from epyflow.artifacts.task import REPRODUCTION_UNIT, Failure, MemberResult, Result
from epyflow.tables.frames import Rows, frames
from epyflow.tables.quantiles import member_keys, member_quantiles
from epyflow.tables.series import Selection
from epyflow.tables.spec import TableSpec

NAME = "effective_reproduction_number"
COLUMNS = ("primary_id", "seed", "population", "date", "quantile", "...", "location")
EMPTY = (
    "the results hold no reproduction numbers: infections cannot be counted in this model, or its "
    "calibration has no projection"
)

_DECIMALS = 6
_ONLY = np.zeros(1, dtype=np.intp)
_SELECTION = Selection("reproduction", (NAME,), _ONLY, _ONLY)


def chunks(result: Result | Failure, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield frames by member, then quantile, then date; failed tasks have no rows.

    Quantiles interpolate linearly between the trajectories that have a number on the date: that
    have started, and in which people do not infect without end. A date on which none has a number
    has no rows.
    """
    if isinstance(result, Result):
        having = [each for each in result.members if each.reproduction is not None]
        yield from frames(
            result, (NAME,), (_rows(result, member, spec.quantiles) for member in having)
        )


def _rows(result: Result, member: MemberResult, levels: tuple[float, ...]) -> Rows:
    units, known = member_quantiles(_SELECTION, member, levels)
    numbers = np.round(units.reshape(-1, 1) * REPRODUCTION_UNIT, _DECIMALS)
    return Rows(member_keys(result, member, levels, known), numbers)
