"""Read ``tasks.json`` and ``admin.json`` as a :class:`~forecast_hub.config.hub.Hub`."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from forecast_hub.config import schema as written
from forecast_hub.config.column_types import format_value, infer_column_types
from forecast_hub.config.consistency import POINTS, VERSIONS, find_mistakes
from forecast_hub.config.hub import (
    NA,
    ColumnType,
    Hub,
    ModelTask,
    OutputType,
    Round,
    Samples,
    SubmissionsDue,
    Target,
    ValueRule,
    Values,
)
from forecast_hub.config.hub_folder import open_folder
from forecast_hub.config.sample_columns import read_sample_columns
from forecast_hub.errors import HubError, UnreadableError
from forecast_hub.limited_files import read_json

Model = TypeVar("Model", bound=BaseModel)

_VERSION = re.compile(r"/v(\d+)\.\d+\.\d+(?:\.\d+)?/")


def read_hub(root: Path) -> Hub:
    """Read the configuration of the hub in a folder.

    Parameters
    ----------
    root
        See :func:`forecast_hub.config.hub_folder.open_folder`.

    Raises
    ------
    UnreadableError
        If the folder or a file in it is missing, or is not JSON.
    HubError
        If a file does not follow the hubverse's schema v3 to v6. The message has a line for each
        mistake, with the file and the key.
    """
    folder = open_folder(root)
    data = _read_json(folder.tasks)
    version = _schema_version(folder.tasks, data)
    tasks = _parse(written.Tasks, data, folder.tasks)
    if found := find_mistakes(tasks, version):
        raise _wrong(folder.tasks, found)
    rounds = tuple(_round(tasks, index) for index in range(len(tasks.rounds)))
    sampled = read_sample_columns(folder.validation)
    numbers: dict[str, ColumnType] = {name: "integer" for each in sampled.values() for name in each}
    types = infer_column_types(tasks) | numbers
    if folder.admin is None:
        name = root.resolve().name
        return Hub(folder, name, version, rounds, types, sample_columns=sampled)
    admin = _parse(written.Admin, _read_json(folder.admin), folder.admin)
    return Hub(
        folder,
        admin.name,
        version,
        rounds,
        types,
        formats=tuple(admin.file_format),
        timezone=admin.timezone,
        model_output=admin.model_output_dir,
        sample_columns=sampled,
    )


def _read_json(path: Path) -> Any:
    try:
        return read_json(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{path}: is no JSON ({error})") from None


def _schema_version(path: Path, data: Any) -> int:
    """Return the major version of the schema that the file names."""
    if not isinstance(data, dict):
        kind = {list: "a list", str: "a text", bool: "true or false"}.get(type(data), "a number")
        what = "null" if data is None else kind
        raise _wrong(path, [f"the file: is {what}; expected an object with schema_version, rounds"])
    given = data.get("schema_version")
    match = _VERSION.search(given) if isinstance(given, str) else None
    if match is None or int(match[1]) not in VERSIONS:
        expected = f"v{VERSIONS[0]} to v{VERSIONS[-1]} of the hubverse's"
        raise _wrong(
            path, [f"schema_version: {given!r} names no known schema; expected {expected}"]
        )
    return int(match[1])


def _parse(model: type[Model], data: Any, path: Path) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _wrong(path, written.describe_errors(error)) from None


def _wrong(path: Path, lines: Iterable[str]) -> HubError:
    return HubError("\n".join(f"{path}: {line}" for line in lines))


def _round(tasks: written.Tasks, index: int) -> Round:
    given = tasks.rounds[index]
    model_tasks = tuple(_model_task(task) for task in given.model_tasks)
    derived = given.derived_task_ids
    if derived is None:
        derived = tasks.derived_task_ids or []
    column = given.round_id if given.round_id_from_variable else None
    ids = (given.round_id,) if column is None else _ids(model_tasks, column)
    return Round(
        key=f"rounds[{index}]",
        id_column=column,
        ids=ids,
        model_tasks=model_tasks,
        due=_due(given.submissions_due),
        derived=tuple(derived),
        formats=tuple(given.file_format or ()),
    )


def _ids(model_tasks: Iterable[ModelTask], column: str) -> tuple[str, ...]:
    ids = (name for task in model_tasks for name in task.columns[column].permitted)
    return tuple(dict.fromkeys(ids))


def _due(given: written.SubmissionsDue) -> SubmissionsDue:
    if isinstance(given.start, str) or isinstance(given.end, str):
        start, end = date.fromisoformat(str(given.start)), date.fromisoformat(str(given.end))
        return SubmissionsDue(None, start, end)
    return SubmissionsDue(given.relative_to, given.start, given.end)


def _model_task(given: written.ModelTask) -> ModelTask:
    columns = {name: _values(values) for name, values in given.task_ids.items()}
    return ModelTask(
        columns=columns,
        output_types={
            name: _output_type(name, each, tuple(columns))
            for name, each in given.output_type.items()
        },
        targets=tuple(
            Target(
                id=each.target_id,
                keys=each.target_keys or {},
                type=each.target_type,
                units=each.target_units,
                is_step_ahead=each.is_step_ahead,
                time_unit=each.time_unit,
                name=each.target_name,
                description=each.description,
            )
            for each in given.target_metadata
        ),
    )


def _values(given: written.TaskIdValues) -> Values:
    """Return a column's values; a column without any is ``NA`` in files."""
    if given.required is None and given.optional is None:
        return Values(required=(NA,))
    required = tuple(map(format_value, given.required or ()))
    return Values(required, tuple(map(format_value, given.optional or ())))


def _output_type(name: str, given: written.OutputType, columns: tuple[str, ...]) -> OutputType:
    value = ValueRule(given.value.type, given.value.minimum, given.value.maximum)
    params = given.output_type_id_params
    if params is not None:
        compound = params.compound_taskid_set
        samples = Samples(
            type=params.type,
            max_length=params.max_length if params.type == "character" else None,
            minimum=params.min_samples_per_task,
            maximum=params.max_samples_per_task,
            compound=columns if compound is None else tuple(compound),
        )
        required = bool(given.is_required or params.is_required)
        return OutputType(name, Values(), samples, value, required)
    ids = given.output_type_id or written.OutputTypeIds()
    if name in POINTS:
        # In v3, ["NA"] among the required ids means what is_required means in later versions.
        required = bool(ids.required) if given.is_required is None else given.is_required
        return OutputType(name, Values(required=(NA,)), None, value, required)
    values = Values(
        tuple(map(format_value, ids.required or ())), tuple(map(format_value, ids.optional or ()))
    )
    required = bool(values.required) if given.is_required is None else given.is_required
    return OutputType(name, values, None, value, required)
