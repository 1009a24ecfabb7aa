"""The reports that the browser opens: a calibration of 52 places that takes seconds, and others."""

import csv
import sys
from pathlib import Path

import us
import yaml

from tests.workflow.calibrating import CALIBRATION
from tests.workflow.workspace import Workspace

ZIPPED = "report.zip"
STYLE = ("--report-stylesheet", "src/epyflow/report/style.css")


def places() -> dict[str, str]:
    """Store name to ISO code of the country, its states and the capital's district."""
    states = [*us.states.STATES, us.states.DC]
    named = {f"United_States_{s.name.replace(' ', '_')}": f"US-{s.abbr}" for s in states}
    return {"United_States": "US"} | dict(sorted(named.items()))


def of_all_places(workspace: Workspace) -> None:
    """Make the study one of 52 places, each of which is calibrated in a moment.

    Two of them have observations that no epidemic of theirs can follow.
    """
    codes = places()
    common = workspace.study / "common-data"
    contacts = ["population,layer,age_group,contact_age_group,contacts_per_day"]
    people = ["population,age_group,persons"]
    for number, name in enumerate(codes):
        people += [f"{name},0-17,{4000 + 100 * number}", f"{name},18+,{16000 + 400 * number}"]
        for layer in ("school", "work", "home", "community"):
            contacts += [
                f"{name},{layer},{a},{b},2" for a in ("0-17", "18+") for b in ("0-17", "18+")
            ]
    (common / "populations" / "population.csv").write_text("\n".join(people) + "\n")
    (common / "populations" / "contacts.csv").write_text("\n".join(contacts) + "\n")
    _observe(common / "observed.csv", codes)

    modelset = yaml.safe_load(CALIBRATION)["modelset"]
    modelset["population_names"] = list(codes.values())
    calibration = modelset["calibration"]
    calibration["strategy"]["options"] = {"num_particles": 20, "num_generations": 2}
    calibration["parameters"]["R0"]["prior"]["args"] = [0.9, 0.6]
    calibration["start_date"] = {
        "reference_date": "2024-12-25",
        "prior": {"type": "scipy", "name": "randint", "args": [0, 12]},
    }
    calibration["projection"] = {"n_trajectories": 20}
    (workspace.config / "modelset.yaml").write_text(yaml.safe_dump({"modelset": modelset}))
    workspace.change("basemodel", _calibrated)
    quantiles = {"selections": [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]}
    chosen = {"output": {"quantiles": quantiles, "posteriors": True}}
    (workspace.config / "output.yaml").write_text(yaml.safe_dump(chosen))


def _calibrated(data: dict) -> None:  # type: ignore[type-arg]
    model = data["model"]
    model["parameters"]["R0"] = {"type": "calibrated"}
    model["timespan"]["start_date"] = "calibrated"
    model["compartments"] = [
        {"id": "S", "label": "Susceptible", "init": "default"},
        {"id": "I", "label": "Infectious", "init": 50},
        {"id": "R", "label": "Recovered"},
    ]
    model["transitions"] = [each for each in model["transitions"] if each["type"] != "vaccination"]
    del model["vaccination"]


def _observe(path: Path, codes: dict[str, str]) -> None:
    weeks = ["2025-01-11", "2025-01-18", "2025-01-25", "2025-02-01", "2025-02-08"]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["date", "location", "value"])
        for number, code in enumerate(codes.values()):
            factor = 40 if number in (7, 31) else 1
            size = (1 + number / 20) * factor
            rows.writerows(
                [week, code, round(size * (80 + 60 * n))] for n, week in enumerate(weeks)
            )


RUN_EVERY_TASK = """
import resource, time
from pathlib import Path
from epyflow.run import task_execution
for task in sorted(Path().glob("results/**/builder-artifacts/input_*.pkl")):
    result = task.parents[1] / "runner-artifacts" / task.name.replace("input", "result")
    result.parent.mkdir(exist_ok=True)
    start = time.perf_counter()
    task_execution.run_task(task, result, partial=False)
    measured = Path("benchmarks", *task.parts[1:3], "run_task", task.stem[-5:] + ".tsv")
    measured.parent.mkdir(parents=True, exist_ok=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured.write_text(f"s\\tmax_rss\\n{time.perf_counter() - start}\\t{memory}\\n")
"""


def report(workspace: Workspace, name: str = "report.html", **config: object) -> Path:
    """Run a study to its end and write its report."""
    return _done(
        workspace,
        name,
        workspace.command(**config),
        workspace.command("--report", name, *STYLE, **config),
    )


def report_of_many_tasks(workspace: Workspace, name: str = "report.html") -> Path:
    """Do the same with one process for all tasks: 52 would take a minute to start."""
    return _done(
        workspace,
        name,
        workspace.command("--until", "build_inputs"),
        [sys.executable, "-c", RUN_EVERY_TASK],
        workspace.command(),
        workspace.command("--report", name, *STYLE),
    )


def write_report(workspace: Workspace, name: str) -> Path:
    """Write another report of a study that was run."""
    return _done(workspace, name, workspace.command("--report", name, *STYLE))


def _done(workspace: Workspace, name: str, *steps: list[str]) -> Path:
    for step in steps:
        done = workspace.call(step)
        assert done.code == 0, done.text
    return workspace.folder / name
