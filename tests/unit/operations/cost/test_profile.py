from pathlib import Path

import pytest
import yaml

from epyflow.errors import EpyflowError
from epyflow.operations.cost.attempt_resources import value_at
from epyflow.operations.cost.profile import Shape, read_profile

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("resource", "first", "second"),
    [
        ("e2-standard-2", "e2-standard-2", "e2-standard-2"),
        ("'a' if attempt == 1 else 'b'", "a", "b"),
        ("'a' if attempt < 2 else 'b' if attempt < 3 else 'c'", "a", "b"),
        ("4096 * attempt", 4096, 8192),
        (30, 30, 30),
        ("'n2-highmem-2'", "n2-highmem-2", "n2-highmem-2"),
    ],
)
def test_a_resource_is_read_at_each_attempt(resource, first, second):
    assert (value_at(resource, 1), value_at(resource, 2)) == (first, second)


@pytest.mark.parametrize("resource", ["open('x') if attempt == 1 else 'b'", "attempt.real * 2"])
def test_other_expressions_are_refused(resource):
    with pytest.raises(ValueError, match="cannot be evaluated"):
        value_at(resource, 1)


def test_the_projects_profile_is_understood():
    profile = read_profile(ROOT / "profiles" / "gcp" / "config.yaml")

    assert profile.shape("run_task", 1) == Shape("c4d-standard-2", 30, 4096, 1, 100)
    assert profile.shape("run_task", 2).machine_type == "c4d-highmem-2"
    assert profile.shape("draw_figures").per_machine == 1
    assert profile.spot == frozenset()


@pytest.mark.parametrize(
    ("changes", "machine", "why"),
    [
        ({}, "c4d-standard-2", None),
        ({"googlebatch_machine_type": ""}, "chosen by Google Batch", "Google Batch chooses"),
        ({"gpu": 1}, "c4d-standard-2", "it has GPUs"),
    ],
)
def test_a_machine_that_batch_chooses_or_that_has_gpus_has_no_price(
    tmp_path, changes, machine, why
):
    content = yaml.safe_load((ROOT / "profiles" / "gcp" / "config.yaml").read_text())
    content["set-resources"]["run_task"] |= {"googlebatch_machine_type": "c4d-standard-2"} | changes
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content))

    shape = read_profile(path).shape("run_task")

    assert shape.machine == machine
    assert (shape.unpriced or "").startswith(why or "")
    assert (shape.unpriced is None) == (why is None)


def test_the_attempt_of_a_job_is_the_first_that_has_its_memory():
    profile = read_profile(ROOT / "profiles" / "gcp" / "config.yaml")

    found = [profile.attempt_of("run_task", mb) for mb in (None, 100.0, 4096.0, 5000.0, 9e9)]

    assert found == [1, 1, 1, 2, 3]


def _with(**changes):
    resources = {"machine_type": "e2-small", "boot_disk_gb": 10, "memory": 512}
    resources |= {"work_tasks_per_node": 1, "parallelism": 2, **changes}
    named = {f"googlebatch_{name}": value for name, value in resources.items()}
    return {"set-resources": {"run_task": named}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "set-resources is missing"),
        ({"set-resources": {"run_task": {}}}, "run_task.googlebatch_machine_type is missing"),
        ({"set-resources": {"run_task": 3}}, "run_task: expected resources"),
        (_with(boot_disk_gb={"a": 1}), "run_task: float.. argument .*; expected numbers of disk"),
        (_with(parallelism=float("inf")), "run_task: .* infinity .*; expected numbers of disk"),
        (_with() | {"preemptible-rules": [["run_task"]]}, "preemptible-rules: expected a list of"),
    ],
)
def test_a_profile_that_lacks_something_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content))

    with pytest.raises(EpyflowError, match=message):
        read_profile(path)


def test_a_profile_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(EpyflowError, match=r"cannot be read: .*; expected a profile"):
        read_profile(tmp_path / "config.yaml")
