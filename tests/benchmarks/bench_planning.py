"""What it costs to plan a large experiment: wall time and peak memory, Python's start included.

Run by ``make bench``. The limits are generous: they are there to notice a planning that lists
members, or a workflow that is quadratic in its tasks, not a slow machine.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.measuring import Cost, cost_of

REPOSITORY = Path(__file__).resolve().parents[2]

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


@pytest.fixture(scope="module")
def report() -> Iterator[dict[str, Cost]]:
    """Collect the costs; print them as a table and as one line of JSON at the end."""
    costs: dict[str, Cost] = {}
    yield costs
    lines = [f"{'':<40}{'wall time':>12}{'peak memory':>14}"]
    lines += [
        f"{what:<40}{cost.seconds:>10.1f} s{cost.megabytes:>11.0f} MB"
        for what, cost in costs.items()
    ]
    rows = [
        {"what": what, "seconds": round(cost.seconds, 2), "megabytes": round(cost.megabytes, 1)}
        for what, cost in costs.items()
    ]
    lines.append(json.dumps({"benchmark": "planning", "rows": rows}))
    sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


def experiment(folder: Path, members: int) -> Path:
    """Write an experiment of one population with ten grid points."""
    root = folder / "study"
    files = {
        "experiments/large/config/basemodel.yaml": BASEMODEL,
        "experiments/large/config/modelset.yaml": MODELSET.replace("NUMBER", str(members // 10)),
        "common-data/populations/population.csv": POPULATION,
        "common-data/populations/contacts.csv": CONTACTS,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_planning_an_hundred_thousand_members(tmp_path: Path, report: dict[str, Cost]) -> None:
    root = experiment(tmp_path, 100_000)
    command = [str(Path(sys.executable).with_name("epyflow")), "plan"]

    cost = cost_of([*command, str(root / "experiments/large")], tmp_path)

    report["epyflow plan, 100,000 members"] = cost
    assert "100,000" in cost.output
    assert cost.seconds < 30
    assert cost.megabytes < 500


def test_parsing_a_workflow_of_a_thousand_tasks(tmp_path: Path, report: dict[str, Cost]) -> None:
    root = experiment(tmp_path, 1_000)
    # configfile: is relative to the working directory.
    (tmp_path / "config").mkdir()
    shutil.copy(REPOSITORY / "config/config.yaml", tmp_path / "config")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--quiet", "rules"]
    settings = ["experiment=large", f"experiments_root={root}", "members_per_task=1"]

    cost = cost_of(
        [
            *command,
            *("--snakefile", str(REPOSITORY / "workflow/Snakefile")),
            *("--directory", str(tmp_path)),
            *("--config", *settings),
        ],
        tmp_path,
    )

    report["snakemake --dry-run, 1,000 tasks"] = cost
    plan = json.loads(next((tmp_path / ".epyflow").rglob("plan.json")).read_text())
    assert len(plan["plan"]["runs"][0]["tasks"]) == 1_000
    assert cost.seconds < 60
    assert cost.megabytes < 1_000
