"""Fill the task id columns of a submission's rows."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from epyflow.data.periods import WEEKS
from epyflow.errors import SubmissionError
from epyflow.submission.projected_series import Projection
from epyflow.suggest import listed
from forecast_hub.config.horizon_rule import (
    HORIZON,
    HorizonRule,
    find_end_column,
    list_numbers,
)
from forecast_hub.config.hub import NA, ModelTask, Round, Target
from forecast_hub.config.round_calendar import WEEK


@dataclass
class Block:
    """The rows of one task in one output type.

    Attributes
    ----------
    model_task
        It is of.
    output_type
        Name.
    task
        Task id column to value.
    ids
        Ids of the rows; those of samples are assigned when all blocks are known.
    value
        Shape (rows,).
    """

    model_task: ModelTask
    output_type: str
    task: Mapping[str, str]
    ids: Sequence[str]
    value: NDArray[np.float64] = field(repr=False)

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return the rows with these columns."""
        given = {**self.task, "output_type": self.output_type, "output_type_id": list(self.ids)}
        return pd.DataFrame(
            {name: self.value if name == "value" else given[name] for name in columns}
        )


def list_horizons(
    task: ModelTask,
    target: Target,
    origin: date,
    projection: Projection,
    rule: HorizonRule,
    only: Container[int] | None = None,
) -> list[int]:
    """Return the horizons that the hub takes and the projection covers, ascending.

    Parameters
    ----------
    rule
        The period of each horizon.
    only
        Horizons for which the target is defined; None for all.

    Raises
    ------
    SubmissionError
        If the projection lacks a horizon that the hub requires, or has none at all. Also if its
        periods are not those of the target: a day is not submitted as a week.
    """
    values = task.columns.get(HORIZON)
    if values is None:
        raise SubmissionError(f"target {target.id!r} is a series without a column {HORIZON!r}")
    defined = [number for number in list_numbers(task) if only is None or number in only]
    ends = [rule.end(origin, number) for number in defined]
    check_periods(projection, rule.step, target, ends)
    there = [number for number in defined if rule.end(origin, number) in projection.dates]
    lacking = [text for text in values.required if text != NA and int(text) not in there]
    if lacking or not there:
        what = listed(lacking) if lacking else f"any of {listed(map(str, defined))}"
        raise SubmissionError(
            f"{projection.title}: dates {projection.dates[0]} to {projection.dates[-1]} do not "
            f"cover horizon {what} of {target.id!r} from {origin}"
        )
    return there


def check_periods(projection: Projection, step: int, target: Target, ends: Sequence[date]) -> None:
    """Refuse a projection whose periods are of another length, or end on another weekday.

    Parameters
    ----------
    step
        Days of the target's periods, 7 or 1.
    ends
        Ends of the target's periods.

    Raises
    ------
    SubmissionError
        With the ``simulation.resample_frequency`` to set.
    """
    days = projection.dates
    apart = {(later - earlier).days for earlier, later in pairwise(days)}
    if apart - {step}:
        raise SubmissionError(
            f"{projection.title}: its dates are {listed(map(str, sorted(apart)))} days apart; "
            f"{target.id!r} is for every {'week' if step == WEEK.days else 'day'}: set "
            "simulation.resample_frequency"
        )
    if step == WEEK.days and ends and days and days[0].weekday() != ends[0].weekday():
        raise SubmissionError(
            f"{projection.title}: its weeks end on a {days[0]:%A}, those of {target.id!r} on a "
            f"{ends[0]:%A}; expected simulation.resample_frequency {WEEKS[ends[0].weekday()]}"
        )


def fill_task_ids(
    task: ModelTask,
    target: Target,
    round_: Round,
    origin: date,
    projection: Projection,
    horizon: int | None = None,
    end: date | None = None,
) -> dict[str, str]:
    """Return the value of each task id column.

    From the round, the target and the horizon; else from the projection's task; else the only
    value that the hub permits.

    Raises
    ------
    SubmissionError
        If a column has no value, or one that the hub does not permit.
    """
    known = {**projection.task, **target.keys}
    if round_.id_column is not None:
        known[round_.id_column] = origin.isoformat()
    if horizon is not None and end is not None:
        known[HORIZON] = str(horizon)
        if (column := find_end_column(task)) is not None:
            known[column] = end.isoformat()
    filled = {}
    for name, values in task.columns.items():
        permitted = values.permitted
        value = permitted[0] if len(permitted) == 1 else known.get(name)
        given = known.get(name, value)
        if value is None:
            raise SubmissionError(
                f"{projection.title}: column {name!r} of {target.id!r} has no value; expected one "
                f"of {listed(permitted)}"
            )
        is_unused = permitted == (NA,)
        if value not in permitted or (given != value and not is_unused):
            raise SubmissionError(
                f"{projection.title}: {name} {given!r} is not the hub's for {target.id!r}; "
                f"expected one of {listed(permitted)}"
            )
        filled[name] = value
    return filled
