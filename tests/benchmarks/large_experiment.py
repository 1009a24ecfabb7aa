"""An experiment of one population with as many parameter sets as one likes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Task
from epyflow.run.layout import RunLayout

MOST_TASKS = 5_000
RUN = RunLayout("large", "main")

BASEMODEL = """
model:
  random_seed: 7
  timespan: {start_date: "2024-10-01", end_date: "2025-03-31"}
  simulation: {n_sims: 10, resample_frequency: W-SAT}
  population: {name: US-MA, age_groups: ["0-17", "18+"]}
  compartments: [{id: S, init: default}, {id: I, init: 0.001}, {id: R}]
  transitions:
    - {type: mediated, source: S, target: I, mediator: I, rate: beta}
    - {type: spontaneous, source: I, target: R, rate: mu}
  parameters:
    R0: {type: sampled}
    mu: {type: sampled}
    beta: {type: calculated, value: R0*mu/eigenvalue}
"""

MODELSET = """
modelset:
  sampling:
    samplers:
      - {strategy: grid, parameters: [mu]}
      - {strategy: LHS, n_samples: NUMBER, parameters: [R0]}
    parameters:
      mu: {values: [0.20, 0.22, 0.24, 0.26, 0.28, 0.30, 0.32, 0.34, 0.36, 0.38]}
      R0: {distribution: {type: scipy, name: uniform, args: [1.2, 0.8]}}
"""

OUTPUT = """
output:
  quantiles: {selections: [0.05, 0.5, 0.95], transitions: [S_to_I_total]}
"""

POPULATION = """population,age_group,persons
United_States_Massachusetts,0-17,1400000
United_States_Massachusetts,18+,5600000
"""

CONTACTS = """population,layer,age_group,contact_age_group,contacts_per_day
United_States_Massachusetts,home,0-17,0-17,4
United_States_Massachusetts,home,0-17,18+,4
United_States_Massachusetts,home,18+,0-17,1
United_States_Massachusetts,home,18+,18+,4
"""


def tasks_of(members: int) -> int:
    """Return the number of tasks of an experiment."""
    return min(members // 2, MOST_TASKS)


def write_experiment(folder: Path, members: int) -> Path:
    """Write an experiment of one population with ten grid points."""
    root = folder / "study"
    files = {
        "experiments/large/config/basemodel.yaml": BASEMODEL,
        "experiments/large/config/modelset.yaml": MODELSET.replace("NUMBER", str(members // 10)),
        "experiments/large/config/output.yaml": OUTPUT,
        "common-data/populations/population.csv": POPULATION,
        "common-data/populations/contacts.csv": CONTACTS,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def settings_of(root: Path, members: int) -> dict[str, str | int]:
    """Return the settings of a run of the experiment."""
    each = members // tasks_of(members)
    return {"experiment": "large", "experiments_root": str(root), "members_per_task": each}


def results_like(first_input: bytes, tasks: int) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of the result of each task: copies of the first, renumbered."""
    task = pickling.input_of(first_input, RUN.input(0))
    assert isinstance(task, Task)
    first = strategies.run(task)
    for index in range(tasks):
        shift = index * len(first.members)
        own = tuple(replace(each, primary_id=each.primary_id + shift) for each in first.members)
        yield RUN.result(index), pickling.to_bytes(replace(first, index=index, members=own))
