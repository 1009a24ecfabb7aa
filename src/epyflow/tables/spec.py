"""Define a kind of table and the options that an experiment may set for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from epyflow.artifacts.task import Failure, Result


@dataclass(frozen=True)
class TableSpec:
    """The options that the experiment sets for a table; each table uses those that apply to it.

    Attributes
    ----------
    quantiles
        Levels from 0 to 1, ascending.
    series
        The columns wanted, in this order; None for all. A compartment is
        ``<compartment>_<age group>`` or ``<compartment>_total``, a transition
        ``<source>_to_<target>_<age group>`` or ``<source>_to_<target>_total``.
    projection_parameters
        Whether the metadata say the value of every parameter.
    projection_draws
        Whether the metadata of a projection list the values that its trajectories were drawn with.
    generations
        Whose posteriors, ascending from 0; None for all complete ones.

    Raises
    ------
    ValueError
        If levels are not ascending from 0 to 1, a series is named twice, or generations are not
        ascending from 0.
    """

    quantiles: tuple[float, ...]
    series: tuple[str, ...] | None
    projection_parameters: bool
    generations: tuple[int, ...] | None = None
    projection_draws: bool = False

    def __post_init__(self) -> None:
        if any(not 0 <= level <= 1 for level in self.quantiles):
            raise ValueError(f"quantiles are from 0 to 1, not {self.quantiles}")
        if sorted(set(self.quantiles)) != list(self.quantiles):
            raise ValueError(f"quantiles ascend, without repeats, unlike {self.quantiles}")
        if self.series is not None and len(set(self.series)) != len(self.series):
            raise ValueError(f"a series is named twice in {self.series}")
        chosen = self.generations
        if chosen is not None and (
            sorted(set(chosen)) != list(chosen) or min(chosen, default=0) < 0
        ):
            raise ValueError(f"generations ascend from 0, without repeats, unlike {chosen}")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Make a spec of the same keys as JSON has them: lists for tuples, null for None.

        ``generations`` may be absent.
        """
        series, generations = values["series"], values.get("generations")
        return cls(
            quantiles=tuple(values["quantiles"]),
            series=None if series is None else tuple(series),
            projection_parameters=values["projection_parameters"],
            generations=None if generations is None else tuple(generations),
            projection_draws=values.get("projection_draws", False),
        )


Chunks = Callable[[Result | Failure, TableSpec], Iterator[pd.DataFrame]]
"""Turns one result into its chunks of a table, in order.

Pieces of all results have the same columns. A table with rows for failed tasks gives them the
first columns of :attr:`Table.columns`.
"""


@dataclass(frozen=True)
class Table:
    """One kind of table.

    Attributes
    ----------
    name
        The file is ``<name>.csv.gz``.
    chunks
        Makes the rows.
    columns
        The fixed columns, in order; ``...`` stands for those that depend on the experiment.
    empty
        Why there can be no rows although no task failed, and what to do.
    """

    name: str
    chunks: Chunks
    columns: tuple[str, ...]
    empty: str = (
        "the results hold no trajectories, because a calibration has them only with a projection; "
        "add one, or leave this table out of the output"
    )
