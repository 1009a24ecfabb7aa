"""Check that the hub permits each value and each combination of values."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.checks.row_tasks import NO_TASK, Fits, Rows, group_lines
from forecast_hub.config.hub import NA, ModelTask
from forecast_hub.findings import MOST_ALIKE, Finding, cap_findings
from forecast_hub.suggestions import did_you_mean, listed


def check_permitted(rows: Rows) -> list[Finding]:
    """Report the values that are not permitted, with the permitted ones.

    A row is compared with the model task of its target. Each wrong value is reported once, with
    all its lines. A target that the round does not have is reported as such.
    """
    astray = np.flatnonzero(rows.task == NO_TASK)
    if not len(astray):
        return []
    frame = rows.file.frame.iloc[astray].reset_index(drop=True)
    fits = Fits.of(frame, rows.round.task_columns)
    nearest = _nearest_task(rows, frame, fits)
    findings: list[Finding] = []
    numbers = rows.file.numbers[astray]
    no_target = nearest == NO_TASK
    if no_target.any():
        findings += _unknown_targets(rows, frame[no_target], numbers[no_target])
    for index, task in enumerate(rows.round.model_tasks):
        mine = nearest == index
        if mine.any():
            findings += cap_findings(list(_of_task(rows, task, frame, fits, mine, numbers)))
    return findings


def _nearest_task(rows: Rows, frame: pd.DataFrame, fits: Fits) -> NDArray[np.intp]:
    """Return for each row the model task of its target that permits most of its values."""
    best = np.full(len(frame), -1, dtype=np.intp)
    nearest = np.full(len(frame), NO_TASK, dtype=np.intp)
    for index, task in enumerate(rows.round.model_tasks):
        score = fits.output_type(task) * 2 + fits.output_type_id(task).astype(np.intp)
        score += sum(fits.column(task, name) for name in task.columns)
        has_target = _has_target(task, frame)
        better = has_target & (score > best)
        best[better], nearest[better] = score[better], index
    return nearest


def _has_target(task: ModelTask, frame: pd.DataFrame) -> NDArray[np.bool_]:
    found = np.zeros(len(frame), dtype=bool)
    for target in task.targets:
        mine = np.ones(len(frame), dtype=bool)
        for column, value in target.keys.items():
            mine &= (frame[column] == value).to_numpy()
        found |= mine
    return found


def _unknown_targets(rows: Rows, frame: pd.DataFrame, numbers: NDArray[np.int64]) -> list[Finding]:
    targets = [target for _, target in rows.round.targets()]
    findings = []
    for column in dict.fromkeys(key for target in targets for key in target.keys):
        known = list(dict.fromkeys(t.keys[column] for t in targets if column in t.keys))
        wrong = ~frame[column].isin(known).to_numpy()
        for position, (value, lines) in enumerate(_each(frame[column], wrong, numbers)):
            # No more are shown, and each takes time.
            near = did_you_mean(value, known) if position < MOST_ALIKE + 1 else ""
            message = f"{_is(column, value)}{near}; expected one of {listed(known)}"
            findings.append(Finding("valid_vals", message, rows=lines, unit=rows.file.unit))
    return cap_findings(findings)


def _of_task(
    rows: Rows,
    task: ModelTask,
    frame: pd.DataFrame,
    fits: Fits,
    mine: NDArray[np.bool_],
    numbers: NDArray[np.int64],
) -> Iterator[Finding]:
    where = f"for target {task.title!r}"
    for name in task.columns:
        wrong = mine & ~fits.column(task, name)
        permitted = task.columns[name].permitted
        for value, lines in _each(frame[name], wrong, numbers):
            message = f"{_is(name, value)} {where}; expected {_one_of(permitted)}"
            yield Finding(_check_of(rows, name), message, rows=lines, unit=rows.file.unit)
    no_type = mine & ~fits.output_type(task)
    for value, lines in _each(frame["output_type"], no_type, numbers):
        types = _one_of(tuple(task.output_types))
        message = f"{_is('output_type', value)} {where}; expected {types}"
        yield Finding("valid_vals", message, rows=lines, unit=rows.file.unit)
    wrong_id = mine & ~no_type & ~fits.output_type_id(task)
    for name, output in task.output_types.items():
        of_type = wrong_id & (frame["output_type"] == name).to_numpy()
        for value, lines in _each(frame["output_type_id"], of_type, numbers):
            expected = "a sample's id" if output.samples else _one_of(output.ids.permitted)
            hint = _trailing_zeros(value, output.ids.permitted)
            message = f"{_is('output_type_id', value)} {where}, {name}; expected {hint or expected}"
            yield Finding("valid_vals", message, rows=lines, unit=rows.file.unit)


def _check_of(rows: Rows, column: str) -> str:
    """Return the name of the check that compares the values of a column."""
    if column == rows.round.id_column:
        return "match_round_id"
    return "derived_task_id_vals" if column in rows.round.derived else "valid_vals"


def _each(
    column: pd.Series, wrong: NDArray[np.bool_], numbers: NDArray[np.int64]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each wrong value with its lines."""
    return group_lines(column.to_numpy(dtype=object)[wrong], numbers[wrong])


def _is(column: str, value: str) -> str:
    return f"{column} is missing" if value == NA else f"{column} is {value!r}"


def _one_of(permitted: Sequence[str]) -> str:
    if tuple(permitted) == (NA,):
        return "NA or nothing"
    if len(permitted) == 1:
        return permitted[0]
    if len(permitted) > 12:
        return f"one of {permitted[0]}, {permitted[1]}, ..., {permitted[-1]}"
    return f"one of {listed(permitted)}"


def _trailing_zeros(value: str, permitted: Sequence[str]) -> str:
    """Return the permitted id that is the same number, because hubs compare ids as text."""
    try:
        number = float(value)
    except ValueError:
        return ""
    for each in permitted:
        try:
            if float(each) == number:
                return f"{each} (ids are compared as text)"
        except ValueError:
            return ""
    return ""
