"""Measure the CPU time of a season's replay: fits, submissions and scores, in all processes.

The shipped influenza experiment, 100 particles in each of 5 generations, for 20 states and 8
reference dates of 2024-25. Run by ``make bench``. Of fewer fits, each has more of what a run costs
once, so a season at their rate is too dear:

    PLACES=5 DATES=4 make bench ARGS="-k season"
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from epyflow.engine import compile_cache
from tests.benchmarks.measuring import REPOSITORY, Report, cost_of, science
from tests.conftest import SHARED
from tests.workflow.workspace import Done, Workspace

STATES = (
    *("CA", "NE", "NY", "TX", "VT", "FL", "OH", "MA", "GA", "WA"),
    *("AZ", "CO", "IL", "KS", "MI", "MN", "NC", "OR", "PA", "TN"),
)
DATES = (
    *("2024-12-21", "2025-01-04", "2025-01-18", "2025-02-01"),
    *("2025-02-15", "2025-03-01", "2025-03-15", "2025-03-29"),
)
SEASON = 52 * 30
"""Fits of a season: the states, DC and the nation in 30 weeks."""
REQUIRED = 2.0 * 3600 / SEASON
"""CPU-seconds of a fit and its share of everything else: 12.3 minutes for 160."""

EXPERIMENT = REPOSITORY / "config" / "experiments" / "influenza"
DATA = SHARED / "data"


def write_experiment(folder: Path, places: int) -> Path:
    """Copy the experiment, with the first of the states; its data are below another root."""
    copy = shutil.copytree(EXPERIMENT, folder / "influenza")
    modelset = copy / "config" / "modelset.yaml"
    names = ", ".join(f"US-{state}" for state in STATES[:places])
    text, count = re.subn(
        r"(?m)^  population_names: .*$", f"  population_names: [{names}]", modelset.read_text()
    )
    assert count == 1
    modelset.write_text(text)
    return copy


@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not there")
def test_a_season_is_replayed(tmp_path: Path) -> None:
    places = int(os.environ.get("PLACES", len(STATES)))
    dates = DATES[: int(os.environ.get("DATES", len(DATES)))]
    fits = places * len(dates)
    compile_cache.warm(print)
    workspace = Workspace(tmp_path)
    settings = {
        "experiment": write_experiment(tmp_path, places),
        "experiments_root": SHARED,
        "today": "2025-01-15",
        "hub": DATA / "hub",
        "hub_locations": DATA / "hub" / "locations_202425.csv",
        "target_data": DATA / "surveillance" / "flu_admissions_final_to_2025-09.csv",
        "reference_dates": f"[{', '.join(dates)}]",
    }
    profile = ("--profile", "profiles/local", "--logger-live-mode", "off")
    command = workspace.command(*profile, **settings)
    run = cost_of(command, workspace.folder, **workspace.environment())
    results = workspace.folder / "results" / "influenza" / "main"
    alone = len(dates) * science(results / dates[len(dates) // 2] / "builder-artifacts")

    jobs = sum(Done(0, run.output).jobs.values())
    each, required = run.cpu / fits, REQUIRED * fits
    report = Report("season")
    columns = ("", "jobs", "CPU time", "required", "wall time")
    title = f"{places} states, {len(dates)} dates: {fits} fits"
    for what, count, cpu, limit, wall in (
        ("run", str(jobs), run.cpu, f"{required:.0f} s", f"{run.seconds:.0f} s"),
        ("each fit, with its share of the rest", "", each, f"{REQUIRED:.2f} s", ""),
        (f"{SEASON:,} fits at this rate", "", SEASON * each, f"{SEASON * REQUIRED:.0f} s", ""),
        ("strategies.run alone, from one date", "", alone, "", ""),
    ):
        report.add(title, columns, what, count, f"{cpu:.2f} s", limit, wall)
        report.record(title, what, cpu=round(cpu, 2), jobs=count)
    report.show()
    assert len(list(results.glob("*/hub/*.csv"))) == len(dates)
    assert (results / "scores" / "relative_scores.csv").is_file()
