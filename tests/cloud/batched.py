"""Batch jobs as Snakemake's executor and a coordinator in the cloud leave them, made up."""

from types import SimpleNamespace

from google.cloud import batch_v1

from epyflow.google.batch import label_value
from epyflow.operations.runs.batch_jobs import SOURCES_VARIABLE, STORAGE_VARIABLE
from snakemake_executor_plugin_googlebatch_array.commands import Frame, commands_of


def task_job(
    exp_id: str, run_id: str, place: str, *, rule: str = "run_task", stage: str = "run"
) -> batch_v1.Job:
    """A job of two tasks of a run, whose commands are written by the executor."""
    frame = Frame("", (), None, ("snakemake",), ("--default-storage-prefix", place, "--quiet"))
    wildcards = f"exp_id={exp_id},run_id={run_id}"
    tasks = [
        SimpleNamespace(
            arguments=("--target-jobs", f"{rule}:{wildcards},i={i:05d}", "--allowed-rules", rule),
            target=str(i),
            key="key",
        )
        for i in range(2)
    ]
    commands = commands_of(frame, tasks, "rehearsal", None, 300)  # type: ignore[arg-type]
    job = _job(exp_id, run_id, stage)
    job.task_groups[0].task_spec.environment.variables.update(commands.common)
    job.task_groups[0].task_environments = [batch_v1.Environment(variables=v) for v in commands.own]
    return job


def coordinator_job(exp_id: str, run_id: str, place: str) -> batch_v1.Job:
    """The job of a coordinator, which is told where its sources are."""
    job = _job(exp_id, run_id, "coordinator")
    sources = f"coordinator/{exp_id}/{run_id}/sources-{64 * '0'}.tar.gz"
    told = {SOURCES_VARIABLE: sources, STORAGE_VARIABLE: place}
    job.task_groups[0].task_spec.environment.variables.update(told)
    return job


def unknown_job(exp_id: str, run_id: str, stage: str = "run") -> batch_v1.Job:
    """A job that has the labels of a run and does not say whose it is."""
    return _job(exp_id, run_id, stage)


def _job(exp_id: str, run_id: str, stage: str) -> batch_v1.Job:
    script = batch_v1.Runnable(script=batch_v1.Runnable.Script(text="true"))
    group = batch_v1.TaskGroup(task_spec=batch_v1.TaskSpec(runnables=[script]))
    labels = {"component": "epyflow", "stage": stage}
    labels |= {"exp_id": label_value(exp_id), "run_id": label_value(run_id)}
    logs = batch_v1.LogsPolicy(destination=batch_v1.LogsPolicy.Destination.CLOUD_LOGGING)
    return batch_v1.Job(task_groups=[group], labels=labels, logs_policy=logs)
