"""A run with profiles/slurm on a real cluster of one node, without accounting."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.slurm.cluster import ClusterWorkspace
from tests.workflow.workspace import TABLES

pytestmark = pytest.mark.slurm

SOON = ("--logger-live-mode", "off", "--slurm-init-seconds-before-status-checks", "1")


def jobs_of(workspace: ClusterWorkspace, rule: str) -> list[list[str]]:
    """Return array, task and state of the jobs of a rule, as Slurm remembers them."""
    command = ("squeue", "--noheader", "--states=all", "--array", "--format=%F|%K|%T|%k|%Z")
    jobs = [line.split("|") for line in workspace.cluster.ask(*command).splitlines()]
    own = [job for job in jobs if job[4] == str(workspace.folder)]
    return sorted(job[:3] for job in own if job[3].startswith(f"rule_{rule}_"))


def epyflow(workspace: ClusterWorkspace, *arguments: str, code: int = 0) -> str:
    done = workspace.call([str(Path(sys.executable).with_name("epyflow")), *arguments])
    assert done.code == code, done.text
    return done.text


def test_a_run_has_one_array_the_bytes_of_a_local_run_and_no_price(cluster, tmp_path):
    here = ClusterWorkspace(tmp_path / "local", cluster)
    there = ClusterWorkspace(tmp_path / "cluster", cluster)
    (there.folder / "profiles/slurm/site.yaml").write_text("partition: day\n")

    # The plugins for Slurm are installed for this one, too.
    local = here.start("local", *TABLES)
    done = there.start("slurm", *SOON)

    assert local.code == 0, local.text
    assert done.code == 0, done.text
    assert done.jobs["run_task"] == 2
    (array, *first), (same, *second) = jobs_of(there, "run_task")
    assert (first, second, same) == (["1", "COMPLETED"], ["2", "COMPLETED"], array)
    for rule in ("make_tables", "draw_figures"):
        assert [job[2] for job in jobs_of(there, rule)] == ["COMPLETED"]
    assert len(here.outputs()) > 3
    assert there.outputs() == here.outputs()

    assert "small/main: complete" in epyflow(there, "status", "small")
    cost = json.loads(epyflow(there, "cost", "small", "--format", "json"))
    assert (cost["ran_on"], cost["priced"], cost["total"]["jobs"]) == ("slurm", False, 4)
    printed = epyflow(there, "logs", "small", "--machine", "--task", "1")
    assert "--target-jobs run_task:exp_id=small,run_id=main,i=00001" in printed


def test_tasks_that_can_never_start_show_why_and_are_cancelled_with_the_run(cluster, tmp_path):
    there = ClusterWorkspace(tmp_path, cluster)
    (there.folder / "profiles/slurm/site.yaml").write_text("partition: short\n")
    command, log = there.starting("slurm", *SOON), tmp_path / "snakemake.out"
    with log.open("wb") as out:
        coordinator = subprocess.Popen(
            command, cwd=tmp_path, env=there.environment(), stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + 60
        while not jobs_of(there, "run_task"):
            assert coordinator.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)

        shown = epyflow(there, "status", "small", code=3)
        epyflow(there, "cancel", "small", "--yes")
        coordinator.wait(60)
    finally:
        coordinator.kill()
        coordinator.wait()

    # Slurm first says PartitionConfig.
    assert re.search(r"slurm    2 jobs: 2 pending \(Partition(Config|TimeLimit)\)", shown), shown
    # One line for both tasks, or one for each.
    assert {job[2] for job in jobs_of(there, "run_task")} == {"CANCELLED"}
