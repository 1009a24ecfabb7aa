"""An experiment with everything in it: two populations of two age groups, a grid with draws, doses,
closures and a sampled start.
"""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure, Task
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.inputs.build import Build
from epyflow.inputs.fan_out import plan
from epyflow.population.store import PopulationStore

BASEMODEL = """
model:
  meta: {description: for tests}
  name: tiny
  random_seed: 7
  timespan: {start_date: sampled, end_date: "2024-12-31"}
  population: {age_groups: ["0-17", "18+"]}
  compartments:
    - {id: S, label: Susceptible, init: default}
    - {id: I, init: sampled}
    - {id: V}
  transitions:
    - {type: mediated, source: S, target: I, mediator: I, rate: beta}
    - {type: vaccination, source: S, target: V}
  parameters:
    beta: {type: sampled}
    r: {type: sampled}
  vaccination:
    scenario_data_path: coverage.csv
    origin_compartment: S
    eligible_compartments: [S]
  interventions:
    - {type: school_closure, scaling_factor: 0.5}
"""

MODELSET = """
modelset:
  population_names: [US-NY, US-MA]
  sampling:
    samplers:
      - {strategy: grid, parameters: [r]}
      - {strategy: LHS, n_samples: 2, parameters: [beta, start_date], compartments: [I]}
    parameters:
      r: {values: [1, 2, 3]}
      beta: {distribution: {type: custom, name: between_one_and_two}}
    compartments:
      I: {min: 0.01, max: 0.02}
    start_date:
      reference_date: 2024-11-01
      distribution: {type: scipy, name: randint, args: [0, 2]}
"""

CALIBRATED = """
modelset:
  population_names: [US-MA]
  calibration:
    strategy: {name: top_fraction}
    observed_data_path: observed.csv
    comparison:
      - observed_value_column: cases
        observed_date_column: day
        simulation: [S_to_I_total]
    fitting_window: {start_date: 2024-11-07, end_date: 2024-11-08}
    start_date:
      reference_date: 2024-11-01
      prior: {type: scipy, name: randint, args: [0, 2]}
    parameters:
      beta: {prior: {type: scipy, name: uniform, args: [1, 1]}}
    compartments:
      I: {prior: {type: scipy, name: uniform, args: [0.01, 0.01]}}
    projection:
      n_trajectories: 2
      scenarios:
        - {id: few}
        - {id: many, vaccination_scenario: many}
"""

# In the first week 1% of 200 children and 10% of 300 adults, in the second nobody else.
COVERAGE = """
Geography,Age,Population,Week_Ending_Sat,Coverage
{place},0-17 Years,200,2024-11-09,1
{place},0-17 Years,200,2024-11-16,1
{place},18+ Years,300,2024-11-09,10
{place},18+ Years,300,2024-11-16,10
"""

POPULATION = """
population,age_group,persons
United_States_New_York,0-17,200
United_States_New_York,18+,300
United_States_Massachusetts,0-17,20
United_States_Massachusetts,18+,30
"""

CALENDAR = """
state,event_name,start_day,start_month,end_day,end_month
NY,Autumn break,1,11,6,11
MA,Autumn break,2,12,2,12
"""


def tiny_experiment(root: Path) -> Path:
    """Write the experiment, its populations and its data below a root."""
    coverage = [COVERAGE.format(place=place) for place in ("New York", "Massachusetts")]
    contacts = ["population,layer,age_group,contact_age_group,contacts_per_day"]
    for number, name in enumerate(("United_States_New_York", "United_States_Massachusetts")):
        for layer in ("school", "home"):
            for row in ("0-17", "18+"):
                contacts += [
                    f"{name},{layer},{row},{column},{number + 1}" for column in ("0-17", "18+")
                ]
    write = {
        "experiments/tiny/config/basemodel.yaml": BASEMODEL,
        "experiments/tiny/config/modelset.yaml": MODELSET,
        "experiments/tiny/config/coverage.csv": coverage[0] + coverage[1].split("\n", 2)[2],
        "experiments/tiny/functions/priors.py": """
            from scipy import stats

            def between_one_and_two():
                return stats.uniform(1, 1)
        """,
        "populations/population.csv": POPULATION,
        "populations/contacts.csv": "\n".join(contacts) + "\n",
        "calendar.csv": CALENDAR,
    }  # fmt: skip
    for name, text in write.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return root


def prepared(root: Path, members_per_task: int = 4) -> Build:
    experiment = load(locate("tiny", root))
    return Build(
        experiment=experiment,
        plan=plan(experiment, members_per_task),
        store=PopulationStore.open(root / "populations", remote=False),
        calendar_file=root / "calendar.csv",
        seed=7,
        engine="epydemix",
        run_code="0123456789ab",
    )


def written(build: Build, folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = {index: folder / f"input_{index:05d}.pkl" for index in range(build.plan.task_count)}
    build.write(paths)
    return list(paths.values())


def read(build: Build, folder: Path) -> list[Task | Failure]:
    return [pickling.read_input(path) for path in written(build, folder)]


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))


def contents(paths: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]
