from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.run.made_up import plan_of, run_plan

from epyflow.google.batch import COORDINATOR
from epyflow.operations.runs.batch_jobs import RunJob
from epyflow.operations.runs.coordinator_presence import Presence, how_to_resume, summarise_jobs
from epyflow.operations.runs.coordinator_record import this_coordinator
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_request import describe_request
from epyflow.operations.runs.status import Status

NOON = datetime(2030, 1, 5, 12, tzinfo=UTC)
TASKS = RunJob("p/jobs/tasks", "u", "run", "RUNNING", NOON, NOON, {}, 1, "run")
COORDINATING = replace(TASKS, name="p/jobs/c", stage=COORDINATOR)
HERE = this_coordinator("flu", "main", {})
OF_BATCH = HERE.model_copy(update={"job": COORDINATING.name})
ELSEWHERE = HERE.model_copy(update={"host": "elsewhere"})


def test_a_run_is_resumed_with_the_variables_that_it_was_started_with():
    command = ("env", "EPYFLOW_RUN_ID=a b", "/lib/snakemake/__main__.py", "--cores", "2")
    wanted = HERE.wanted.model_copy(update={"command": command})

    told = how_to_resume(HERE.model_copy(update={"wanted": wanted}))

    assert told.endswith(": env 'EPYFLOW_RUN_ID=a b' snakemake --cores 2")


def test_of_a_very_long_command_the_ends_are_told():
    wanted = HERE.wanted.model_copy(update={"command": ("snakemake", "x" * 10_000)})

    told = how_to_resume(HERE.model_copy(update={"wanted": wanted}))

    assert ": snakemake xxx" in told
    assert "characters left out: the whole is in the run's record.json" in told
    assert len(told) < 3000


@pytest.mark.parametrize(
    ("record", "jobs", "lives"),
    [
        (None, (COORDINATING,), True),
        (None, (replace(COORDINATING, state="FAILED"),), None),
        (None, (replace(COORDINATING, whose="other"),), None),
        (HERE, (), True),
        (HERE.after("complete"), (), False),
        (HERE.after("complete"), (replace(COORDINATING, whose="unknown"),), None),
        (ELSEWHERE, (), None),
        (OF_BATCH, (), False),  # its job is gone
        (OF_BATCH, None, None),  # jobs cannot be seen
        (OF_BATCH.after("failed"), None, False),
    ],
)
def test_whether_a_coordinator_is_at_work_is_told_by_record_and_jobs(record, jobs, lives):
    assert Presence("flu", "main", record, jobs).lives is lives


@pytest.mark.parametrize(
    ("record", "outcome"), [(None, None), (HERE, None), (HERE.after("failed"), "failed")]
)
def test_the_outcome_in_a_document_is_that_of_the_record(record, outcome):
    assert Presence("flu", "main", record, ()).as_dict()["outcome"] == outcome


def test_the_jobs_of_a_run_are_those_of_its_own_at_work_with_the_coordinator_first():
    jobs = (TASKS, COORDINATING, replace(TASKS, whose="other"), replace(TASKS, state="SUCCEEDED"))

    assert Presence("flu", "main", None, jobs).own == (COORDINATING, TASKS)


def test_jobs_are_counted_with_their_tasks_and_machines():
    counts = {"PENDING": 2, "ASSIGNED": 1, "RUNNING": 3, "FAILED": 9}
    jobs = [replace(TASKS, tasks=counts, vms=2), replace(TASKS, state="QUEUED", vms=0)]

    assert summarise_jobs(jobs) == (
        "2 jobs (1 QUEUED, 1 RUNNING): tasks 3 queued, 3 running on 2 VMs"
    )


@pytest.mark.parametrize(
    ("tasks_failed", "failures", "submission", "failed"),
    [
        (0, {}, None, False),
        (0, {}, "accepted", False),
        (1, {}, None, True),
        (0, {"a.log": "no row"}, None, True),
        (0, {}, "refused", True),
    ],
)
def test_a_run_has_failed_if_a_task_a_job_or_its_submission_has(
    tasks_failed, failures, submission, failed
):
    run = Run("flu", "main", NOON, 2, 1, tasks_failed, False, submission)

    assert Status(run, (), failures).failed is failed


def test_a_start_asks_for_the_files_of_its_run_by_stage():
    made_up = plan_of(run_plan())
    folder = made_up.layout.results
    outputs = [f"{folder}/outputs/a.csv.gz", f"gs://b/p/{folder}/outputs/b.csv.gz", "results/x/y"]

    wanted = describe_request(made_up, outputs, ["snakemake"], None)

    assert wanted.files["tables"] == 2
    assert wanted.files["run"] == sum(len(run.tasks) for run in made_up.runs)
    assert sum(wanted.files.values()) == 2 + 2 * wanted.files["run"]
    assert not wanted.whole
    marks = [run.layout.complete for run in made_up.runs]
    assert describe_request(made_up, [*outputs, *marks], ["snakemake"], None).whole
