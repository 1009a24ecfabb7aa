"""Check that the arrays of a task fit one another, before an engine reads them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import GROWTH_LEVELS, DailyDoses, Task
from epyflow.errors import ArtifactError
from epyflow.experiment.format.model import AgeVarying, Model
from forecast_hub.combining.growth import HORIZONS

_Axis = tuple[str, int | None]
"""What an axis counts, and its length; None for any length."""

_Field = tuple[str, Any, tuple[_Axis, ...]]
"""The name of an array, the array, and its axes."""


def check_arrays(
    task: Task, model: Model, comparisons: int = 0, *, has_growth: bool = False
) -> None:
    """Refuse a task with an array of another shape than its age groups, dates or comparisons.

    Parameters
    ----------
    task
        The task; its input may come from a bucket.
    model
        Its model section.
    comparisons
        Number of comparisons of its calibration.
    has_growth
        Whether its projection needs a forecast by damped growth.

    Raises
    ------
    ArtifactError
        Naming the field, its shape, and the shape that is expected; or a forecast by damped growth
        that is missing, or no ascending counts.
    """
    advice = f"Delete the input of task {task.index} and run again."
    for name, array, axes in (*_by_age(task, model), *_observed(task, comparisons)):
        found, expected = np.shape(array), [length for _, length in axes]
        pairs = zip(found, expected, strict=False)
        if len(found) != len(expected) or any(e not in (None, f) for f, e in pairs):
            shape = ", ".join(
                f"{'any' if length is None else length} {what}" for what, length in axes
            )
            raise ArtifactError(
                f"{task.population.name}: {name} has the shape {found}; expected ({shape}). "
                f"{advice}"
            )
    if has_growth and not _is_forecast(task.growth):
        raise ArtifactError(
            f"{task.population.name}: growth is {'missing' if task.growth is None else 'wrong'}; "
            f"expected ascending counts of 0 or more, for the levels of damped_growth. {advice}"
        )


def _is_forecast(growth: NDArray[np.float64] | None) -> bool:
    if growth is None or growth.dtype.kind != "f" or not np.isfinite(growth).all():
        return False
    return bool((growth >= 0).all() and (np.diff(growth) >= 0).all())


def _by_age(task: Task, model: Model) -> Iterator[_Field]:
    population = task.population
    ages: _Axis = ("age groups", len(population.age_groups))
    yield "model.population.age_groups", model.population.age_groups, (ages,)
    for compartment in model.compartments:
        if isinstance(compartment.init, tuple):
            yield f"model.compartments.{compartment.id}.init", compartment.init, (ages,)
    for name, parameter in model.parameters.items():
        if isinstance(parameter, AgeVarying):
            yield f"model.parameters.{name}.values", parameter.values, (ages,)
    yield "population.sizes", population.sizes, (ages,)
    for layer, matrix in population.contacts.items():
        yield f"population.contacts.{layer}", matrix, (ages, ages)
    schedules: dict[str, DailyDoses | None] = {"doses": task.doses}
    schedules |= {f"scenario_doses.{name}": each for name, each in task.scenario_doses.items()}
    for name, schedule in schedules.items():
        if schedule is not None:
            yield f"{name}.doses", schedule.doses, (("days", None), ages)


def _observed(task: Task, comparisons: int) -> Iterator[_Field]:
    if task.observations is not None:
        axes = (("dates", len(task.observations.dates)), ("comparisons", comparisons))
        yield "observations.values", task.observations.values, axes
        if task.observations.visits is not None:
            yield "observations.visits", task.observations.visits, axes
    if task.growth is not None:
        levels = ("levels", len(GROWTH_LEVELS))
        forecast = (("comparisons", comparisons), ("periods", HORIZONS), levels)
        yield "growth", task.growth, forecast
