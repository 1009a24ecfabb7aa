"""A run with profiles/slurm on a real cluster of one node, without accounting."""

import re
import subprocess
import time

import pytest

from tests.cloud.slurm.cluster import ClusterWorkspace

pytestmark = pytest.mark.slurm


def test_tasks_that_can_never_start_show_why_and_are_cancelled_with_the_run(cluster, tmp_path):
    there = ClusterWorkspace(tmp_path, cluster, partition="short")
    command, log = there.command(), tmp_path / "snakemake.out"
    with log.open("wb") as out:
        coordinator = subprocess.Popen(
            command, cwd=tmp_path, env=there.environment(), stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + 60
        while not there.jobs("run_task"):
            assert coordinator.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)

        shown = there.epyflow("status", "small", code=3)
        there.epyflow("cancel", "small", "--yes")
        coordinator.wait(60)
    finally:
        coordinator.kill()
        coordinator.wait()

    # Slurm first says PartitionConfig.
    assert re.search(r"slurm    2 jobs: 2 pending \(Partition(Config|TimeLimit)\)", shown), shown
    # One line for both tasks, or one for each. A busy scheduler takes a moment.
    deadline = time.monotonic() + 60
    while {job[2] for job in there.jobs("run_task")} != {"CANCELLED"}:
        assert time.monotonic() < deadline, there.jobs("run_task")
        time.sleep(0.2)
