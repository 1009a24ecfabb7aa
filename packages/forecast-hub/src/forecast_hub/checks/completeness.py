"""Check that no row is repeated and no required id, output type or task is missing."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from math import prod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.checks.row_tasks import Rows
from forecast_hub.config.hub import STANDARD_COLUMNS, ModelTask, OutputType
from forecast_hub.errors import UnreadableError
from forecast_hub.findings import Finding, cap_findings
from forecast_hub.suggestions import listed

_MOST_TASKS = 3

MOST_REQUIRED = 500_000
"""Required tasks of a model task; a scenario round of all states has some ten thousand."""

_MOST_MIXED = 12
"""Columns that have both required and optional values."""


def check_repeated(rows: Rows) -> list[Finding]:
    """Check that no prediction is repeated: rows that differ in ``value`` at most."""
    frame = rows.file.frame
    columns = [*rows.round.task_columns, *STANDARD_COLUMNS[:2]]
    twice = frame.duplicated(columns, keep=False)
    if not twice.any():
        return []
    number = frame[twice].groupby(columns, sort=False).ngroup()
    findings = []
    for _, group in number.groupby(number.to_numpy(), sort=False):
        row = frame.loc[group.index[0]]
        where = rows.described(row[list(rows.round.task_columns)].astype(str).to_dict())
        what = f"{row['output_type']} {row['output_type_id']}"
        message = f"{what} is there {len(group)} times for {where}; expected it once"
        lines = rows.lines(group.index)
        findings.append(Finding("rows_unique", message, rows=lines, unit=rows.file.unit))
    return cap_findings(findings)


def check_ids(rows: Rows) -> list[Finding]:
    """Check that each output type of a task has all its required ids."""
    findings = []
    for index, task in enumerate(rows.round.model_tasks):
        for name, output in task.output_types.items():
            mine = rows.where(index, name)
            if output.ids.required and len(mine):
                findings += _incomplete(rows, mine, task, output)
    return findings


def _incomplete(
    rows: Rows, mine: NDArray[np.intp], task: ModelTask, output: OutputType
) -> list[Finding]:
    frame = rows.file.frame.iloc[mine]
    keys = rows.task_keys
    number = frame.groupby(keys, sort=False).ngroup().to_numpy()
    required = pd.Index(output.ids.required)
    place = required.get_indexer(pd.Index(frame["output_type_id"]))
    there = np.zeros((number.max() + 1, len(required)), dtype=bool)
    there[number[place >= 0], place[place >= 0]] = True
    short = np.flatnonzero(~there.all(axis=1))
    alike: dict[tuple[str, ...], list[int]] = {}
    for each in short:
        alike.setdefault(tuple(required[~there[each]]), []).append(int(each))
    findings = []
    for missing, tasks in alike.items():
        lines = mine[np.isin(number, tasks)]
        first = [np.flatnonzero(number == each)[0] for each in tasks[:_MOST_TASKS]]
        where = _tasks(rows, frame.iloc[first][keys], len(tasks))
        message = (
            f"{output.name} of {task.title!r} is incomplete for {where}: no {listed(missing)}; "
            f"expected all {len(required)} ids of the {output.name}"
        )
        found = Finding("req_vals", message, rows=rows.lines(lines), unit=rows.file.unit)
        findings.append(found)
    return cap_findings(findings)


def _tasks(rows: Rows, some: pd.DataFrame, count: int) -> str:
    described = [rows.described(task) for task in some.astype(str).to_dict("records")]
    more = f"; and {count - len(described)} more" if count > len(described) else ""
    return f"{'; '.join(text or 'the task' for text in described)}{more}"


def check_output_types(rows: Rows) -> list[Finding]:
    """Check that every task in the file has the required output types."""
    findings = []
    keys = rows.task_keys
    for index, task in enumerate(rows.round.model_tasks):
        mine = np.flatnonzero(rows.task == index)
        frame = rows.file.frame.iloc[mine]
        for name in (name for name, each in task.output_types.items() if each.is_required):
            if not len(mine):
                continue
            has = (frame["output_type"] == name).groupby([frame[key] for key in keys], sort=False)
            lacks = ~has.transform("any").to_numpy(dtype=bool)
            if lacks.any():
                tasks = frame[lacks][keys].drop_duplicates()
                where = _tasks(rows, tasks.head(_MOST_TASKS), len(tasks))
                message = f"no {name} of {task.title!r} for {where}; expected it: it is required"
                lines, unit = rows.lines(mine[lacks]), rows.file.unit
                findings.append(Finding("req_vals", message, rows=lines, unit=unit))
    return findings


def check_tasks(rows: Rows) -> list[Finding]:
    """Check that the required tasks are in the file.

    If a column has required values, each optional value of another column needs all of them. If
    all columns have required values, every file needs these tasks. An optional output type has
    required tasks only if the file has the output type.
    """
    findings = []
    for index, task in enumerate(rows.round.model_tasks):
        keys = rows.task_keys
        frame = rows.file.frame.iloc[np.flatnonzero(rows.task == index)]
        required = [name for name, each in task.output_types.items() if each.is_required]
        groups: list[tuple[str, pd.DataFrame, bool]] = []
        if required:
            groups.append((" and ".join(required), frame, True))
        groups += [
            (name, frame[frame["output_type"] == name], False)
            for name in task.output_types
            if name not in required
        ]
        for name, some, always in groups:
            there = some[keys].drop_duplicates()
            missing = sorted(_expected(task, keys, there, always=always) - _tuples(there))
            if missing:
                shown = pd.DataFrame(missing[:_MOST_TASKS], columns=keys)
                message = (
                    f"{len(missing)} required task{'s' if len(missing) > 1 else ''} of "
                    f"{task.title!r} ({name}) missing: {_tasks(rows, shown, len(missing))}; "
                    "expected the required values of each column in combination"
                )
                findings.append(Finding("req_vals", message, unit=rows.file.unit))
    return findings


def _tuples(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(frame.itertuples(index=False, name=None))


def _expected(
    task: ModelTask, keys: Sequence[str], there: pd.DataFrame, *, always: bool
) -> set[tuple[str, ...]]:
    """Return the tasks that the hub requires of a file with the given tasks.

    Raises
    ------
    UnreadableError
        If they are too many.
    """
    required = {key: task.columns[key].required for key in keys}
    free = [key for key in keys if not required[key]]
    mixed = [key for key in keys if required[key] and task.columns[key].optional]
    if len(mixed) > _MOST_MIXED:
        raise _too_many(task, f"{_MOST_MIXED} columns with required and optional values")
    expected: set[tuple[str, ...]] = set()
    if not free and always:
        _add(expected, [required[key] for key in keys], task)
    for kept in _subsets(mixed):
        # Tasks with an optional value in each column of ``kept``; the others have required ones.
        is_optional = np.ones(len(there), dtype=bool)
        for key in kept:
            is_optional &= there[key].isin(task.columns[key].optional).to_numpy()
        fixed = [*free, *kept]
        for values in _distinct(there[is_optional], fixed):
            given = dict(zip(fixed, values, strict=True))
            choices = [(given[key],) if key in given else required[key] for key in keys]
            _add(expected, choices, task)
    return expected


def _add(expected: set[tuple[str, ...]], choices: Sequence[Sequence[str]], task: ModelTask) -> None:
    if len(expected) + prod(map(len, choices)) > MOST_REQUIRED:
        raise _too_many(task, f"{MOST_REQUIRED:,} required tasks")
    expected |= set(product(*choices))


def _too_many(task: ModelTask, what: str) -> UnreadableError:
    return UnreadableError(
        f"tasks.json: {task.title!r} has more than {what}; expected a hub with fewer"
    )


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(names) + 1):
        yield from combinations(names, size)


def _distinct(frame: pd.DataFrame, columns: Sequence[str]) -> Iterable[tuple[str, ...]]:
    if not columns:
        return [()] if len(frame) else []
    return sorted(_tuples(frame[list(columns)].drop_duplicates()))
