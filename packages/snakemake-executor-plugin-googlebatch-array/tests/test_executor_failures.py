"""Tasks that fail, by their own fault or their VM's: files, exit codes, causes."""

import pytest

from executor_snakefiles import HELLO, ONE, TWO

PICKY = """
rule all:
    input: expand("out/{i}.txt", i=range(2)), "out/after.txt"

rule one:
    output: "out/{i}.txt"
    wildcard_constraints: i="[0-9]"
    shell: "echo hello {wildcards.i} > {output}; echo told; test {wildcards.i} = 0"

rule after:
    input: "out/0.txt"
    output: "out/after.txt"
    shell: "cp {input} {output}"
"""


@pytest.fixture(scope="module")
def emulator(forking_emulator):
    """Fork the tasks' Snakemake; those of the other modules start it."""
    return forking_emulator


def test_a_task_that_exits_1_fails_the_run_and_says_why(workflow):
    workflow.write(PICKY.replace(', "out/after.txt"', ""))

    finished = workflow.run("--show-failed-logs")

    assert finished.code == 1
    assert "Task of rule one (i=1) failed on Google Batch, attempt 1." in finished.text
    assert "Exit code: 1" in finished.text
    # Once, though Snakemake is to show logs too.
    assert finished.text.count("[googlebatch-array] exit status 1") == 1, finished.text
    assert "| told" in finished.text
    assert "out/1.txt" not in workflow.outputs()
    assert workflow.outputs()["out/0.txt"] == "hello 0\n"
    assert any("told" in log for log in workflow.logs())
    assert workflow.live() == []


def test_with_keep_going_what_does_not_depend_on_the_failure_is_made(workflow):
    workflow.write(PICKY)

    finished = workflow.run("--keep-going", "--retries", "1")

    assert finished.code == 1
    assert "failed on Google Batch, attempt 2." in finished.text
    assert workflow.outputs() == {"out/0.txt": "hello 0\n", "out/after.txt": "hello 0\n"}
    assert sorted(workflow.executions().values()) == [1, 1, 2]
    assert workflow.live() == []


def test_retries_run_a_failed_task_again_with_resources_of_the_attempt(workflow):
    workflow.write(
        """
rule one:
    output: "out/0.txt"
    retries: 1
    resources: mem_mb=lambda wildcards, attempt: 1000 * attempt
    shell: "test {resources.mem_mb} = 2000; echo done > {output}"
"""
    )

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {"out/0.txt": "done\n"}
    # 1000 MB are below the least of 1000 MiB; 2000 MB are 1908 MiB.
    memory = [job.spec.compute_resource.memory_mib for job in workflow.jobs()]
    assert memory == [1024, 2048]
    assert workflow.live() == []


def test_a_missing_output_is_a_failure_though_the_task_exits_0(workflow):
    workflow.write(ONE)

    # The command before Snakemake's ends the task: nothing is made, and the exit status is 0.
    finished = workflow.run("--precommand", "exit 0")

    assert finished.code == 1
    assert workflow.outputs() == {}
    assert [task.state.name for job in workflow.jobs() for task in job.tasks] == ["SUCCEEDED"]
    assert workflow.live() == []


def test_a_stale_output_does_not_pass_for_a_new_one(workflow):
    workflow.write(ONE)
    assert workflow.run().code == 0
    workflow.write(ONE.replace("echo hello > {output}", "exit 5"))

    finished = workflow.run("--forcerun", "one")

    assert finished.code == 1
    assert "out/0.txt" not in workflow.outputs()
    assert workflow.live() == []


def test_tasks_preempted_once_and_twice_are_repeated_by_batch(workflow):
    workflow.write(TWO)
    preempted = {"action": "preempt"}
    workflow.faults(tasks=[{"task": i, "times": i + 1, **preempted} for i in range(2)])

    finished = workflow.run("--preemptible-rules", "--preemptible-retries", "2")

    assert finished.code == 0, finished.text
    assert workflow.outputs() == HELLO
    assert len(workflow.jobs()) == 1
    assert sorted(workflow.executions().values()) == [2, 3]
    assert workflow.live() == []


def test_a_task_that_is_preempted_for_ever_ends_on_a_standard_vm(workflow):
    workflow.write(ONE)
    workflow.faults(tasks=[{"job": "one-*", "action": "preempt", "times": 2}])

    finished = workflow.run("--preemptible-rules", "--googlebatch-array-spot-attempts", "2")

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {"out/0.txt": "hello\n"}
    models = [
        job.definition.allocation_policy.instances[0].policy.provisioning_model
        for job in workflow.jobs()
    ]
    assert models == [2, 1]  # SPOT, STANDARD
    assert "lost all their Spot VMs" in finished.text
    assert workflow.live() == []


def test_without_the_fall_back_preemption_for_ever_is_told(workflow):
    workflow.write(ONE)
    workflow.faults(tasks=[{"action": "preempt", "times": None}])

    finished = workflow.run(
        *("--preemptible-rules", "--preemptible-retries", "1"),
        "--googlebatch-array-no-spot-fallback",
    )

    assert finished.code == 1
    assert "the Spot VM was preempted" in finished.text
    assert "Exit code: 50001" in finished.text
    assert workflow.outputs() == {}
    assert len(workflow.jobs()) == 1
    assert workflow.live() == []


def test_a_task_is_repeated_by_batch_however_its_vm_was_lost(workflow):
    kinds = ("vm-timeout", "vm-reboot", "unresponsive", "vm-recreated")
    workflow.write(TWO.replace("range(2)", "range(4)"))
    workflow.faults(tasks=[{"task": i, "action": kind} for i, kind in enumerate(kinds)])

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {f"out/{i}.txt": f"hello {i}\n" for i in range(4)}
    assert len(workflow.jobs()) == 1
    assert list(workflow.executions().values()) == [2, 2, 2, 2]
    assert workflow.live() == []


def test_a_task_that_loses_every_vm_fails_with_the_reason(workflow):
    workflow.write(ONE)
    workflow.faults(tasks=[{"action": "vm-timeout", "times": None}])

    finished = workflow.run("--googlebatch-array-retry-count", "1")

    assert finished.code == 1
    assert "the VM stopped reporting" in finished.text
    assert "Exit code: 50002" in finished.text
    assert workflow.outputs() == {}
    assert list(workflow.executions().values()) == [2]
    assert workflow.live() == []


def test_a_job_that_cannot_have_vms_fails_with_the_reason(workflow):
    workflow.write(ONE)
    workflow.faults(jobs=[{"action": "reject"}])

    finished = workflow.run("--googlebatch-array-vanished-after", "1")

    assert finished.code == 1
    assert "the VMs asked for cannot exist" in finished.text
    assert workflow.live() == []


def test_an_image_that_does_not_exist_is_named_with_what_cloud_logging_says(workflow_without_image):
    workflow = workflow_without_image
    workflow.write(ONE)

    finished = workflow.run("--container-image", "europe-docker.pkg.dev/p/images/none:1")

    assert finished.code == 1
    assert "Exit code: 125" in finished.text
    assert "the image was not found, or may not be pulled" in finished.text
    assert "| docker: Error response from daemon: manifest for" in finished.text
    assert "roles/artifactregistry.reader" in finished.text
    # The task could not copy a log to the bucket.
    assert "https://console.cloud.google.com/logs/query" in finished.text
    assert workflow.logs() == []
    assert workflow.outputs() == {}
    assert workflow.live() == []


def test_a_job_that_stays_queued_says_why(workflow):
    workflow.write(
        """
rule all:
    input: "out/0.txt", "out/1.txt"

rule first:
    output: "out/0.txt"
    shell: "echo hello 0 > {output}"

rule second:
    output: "out/1.txt"
    shell: "echo hello 1 > {output}"
"""
    )
    reasons = {"first-*": "quota", "second-*": "stock-out"}
    workflow.faults(
        jobs=[{"job": job, "action": why, "seconds": 5} for job, why in reasons.items()]
    )

    finished = workflow.run("--googlebatch-array-queue-warning", "2")

    assert finished.code == 0, finished.text
    assert "a quota is used up" in finished.text
    assert "https://console.cloud.google.com/iam-admin/quotas" in finished.text
    assert "the region has no such VMs at the moment (stock-out)" in finished.text
    assert workflow.outputs() == HELLO
    assert len(workflow.jobs()) == 2
    assert workflow.live() == []
