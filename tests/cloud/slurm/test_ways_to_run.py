"""Six ways to run the same experiment, and a run that is killed on one and continued on another."""

import json
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from install_groups import install_groups

from google_batch_emulator import FaultPlan, TaskFault
from google_batch_emulator.emulator import Emulator
from tests.cloud.clouded import Clouded, Rehearsed
from tests.cloud.in_s3 import InS3
from tests.cloud.slurm.cluster import Cluster, ClusterWorkspace
from tests.forking import ForkedRun
from tests.workflow.workspace import EPYFLOW, SNAKEMAKE, TABLES, Workspace

pytestmark = pytest.mark.slurm


def test_six_ways_to_run_give_the_same_tables(
    local, google_batch, forking_batch, cluster, amazon, plugins, prefix, s3_prefix, tmp_path
):
    ways: dict[str, Workspace] = {
        "gcp": Rehearsed(tmp_path / "gcp", forking_batch.environment, f"{prefix}/gcp"),
        "s3": InS3(tmp_path / "s3", s3_prefix, plugins),
    }
    for name, way in ways.items():
        done = way.run(*TABLES)
        assert done.code == 0, (name, done.text)
    ways["gcp-stock"] = on_the_stock_plugins(tmp_path / "stock", google_batch, f"{prefix}/stock")
    ways["slurm"] = on_slurm(tmp_path / "slurm", cluster)
    ways["submitted"] = submitted(tmp_path / "submitted", forking_batch, f"{prefix}/submitted")

    assert len(local) == 4
    assert {name: way.outputs() for name, way in ways.items()} == dict.fromkeys(ways, local)


def on_the_stock_plugins(folder: Path, batch: Emulator, prefix: str) -> Rehearsed:
    """Run with the published plugins: a job for each task, with labels and machines as chosen."""
    there = Rehearsed(folder, batch.environment, prefix, profile="profiles/gcp-stock")
    there.plugins = install_groups("stock")
    before = len(batch.store.all())

    done = there.run(*TABLES)

    assert done.code == 0, done.text
    jobs = [record.definition for record in batch.store.all()][before:]
    assert [job.task_groups[0].task_count for job in jobs] == [1, 1, 1]
    labels = [(job.labels["stage"], job.labels["run_id"]) for job in jobs]
    assert labels == [("run", "main"), ("run", "main"), ("tables", "main")]
    (instance,) = jobs[0].allocation_policy.instances
    assert instance.policy.machine_type == "c4d-standard-2"
    assert instance.policy.boot_disk.type_ == "hyperdisk-balanced"
    return there


def on_slurm(folder: Path, cluster: Cluster) -> ClusterWorkspace:
    """Run on the cluster: one array, no price, and what the machines printed is there."""
    there = ClusterWorkspace(folder, cluster)

    done = there.run()

    assert done.code == 0, done.text
    assert done.jobs["run_task"] == 2
    (array, *first), (same, *second) = there.jobs("run_task")
    assert (first, second, same) == (["1", "COMPLETED"], ["2", "COMPLETED"], array)
    for rule in ("make_tables", "draw_figures"):
        assert [job[2] for job in there.jobs(rule)] == ["COMPLETED"]
    assert "small/main: complete" in there.epyflow("status", "small")
    cost = json.loads(there.epyflow("cost", "small", "--format", "json"))
    assert (cost["ran_on"], cost["priced"], cost["total"]["jobs"]) == ("slurm", False, 4)
    printed = there.epyflow("logs", "small", "--machine", "--task", "1")
    assert "--target-jobs run_task:exp_id=small,run_id=main,i=00001" in printed
    return there


def submitted(folder: Path, batch: Emulator, prefix: str) -> Rehearsed:
    """Run with a coordinator that is a job, too."""
    there = Rehearsed(folder, batch.environment, prefix)

    done = there.call(
        [
            *(EPYFLOW, "submit", "small", "--wait", "--every", "1", "--config"),
            *("experiments_root=study", "--", "--seconds-between-status-checks", "1", *TABLES),
        ]
    )

    assert done.code == 0, done.text
    return there


def kill_when(way: Workspace, is_time: Callable[[], bool]) -> None:
    """Start a run, and kill its coordinator."""
    arguments = way.command(*TABLES)[len(SNAKEMAKE) :]
    with closing(ForkedRun(arguments, way.folder, way.environment())) as run:
        end = time.monotonic() + 300
        while not is_time():
            assert time.monotonic() < end, run.read(0)
            time.sleep(0.1)
        run.send_signal(signal.SIGKILL)


def test_a_run_killed_on_google_batch_is_continued_on_this_machine(
    forking_batch, prefix, tmp_path, local
):
    cloud = forking_batch.environment
    slow = TaskFault(job="run-task-*", task=1, action="delay", after_seconds=300)
    forking_batch.faults.replace(FaultPlan(tasks=[slow]))
    there = Rehearsed(tmp_path / "there", cloud, prefix)
    results = "results/small/main/runner-artifacts"

    kill_when(there, lambda: len(there.bucket.names(results)) == 1)
    gone = there.call([EPYFLOW, "cancel", "small", "--yes", "--storage", prefix])
    forking_batch.faults.replace(FaultPlan())
    done = Clouded(tmp_path / "here", cloud, prefix).run("--rerun-incomplete", *TABLES)

    assert gone.code == 0, gone.text
    assert done.code == 0, done.text
    assert done.jobs["run_task"] == 1
    assert "build_inputs" not in done.jobs
    assert there.outputs() == local


def test_a_run_killed_on_this_machine_is_continued_on_slurm(cluster, tmp_path, local):
    way = ClusterWorkspace(tmp_path, cluster)
    Workspace.kill_when(way, "results/small/main/runner-artifacts/result_*.pkl", 1)

    assert way.run("--unlock").code == 0
    done = way.run("--rerun-incomplete", *TABLES)

    assert done.code == 0, done.text
    assert done.jobs["run_task"] == 1
    assert "build_inputs" not in done.jobs
    assert way.outputs() == local
