"""Find the model task of each row of a submission."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config.hub import NA, ModelTask, Round, Target, Values
from forecast_hub.config.round_calendar import adopt_season_weeks, lists_other_season, permit_dates
from forecast_hub.config.submission_file import SubmissionFile
from forecast_hub.findings import Finding

NO_TASK = -1


@dataclass(frozen=True)
class Rows:
    """The rows of a submission with their model tasks.

    Attributes
    ----------
    file
        The submission.
    round
        Its round, which permits the id of this round only.
    task
        Shape (rows,). Index of the model task in ``round.model_tasks``; ``NO_TASK`` if no task
        permits the row's values.
    value
        Shape (rows,). The ``value`` column as numbers; NaN if a value is not a number.
    """

    file: SubmissionFile
    round: Round
    task: NDArray[np.intp]
    value: NDArray[np.float64]

    def lines(self, rows: NDArray[np.bool_] | NDArray[np.intp] | pd.Index) -> tuple[int, ...]:
        """Return the line numbers of some rows, ascending."""
        return tuple(np.sort(self.file.numbers[np.asarray(rows)]).tolist())

    def where(self, index: int, output_type: str) -> NDArray[np.intp]:
        """Return the rows of an output type of a model task."""
        is_type = (self.file.frame["output_type"] == output_type).to_numpy()
        return np.flatnonzero((self.task == index) & is_type)

    def of_target(self, rows: NDArray[np.intp], target: Target) -> NDArray[np.intp]:
        """Return those of some rows that are of a target."""
        frame = self.file.frame.iloc[rows]
        mine = np.ones(len(rows), dtype=bool)
        for column, value in target.keys.items():
            mine &= (frame[column] == value).to_numpy()
        return rows[mine]

    @property
    def task_keys(self) -> list[str]:
        """The task id columns that identify a task: all but the derived ones."""
        return [name for name in self.round.task_columns if name not in self.round.derived]

    def described(self, task: Mapping[Any, Any]) -> str:
        """Write a task's values for a message: ``location 01, horizon 1``."""
        skipped = {self.round.id_column, *self.round.derived}
        parts = [f"{k} {v}" for k, v in task.items() if k not in skipped and v != NA]
        return ", ".join(parts)


def group_lines(
    values: NDArray[np.object_], lines: NDArray[np.int64]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each value with its lines, in the order of their first lines."""
    codes, texts = pd.factorize(values)
    ordered = lines[np.argsort(codes, kind="stable")].tolist()
    ends = np.cumsum(np.bincount(codes)).tolist()
    for text, first, end in zip(texts, [0, *ends], ends, strict=False):
        yield str(text), tuple(ordered[first:end])


def restrict_to_round(
    round_: Round, round_id: str, file: SubmissionFile, *, listed: bool
) -> tuple[Round, list[Finding]]:
    """Restrict the configuration to one round.

    If ``tasks.json`` does not list the permitted dates, dates of the file that follow the pattern
    of listed ones are permitted: see :mod:`forecast_hub.config.round_calendar`.
    """
    tasks, findings = [], []
    for task in round_.model_tasks:
        new = task
        if round_.id_column is not None:
            only = Values(required=(round_id,))
            new = replace(new, columns={**new.columns, round_.id_column: only})
        if not listed:
            for column in (name for name in new.columns if name != round_.id_column):
                new = permit_dates(new, column, file.frame[column].unique())
        new, found = _for_season(new, round_, round_id, file)
        tasks.append(new)
        findings += found
    return replace(round_, model_tasks=tuple(tasks)), findings


def _for_season(
    task: ModelTask, round_: Round, round_id: str, file: SubmissionFile
) -> tuple[ModelTask, list[Finding]]:
    outputs, findings = dict(task.output_types), []
    for name, output in task.output_types.items():
        if not lists_other_season(round_, round_id, output):
            continue
        frame = file.frame[(file.frame["output_type"] == name) & _of_targets(task, file.frame)]
        given = frame["output_type_id"].unique().tolist()
        outputs[name], finding = adopt_season_weeks(task, output, round_id, given)
        findings += [] if finding is None else [finding]
    return replace(task, output_types=outputs), findings


def _of_targets(task: ModelTask, frame: pd.DataFrame) -> pd.Series:
    """Return which rows are of a target of the task."""
    found = pd.Series(False, index=frame.index)
    for target in task.targets:
        mine = pd.Series(True, index=frame.index)
        for column, value in target.keys.items():
            mine &= frame[column] == value
        found |= mine
    return found


def match(file: SubmissionFile, round_: Round) -> Rows:
    """Find for each row the model task that permits all its values."""
    found = np.full(len(file.frame), NO_TASK, dtype=np.intp)
    fits = Fits.of(file.frame, round_.task_columns)
    for index, task in reversed(list(enumerate(round_.model_tasks))):
        found[fits.all(task)] = index
    numbers = pd.to_numeric(file.frame["value"], errors="coerce")
    return Rows(file, round_, found, numbers.to_numpy(dtype=np.float64))


@dataclass(frozen=True)
class Fits:
    """The distinct values of each column, so that each is looked up once.

    Attributes
    ----------
    codes, texts
        Column to the code of each row's value, and to the distinct values.
    pairs
        The code of each row's pair of output type and id, and the distinct pairs.
    """

    codes: Mapping[str, NDArray[np.intp]]
    texts: Mapping[str, NDArray[np.object_]]
    pairs: tuple[NDArray[np.intp], Sequence[tuple[str, str]]]

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: Sequence[str]) -> "Fits":
        """Give each distinct value of a frame a code."""
        codes, texts = {}, {}
        for name in columns:
            codes[name], found = pd.factorize(frame[name].to_numpy(dtype=object))
            texts[name] = np.asarray(found, dtype=object)
        two = pd.MultiIndex.from_frame(frame[["output_type", "output_type_id"]])
        numbers, pairs = pd.factorize(two)
        return cls(codes, texts, (numbers, [(str(a), str(b)) for a, b in pairs]))

    def column(self, task: ModelTask, name: str) -> NDArray[np.bool_]:
        """Return the rows in which the column's value is permitted."""
        permitted = np.isin(self.texts[name], np.array(task.columns[name].permitted, dtype=object))
        rows: NDArray[np.bool_] = permitted[self.codes[name]]
        return rows

    def output_type(self, task: ModelTask) -> NDArray[np.bool_]:
        """Return the rows with an output type of the task."""
        known = [output_type in task.output_types for output_type, _ in self.pairs[1]]
        rows: NDArray[np.bool_] = np.array(known, dtype=bool)[self.pairs[0]]
        return rows

    def output_type_id(self, task: ModelTask) -> NDArray[np.bool_]:
        """Return the rows with a permitted id of their output type; samples may have any."""
        known = [_is_id(task, *pair) for pair in self.pairs[1]]
        rows: NDArray[np.bool_] = np.array(known, dtype=bool)[self.pairs[0]]
        return rows

    def all(self, task: ModelTask) -> NDArray[np.bool_]:
        """Return the rows that the task permits."""
        fits = self.output_type_id(task)
        for name in self.codes:
            if name in task.columns:
                fits &= self.column(task, name)
        return fits


def _is_id(task: ModelTask, output_type: str, output_type_id: str) -> bool:
    output = task.output_types.get(output_type)
    if output is None:
        return False
    if output.samples is not None:
        return output_type_id != NA
    return output_type_id in output.ids.permitted
