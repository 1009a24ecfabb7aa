"""What it costs to plan a large experiment: wall time and peak memory, Python's start included.

Run by ``make bench``. The limits are generous: they are there to notice a planning that lists
members, or a workflow that is quadratic in its tasks, not a slow machine.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

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


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    what: str
    seconds: float
    megabytes: float
    output: str


@pytest.fixture(scope="module")
def report() -> Iterator[list[Cost]]:
    """Collect the costs; print them as a table and as one line of JSON at the end."""
    costs: list[Cost] = []
    yield costs
    lines = [f"{'':<40}{'wall time':>12}{'peak memory':>14}"]
    lines += [f"{c.what:<40}{c.seconds:>10.1f} s{c.megabytes:>11.0f} MB" for c in costs]
    rows = [{"what": c.what, "seconds": c.seconds, "megabytes": c.megabytes} for c in costs]
    lines.append(json.dumps({"benchmark": "planning", "rows": rows}))
    sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


def measured(what: str, command: list[str], folder: Path) -> Cost:
    """Run a command; its peak memory is that of its largest process."""
    output = folder / "output.txt"
    begin = time.perf_counter()
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text()
    assert process.returncode == 0, text
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return Cost(what, round(seconds, 2), round(usage.ru_maxrss * unit / 1e6, 1), text)


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


def test_planning_an_hundred_thousand_members(tmp_path: Path, report: list[Cost]) -> None:
    root = experiment(tmp_path, 100_000)
    command = [str(Path(sys.executable).with_name("epyflow")), "plan"]

    cost = measured(
        "epyflow plan, 100,000 members",
        [*command, str(root / "experiments/large")],
        tmp_path,
    )

    report.append(cost)
    assert "100,000" in cost.output
    assert cost.seconds < 30
    assert cost.megabytes < 500


def test_parsing_a_workflow_of_a_thousand_tasks(tmp_path: Path, report: list[Cost]) -> None:
    root = experiment(tmp_path, 1_000)
    # configfile: is relative to the working directory.
    (tmp_path / "config").mkdir()
    shutil.copy(REPOSITORY / "config/config.yaml", tmp_path / "config")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--quiet", "rules"]
    settings = ["experiment=large", f"experiments_root={root}", "members_per_task=1"]

    cost = measured(
        "snakemake --dry-run, 1,000 tasks",
        [
            *command,
            *("--snakefile", str(REPOSITORY / "workflow/Snakefile")),
            *("--directory", str(tmp_path)),
            *("--config", *settings),
        ],
        tmp_path,
    )

    report.append(cost)
    plan = json.loads(next((tmp_path / ".epyflow").rglob("plan.json")).read_text())
    assert len(plan["plan"]["tasks"]) == 1_000
    assert cost.seconds < 60
    assert cost.megabytes < 1_000
