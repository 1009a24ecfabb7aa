"""Simulate in a compiled loop that makes epydemix's draws in the same order.

Every floating-point operation is one of epydemix 1.5, in its order, so the results are equal to the
bit. Source: epydemix 1.5, ``stochastic_simulation``, the transition functions beside it and
``utils.multinomial``; for the multinomial, numpy's ``Generator.multinomial``, which draws one
binomial after another.

An import of this module compiles it or loads the code compiled before. This takes seconds and needs
a folder: import it with :func:`epyflow.engine.compile_cache.load`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit, types

from epyflow.engine.draws import Stream, binomial
from epyflow.engine.layout import MEDIATED, SCHEDULED, STAYING, Numbers, Table, Tables
from epyflow.engine.memory import Array, Workspace, uncounted

_Function = TypeVar("_Function", bound=Callable[..., Any])

DONE = -1

_LANES = 8
_HIGHEST_RATE = 0.999


def _compiled(*signature: Any, **options: Any) -> Callable[[_Function], _Function]:
    """Compile a function with numpy's arithmetic, in the order of the source."""
    return cast(
        "Callable[[_Function], _Function]",
        njit(*signature, error_model="numpy", fastmath=False, **options),
    )


_part = _compiled(inline="always")
"""Compile as a part of its callers: to pass an array, which is counted, takes as long as a draw."""


@_part
def _sum(values: Array, lanes: Array) -> float:
    """Sum up to ``MOST_GROUPS`` numbers as ``numpy.sum`` does: in eight lanes, then in pairs."""
    whole = len(values) - len(values) % _LANES
    total = 0.0
    if whole:
        lanes[:] = 0.0
        for first in range(0, whole, _LANES):
            for lane in range(_LANES):
                lanes[lane] += values[first + lane]
        half = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
        total = half + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    for number in range(whole, len(values)):
        total += values[number]
    return total


@_part
def _meet(
    mediators: Table,
    matrix: Array,
    persons: Array,
    sizes: Array,
    terms: Array,
    lanes: Array,
    forces: Array,
) -> None:
    """Fill ``forces``, shape (M, G), with the contacts of each age group with the infectious."""
    for row in range(len(mediators)):
        mediator = mediators[row]
        for group in range(len(sizes)):
            for other in range(len(sizes)):
                terms[other] = matrix[group, other] * persons[mediator, other] / sizes[other]
            forces[row, group] = _sum(terms, lanes)


@_part
def _count(eligible: Table, persons: Array, pools: Array) -> None:
    """Fill ``pools``, shape (P, G), with the people eligible for doses, at least one."""
    for row in range(len(eligible)):
        for group in range(persons.shape[1]):
            people = 0.0
            for compartment in range(len(persons)):
                people += eligible[row, compartment] * persons[compartment, group]
            pools[row, group] = max(people, 1.0)


@_part
def _rate(
    flows: Table, first: int, end: int, values: Array, forces: Array, pools: Array, group: int
) -> float:
    """Return the rate per day of the flows from one compartment to another.

    ``values`` are those of the step, shape (K, G).
    """
    rate = 0.0
    for flow in range(first, end):
        value = values[flow, group]
        kind, row = flows[flow, 0], flows[flow, 1]
        if kind == MEDIATED:
            value *= forces[row, group]
        elif kind == SCHEDULED:
            value /= pools[row, group]
            value = _HIGHEST_RATE if value > _HIGHEST_RATE else value
        rate += value
    return rate


@_compiled()
def _leaving(hazard: float) -> tuple[float, float]:
    """Return the probability of leaving during a step, and its ratio to the hazard."""
    if hazard <= 0.0:
        return 0.0, 0.0
    leave = -np.expm1(-hazard)
    return leave, leave / hazard


@_part
def _weigh(
    tables: Tables,
    values: Array,
    delta_t: float,
    persons: Array,
    forces: Array,
    pools: Array,
    known: Array,
    chances: Array,
) -> int:
    """Fill ``chances``, shape (O, G), with the probability of each outcome.

    ``known``, shape (3, S, G), keeps the last hazard and the values computed from it: often the
    hazard is the same at the next step.

    Returns
    -------
    failed
        ``DONE``; or the place among C · G compartments and age groups where there are no chances.
    """
    for row in range(len(tables.sources)):
        home, first, end = tables.sources[row, 0], tables.sources[row, 1], tables.sources[row, 2]
        for group in range(persons.shape[1]):
            if persons[home, group] <= 0:
                continue
            hazard = 0.0
            for outcome in range(first, end):
                begin, stop = tables.outcomes[outcome, 2], tables.outcomes[outcome, 3]
                rate = _rate(tables.flows, begin, stop, values, forces, pools, group)
                chances[outcome, group] = rate * delta_t
                hazard += chances[outcome, group]
            if hazard != known[0, row, group]:
                known[0, row, group] = hazard
                known[1, row, group], known[2, row, group] = _leaving(hazard)
            for outcome in range(first, end):
                if tables.outcomes[outcome, 1] == STAYING:
                    chances[outcome, group] = 1.0 - known[1, row, group]
                else:
                    chances[outcome, group] *= known[2, row, group]
                if not 0.0 <= chances[outcome, group] <= 1.0:
                    failed: int = home * persons.shape[1] + group
                    return failed
    return DONE


@_part
def _move(
    stream: Stream,
    tables: Tables,
    chances: Array,
    logs: Array,
    before: Array,
    after: Array,
    moved: Array,
) -> None:
    """Draw the compartments of the people after the step.

    The draws are those of numpy's multinomial: one outcome after another, each among the people who
    are left; the last compartment takes the rest. If no flow leads there, the rest comes from
    rounding, about one person in 10¹⁴ who move.

    ``logs``, shape (2, O, G), keeps the last probability and its logarithm: often the probability
    is the same at the next step.
    """
    last = len(before) - 1
    for row in range(len(tables.sources)):
        home, first, end = tables.sources[row, 0], tables.sources[row, 1], tables.sources[row, 2]
        for group in range(before.shape[1]):
            left = int(before[home, group])
            if left <= 0:
                continue
            after[home, group] -= left
            undecided = 1.0
            for outcome in range(first, end):
                compartment, column = tables.outcomes[outcome, 0], tables.outcomes[outcome, 1]
                gone = left
                if compartment != last:
                    chance = chances[outcome, group] / undecided
                    gone = binomial(stream, left, chance, logs, outcome, group)
                after[compartment, group] += gone
                if column != STAYING:
                    moved[column, group] += gone
                left -= gone
                if left <= 0:
                    break
                undecided -= chances[outcome, group]
            after[last, group] += left


@_compiled()
def _run(
    stream: Stream,
    numbers: Numbers,
    tables: Tables,
    work: Workspace,
    compartments: Array,
    transitions: Array,
) -> int:
    """Run :func:`_simulate` in memory that the caller keeps."""
    numbers, tables, work = uncounted(numbers), uncounted(tables), uncounted(work)
    compartments, transitions = uncounted(compartments), uncounted(transitions)
    delta_t, initial, sizes, matrices, matrix_index, rates = numbers
    terms, lanes, forces, pools, chances, known, logs = work
    before = initial
    for step in range(len(compartments)):
        after = compartments[step]
        after[:] = before
        matrix = matrices[matrix_index[step]]
        _meet(tables.mediators, matrix, before, sizes, terms, lanes, forces)
        _count(tables.eligible, before, pools)
        failed = _weigh(tables, rates[step], delta_t, before, forces, pools, known, chances)
        if failed != DONE:
            return step * initial.size + failed
        _move(stream, tables, chances, logs, before, after, transitions[step])
        before = after
    return DONE


def _simulate(
    stream: Stream, numbers: Numbers, tables: Tables, compartments: Array, transitions: Array
) -> int:
    """Fill compartments, shape (T, C, G), and add to transitions, shape (T, K', G).

    Returns
    -------
    failed
        ``DONE``; or the place among T · C · G steps, compartments and age groups where the rates
        give no chances.
    """
    groups = len(numbers.sizes)
    work = Workspace(
        terms=np.empty(groups),
        lanes=np.empty(_LANES),
        forces=np.empty((len(tables.mediators), groups)),
        pools=np.empty((len(tables.eligible), groups)),
        chances=np.empty((len(tables.outcomes), groups)),
        known=np.zeros((3, len(tables.sources), groups)),
        logs=np.zeros((2, len(tables.outcomes), groups)),
    )
    return _run(stream, numbers, tables, work, compartments, transitions)


def _draw(stream: Stream, trials: Table, chances: Array, drawn: Table) -> None:
    """Fill ``drawn`` with binomials, to compare them with those of numpy."""
    logs = np.zeros((2, 1, 1))
    for number in range(len(trials)):
        drawn[number] = binomial(stream, trials[number], chances[number], logs, 0, 0)


def _read(scalar: Any, dimensions: int) -> Any:
    return types.Array(scalar, dimensions, "C", readonly=True)


def _written(scalar: Any, dimensions: int) -> Any:
    return types.Array(scalar, dimensions, "C")


_named: Any = types.NamedTuple
_REAL, _WHOLE = types.float64, types.int64
_STREAM = _named((_WHOLE, _WHOLE, _WHOLE, _REAL), Stream)
_NUMBERS = _named(
    (_REAL, _read(_REAL, 2), _read(_REAL, 1), _read(_REAL, 3), _read(_WHOLE, 1), _read(_REAL, 3)),
    Numbers,
)
_TABLES = _named(tuple(_read(_WHOLE, width) for width in (2, 2, 2, 1, 2)), Tables)

simulate = _compiled(
    _WHOLE(_STREAM, _NUMBERS, _TABLES, _written(_REAL, 3), _written(_REAL, 3)), cache=True
)(_simulate)

draw = _compiled(
    types.void(_STREAM, _read(_WHOLE, 1), _read(_REAL, 1), _written(_WHOLE, 1)), cache=True
)(_draw)
