"""Job definitions, from settings and resources."""

from types import SimpleNamespace

import pytest
from google.protobuf.json_format import MessageToDict
from snakemake.settings.types import PreemptibleRules

from executor_fakes import Resources, settings, task
from snakemake_executor_plugin_googlebatch_array.commands import BOOTSTRAP, Frame
from snakemake_executor_plugin_googlebatch_array.environment import Variables
from snakemake_executor_plugin_googlebatch_array.executor import BatchExecutor
from snakemake_executor_plugin_googlebatch_array.job_definition import LARGEST_JOB, json_size
from snakemake_executor_plugin_googlebatch_array.job_template import JobTemplate, Run

FRAME = Frame("", (), None, ("python", "-m", "snakemake"), ("--mode", "remote"))


def template(*, retries=None, **changes):
    """Return a template of an executor that has settings and no connection."""
    executor = object.__new__(BatchExecutor)
    executor.executor_settings = settings(**changes)
    executor.logger = SimpleNamespace()
    executor.preemptible_retries = retries
    remote = SimpleNamespace(container_image="image:1", preemptible_rules=PreemptibleRules())
    executor.workflow = SimpleNamespace(
        remote_execution_settings=remote, executor_settings=executor.executor_settings
    )
    executor.preemptible_rules = PreemptibleRules()
    run = Run(
        "run",
        "me",
        FRAME,
        Variables({"A": "1"}, {}),
        lambda job_id: {"bucket": "b", "folder": f"logs/{job_id}"},
    )
    return JobTemplate(executor, run)


def with_resources(number=0, *, spot=False, width=1, **resources):
    made = task(number, spot=spot, width=width)
    made.job.resources = Resources(resources)
    return made


def as_dict(job):
    return MessageToDict(type(job).pb(job))


def test_a_container_task_runs_the_command_and_nothing_else():
    job = as_dict(template().define([task(0), task(1)], "id"))

    (runnable,) = job["taskGroups"][0]["taskSpec"]["runnables"]
    container = runnable["container"]
    assert container["imageUri"] == "image:1"
    assert container["entrypoint"] == "/bin/bash"
    assert container["options"] == "--network host"
    assert "volumes" not in container
    assert container["commands"] == ["-c", BOOTSTRAP]


def test_the_job_has_labels_policy_logs_and_one_environment_per_task():
    job = as_dict(template(labels="stage=run").define([task(0), task(1)], "id"))

    assert job["labels"] == job["allocationPolicy"]["labels"]
    assert job["labels"] == {
        "stage": "run",
        "snakemake-job": "one",
        "snakemake-attempt": "1",
        "snakemake-run": "run",
        "snakemake-coordinator": "me",
    }
    assert job["logsPolicy"] == {"destination": "CLOUD_LOGGING"}
    assert len(job["taskGroups"][0]["taskEnvironments"]) == 2


def test_resources_of_the_rule_win_over_settings():
    made = with_resources(
        googlebatch_machine_type="c4d-standard-2",
        googlebatch_container="image:2",
        googlebatch_parallelism=1,
        googlebatch_task_count_per_node=3,
        googlebatch_labels="stage=tables",
        googlebatch_boot_disk_gb=70,
    )

    job = as_dict(template(labels="stage=run,a=b").define([made, made], "id"))

    (instance,) = job["allocationPolicy"]["instances"]
    assert instance["policy"]["machineType"] == "c4d-standard-2"
    assert instance["policy"]["bootDisk"] == {"type": "hyperdisk-balanced", "sizeGb": "70"}
    (group,) = job["taskGroups"]
    assert (group["parallelism"], group["taskCountPerNode"]) == ("1", "3")
    assert group["taskSpec"]["runnables"][0]["container"]["imageUri"] == "image:2"
    assert (job["labels"]["stage"], job["labels"]["a"]) == ("tables", "b")


@pytest.mark.parametrize("name", ["task_count_per_node", "work_tasks_per_node"])
def test_tasks_of_a_vm_have_the_name_that_batch_gives_them_or_the_stock_plugins(name):
    made = with_resources(**{f"googlebatch_{name}": 3})

    job = as_dict(template().define([made], "id"))

    assert job["taskGroups"][0]["taskCountPerNode"] == "3"


def test_machine_account_network_and_disk_are_those_of_the_settings():
    job = as_dict(
        template(
            machine_type="n2-standard-8",
            service_account="a@b.iam.gserviceaccount.com",
            network="n",
            subnetwork="s",
            boot_disk_type="pd-ssd",
        ).define([task()], "id")
    )

    policy = job["allocationPolicy"]
    assert policy["serviceAccount"]["email"] == "a@b.iam.gserviceaccount.com"
    assert policy["network"]["networkInterfaces"] == [
        {"network": "n", "subnetwork": "s", "noExternalIpAddress": True}
    ]
    instance = policy["instances"][0]["policy"]
    assert (instance["machineType"], instance["bootDisk"]["type"]) == ("n2-standard-8", "pd-ssd")


def test_gpus_are_attached_with_their_drivers_and_reach_the_container():
    made = with_resources(gpu=1, gpu_model="nvidia-tesla-t4", googlebatch_machine_type="")

    job = as_dict(template().define([made], "id"))

    (instance,) = job["allocationPolicy"]["instances"]
    assert instance["installGpuDrivers"]
    assert "machineType" not in instance["policy"]
    assert instance["policy"]["accelerators"] == [{"type": "nvidia-tesla-t4", "count": "1"}]
    container = job["taskGroups"][0]["taskSpec"]["runnables"][0]["container"]
    assert container["options"] == "--network host --privileged"
    assert container["volumes"] == [
        "/var/lib/nvidia/lib64:/usr/local/nvidia/lib64",
        "/var/lib/nvidia/bin:/usr/local/nvidia/bin",
    ]


def test_a_machine_with_gpus_of_its_own_gets_none_attached():
    made = with_resources(gpu=1, googlebatch_machine_type="g2-standard-4")

    (instance,) = as_dict(template().define([made], "id"))["allocationPolicy"]["instances"]

    assert instance["installGpuDrivers"]
    assert "accelerators" not in instance["policy"]


def test_an_override_of_the_run_wins_over_the_rule():
    made = with_resources(googlebatch_parallelism=1, googlebatch_labels="a=b")
    changes = "one:googlebatch_parallelism=2 one:googlebatch_zones=r-a one:googlebatch_labels=c=d"

    job = as_dict(template(override=changes).define([made, made], "id"))

    assert job["taskGroups"][0]["parallelism"] == "2"
    assert job["allocationPolicy"]["location"] == {"allowedLocations": ["zones/r-a"]}
    assert (job["labels"].get("a"), job["labels"]["c"]) == (None, "d")


def test_gpus_are_asked_for_as_in_the_stock_plugin_and_a_bucket_is_mounted():
    made = with_resources(nvidia_gpu=2, googlebatch_bucket="data")

    job = as_dict(template().define([made], "id"))

    (instance,) = job["allocationPolicy"]["instances"]
    assert instance["installGpuDrivers"]
    assert instance["policy"]["accelerators"] == [{"type": "nvidia-tesla-t4", "count": "2"}]
    (volume,) = job["taskGroups"][0]["taskSpec"]["volumes"]
    assert (volume["gcs"]["remotePath"], volume["mountPath"]) == ("data", "/mnt/share")


@pytest.mark.parametrize(
    ("spot", "changes", "expected"),
    [
        (False, {}, 3),
        (False, {"retry_count": 0}, 0),
        (True, {}, 3),
        (True, {"retries": 5}, 5),
        (True, {"retries": 5, "spot_attempts": 2}, 1),
    ],
)
def test_batch_repeats_lost_tasks_as_often_as_it_is_told(spot, changes, expected):
    assert template(**changes).retries(with_resources(spot=spot)) == expected


def test_a_rule_can_have_its_own_number_of_retries():
    assert template().retries(with_resources(googlebatch_retry_count=0)) == 0


def test_a_registrys_password_has_to_be_a_reference():
    with pytest.raises(ValueError, match="Secret Manager"):
        template(docker_username="me", docker_password="hunter2").define([task()], "id")

    reference = "projects/p/secrets/s/versions/1"
    job = as_dict(template(docker_username="me", docker_password=reference).define([task()], "i"))

    container = job["taskGroups"][0]["taskSpec"]["runnables"][0]["container"]
    assert (container["username"], container["password"]) == ("me", reference)


@pytest.mark.parametrize("given", ["docker_username", "docker_password"])
def test_a_registrys_user_and_password_are_given_together(given):
    with pytest.raises(ValueError, match="give both"):
        template(**{given: "projects/p/secrets/s/versions/1"}).define([task()], "id")


@pytest.mark.parametrize("family", ["", "batch-cos-stable-official"])
def test_a_rule_can_choose_containers_whatever_the_settings_say(family):
    made = with_resources(googlebatch_image_family=family)

    job = as_dict(template(image_family="batch-debian-11-official").define([made], "id"))

    (runnable,) = job["taskGroups"][0]["taskSpec"]["runnables"]
    assert "container" in runnable


@pytest.mark.usefixtures("without_stock_plugin")
def test_without_the_stock_plugin_a_job_on_the_vm_itself_is_refused():
    made = with_resources(googlebatch_image_family="batch-debian-11-official")

    with pytest.raises(ValueError, match="pip install snakemake-executor-plugin-googlebatch"):
        template().define([made], "id")


@pytest.mark.usefixtures("stock_plugin")
def test_on_the_vm_itself_the_stock_plugins_preparation_comes_first():
    job = as_dict(template(image_family="batch-debian-11-official").define([task()], "id"))

    setup, command = job["taskGroups"][0]["taskSpec"]["runnables"]
    assert setup["script"]["text"].startswith("#!/bin/bash\n")
    assert "SMK_RUNNER" in command["script"]["text"]
    image = job["allocationPolicy"]["instances"][0]["policy"]["bootDisk"]["image"]
    assert image == "projects/batch-custom-image/global/images/family/batch-debian-11-official"


@pytest.mark.usefixtures("stock_plugin")
def test_the_preparation_can_be_left_out():
    job = as_dict(
        template(image_family="mine", image_project="p", skip_vm_setup=True).define([task()], "i")
    )

    assert len(job["taskGroups"][0]["taskSpec"]["runnables"]) == 1


@pytest.mark.usefixtures("stock_plugin")
def test_a_job_on_several_vms_waits_for_all_of_them():
    made = template(image_family="hpc-rocky-linux-8")

    job = as_dict(made.define([with_resources(width=2)], "id"))

    (group,) = job["taskGroups"]
    kinds = [
        next(k for k in each if k in {"script", "barrier"})
        for each in group["taskSpec"]["runnables"]
    ]
    assert kinds == ["script", "barrier", "script"]
    assert group["taskCount"] == "2"


def test_an_array_over_1_mb_is_split_into_jobs_below_it():
    made = template(max_array_size=100_000)
    tasks = [task(number) for number in range(12_000)]
    assert json_size(made.define(tasks, "id")) > LARGEST_JOB

    parts = made.pieces(tasks)

    assert len(parts) > 1
    assert [each for part in parts for each in part] == tasks
    assert max(json_size(made.define(part, "x" * 63)) for part in parts) < LARGEST_JOB


def test_a_task_takes_about_as_much_room_as_its_key_and_its_target():
    made = template()
    two, many = ([task(number) for number in range(count)] for count in (2, 1002))

    size = json_size(made.define(many, "id")) - json_size(made.define(two, "id"))

    # Three thousand tasks and more fit a job of 1 MB.
    assert size / 1000 < 330
