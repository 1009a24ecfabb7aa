"""One measurement in a process of its own: ``python -m tests.benchmarks.child WHAT TASK``.

``start`` times the way to a task's first trajectory, ``run`` a whole task. The answer is one line
of JSON.
"""

import json
import sys
import time
from pathlib import Path


def start(path: Path) -> dict[str, float]:
    """Import, build the task's first model and simulate it twice; CPU times in seconds."""
    from epyflow import engine, randomness
    from epyflow.artifacts import pickling
    from epyflow.artifacts.task import Task
    from epyflow.experiment.format.model import Model
    from epyflow.model.assembler import Assembler

    task = pickling.read_input(path)
    if not isinstance(task, Task):
        raise TypeError(f"{path} holds no task")
    model = Model.model_validate_json(task.model)
    assembler = Assembler(model, task.population, task.doses, task.closure_days)
    built = assembler.build(task.members[0])
    rng = randomness.generator(task.seed, "start")
    ready = time.process_time()
    engine.simulate(built, rng, task.engine)
    first = time.process_time()
    engine.simulate(built, rng, task.engine)
    second = time.process_time()
    return {
        "prepared": ready,
        "first": first - ready,
        "second": second - first,
        "total": first,
    }


def run(path: Path) -> dict[str, float]:
    """Run a task to its result; say how often it simulated."""
    from epyflow import strategies
    from epyflow.artifacts import pickling
    from epyflow.artifacts.task import Task

    task = pickling.read_input(path)
    if not isinstance(task, Task):
        raise TypeError(f"{path} holds no task")
    result = strategies.run(task)
    generations = result.fit.generations if result.fit else ()
    return {
        "simulations": sum(generation.simulations for generation in generations),
        "trajectories": sum(member.compartments.shape[0] for member in result.members),
    }


if __name__ == "__main__":
    found = {"start": start, "run": run}[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.write(json.dumps(found) + "\n")
