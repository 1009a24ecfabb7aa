"""Every real experiment: its models give the same bits with both engines.

epydemix takes a fifth of a second for a season of one population. Of the 52 populations of the
United States every fourth is simulated, large ones and small ones.
"""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from epyflow import engine
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Member, Task
from epyflow.engine import compiled
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.model.assembler import Assembler
from epyflow.run.input_build import prepare_build
from epyflow.run.settings import read_settings
from epyflow.strategies.particle_simulator import member, priors

pytestmark = pytest.mark.shared

EXPERIMENTS = {
    "sir_standalone": 1,  # member
    "seir_sampling": 32,
    "flu_2425_smoke": 2,  # populations
    "flu_2425_us": 13,
}
EVERY = {"flu_2425_us": 4}  # of the tasks; all tasks of the others
SEED = 7


def tasks(shared, folder, experiment) -> Iterator[Task]:
    settings = {
        "experiment": experiment,
        "experiments_root": str(shared),
        "population_data": str(shared / "data" / "populations"),
    }
    build = prepare_build(read_settings(settings), seed=SEED)
    numbers = range(0, build.plan.task_count, EVERY.get(experiment, 1))
    paths = {number: folder / f"{number}.pkl" for number in numbers}
    build.write(paths)
    for path in paths.values():
        task = pickling.read_input(path)
        assert isinstance(task, Task)
        yield task


def members(task: Task) -> tuple[Member, ...]:
    """The members of a task; of a calibration, one whose values are drawn from the priors."""
    if task.calibration is None:
        return task.members
    calibration = Calibration.model_validate(json.loads(task.calibration))
    rng = np.random.default_rng([SEED, task.index])
    return (member(calibration, task.members[0], priors(calibration).draw(rng)),)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_models_of_an_experiment(shared, tmp_path, experiment):
    found = 0
    for task in tasks(shared, tmp_path, experiment):
        model = Model.model_validate_json(task.model)
        assembler = Assembler(model, task.population, task.doses, task.closure_days)
        for each in members(task):
            built = assembler.build(each)
            assert compiled.find_obstacle(built) is None
            ours, theirs = np.random.default_rng(found), np.random.default_rng(found)

            one = engine.simulate(built, ours, "compiled")
            other = engine.simulate(built, theirs, "epydemix")

            assert (one.compartments == other.compartments).all(), task.population.name
            assert (one.transitions == other.transitions).all(), task.population.name
            assert ours.bit_generator.state == theirs.bit_generator.state
            assert one.transitions.sum() > 0
            found += 1
    assert found == EXPERIMENTS[experiment]
