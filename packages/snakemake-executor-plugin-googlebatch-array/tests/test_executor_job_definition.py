import json

import pytest
from google.cloud import batch_v1
from google.protobuf.json_format import MessageToDict

from snakemake_executor_plugin_googlebatch_array.commands import Commands
from snakemake_executor_plugin_googlebatch_array.environment import Variables
from snakemake_executor_plugin_googlebatch_array.job_definition import (
    batch_job,
    json_size,
    pieces,
    split,
    task_group,
    task_spec,
)
from snakemake_executor_plugin_googlebatch_array.resources import Compute

SECRET = "projects/p/secrets/s/versions/1"


def spec(retries=2, own=2):
    commands = Commands({"SMK_COMMAND": "c"}, [{"SMK_TASK_ARGS": str(i)} for i in range(own)])
    variables = Variables({"A": "1"}, {"B": SECRET})
    return task_spec([], Compute(1500, 2048, 1024, 90), variables, commands, retries), commands


def as_dict(message):
    return MessageToDict(type(message).pb(message))


def test_a_task_has_its_resources_its_time_limit_and_its_environment():
    found = as_dict(spec()[0])

    assert found["computeResource"] == {
        "cpuMilli": "1500",
        "memoryMib": "2048",
        "bootDiskMib": "1024",
    }
    assert found["maxRunDuration"] == "90s"
    assert found["environment"] == {
        "variables": {"A": "1", "SMK_COMMAND": "c"},
        "secretVariables": {"B": SECRET},
    }


def test_batch_repeats_what_is_its_fault_and_nothing_else():
    found = as_dict(spec()[0])

    assert found["maxRetryCount"] == 2
    assert found["lifecyclePolicies"] == [
        {
            "action": "RETRY_TASK",
            "actionCondition": {"exitCodes": [50001, 50002, 50003, 50004, 50006]},
        }
    ]


@pytest.mark.parametrize(("asked", "given"), [(-1, 0), (99, 10)])
def test_retries_stay_within_what_batch_takes(asked, given):
    assert spec(retries=asked)[0].max_retry_count == given


def test_an_array_has_one_environment_per_task():
    task, commands = spec(own=3)

    group = as_dict(task_group(task, commands, width=1, per_node=2, parallelism=100))

    assert group["taskEnvironments"] == [{"variables": {"SMK_TASK_ARGS": str(i)}} for i in range(3)]
    assert group["taskCountPerNode"] == "2"
    assert group["parallelism"] == "3"
    assert "permissiveSsh" not in group


def test_a_job_on_several_vms_has_as_many_tasks_that_know_each_other():
    task, commands = spec(own=1)

    group = as_dict(task_group(task, commands, width=4, per_node=1, parallelism=None))

    assert group["taskCount"] == "4"
    assert group["requireHostsFile"]
    assert group["permissiveSsh"]
    assert group["taskSpec"]["environment"]["variables"]["SMK_TASK_ARGS"] == "0"
    assert "taskEnvironments" not in group


def test_the_size_is_that_of_the_definition_in_json():
    task, commands = spec()
    group = task_group(task, commands, width=1, per_node=None, parallelism=None)
    job = batch_job(group, batch_v1.AllocationPolicy(), {"a": "b"})

    assert json_size(job) == len(json.dumps(as_dict(job)).encode())


@pytest.mark.parametrize(
    ("size", "tasks", "largest", "parts"),
    [
        (10_000, 10, 10_000, 1),
        (950_000, 3000, 10_000, 1),
        (950_001, 3000, 10_000, 2),
        (4_000_000, 10_000, 10_000, 5),
        (10_000, 10, 3, 4),
        (100, 250_000, 1_000_000, 3),
        # A single task cannot be split; Google Batch will say what it thinks of it.
        (2_000_000, 1, 10_000, 1),
    ],
)
def test_an_array_is_split_by_size_and_by_count(size, tasks, largest, parts):
    assert pieces(size, tasks, largest) == parts


def test_parts_are_of_nearly_the_same_length_and_in_order():
    assert split([1, 2, 3, 4, 5, 6, 7], 3) == [[1, 2, 3], [4, 5], [6, 7]]
