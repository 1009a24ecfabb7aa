import base64
import json
from types import SimpleNamespace

import pytest
from google.cloud import batch_v1

from epyflow.google.batch import COORDINATOR, label_value
from epyflow.operations.runs.batch_jobs import (
    COMPONENT,
    SOURCES_VARIABLE,
    STORAGE_VARIABLE,
    RunJob,
    has_labels_of,
    jobs_of_run,
)
from epyflow.operations.runs.snakemake_targets import parse_target

LONG = "a-name-of-sixty-two-characters-which-leaves-no-room-for-a-date"


def labelled(exp_id: str, run_id: str) -> batch_v1.Job:
    return batch_v1.Job(labels={"exp_id": label_value(exp_id), "run_id": label_value(run_id)})


@pytest.mark.parametrize(
    ("exp_id", "run_id", "expected"),
    [
        ("us/flu", "main", True),
        ("us-flu", "Main", True),  # it has the same labels
        ("us/flu", "main/2030-01-05", True),
        ("us/flu", "main-2", False),
        ("us/flu", "main-2030-01-05-again", False),
        ("us/covid", "main", False),
    ],
)
def test_labels_are_those_of_a_run_and_of_its_dates(exp_id, run_id, expected):
    assert has_labels_of(labelled(exp_id, run_id), "us/flu", "main") is expected


@pytest.mark.parametrize("run_id", [LONG, LONG[:-1], LONG[:55], f"{LONG}-and-more"])
def test_a_label_that_was_cut_before_the_date_may_be_of_the_run(run_id):
    assert has_labels_of(labelled("flu", f"{run_id}/2030-01-05"), "flu", run_id)
    assert not has_labels_of(labelled("flu", f"{run_id[:40]}-x"), "flu", run_id)


@pytest.mark.parametrize(
    ("text", "rule", "job", "run"),
    [
        ("run_task:exp_id=us/flu,run_id=main,i=00012", "run_task", "00012", ("us/flu", "main")),
        ("build_inputs:exp_id=flu,run_id=s/2030-01-05", "build_inputs", "", ("flu", "s")),
        ("plot:run_id=main,exp_id=flu,kind=a,part=b", "plot", "a/b", ("flu", "main")),
        ("all:", "all", "", None),
        ("other:x=1", "other", "1", None),
    ],
)
def test_a_target_tells_rule_job_and_run(text, rule, job, run):
    target = parse_target(text)

    assert (target.rule, target.job, target.run) == (rule, job, run)


def packed(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def job(*targets: str, place: str = "gs://b/p", name: str = "p/jobs/j1", **more) -> batch_v1.Job:
    """Return a job as the executor defines it, with a task for each target."""
    command = {
        "head": ["snakemake", "--target-jobs"],
        "tail": ["--cores", "1", "--default-storage-prefix", f"{place}/", "--retries", "2"],
    }
    environments = [{"variables": {"SMK_TASK_ARGS": packed([each])}} for each in targets]
    group = {
        "task_count_per_node": 2,
        "task_environments": environments,
        "task_spec": {"environment": {"variables": {"SMK_COMMAND": packed(command)}}},
    }
    return batch_v1.Job(name=name, labels=labels(), task_groups=[group], **more)


def labels(**more: str) -> dict[str, str]:
    return {**COMPONENT, "exp_id": "flu", "run_id": "main", "stage": "run", **more}


def found(listed: batch_v1.Job, whole: batch_v1.Job | None = None, **more: str) -> RunJob:
    """Look for the jobs of the run flu/main in gs://b/p where one job has its labels."""
    jobs = SimpleNamespace(find=lambda asked: [listed], get=lambda name: whole)
    (one,) = jobs_of_run(jobs, "flu", "main", "gs://b/p/", **more)
    return one


OURS = "run_task:exp_id=flu,run_id=main,i=00012"
THEIRS = "run_task:exp_id=flu,run_id=other,i=00012"


@pytest.mark.parametrize(
    ("definition", "whose"),
    [
        (job(OURS), "run"),
        (job(OURS, "all:"), "run"),  # a target may name no run
        (job(OURS, THEIRS), "other"),
        (job(THEIRS), "other"),
        (job(OURS, place="gs://b/elsewhere"), "other"),
        (job("all:"), "unknown"),
        (job(), "unknown"),
        (batch_v1.Job(name="p/jobs/j1", labels=labels()), "unknown"),
    ],
)
def test_the_definition_of_a_job_tells_whose_it_is(definition, whose):
    assert found(definition).whose == whose


def test_a_job_without_a_storage_prefix_does_not_tell_whose_it_is():
    definition = job(OURS)
    command = packed({"head": ["snakemake", "--target-jobs"], "tail": ["--cores", "1"]})
    variables = definition.task_groups[0].task_spec.environment.variables
    variables["SMK_COMMAND"] = command

    assert found(definition).whose == "unknown"
    assert [each.job for each in found(definition).targets] == ["00012"]


@pytest.mark.parametrize("text", ["[" * 100_000, "null", "\ud800", "[1e999]"])
def test_a_job_whose_command_cannot_be_read_does_not_tell_whose_it_is(text):
    definition = job(OURS)
    variables = definition.task_groups[0].task_spec.environment.variables
    variables["SMK_COMMAND"] = base64.b64encode(text.encode(errors="replace")).decode()

    assert found(definition).whose == "unknown"


def test_a_group_of_jobs_is_known_by_its_first_job_in_order_of_names():
    members = [f"{rule}:exp_id=flu,run_id=main" for rule in ("make_tables", "draw_figures")]
    definitions = [job(OURS), job(OURS)]
    for definition, order in zip(definitions, (members, members[::-1]), strict=True):
        variables = definition.task_groups[0].task_environments[0].variables
        variables["SMK_TASK_ARGS"] = packed(order)

    assert [found(each).targets[0].rule for each in definitions] == ["draw_figures"] * 2


def test_a_definition_that_the_listing_leaves_out_is_asked_for():
    listed = batch_v1.Job(name="p/jobs/j1", labels=labels())

    assert found(listed, job(OURS)).whose == "run"
    assert found(job(OURS), job(THEIRS)).whose == "run"
    assert found(listed, None).job_id == "j1"  # it is gone meanwhile


def test_tasks_are_counted_by_state_and_share_machines():
    counts = {"RUNNING": 4, "ASSIGNED": 1, "PENDING": 7, "SUCCEEDED": 2, "FAILED": 0}
    status = {"state": "RUNNING", "task_groups": {"group0": {"counts": counts}}}

    one = found(job(OURS, status=status))

    assert (one.queued, one.running, one.lives, one.coordinates) == (8, 4, True, False)
    assert one.vms == 3  # five tasks, two on a machine
    assert one.as_dict()["tasks"] == {"RUNNING": 4, "ASSIGNED": 1, "PENDING": 7, "SUCCEEDED": 2}


def coordinator(**variables: str) -> batch_v1.Job:
    spec = {"environment": {"variables": variables}}
    stage = labels(stage=COORDINATOR)
    return batch_v1.Job(name="p/jobs/c1", labels=stage, task_groups=[{"task_spec": spec}])


@pytest.mark.parametrize(
    ("sources", "place", "recorded", "whose"),
    [
        ("coordinator/flu/main/1.tar.gz", "gs://b/p/", None, "run"),
        ("coordinator/flu/other/1.tar.gz", "gs://b/p", None, "other"),
        ("coordinator/flu/main/1.tar.gz", "gs://b/q", None, "other"),
        ("coordinator/flu/main/1.tar.gz", "gs://b/q", "projects/12/jobs/c1", "other"),
        ("", "gs://b/p", None, "unknown"),
        ("coordinator/flu/main/1.tar.gz", "", None, "unknown"),
        ("", "", "projects/12/jobs/c1", "run"),
        ("", "", "projects/12/jobs/c2", "unknown"),
    ],
)
def test_a_coordinator_is_known_by_the_record_or_by_its_sources(sources, place, recorded, whose):
    variables = {SOURCES_VARIABLE: sources, STORAGE_VARIABLE: place}
    one = found(coordinator(**variables), coordinator=recorded)

    assert (one.whose, one.coordinates) == (whose, True)
