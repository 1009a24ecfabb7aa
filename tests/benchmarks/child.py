"""One measurement in a process of its own: ``python -m tests.benchmarks.child WHAT PATH``.

``start`` times the way to a task's first trajectory, ``run`` a whole task; ``build`` writes the
inputs and ``tables`` the tables of a plan in the working directory. The answer is one line of JSON.
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


def build(path: Path) -> dict[str, float]:
    """Write all inputs of the plan that was made with the settings in a file."""
    from epyflow.run.input_build import build_inputs
    from epyflow.run.plan import read_plan_file
    from epyflow.run.settings import read_settings
    from epyflow.storage.disk import storage_at

    settings = read_settings(json.loads(path.read_text()))
    plan = read_plan_file(settings.plan_path.read_bytes())
    paths = {(plan.run_id, i): Path(plan.layout.input(i)) for i in range(len(plan.runs[0].tasks))}
    Path(plan.layout.inputs).mkdir(parents=True)
    build_inputs(settings, plan, paths, storage_at(None))
    return {"inputs": len(paths)}


def tables(path: Path) -> dict[str, float]:
    """Write all tables of a plan from its results."""
    from epyflow.run.plan import read_plan_file
    from epyflow.tables import TableSpec, write

    plan = read_plan_file(path.read_bytes())
    results = [Path(plan.layout.result(i)) for i in range(len(plan.runs[0].tasks))]
    files = {
        name: (TableSpec.of(spec), Path(f"{name}.csv.gz")) for name, spec in plan.tables.items()
    }
    write(files, results, {})
    return {"results": len(results)}


if __name__ == "__main__":
    found = {"start": start, "run": run, "build": build, "tables": tables}[sys.argv[1]](
        Path(sys.argv[2])
    )
    sys.stdout.write(json.dumps(found) + "\n")
