"""What a hub asks for: rounds, tasks and output types, whatever version its files are in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from forecast_hub.config.hub_folder import HubFolder

NA = "NA"
"""How a missing value is written in csv files and in every text frame here."""

STANDARD_COLUMNS = ("output_type", "output_type_id", "value")
"""The columns that every submission has after those of its task ids."""

ColumnType = Literal["character", "double", "integer", "logical", "Date"]


@dataclass(frozen=True)
class Values:
    """The permitted values of a column, as text.

    Attributes
    ----------
    required
        Those that must be there.
    optional
        Those that may be there.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def permitted(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.required, *self.optional)


@dataclass(frozen=True)
class ValueRule:
    """What ``value`` may be: its type and inclusive bounds."""

    type: Literal["double", "integer"]
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Samples:
    """How many samples a task has, and how they are numbered.

    Attributes
    ----------
    type
        Of their ids.
    max_length
        Of an id, in characters; None where ids are integers.
    minimum, maximum
        Samples per task.
    compound
        The task ids that are constant within a sample. A sample may hold fewer constant, never
        more: it is then a draw from a joint distribution over more tasks.
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
        Values of ``output_type_id``; empty for samples. Once the output type is submitted for a
        task, all of ``ids.required`` must be.
    samples
        Of samples; None otherwise.
    value
        What ``value`` may be.
    is_required
        Whether every task submitted must have it.
    """

    name: str
    ids: Values
    samples: Samples | None
    value: ValueRule
    is_required: bool


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Attributes
    ----------
    id
        Short name.
    keys
        The column and value that select it; empty where a model task has a single target.
    type
        Such as ``continuous`` or ``date``.
    units
        Such as ``count``.
    is_step_ahead
        Whether it is a series over horizons.
    time_unit
        ``day``, ``week`` or ``month`` of a horizon; None where it is no series.
    """

    id: str
    keys: Mapping[str, str]
    type: str
    units: str
    is_step_ahead: bool
    time_unit: str | None


@dataclass(frozen=True)
class ModelTask:
    """Tasks that share their permitted values and output types.

    Attributes
    ----------
    columns
        Task id column to its permitted values, in the order of the file. A column that means
        nothing for these tasks permits ``NA`` only.
    output_types
        By name.
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
    """When files are taken, both days included.

    Attributes
    ----------
    relative_to
        The column whose date ``start`` and ``end`` are days from; None where they are dates.
    """

    relative_to: str | None
    start: int | date
    end: int | date


@dataclass(frozen=True)
class Round:
    """A round, or the rounds that the values of a column name.

    Attributes
    ----------
    key
        Where it stands in ``tasks.json``, such as ``rounds[0]``.
    id_column
        The column that holds the round's id; None where the round has an id of its own.
    ids
        The ids of its rounds.
    model_tasks
        At least one.
    due
        When files are taken.
    derived
        Task id columns that follow from others.
    formats
        Accepted file formats; empty where ``admin.json`` says.
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
        """Every column of a submission."""
        return (*self.task_columns, *STANDARD_COLUMNS)

    def targets(self) -> Iterator[tuple[ModelTask, Target]]:
        """Yield each target with its model task."""
        for task in self.model_tasks:
            for target in task.targets:
                yield task, target


@dataclass(frozen=True)
class Hub:
    """The configuration of a hub.

    Attributes
    ----------
    folder
        Where its files are.
    name
        From ``admin.json``; the folder's name where there is none.
    schema_version
        Of ``tasks.json``: 3 to 6.
    rounds
        At least one.
    types
        Column to its type over all rounds, for parquet files.
    formats
        Accepted file formats.
    timezone
        Of the deadline; None where there is no ``admin.json``.
    model_output
        Name of the folder of submissions.
    """

    folder: HubFolder
    name: str
    schema_version: int
    rounds: tuple[Round, ...]
    types: Mapping[str, ColumnType]
    formats: tuple[str, ...] = ("csv", "parquet")
    timezone: str | None = None
    model_output: str = "model-output"
    _by_id: Mapping[str, Round] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Index the rounds; where two have an id, the first counts, as in hubValidations."""
        by_id = {name: each for each in reversed(self.rounds) for name in each.ids}
        object.__setattr__(self, "_by_id", by_id)

    def round(self, round_id: str) -> Round | None:
        """Return the round with this id; None where there is none."""
        return self._by_id.get(round_id)

    @property
    def round_ids(self) -> tuple[str, ...]:
        """Every round's id, in the order of the file."""
        return tuple(dict.fromkeys(name for each in self.rounds for name in each.ids))
