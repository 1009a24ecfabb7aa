"""The real profile on an emulator of Google Batch: the same tables as on this machine."""

import json
import re
from pathlib import Path

import pytest

from epyflow.google.batch import BatchJobs
from epyflow.operations.runs.batch_jobs import jobs_of_run
from epyflow.run.input_build import prepare_build
from epyflow.run.settings import read_settings
from google_batch_emulator.emulator import Emulator
from tests.cloud.clouded import DIGEST, Rehearsed, open_bucket
from tests.workflow.workspace import TABLES, Workspace


def local_outputs(folder: Path, **config: object) -> dict[str, bytes]:
    """Run an experiment on this machine and return its tables."""
    workspace = Workspace(folder)
    done = workspace.run(*TABLES, **config)
    assert done.code == 0, done.text
    return workspace.outputs(experiment=str(config["experiment"]))


def test_the_example_gives_the_tables_of_a_local_run(rehearsed, google_batch, tmp_path_factory):
    example = {"experiment": "example", "experiments_root": "config"}

    done = rehearsed.run(**example)

    assert done.code == 0, done.text
    assert "example/main on Google Batch" in done.text
    assert "2 run_task on c4d-standard-2" in done.text
    labels = "component=epyflow environment=dev managed-by=snakemake exp_id=example run_id=main"
    assert labels in done.text
    local = local_outputs(tmp_path_factory.mktemp("local"), **example)
    assert len(local) == 5
    assert rehearsed.outputs(experiment="example") == local
    record = rehearsed.bucket.read("results/example/main/outputs/run_metadata.json")
    metadata = json.loads(record)
    assert metadata["code"]["image_digest"] == f"rehearsal/epyflow@{DIGEST}"
    assert all(cost["max_rss_mb"] > 0 for cost in metadata["times"]["tasks"].values())
    assert rehearsed.run("--dry-run", **example).jobs == {}
    assert_as_the_profile_says(google_batch)
    assert_told_by_their_definitions(google_batch, rehearsed.prefix)


def assert_as_the_profile_says(google_batch: Emulator) -> None:
    """Compare the Batch job of the example's tasks with the profile."""
    labels = {"component": "epyflow", "stage": "run", "exp_id": "example", "run_id": "main"}
    labels |= {"environment": "dev", "managed-by": "snakemake"}
    jobs = [record.definition for record in google_batch.store.all()]
    (job,) = [job for job in jobs if labels.items() <= dict(job.labels).items()]
    (group,), policy = job.task_groups, job.allocation_policy
    assert group.task_count == 2
    assert group.task_count_per_node == 1
    assert group.task_spec.compute_resource.cpu_milli == 2000
    assert group.task_spec.compute_resource.memory_mib == 4096
    assert group.task_spec.max_run_duration.seconds == 10 * 3600
    assert policy.instances[0].policy.machine_type == "c4d-standard-2"
    assert policy.service_account.email == "tasks@rehearsal.iam.gserviceaccount.com"
    assert labels.items() <= dict(policy.labels).items()


def assert_told_by_their_definitions(google_batch: Emulator, prefix: str) -> None:
    """Read from the jobs whose they are, and what their tasks make."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in google_batch.environment.items():
            patch.setenv(name, value)
        batch = BatchJobs("rehearsal", "us-central1")
        jobs = jobs_of_run(batch, "example", "main", prefix)
        elsewhere = jobs_of_run(batch, "example", "main", f"{prefix}/other")
    assert {job.whose for job in jobs} == {"run"}
    assert {job.whose for job in elsewhere} == {"other"}
    made = {(target.rule, target.job) for job in jobs for target in job.targets}
    assert {("run_task", "00000"), ("run_task", "00001")} <= made
    # The jobs after the tasks share one machine: a group is known by its first job by name.
    assert {rule for rule, _ in made} == {"run_task", "draw_figures"}


def test_inputs_are_built_by_a_job_that_has_only_the_bundle(
    rehearsed, google_batch, tmp_path, monkeypatch
):
    before = len(google_batch.store.all())
    filled = open_bucket(f"{rehearsed.prefix}/dev/small", rehearsed.cloud)
    monkeypatch.setattr(rehearsed, "prefix", f"{rehearsed.prefix}/{{environment}}/{{exp_id}}")

    # What the workers' sources lack: git does not track the study.
    done = rehearsed.run("--until", "build_inputs", build="remote", run_id="auto")

    assert done.code == 0, done.text
    # The job's process got the id of the process that started it.
    (run_id,) = re.findall(r"resume this run with --config run_id=(\S+)", done.text)
    local = {index: tmp_path / f"input_{index:05d}.pkl" for index in range(2)}
    settings = {"experiment": "small", "experiments_root": str(rehearsed.study)}
    prepare_build(read_settings(settings), seed=3).write(local)
    folder = f"results/small/{run_id}/builder-artifacts"
    for path in local.values():
        assert filled.read(f"{folder}/{path.name}") == path.read_bytes()
    jobs = [record.definition for record in google_batch.store.all()][before:]
    (job,) = [job for job in jobs if job.labels.get("stage") == "build"]
    (group,) = job.task_groups
    assert group.task_count == 1
    assert group.task_spec.compute_resource.cpu_milli == 2000
    assert group.task_spec.compute_resource.memory_mib == 4096
    assert "build_inputs" not in rehearsed.plan(build="remote", run_id=run_id).jobs


@pytest.mark.shared
def test_flu_2425_smoke_gives_the_tables_of_a_local_run(
    forking_batch, tmp_path, prefix, shared, tmp_path_factory
):
    rehearsed = Rehearsed(tmp_path, forking_batch.environment, prefix)
    smoke = {
        "experiment": "flu_2425_smoke",
        "experiments_root": shared,
        "population_data": shared / "data" / "populations",
    }

    done = rehearsed.run(*TABLES, **smoke)

    assert done.code == 0, done.text
    local = local_outputs(tmp_path_factory.mktemp("local"), **smoke)
    assert len(local) == 13
    assert rehearsed.outputs(experiment="flu_2425_smoke") == local
    names = rehearsed.bucket.names("results/flu_2425_smoke/main/runner-artifacts")
    assert set(names) == {"result_00000.pkl", "result_00001.pkl"}, "generations are cleared away"


def test_a_worker_with_other_code_stops_with_both_versions(rehearsed):
    # What runs here is the copy in the workspace; workers have what is installed.
    path = rehearsed.copy_code() / "model" / "initial_conditions.py"
    path.write_text(path.read_text() + "\nEDITED = True\n")

    spot = ("--preemptible-rules", "run_task", "--preemptible-retries", "1")
    done = rehearsed.run("--retries", "0", "--until", "run_task", *spot)

    assert done.code == 1
    assert "2 run_task on c4d-standard-2 (Spot)" in done.text
    assert "Traceback" not in done.text
    assert "planned by code version" in done.text
    assert "but this worker has" in done.text
    assert not rehearsed.bucket.names("results/small/main/runner-artifacts")
