"""Project a calibrated population: simulate from the posterior to the end of the timespan."""

import logging
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow import engine
from epyflow.artifacts.task import NOT_STARTED, Fit, MemberResult, PackedArray, Task
from epyflow.experiment.format.base import parsed
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import AgeVarying, Calculated, Model, Scalar
from epyflow.logs import Progress
from epyflow.model.assembler import Assembler
from epyflow.randomness import generator
from epyflow.strategies.observation_model import reported
from epyflow.strategies.observed_units import Values
from epyflow.strategies.particle_simulator import member
from epyflow.strategies.per_start import resampled
from epyflow.strategies.reproduction_number import Reproductions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Projected:
    """One trajectory, with its own dates."""

    dates: tuple[date, ...]
    compartments: NDArray[np.float64]
    transitions: NDArray[np.float64]
    parameters: Values


def project(
    task: Task, model: Model, calibration: Calibration, fit: Fit
) -> tuple[MemberResult, ...]:
    """Simulate trajectories under particles drawn by their weights.

    Each trajectory has its own random numbers, from the seed, the population and its number. So
    two projections of one calibration are paired trajectory by trajectory, and so are the
    scenarios of one projection.

    Returns
    -------
    members
        One per scenario; one if there are none; none if the experiment asks for no projection.
    """
    projection = calibration.projection
    if projection is None or fit.projected_generation is None:
        return ()
    scenarios = projection.scenarios
    count = projection.n_trajectories
    progress = Progress(log, "trajectory", count * max(1, len(scenarios)))
    if not scenarios:
        return (_projection(task, model, calibration, fit, count, progress),)
    members = []
    for scenario in scenarios:
        changed = replace(task, doses=task.scenario_doses.get(scenario.id, task.doses))
        interventions = (*model.interventions, *scenario.interventions)
        future = model.model_copy(update={"interventions": interventions})
        found = _projection(changed, future, calibration, fit, count, progress)
        members.append(replace(found, scenario=scenario.id))
    return tuple(members)


def _projection(
    task: Task,
    model: Model,
    calibration: Calibration,
    fit: Fit,
    count: int,
    progress: Progress,
) -> MemberResult:
    """Project one scenario, with its own model and doses."""
    posterior = fit.generations[fit.projected_generation or 0]
    chances = posterior.weights / posterior.weights.sum()
    assembler = Assembler(model, task.population, task.doses, task.closure_days)
    resampling_of, projected = resampled(model), []
    drawn: list[int] = []
    reproductions = Reproductions()
    for number in range(count):
        rng = generator(task.seed, "project", task.population.name, number)
        drawn.append(int(rng.choice(len(chances), p=chances)))
        values = posterior.particles[drawn[-1]]
        built = assembler.build(member(calibration, task.members[0], values.tolist()))
        trajectory = engine.simulate(built, rng, task.engine)
        resampling = resampling_of(built.dates)
        reproductions.add(built, resampling, trajectory)
        projected.append(
            _Projected(
                resampling.dates,
                resampling.compartments(trajectory.compartments),
                resampling.transitions(trajectory.transitions),
                built.parameters,
            )
        )
        progress.step()
    gathered = _gathered(projected, reproductions.numbers(), model, task)
    gathered = replace(gathered, particles=tuple(drawn))
    if not fit.reporting and not fit.units:
        return gathered
    simulated = [each.transitions for each in projected]
    values = [each.parameters for each in projected]
    found = reported(task, model, calibration, fit, simulated, values, gathered)
    return replace(gathered, reported=found)


def _gathered(
    projected: list[_Projected], numbers: list[NDArray[np.float64]], model: Model, task: Task
) -> MemberResult:
    """Align the trajectories to the dates of the one that starts first."""
    axis = max((each.dates for each in projected), key=len)
    if not axis:
        raise ValueError(
            f"no whole {model.simulation.resample_frequency} period is simulated up to "
            f"{model.timespan.end_date}; expected a later timespan.end_date"
        )
    for each in projected:
        if each.dates != axis[len(axis) - len(each.dates) :]:
            raise ValueError(
                f"trajectories that start on different days have different dates "
                f"({each.dates[0]}, {axis[0]}, ...); set simulation.resample_frequency, such as "
                "W-SAT, so that they have the same dates"
            )
    return MemberResult(
        primary_id=task.members[0].primary_id,
        start_date=axis[0],
        end_date=model.timespan.end_date,
        parameters=fixed_parameters(model),
        initial={},
        dates=axis,
        compartments=_stacked([each.compartments for each in projected], len(axis)),
        transitions=_stacked([each.transitions for each in projected], len(axis)),
        reproduction=_stacked(numbers, len(axis)) if numbers else None,
    )


def _stacked(arrays: list[NDArray[np.float64]], length: int) -> PackedArray:
    stacked = np.full((len(arrays), length, *arrays[0].shape[1:]), float(NOT_STARTED))
    for row, array in enumerate(arrays):
        stacked[row, length - len(array) :] = array
    return PackedArray.pack(stacked)


def fixed_parameters(model: Model) -> dict[str, float | tuple[float, ...]]:
    """Return the parameters that have the same value for every particle."""
    values: dict[str, float | tuple[float, ...]] = {}
    for name, parameter in model.parameters.items():
        if isinstance(parameter, Scalar):
            values[name] = parameter.value
        elif isinstance(parameter, AgeVarying):
            values[name] = parameter.values
        elif isinstance(parameter, Calculated) and not parsed(parameter.value).names:
            values[name] = float(parsed(parameter.value).compute({}))
    return values
