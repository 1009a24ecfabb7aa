"""Find the values of a target's task id columns, and refuse those that a hub does not have."""

from collections.abc import Collection, Iterable, Sequence

from epyflow.errors import EpyflowError
from epyflow.experiment.format.hub_formats import HubTarget
from epyflow.suggest import did_you_mean, listed
from forecast_hub.config.horizon_rule import END_COLUMNS, HORIZON
from forecast_hub.config.hub import ModelTask, Round

SCENARIO, AGE_GROUP = "scenario_id", "age_group"


def list_model_tasks(round_: Round, target: str) -> list[ModelTask]:
    """Return the model tasks of a target: hubs may divide them by output type or by place."""
    return [task for task, each in round_.targets() if each.id == target]


def find_place(tasks: Iterable[ModelTask], spellings: Sequence[str]) -> tuple[str, str] | None:
    """Find a place in the values of ``location``, else of any column; None if it is in none.

    Parameters
    ----------
    tasks
        Model tasks of one target.
    spellings
        Names of the place, the likeliest first; letter case does not matter.

    Returns
    -------
    column, value
        As the hub writes it.
    """
    given = list(tasks)
    for is_location in (True, False):
        for task in given:
            for name, values in task.columns.items():
                by_case = {value.casefold(): value for value in values.permitted}
                for spelling in spellings if (name == "location") == is_location else ():
                    if spelling.casefold() in by_case:
                        return name, by_case[spelling.casefold()]
    return None


def check_columns(
    here: str,
    round_: Round,
    target: HubTarget,
    places: Collection[Sequence[str]],
    scenarios: Collection[str],
) -> None:
    """Refuse a target whose task ids, scenarios, or all of whose places, the hub does not have.

    Parameters
    ----------
    here
        Key of the targets, for messages.
    round_
        The hub's round, which has the target.
    places
        Names of each population of the experiment.
    scenarios
        Names in the hub of the projection's scenarios.

    Raises
    ------
    EpyflowError
        If a key of ``task_ids`` is no column of the target, if its value or a scenario is not
        permitted, if no population is a place of the hub, or if a column needs a value that is not
        given.
    """
    tasks = list_model_tasks(round_, target.target)
    for name, value in target.task_ids.items():
        _check_given(here, tasks, target.target, name, value)
    if any(SCENARIO in task.columns for task in tasks):
        for value in scenarios:
            _check_given(here, tasks, target.target, SCENARIO, value)
    found = [place for names in places if (place := find_place(tasks, names)) is not None]
    if not found:
        tried = listed([names[0] for names in places])
        held = tasks[0].columns.get("location")
        has = "" if held is None else f", which has {listed(held.permitted)}"
        raise EpyflowError(
            f"{here}: none of the experiment's populations ({tried}) is a location of the hub for "
            f"{target.target!r}{has}; expected one of them as population, or in the column "
            "locations of population.csv"
        )
    known = {round_.id_column, HORIZON, *END_COLUMNS, *target.task_ids}
    known |= {SCENARIO} if scenarios else set()
    known |= {column for column, _ in found}
    keys = {key for _, each in round_.targets() if each.id == target.target for key in each.keys}
    lacking = [_open_columns(task, known | keys) for task in tasks]
    if all(lacking):
        name, permitted = lacking[0][0]
        raise EpyflowError(
            f"{here}: {target.target!r} needs a value of {name}; expected {{target: "
            f"{target.target}, task_ids: {{{name}: ...}}}} with one of {listed(permitted)}"
        )


def _check_given(here: str, tasks: Sequence[ModelTask], target: str, name: str, value: str) -> None:
    columns = [task.columns[name].permitted for task in tasks if name in task.columns]
    if not columns:
        known = list(tasks[0].columns)
        raise EpyflowError(
            f"{here}: task_ids of {target!r}: the hub has no column {name!r}"
            f"{did_you_mean(name, known)}; expected one of {listed(known)}"
        )
    if not any(value in permitted for permitted in columns):
        raise EpyflowError(
            f"{here}: {target!r}: {name} {value!r} is not the hub's"
            f"{did_you_mean(value, columns[0])}; expected one of {listed(columns[0])}"
        )


def _open_columns(
    task: ModelTask, known: Collection[str | None]
) -> list[tuple[str, Sequence[str]]]:
    """Return the columns that permit several values and have none yet."""
    return [
        (name, values.permitted)
        for name, values in task.columns.items()
        if name not in known and len(values.permitted) > 1
    ]
