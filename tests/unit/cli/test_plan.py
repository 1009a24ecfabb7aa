import json
import re
from pathlib import Path

import pytest

from tests.unit.cli.command import run
from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    SAMPLING,
    SIR,
    changed,
    write_dateless,
    write_sections,
)

EXAMPLE = Path(__file__).resolve().parents[3] / "config" / "experiments" / "example"


def test_the_plan_of_the_example_shows_its_members():
    done = run("plan", EXAMPLE, "--format", "json")

    # 2 states x 2 x 2 values of the grid x 8 draws; 10 trajectories each.
    document = json.loads(done.stdout)
    assert done.exit_code == 0
    assert document["populations"] == ["United_States_Massachusetts", "United_States_New_York"]
    assert (document["members"], document["simulations"]) == (64, 640)
    assert document["simulations_are_a_lower_bound"] is False


def test_members_are_packed_into_tasks_as_asked(root):
    folder = write_sections(root, SAMPLING)

    done = run("plan", folder, "--members-per-task", 10, "--format", "json")

    # 2 states; 2 x 3 grid points x 8 draws = 48 members each, in 5 tasks; 10 trajectories each.
    document = json.loads(done.stdout)
    assert (document["members"], document["tasks"], document["simulations"]) == (96, 10, 960)
    assert document["members_per_task"] == 10


def test_the_table_has_the_figures_of_each_population_and_their_sum(root):
    folder = write_sections(root, SAMPLING)

    done = run("plan", folder, "--members-per-task", 10)

    cells = [re.findall(r"[\w,-]+", line) for line in done.stdout.splitlines()]
    assert ["Massachusetts", "US-MA", "5", "48", "480"] in cells
    assert ["New", "York", "US-NY", "5", "48", "480"] in cells
    assert ["total", "10", "96", "960"] in cells
    assert "up to 10 members in a task" in done.stdout


def test_a_calibration_simulates_at_least_its_particles_and_projections(root):
    folder = write_sections(root, CALIBRATION)
    assert re.search(r"^At least \d+", run("plan", folder).stdout, re.MULTILINE)

    document = json.loads(run("plan", folder, "--format", "json").stdout)

    # All but the nation and Alaska: 50. Each: 20 particles x 3 generations + 10 trajectories.
    assert (document["tasks"], document["simulations"]) == (50, 50 * 70)
    assert document["strategy"] == "smc"
    assert document["simulations_are_a_lower_bound"] is True


@pytest.mark.parametrize("format", ["text", "json"])
def test_an_invalid_experiment_has_no_plan(root, format):
    folder = write_sections(root, changed(SIR, ("model.timespan.end_date", GONE)))

    done = run("plan", folder, "--format", format)

    assert done.exit_code == 1
    if format == "json":
        assert json.loads(done.stdout)["problems"][0]["key"] == "model.timespan.end_date"
    else:
        assert done.stdout == ""
        assert "model.timespan.end_date: missing; expected a value for 'end_date'" in done.stderr


@pytest.mark.parametrize("format", ["text", "json"])
def test_warnings_are_printed_beside_the_plan(root, format):
    sections = changed(SIR, ("model.parameters.extra", {"type": "scalar", "value": 1}))

    done = run("plan", write_sections(root, sections), "--format", format)

    assert done.exit_code == 0
    assert "model.parameters.extra: warning: no rate" in done.stderr
    assert "warning" not in done.stdout


def test_members_per_task_is_at_least_1(root):
    done = run("plan", write_sections(root, SIR), "--members-per-task", 0)

    assert done.exit_code == 2
    assert "--members-per-task" in done.output


DATES = ["2025-01-18", "2025-01-25"]


def replay(folder, dates, *arguments):
    settings = ("--config", "today=2025-01-29", f"reference_dates=[{', '.join(dates)}]")
    return run("plan", folder, *arguments, *settings)


def test_the_plan_of_a_replay_is_of_all_its_dates(tmp_path):
    folder = write_dateless(tmp_path)
    costly = ("--cost", "--format", "json")

    one = json.loads(replay(folder, DATES[:1], *costly).stdout)
    two = json.loads(replay(folder, DATES[::-1], *costly).stdout)

    for key in ("tasks", "members", "simulations"):
        assert two[key] == 2 * one[key] > 0
    assert two["cpu_seconds_estimate"] > 1.5 * one["cpu_seconds_estimate"]
    assert two["reference_dates"] == DATES
    jobs = [{each["rule"]: each["jobs"][0] for each in got["cost"]["stages"]} for got in (one, two)]
    drawn = {each["rule"] for each in one["cost"]["stages"] if each["stage"] == "figures"}
    assert jobs[1] == {r: n if r in drawn else 2 * n for r, n in jobs[0].items()}
    assert two["cost"]["usd"] > one["cost"]["usd"]


def test_the_table_of_a_replay_names_its_dates_and_has_the_sums(tmp_path):
    folder = write_dateless(tmp_path)
    document = json.loads(replay(folder, DATES, "--format", "json").stdout)

    shown = replay(folder, DATES).stdout

    cells = [re.findall(r"[\w,-]+", line) for line in shown.splitlines()]
    total = [f"{document[key]:,}" for key in ("tasks", "members", "simulations")]
    assert ["total", *total] in cells
    assert ["Massachusetts", "US-MA", *total] in cells
    assert "For 2 reference dates: 2025-01-18, 2025-01-25\n" in shown
    assert "reference_date:" not in shown  # each date has its own


def test_a_date_that_the_run_would_refuse_has_no_plan(tmp_path):
    folder = write_dateless(tmp_path)

    done = replay(folder, ["2025-01-18", "2010-01-02"])

    assert done.exit_code == 1
    assert "reference_dates[1] is 2010-01-02: " in done.stderr
