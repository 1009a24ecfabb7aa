"""Check that the parts of ``tasks.json`` agree with each other and with the schema version."""

from collections.abc import Iterable, Iterator

from forecast_hub.config import schema as written
from forecast_hub.config.column_types import format_value
from forecast_hub.dates import parse_date
from forecast_hub.suggestions import did_you_mean, listed

VERSIONS = (3, 4, 5, 6)
"""Major versions of the hubverse's schema that are read."""

POINTS = ("mean", "median")
"""Output types that have no id."""


def find_mistakes(tasks: written.Tasks, version: int) -> list[str]:
    """Return ``key: what is wrong; what is expected`` for each mistake, in the file's order."""
    return [
        line
        for index, each in enumerate(tasks.rounds)
        for line in _of_round(each, f"rounds[{index}]", tasks.derived_task_ids or [], version)
    ]


def _of_round(given: written.Round, key: str, derived: list[str], version: int) -> Iterator[str]:
    columns = list(given.model_tasks[0].task_ids)
    for index, task in enumerate(given.model_tasks):
        here = f"{key}.model_tasks[{index}]"
        if set(task.task_ids) != set(columns):
            yield (
                f"{here}.task_ids: has {listed(task.task_ids)}; expected the columns of the "
                f"round's other model tasks, {listed(columns)}"
            )
        yield from _of_model_task(task, here, version)
    if given.round_id_from_variable:
        yield from _unknown(f"{key}.round_id", [given.round_id], columns)
    yield from _unknown(f"{key}.derived_task_ids", given.derived_task_ids or derived, columns)
    yield from _of_due(given.submissions_due, f"{key}.submissions_due", columns)


def _unknown(key: str, names: Iterable[str], columns: list[str]) -> Iterator[str]:
    for name in names:
        if name not in columns:
            yield (
                f"{key}: {name!r} is no task id{did_you_mean(name, columns)}; "
                f"expected one of {listed(columns)}"
            )


def _of_due(given: written.SubmissionsDue, key: str, columns: list[str]) -> Iterator[str]:
    if given.relative_to is not None:
        yield from _unknown(f"{key}.relative_to", [given.relative_to], columns)
    texts = [value for value in (given.start, given.end) if isinstance(value, str)]
    if len(texts) == 1 or (given.relative_to is None) != (len(texts) == 2):
        yield (
            f"{key}: start and end are {given.start!r} and {given.end!r}; expected two dates, or "
            "relative_to with two whole numbers of days"
        )
        return
    for text in texts:
        if parse_date(text) is None:
            yield f"{key}: {text!r} is no date; expected YYYY-MM-DD"


def _of_model_task(task: written.ModelTask, key: str, version: int) -> Iterator[str]:
    for name, values in task.task_ids.items():
        yield from _repeated(f"{key}.task_ids.{name}", values.required, values.optional)
    for name, output in task.output_type.items():
        yield from _of_output_type(name, output, f"{key}.output_type.{name}", task, version)
    for index, target in enumerate(task.target_metadata):
        for column, value in (target.target_keys or {}).items():
            here = f"{key}.target_metadata[{index}].target_keys"
            yield from _unknown(here, [column], list(task.task_ids))
            ids = task.task_ids.get(column)
            permitted = [] if ids is None else [*(ids.required or ()), *(ids.optional or ())]
            if ids is not None and value not in permitted:
                yield f"{here}: {value!r} is not among the values of {column}; expected it there"
    if not task.target_metadata:
        yield f"{key}.target_metadata: is empty; expected an entry for each target"


def _repeated(
    key: str, required: list[written.Scalar] | None, optional: list[written.Scalar] | None
) -> Iterator[str]:
    seen: set[str] = set()
    for value in [*(required or ()), *(optional or ())]:
        if format_value(value) in seen:
            yield f"{key}: {format_value(value)} is listed twice; expected it once"
        seen.add(format_value(value))


def _of_output_type(
    name: str, given: written.OutputType, key: str, task: written.ModelTask, version: int
) -> Iterator[str]:
    minimum, maximum = given.value.minimum, given.value.maximum
    if minimum is not None and maximum is not None and minimum > maximum:
        yield f"{key}.value: minimum {minimum} is above maximum {maximum}; expected it below"
    if version >= 4 and given.is_required is None:
        yield f"{key}.is_required: is missing; expected true or false from schema v4 on"
    ids, params = given.output_type_id, given.output_type_id_params
    if name == "sample":
        if params is None or ids is not None:
            yield f"{key}: expected output_type_id_params, and no output_type_id"
        if params is not None:
            yield from _of_samples(params, f"{key}.output_type_id_params", task, version)
    elif ids is None or params is not None:
        yield f"{key}: expected output_type_id, and no output_type_id_params"
    else:
        yield from _of_ids(name, ids, f"{key}.output_type_id", version)


def _of_ids(name: str, ids: written.OutputTypeIds, key: str, version: int) -> Iterator[str]:
    yield from _repeated(key, ids.required, ids.optional)
    if version >= 4 and "optional" in ids.model_fields_set:
        yield f"{key}.optional: is not a key of schema v{version}; expected required only"
    values = [*(ids.required or ()), *(ids.optional or ())]
    if name in POINTS:
        if any(value != "NA" for value in values):
            yield f"{key}: {values!r} identify nothing; expected null (NA in schema v3)"
    elif not values:
        yield f"{key}.required: is empty; expected the ids of the {name}"
    if name == "quantile":
        for value in values:
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                yield f"{key}: {value!r} is no quantile level; expected a number from 0 to 1"


def _of_samples(
    params: written.SampleParams, key: str, task: written.ModelTask, version: int
) -> Iterator[str]:
    if params.min_samples_per_task > params.max_samples_per_task:
        yield (
            f"{key}: min_samples_per_task {params.min_samples_per_task} is above "
            f"max_samples_per_task {params.max_samples_per_task}; expected it below"
        )
    if params.type == "character" and params.max_length is None:
        yield f"{key}.max_length: is missing; expected it where type is character"
    if version == 3 and params.is_required is None:
        yield f"{key}.is_required: is missing; expected true or false in schema v3"
    if version >= 4 and params.is_required is not None:
        yield f"{key}.is_required: is not a key of schema v{version}; expected it beside value"
    names = params.compound_taskid_set or []
    yield from _unknown(f"{key}.compound_taskid_set", names, list(task.task_ids))
