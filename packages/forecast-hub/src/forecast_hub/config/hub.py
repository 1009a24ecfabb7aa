"""Describe a hub: rounds, tasks and output types, independent of the schema version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from forecast_hub.config.hub_folder import HubFolder

NA = "NA"
"""A missing value in csv files and in all text frames of this package."""

STANDARD_COLUMNS = ("output_type", "output_type_id", "value")
"""The columns that follow the task ids in every submission."""

SUM_TOLERANCE = 2.0**-26
"""Permitted difference of a sum of probabilities from 1: that of R's ``all.equal``, the square root
of ``.Machine$double.eps``. Source: hubValidations, ``check_tbl_value_col_sum1``."""

ColumnType = Literal["character", "double", "integer", "logical", "Date"]


@dataclass(frozen=True)
class Values:
    """The permitted values of a column, as text.

    Attributes
    ----------
    required
        Values that a submission must have.
    optional
        Values that it may have.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def permitted(self) -> tuple[str, ...]:
        """Required values, then optional ones."""
        return (*self.required, *self.optional)


@dataclass(frozen=True)
class ValueRule:
    """The type of ``value``, and its inclusive bounds."""

    type: Literal["double", "integer"]
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Samples:
    """The number of samples of a task, and the form of their ids.

    Attributes
    ----------
    type
        Type of the ids.
    max_length
        Longest id, in characters; None if ids are integers.
    minimum, maximum
        Number of samples per task.
    compound
        The task ids that may be constant within a sample. If fewer are constant, the sample is
        a draw from a joint distribution over more tasks, which is accepted.
    """

    type: Literal["character", "integer"]
    max_length: int | None
    minimum: int
    maximum: int
    compound: tuple[str, ...]


@dataclass(frozen=True)
class OutputType:
    """One representation of a prediction.

    Attributes
    ----------
    name
        ``quantile``, ``pmf``, ``cdf``, ``sample``, ``mean`` or ``median``.
    ids
        Values of ``output_type_id``; empty for samples. A task that has the output type must have
        all of ``ids.required``.
    samples
        Rules for samples; None for other output types.
    value
        Type and bounds of ``value``.
    is_required
        Whether every submitted task must have this output type.
    """

    name: str
    ids: Values
    samples: Samples | None
    value: ValueRule
    is_required: bool


@dataclass(frozen=True)
class Target:
    """A quantity that is predicted.

    Attributes
    ----------
    id
        Short name.
    keys
        The column and value that select the target; empty if the model task has a single one.
    type
        Such as ``continuous`` or ``date``.
    units
        Such as ``count``; :func:`forecast_hub.config.units.read_unit` reads it.
    is_step_ahead
        Whether it is a series over horizons.
    time_unit
        Unit of a horizon: ``day``, ``week`` or ``month``; None if there is no horizon.
    name, description
        Words for people.
    """

    id: str
    keys: Mapping[str, str]
    type: str
    units: str
    is_step_ahead: bool
    time_unit: str | None
    name: str = ""
    description: str = ""


@dataclass(frozen=True)
class ModelTask:
    """Tasks that share their permitted values and output types.

    Attributes
    ----------
    columns
        Task id column to its permitted values, in the order of the file. A column that does not
        apply to these tasks permits ``NA`` only.
    output_types
        Output types by name.
    targets
        At least one.
    """

    columns: Mapping[str, Values]
    output_types: Mapping[str, OutputType]
    targets: tuple[Target, ...]

    @property
    def title(self) -> str:
        """The targets' names, for messages."""
        return ", ".join(target.id for target in self.targets)


@dataclass(frozen=True)
class SubmissionsDue:
    """The submission window, both days included.

    Attributes
    ----------
    relative_to
        The column with the date from which ``start`` and ``end`` are counted in days; None if
        they are dates.
    """

    relative_to: str | None
    start: int | date
    end: int | date


@dataclass(frozen=True)
class Round:
    """A round, or all rounds whose ids are values of a column.

    Attributes
    ----------
    key
        Its key in ``tasks.json``, such as ``rounds[0]``.
    id_column
        The column with the round's id; None if the round has a fixed id.
    ids
        The ids of the rounds.
    model_tasks
        At least one.
    due
        The submission window.
    derived
        Task id columns whose values follow from other columns.
    formats
        Accepted file formats; empty for those of ``admin.json``.
    """

    key: str
    id_column: str | None
    ids: tuple[str, ...]
    model_tasks: tuple[ModelTask, ...]
    due: SubmissionsDue
    derived: tuple[str, ...]
    formats: tuple[str, ...]

    @property
    def task_columns(self) -> tuple[str, ...]:
        """The task id columns, in the order of the first model task."""
        return tuple(dict.fromkeys(name for task in self.model_tasks for name in task.columns))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of a submission."""
        return (*self.task_columns, *STANDARD_COLUMNS)

    def targets(self) -> Iterator[tuple[ModelTask, Target]]:
        """Yield each target with its model task."""
        for task in self.model_tasks:
            for target in task.targets:
                yield task, target


@dataclass(frozen=True, eq=False)
class Hub:
    """The configuration of a hub. Two that are read are two, equal or not.

    Attributes
    ----------
    folder
        The files of the hub.
    name
        From ``admin.json``; without it the folder's name.
    schema_version
        Major version of the schema of ``tasks.json``: 3 to 6.
    rounds
        At least one.
    types
        Column to its type over all rounds, for parquet files.
    formats
        Accepted file formats.
    timezone
        Time zone of the deadline; None without ``admin.json``.
    model_output
        Name of the folder of submissions.
    sample_columns
        Round to the columns that number its samples in place of ``output_type_id``: see
        :mod:`forecast_hub.config.sample_columns`.
    """

    folder: HubFolder
    name: str
    schema_version: int
    rounds: tuple[Round, ...]
    types: Mapping[str, ColumnType]
    formats: tuple[str, ...] = ("csv", "parquet")
    timezone: str | None = None
    model_output: str = "model-output"
    sample_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _by_id: Mapping[str, Round] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Index the rounds by id; the first with an id counts, as in hubValidations."""
        by_id = {name: each for each in reversed(self.rounds) for name in each.ids}
        object.__setattr__(self, "_by_id", by_id)

    def round(self, round_id: str) -> Round | None:
        """Return the round with this id; None if there is none."""
        return self._by_id.get(round_id)

    @property
    def round_ids(self) -> tuple[str, ...]:
        """The ids of all rounds, in the order of the file."""
        return tuple(dict.fromkeys(name for each in self.rounds for name in each.ids))
