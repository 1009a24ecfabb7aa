"""The same experiment gives the same bytes, however it is run."""

import re

import pytest

from epyflow.operations.runs.coordinator_presence import find_coordinator
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.storage.disk import Disk
from tests.workflow.workspace import TABLES, Workspace


def test_tables_and_figures_do_not_depend_on_the_number_of_cores(finished: Workspace):
    assert finished.run(cores=1, run_id="2024_11_16", stamp_outputs="true").code == 0

    run = finished.folder / "results" / "small" / "2024_11_16"
    (stamped,) = (run / "stamped").iterdir()
    assert finished.outputs(f"2024_11_16/stamped/{stamped.name}") == finished.outputs()
    assert (stamped / "complete.txt").exists()
    assert not (finished.folder / "results" / "small" / "main" / "stamped").exists()
    assert (finished.folder / "results" / "small" / "latest").read_text() == "2024_11_16\n"
    assert finished.outputs("2024_11_16") == finished.outputs()
    assert len(finished.figures()) == 14
    assert finished.figures("2024_11_16") == finished.figures()


def test_a_run_with_an_id_of_its_own_has_one_id_in_all_processes(finished: Workspace):
    done = finished.run(*TABLES, run_id="auto")

    assert done.code == 0, done.text
    (run_id,) = re.findall(
        r"resume this run with --config run_id=(\d{8}-\d{6}-[0-9a-f]{8})", done.text
    )
    assert finished.outputs(run_id) == finished.outputs()
    assert not (finished.folder / "results" / "small" / "auto").exists()
    record = read_record("small", run_id, Disk(finished.folder))
    assert record is not None
    assert f"run_id={run_id}" in record.wanted.command
    assert finished.run("--dry-run", *TABLES, run_id=run_id).jobs == {}
    kept = [
        finished.folder / "results/small" / run / "experiment.tar.gz" for run in ("main", run_id)
    ]
    assert kept[0].read_bytes() == kept[1].read_bytes()
    # It was not made to its end; the run of the test before was.
    assert (finished.folder / "results" / "small" / "latest").read_text() != f"{run_id}\n"


@pytest.mark.parametrize("members", [1, 3])
def test_tables_do_not_depend_on_the_packing(finished: Workspace, members: int):
    run_id = f"packed-{members}"

    assert finished.run(*TABLES, members_per_task=members, run_id=run_id).code == 0

    assert finished.outputs(run_id) == finished.outputs()


def test_a_run_killed_in_the_middle_is_continued_to_the_same_tables(finished: Workspace):
    results = "results/small/killed/runner-artifacts/result_*.pkl"
    finished.kill_when(results, 3, members_per_task=1, run_id="killed")
    assert not finished.outputs("killed")
    presence = find_coordinator(Disk(finished.folder), "small", "killed")
    assert presence.lives is False
    assert "was killed or lost" in presence.described()

    assert finished.run("--unlock", members_per_task=1, run_id="killed").code == 0
    done = finished.run("--rerun-incomplete", *TABLES, members_per_task=1, run_id="killed")

    assert done.code == 0, done.text
    assert done.jobs["run_task"] < 8
    assert finished.outputs("killed") == finished.outputs()


def test_without_a_seed_one_is_drawn_once_for_each_run(workspace: Workspace):
    workspace.change("basemodel", lambda y: y["model"].pop("random_seed"))

    assert workspace.run(*TABLES).code == 0
    assert workspace.run("--dry-run", *TABLES).jobs == {}
    assert workspace.run(*TABLES, run_id="other").code == 0

    seed = {row[1] for row in workspace.table("model_metadata")[1:]}
    other = {row[1] for row in workspace.table("model_metadata", "other")[1:]}
    assert len(seed) == len(other) == 1
    assert seed != other
