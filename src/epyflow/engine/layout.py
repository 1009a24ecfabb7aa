"""Write a model's structure as tables of numbers, in the order in which epydemix uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from epyflow.model.compartmental import CompartmentalModel

Table = NDArray[np.int64]

SPONTANEOUS, MEDIATED, SCHEDULED = range(3)
KINDS = {"spontaneous": SPONTANEOUS, "mediated": MEDIATED, "scheduled": SCHEDULED}
"""The kinds of flow that can be laid out."""

MOST_GROUPS = 128
"""numpy sums up to this many numbers in eight lanes, and more of them in another order."""

STAYING = -1
"""In place of a transition's column, for those who stay."""


class Tables(NamedTuple):
    """The structure of a model for compiled code; read-only.

    Attributes
    ----------
    flows
        Shape (K, 2), sorted by source, then target: kind; row in ``mediators`` or ``eligible``
        that the flow refers to.
    outcomes
        Shape (O, 4). For each compartment with flows out of it, the compartments of its people
        after a step, itself included, sorted: compartment; column among the transitions, or
        ``STAYING``; first flow; end of the flows.
    sources
        Shape (S, 3). Compartments with flows out of them, sorted: compartment; first outcome; end
        of the outcomes.
    mediators
        Shape (M,). Compartments that infect.
    eligible
        Shape (P, C). How often each compartment counts among the eligible for doses.
    """

    flows: Table
    outcomes: Table
    sources: Table
    mediators: Table
    eligible: Table


class Numbers(NamedTuple):
    """The numbers of a model, without its structure; read-only arrays.

    Attributes
    ----------
    delta_t
        Days per step.
    initial
        Shape (C, G). Persons at the start.
    sizes
        Shape (G,). Persons.
    matrices, matrix_index
        Shape (M, G, G) and (T,), as in CompartmentalModel.
    rates
        Shape (T, K, G). The values of the flows, in the order of the layout.
    """

    delta_t: float
    initial: NDArray[np.float64]
    sizes: NDArray[np.float64]
    matrices: NDArray[np.float64]
    matrix_index: Table
    rates: NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """The structure of a model, shared by models that differ only in numbers.

    Attributes
    ----------
    order
        K positions of the model's flows, in the order of the tables.
    tables
        For compiled code.
    """

    order: tuple[int, ...]
    tables: Tables


_Written = tuple[str, str, str, str, tuple[str, ...]]
"""Source, target, kind, mediator and eligible compartments of a flow."""


class _Shape(NamedTuple):
    """A flow without its rates; ``number`` is its position among the model's flows."""

    source: int
    target: int
    number: int
    name: str
    kind: str
    mediator: str
    eligible: tuple[str, ...]


def layout(model: CompartmentalModel) -> Layout:
    """Return the layout of a model, which models of one structure share.

    Parameters
    ----------
    model
        Its flows are of the kinds in ``KINDS``, and none leads back to its source.
    """
    return _layout(
        model.compartments,
        tuple((f.source, f.target, f.kind, f.mediator, f.eligible) for f in model.flows),
    )


@lru_cache(maxsize=64)
def _layout(compartments: tuple[str, ...], flows: tuple[_Written, ...]) -> Layout:
    index = {name: number for number, name in enumerate(compartments)}
    shapes = [_shape(number, flow, index) for number, flow in enumerate(flows)]
    columns = {name: number for number, name in enumerate(dict.fromkeys(s.name for s in shapes))}
    shapes.sort()
    mediators = list(dict.fromkeys(s.mediator for s in shapes if s.kind == "mediated"))
    pools = list(dict.fromkeys(s.eligible for s in shapes if s.kind == "scheduled"))
    rows = [
        mediators.index(shape.mediator)
        if shape.kind == "mediated"
        else pools.index(shape.eligible)
        if shape.kind == "scheduled"
        else 0
        for shape in shapes
    ]
    outcomes, sources = _outcomes(shapes, columns)
    counts = [[pool.count(name) for name in compartments] for pool in pools]
    tables = Tables(
        flows=_table([(KINDS[s.kind], row) for s, row in zip(shapes, rows, strict=True)], 2),
        outcomes=_table(outcomes, 4),
        sources=_table(sources, 3),
        mediators=_table([index[name] for name in mediators]),
        eligible=_table(counts, len(compartments)),
    )
    return Layout(tuple(shape.number for shape in shapes), tables)


def _shape(number: int, flow: _Written, index: dict[str, int]) -> _Shape:
    source, target, kind, mediator, eligible = flow
    name = f"{source}_to_{target}"
    # Without a list, only the source is eligible in epydemix.
    pool = eligible or (source,)
    return _Shape(index[source], index[target], number, name, kind, mediator, pool)


def _outcomes(
    shapes: list[_Shape], columns: dict[str, int]
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the rows of ``Layout.outcomes`` and of ``Layout.sources``."""
    pairs = [(shape.source, shape.target) for shape in shapes]
    names = {(shape.source, shape.target): shape.name for shape in shapes}
    outcomes: list[tuple[int, ...]] = []
    sources: list[tuple[int, ...]] = []
    for source in sorted({shape.source for shape in shapes}):
        first = len(outcomes)
        for end in sorted({source, *(target for origin, target in pairs if origin == source)}):
            pair = (source, end)
            column = columns[names[pair]] if pair in names else STAYING
            begin = pairs.index(pair) if pair in names else 0
            outcomes.append((end, column, begin, begin + pairs.count(pair)))
        sources.append((source, first, len(outcomes)))
    return outcomes, sources


def _table(rows: Sequence[Sequence[int]] | Sequence[int], width: int = 0) -> Table:
    """Return a read-only table with rows of ``width`` numbers, or a read-only vector."""
    table: Table = np.array(rows, dtype=np.int64)
    if width:
        table = table.reshape(-1, width)
    table.setflags(write=False)
    return table
