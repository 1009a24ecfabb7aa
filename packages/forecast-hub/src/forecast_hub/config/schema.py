"""Define the form of ``tasks.json`` and ``admin.json`` in the hubverse's schema v3 to v6.

Source: https://github.com/hubverse-org/schemas, tasks-schema.json and NEWS.md. What changed:
v4 moved ``is_required`` from the parameters of samples to every output type, took ``optional``
from the ids of output types, and wrote the missing id of a mean or median as null instead of
``["NA"]``; v5 keeps a single target key. Unknown keys are refused where the schemas refuse
them; rounds, target metadata and the top level may have additional keys.

pydantic checks the form, because it makes the typed objects, too. The published JSON schemas would
have to be shipped for each version (v5.0.1 alone has 99 kB), and these models would remain.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from forecast_hub.config.wording import describe_error, format_location
from forecast_hub.suggestions import did_you_mean

Scalar = bool | int | float | str
OutputTypeName = Literal["mean", "median", "quantile", "cdf", "pmf", "sample"]
FileFormat = Literal["csv", "parquet", "arrow"]
IdType = Literal["auto", "character", "double", "integer", "logical", "Date"]


class Closed(BaseModel):
    """An object that may have the keys of the schema only."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Open(BaseModel):
    """An object to which a hub may add keys."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


class TaskIdValues(Closed):
    """The permitted values of a task id column."""

    required: list[Scalar] | None
    optional: list[Scalar] | None


class OutputTypeIds(Closed):
    """The permitted values of ``output_type_id``; v4 and later have no ``optional``."""

    required: list[Scalar] | None = None
    optional: list[Scalar] | None = None


class SampleParams(Closed):
    """The number of samples and the form of their ids; ``is_required`` is here in v3 only."""

    type: Literal["character", "integer"]
    max_length: int | None = Field(default=None, ge=1)
    min_samples_per_task: int = Field(ge=1)
    max_samples_per_task: int = Field(ge=1)
    compound_taskid_set: list[str] | None = None
    is_required: bool | None = None


class ValueRule(Closed):
    """Type and bounds of the ``value`` column."""

    type: Literal["double", "integer"]
    minimum: int | float | None = None
    maximum: int | float | None = None


class OutputType(Closed):
    """One representation of a prediction."""

    output_type_id: OutputTypeIds | None = None
    output_type_id_params: SampleParams | None = None
    value: ValueRule
    is_required: bool | None = None


class TargetMetadata(Open):
    """Description of a target."""

    target_id: str
    target_units: str
    target_keys: dict[str, str] | None
    target_type: Literal[
        "continuous", "discrete", "date", "binary", "nominal", "ordinal", "compositional"
    ]
    is_step_ahead: bool
    time_unit: Literal["day", "week", "month"] | None = None
    target_name: str = ""
    description: str = ""


class ModelTask(Closed):
    """Tasks that share their permitted values and output types."""

    task_ids: dict[str, TaskIdValues]
    output_type: dict[OutputTypeName, OutputType]
    target_metadata: list[TargetMetadata]


_MOST_DAYS = 36_500


class SubmissionsDue(Closed):
    """The submission window: dates, or days relative to a date."""

    relative_to: str | None = None
    start: int | str
    end: int | str

    @model_validator(mode="after")
    def _is_near(self) -> Self:
        days = [each for each in (self.start, self.end) if isinstance(each, int)]
        if any(abs(each) > _MOST_DAYS for each in days):
            raise ValueError(f"expected days from -{_MOST_DAYS:,} to {_MOST_DAYS:,}")
        return self


class Round(Open):
    """A round, or all rounds whose ids are values of a column."""

    round_id_from_variable: bool
    round_id: str
    model_tasks: list[ModelTask] = Field(min_length=1)
    submissions_due: SubmissionsDue
    file_format: list[FileFormat] | None = None
    derived_task_ids: list[str] | None = None


class Tasks(Open):
    """``tasks.json``."""

    schema_version: str
    rounds: list[Round] = Field(min_length=1)
    output_type_id_datatype: IdType = "auto"
    derived_task_ids: list[str] | None = None


_LONGEST_FOLDER = 255
"""Bytes: no file system takes a longer name, and a path of several must leave room for files."""


def _below_the_hub(folder: str) -> str:
    path = PurePosixPath(folder)
    is_name = folder.isprintable() and len(folder.encode()) <= _LONGEST_FOLDER
    if path.is_absolute() or ".." in path.parts or "\\" in folder or not is_name:
        raise ValueError("expected a folder below the hub, such as model-output")
    return folder


class Admin(Open):
    """The keys of ``admin.json`` that are used here."""

    name: str
    file_format: list[FileFormat] = Field(min_length=1)
    timezone: str
    model_output_dir: Annotated[str, AfterValidator(_below_the_hub)] = "model-output"


def describe_errors(error: ValidationError) -> list[str]:
    """Return ``path.to.key: what is wrong; what is expected`` for each mistake."""
    lines = []
    for details in error.errors():
        location = format_location(_shortened(details["loc"]))
        lines.append(f"{location or 'the file'}: {_words({**details})}")
    return list(dict.fromkeys(lines))


def _shortened(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Remove the members of a union, which pydantic adds to the location."""
    unions = ("bool", "int", "float", "str", "[key]")
    end = next((n for n, part in enumerate(location) if part in unions), len(location))
    return location[:end]


def _words(details: Mapping[str, Any]) -> str:
    kind, name = details["type"], details["loc"][-1] if details["loc"] else ""
    if kind == "missing":
        return "is missing; expected it"
    if kind == "extra_forbidden":
        known = _keys_beside(details["loc"])
        return f"is not a key of the hubverse's schema{did_you_mean(str(name), known)}"
    if kind == "literal_error" and "[key]" in details["loc"]:
        return f"is not an output type; expected {details.get('ctx', {})['expected']}"
    return describe_error(kind, details["input"], details.get("ctx", {}), details["msg"])


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the schema permits beside an unknown key."""
    parts = [part for part in location if isinstance(part, str)]
    holders: dict[str, type[BaseModel]] = {
        "model_tasks": ModelTask,
        "output_type_id": OutputTypeIds,
        "output_type_id_params": SampleParams,
        "value": ValueRule,
        "submissions_due": SubmissionsDue,
    }
    if len(parts) > 2 and parts[-3] in ("output_type", "task_ids"):
        model = OutputType if parts[-3] == "output_type" else TaskIdValues
        return list(model.model_fields)
    model_of = holders.get(parts[-2]) if len(parts) > 1 else None
    return list(model_of.model_fields) if model_of else []
