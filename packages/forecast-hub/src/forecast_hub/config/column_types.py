"""Infer the data type of each column of a hub's submissions, and write values as text."""

import re
from collections.abc import Iterable

from forecast_hub.config import schema as written
from forecast_hub.config.hub import ColumnType

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def format_value(value: bool | int | float | str) -> str:
    """Write a value of the configuration as hubs compare it: like R, without trailing zeros."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def infer_column_types(tasks: written.Tasks) -> dict[str, ColumnType]:
    """Return the type of each column, which is the same in all rounds.

    The simplest type that holds every permitted value, as ``hubData::create_hub_schema`` finds
    it (https://hubverse-org.github.io/hubData/reference/create_hub_schema.html), unless
    ``output_type_id_datatype`` names the one of ``output_type_id``.
    """
    values: dict[str, list[object]] = {}
    ids: list[object] = []
    numbers: list[str] = []
    for task in (task for each in tasks.rounds for task in each.model_tasks):
        for name, column in task.task_ids.items():
            values.setdefault(name, []).extend([*(column.required or ()), *(column.optional or ())])
        for output in task.output_type.values():
            ids += _ids_of(output)
            numbers.append(output.value.type)
    types = {name: find_simplest_type(column) for name, column in values.items()}
    given = tasks.output_type_id_datatype
    return {
        **types,
        "output_type": "character",
        "output_type_id": find_simplest_type(ids) if given == "auto" else given,
        "value": "double" if "double" in numbers else "integer",
    }


def _ids_of(output: written.OutputType) -> list[object]:
    if output.output_type_id_params is not None:
        return ["s"] if output.output_type_id_params.type == "character" else [1]
    ids = output.output_type_id
    return [] if ids is None else [*(ids.required or ()), *(ids.optional or ())]


def find_simplest_type(values: Iterable[object]) -> ColumnType:
    """Return the simplest type that holds all ``values``; ``NA`` fits every type."""
    kinds = {_kind(value) for value in values if value != "NA"}
    if not kinds:
        return "character"
    if kinds <= {"integer", "double"}:
        return "double" if "double" in kinds else "integer"
    return kinds.pop() if len(kinds) == 1 else "character"


def _kind(value: object) -> ColumnType:
    if isinstance(value, bool):
        return "logical"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "double"
    return "Date" if isinstance(value, str) and _DATE.fullmatch(value) else "character"
