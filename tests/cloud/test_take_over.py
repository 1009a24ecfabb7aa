"""A run on Google Batch is taken over from a coordinator that lives."""

import time
from contextlib import closing
from pathlib import Path

from epyflow.operations.runs.coordinator_lease import TAKE_OVER_VARIABLE
from epyflow.operations.runs.coordinator_process import REPLACED
from google_batch_emulator import FaultPlan, TaskFault
from google_batch_emulator.records import JobRecord
from tests.cloud.clouded import Rehearsed
from tests.forking import ForkedRun
from tests.workflow.workspace import SNAKEMAKE, TABLES

RESULTS = "results/small/main/runner-artifacts"


def renew_often(code: Path) -> None:
    """Let a coordinator that has lost its lease notice within a second."""
    module = code / "operations" / "runs" / "run_lease.py"
    text = module.read_text()
    assert "= 180.0, 30.0" in text
    module.write_text(text.replace("= 180.0, 30.0", "= 180.0, 1.0"))


def test_who_takes_over_goes_on_with_its_tasks_and_the_first_ends_without_ending_them(
    forking_batch, tmp_path, prefix, local, monkeypatch
):
    before = {job.job_id for job in forking_batch.store.all()}
    slow = TaskFault(job="run-task-*", task=1, action="delay", after_seconds=12)
    forking_batch.faults.replace(FaultPlan(tasks=(slow,)))
    first = Rehearsed(tmp_path / "first", forking_batch.environment, prefix)
    second = Rehearsed(tmp_path / "second", forking_batch.environment, prefix)
    # Both have the same sources: of other sources, a task would be another one.
    for each in (first, second):
        renew_often(each.copy_code())

    arguments = first.command(*TABLES)[len(SNAKEMAKE) :]
    with closing(ForkedRun(arguments, first.folder, first.environment())) as run:
        limit = time.monotonic() + 120
        while len(first.bucket.names(RESULTS)) < 1:
            assert time.monotonic() < limit, run.read(0)
            time.sleep(0.1)
        finished = first.bucket.below(RESULTS)
        monkeypatch.setenv(TAKE_OVER_VARIABLE, "true")
        done = second.run(*TABLES)
        said, code = run.read(60), run.wait()
    forking_batch.faults.replace(FaultPlan())

    assert done.code == 0, done.text
    assert code == REPLACED, said
    assert "Another coordinator has taken this run over. This one ends." in said
    assert "Traceback" not in said
    assert "taken over" in done.text, done.text
    # The task that had finished is not done again, and the other one is done once.
    assert done.jobs["run_task"] == 1
    assert finished.items() <= first.bucket.below(RESULTS).items()
    jobs = [job for job in forking_batch.store.all() if job.job_id not in before]
    assert [attempts(job) for job in jobs if job.job_id.startswith("run-task-")] == [[0, 0]]
    assert {job.state.name for job in jobs} == {"SUCCEEDED"}
    assert second.outputs() == local


def attempts(job: JobRecord) -> list[int]:
    return [task.retries for task in job.tasks]
