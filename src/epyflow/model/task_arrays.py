"""Check that the arrays of a task fit one another, before an engine reads them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from epyflow.artifacts.task import DailyDoses, Task
from epyflow.errors import ArtifactError
from epyflow.experiment.format.model import AgeVarying, Model

_Axis = tuple[str, int | None]
"""What an axis counts, and its length; None for any length."""

_Field = tuple[str, Any, tuple[_Axis, ...]]
"""The name of an array, the array, and its axes."""


def check_arrays(task: Task, model: Model, comparisons: int = 0) -> None:
    """Refuse a task with an array of another shape than its age groups, dates or comparisons.

    Parameters
    ----------
    task
        The task; its input may come from a bucket.
    model
        Its model section.
    comparisons
        Number of comparisons of its calibration.

    Raises
    ------
    ArtifactError
        Naming the field, its shape, and the shape that is expected.
    """
    for name, array, axes in (*_by_age(task, model), *_observed(task, comparisons)):
        found, expected = np.shape(array), [length for _, length in axes]
        pairs = zip(found, expected, strict=False)
        if len(found) != len(expected) or any(e not in (None, f) for f, e in pairs):
            shape = ", ".join(
                f"{'any' if length is None else length} {what}" for what, length in axes
            )
            raise ArtifactError(
                f"{task.population.name}: {name} has the shape {found}; expected ({shape}). "
                f"Delete the input of task {task.index} and run again."
            )


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
        forecast = (("comparisons", comparisons), ("periods", None), ("levels", None))
        yield "growth", task.growth, forecast
