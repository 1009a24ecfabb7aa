"""Simulate the parameter set of every member of a task ``n_sims`` times."""

import logging

import numpy as np

from epyflow import engine
from epyflow.artifacts.task import Member, MemberResult, PackedArray, Result, Task
from epyflow.errors import EpyflowError
from epyflow.experiment.format.model import Model
from epyflow.logs import Progress
from epyflow.model.assembler import Assembler
from epyflow.model.task_arrays import check_arrays
from epyflow.randomness import generator
from epyflow.strategies.per_start import plan_resampling
from epyflow.strategies.reproduction_number import Reproductions

log = logging.getLogger(__name__)


def simulate_members(task: Task) -> Result:
    """Simulate the members of a task one after another.

    Raises
    ------
    EpyflowError
        If arrays of the task do not fit, or the model of a member cannot be built or simulated. A
        failed simulation is never reported as zero infections.
    """
    model = Model.model_validate_json(task.model)
    engine.check_engine(task.engine)
    check_arrays(task, model)
    assembler = Assembler(model, task.population, task.doses, task.closure_days)
    progress = Progress(log, "member", len(task.members))
    results = []
    for member in task.members:
        where = f"{task.population.name}, member {member.primary_id}"
        try:
            results.append(_simulate_member(member, model, assembler, task))
        except (ValueError, ArithmeticError) as error:
            raise EpyflowError(f"{where}: {error}") from error
        except Exception as error:
            error.add_note(where)
            raise
        progress.step()
    return Result(
        index=task.index,
        code=task.code,
        seed=task.seed,
        population=task.population.name,
        location=task.population.location,
        age_groups=task.population.age_groups,
        compartments=model.compartment_ids,
        transitions=model.transition_names,
        delta_t=model.timespan.delta_t,
        members=tuple(results),
    )


def _simulate_member(
    member: Member, model: Model, assembler: Assembler, task: Task
) -> MemberResult:
    built = assembler.build(member)
    resampling = plan_resampling(model, built.dates)
    if not resampling.dates:
        raise ValueError(
            f"no whole {model.simulation.resample_frequency} period lies between "
            f"{built.dates[0].astype('datetime64[D]')} and {model.timespan.end_date}; expected a "
            "later timespan.end_date, or a shorter simulation.resample_frequency"
        )
    simulate = engine.simulator(built, task.engine)
    rng = generator(task.seed, "simulate", task.population.name, member.index)
    reproductions = Reproductions()
    compartments, transitions = [], []
    for _ in range(model.simulation.n_sims):
        trajectory = simulate(rng)
        compartments.append(resampling.compartments(trajectory.compartments))
        transitions.append(resampling.transitions(trajectory.transitions))
        reproductions.add(built, resampling, trajectory)
    numbers = reproductions.numbers()
    return MemberResult(
        primary_id=member.primary_id,
        start_date=built.dates[0].astype("datetime64[D]").item(),
        end_date=model.timespan.end_date,
        parameters=built.parameters,
        initial={
            name: tuple(int(persons) for persons in row)
            for name, row in zip(built.compartments, built.initial, strict=True)
        },
        dates=resampling.dates,
        compartments=PackedArray.pack(np.array(compartments)),
        transitions=PackedArray.pack(np.array(transitions)),
        reproduction=PackedArray.pack(np.array(numbers)) if numbers else None,
    )
