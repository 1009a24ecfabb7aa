"""Whole runs: what succeeds, and what reaches the worker."""

import pytest

from executor_snakefiles import HELLO, ONE, TWO


@pytest.fixture(scope="module")
def emulator(forking_emulator):
    """Fork the tasks' Snakemake; those of the other modules start it."""
    return forking_emulator


def test_ready_jobs_of_a_rule_run_as_one_array(workflow):
    workflow.write(TWO)

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs() == HELLO
    assert [len(job.tasks) for job in workflow.jobs()] == [2]
    assert set(workflow.executions().values()) == {1}
    assert workflow.live() == []


def test_rules_have_jobs_of_their_own_and_chains_go_on(workflow):
    workflow.write(
        """
rule all:
    input: "out/sum.txt", "out/other.txt"

rule first:
    output: "out/{i}.txt"
    wildcard_constraints: i="[0-9]"
    resources: disk_mb=40000, googlebatch_boot_disk_gb=35
    shell: "echo {wildcards.i} > {output}"

rule other:
    output: "out/other.txt"
    threads: 2
    resources: mem_mb=3000, runtime=7, disk_mb=2000
    shell: "echo other > {output}"

rule sum:
    input: expand("out/{i}.txt", i=range(2))
    output: "out/sum.txt"
    shell: "cat {input} > {output}"
"""
    )

    # One slot less than there are ready jobs.
    finished = workflow.run("--jobs", "2")

    assert finished.code == 0, finished.text
    assert workflow.outputs()["out/sum.txt"] == "0\n1\n"
    assert sum(len(job.tasks) for job in workflow.jobs()) == 4
    (other,) = [job for job in workflow.jobs() if job.job_id.startswith("other-")]
    resource = other.spec.compute_resource
    # 3000 MB are 2862 MiB, in steps of 256: 3072. 2000 MB are 1908 MiB, in steps of 1024: 2048.
    assert (resource.cpu_milli, resource.memory_mib, resource.boot_disk_mib) == (2000, 3072, 2048)
    assert other.spec.max_run_duration.seconds == 420
    # The size of the whole disk replaces what a task needs: 40,000 MB are 38,147 MiB.
    first = next(job for job in workflow.jobs() if job.job_id.startswith("first-"))
    (group,) = first.show().status.task_groups.values()
    assert group.instances[0].boot_disk.size_gb == 35
    assert finished.text.count("disk_mb asks for 38147 MiB of disk") == 1
    assert workflow.live() == []


def test_batch_chooses_machines_in_allowed_zones_also_with_gpus(workflow):
    workflow.write(
        """
rule all:
    input: "out/plain.txt", "out/gpu.txt"

rule plain:
    output: "out/plain.txt"
    resources: googlebatch_machine_type=""
    shell: "echo plain > {output}"

rule gpu:
    output: "out/gpu.txt"
    resources: gpu=1, gpu_model="nvidia-tesla-t4"
    shell: "echo gpu > {output}"
"""
    )
    prefix = "--googlebatch-array"
    override = "gpu:googlebatch_machine_type= plain:googlebatch_memory=9000"

    finished = workflow.run(f"{prefix}-zones", "us-central1-c", f"{prefix}-override", override)

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {"out/plain.txt": "plain\n", "out/gpu.txt": "gpu\n"}
    chosen = {}
    for job in workflow.jobs():
        (group,) = job.show().status.task_groups.values()
        chosen[job.definition.labels["snakemake-job"]] = group.instances[0].machine_type
        assert "on zones/us-central1-c/" in job.tasks[0].events[-1].description
    # 9000 MiB do not fit into the 8 GiB of an e2-standard-2.
    assert chosen == {"plain": "e2-highmem-2", "gpu": "n1-highcpu-2"}


def test_a_group_is_one_task(workflow):
    workflow.write(
        """
rule all:
    input: "out/b.txt"

rule a:
    output: "out/a.txt"
    group: "pair"
    shell: "echo a > {output}"

rule b:
    input: "out/a.txt"
    output: "out/b.txt"
    group: "pair"
    shell: "cat {input} {input} > {output}"
"""
    )

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs()["out/b.txt"] == "a\na\n"
    assert [len(job.tasks) for job in workflow.jobs()] == [1]
    assert workflow.live() == []


def test_text_of_the_snakefile_reaches_the_worker_as_text(workflow):
    workflow.write(
        """
NAME = "it's $(id) `id` \\"x\\" z"

rule all:
    input: f"out/{NAME}.txt"

rule one:
    output: "out/{name}.txt"
    run:
        with open(output[0], "w") as file:
            file.write(wildcards.name + "|" + config["text"])
"""
    )
    text = 'o\'clock $(id) `id` "quoted" \\ end'

    finished = workflow.run("--config", f"text={text}")

    assert finished.code == 0, finished.text
    # Snakemake takes quotation marks off the ends of a wildcard's value.
    name = 'it\'s $(id) `id` "x" z'
    assert workflow.outputs() == {f"out/{name}.txt": f"{name}|{text}"}


def test_names_and_labels_are_made_valid(workflow):
    rule = "A_Rule_With__CAPITALS_" + "x" * 60
    workflow.write(f'rule {rule}:\n    output: "out/0.txt"\n    shell: "echo 1 > {{output}}"\n')

    finished = workflow.run("--googlebatch-array-labels", "Exp ID=A/B c,2nd=x,stage=Test.1")

    assert finished.code == 0, finished.text
    (job,) = workflow.jobs()
    assert len(job.job_id) <= 63
    labels = dict(job.definition.labels)
    assert labels["exp-id"] == "a-b-c"
    assert labels["x-2nd"] == "x"
    assert labels["stage"] == "test-1"
    assert dict(job.definition.allocation_policy.labels) == labels


def test_values_of_environment_variables_reach_the_task_and_not_the_log(workflow):
    workflow.write(
        """
envvars: "STUDY_PHASE"

rule one:
    output: "out/0.txt"
    shell: "echo $STUDY_PHASE > {output}; exit 3"
"""
    )

    finished = workflow.run(STUDY_PHASE="phase-nine-of-ten")

    assert finished.code == 1
    assert "phase-nine-of-ten" not in finished.text
    (job,) = workflow.jobs()
    assert job.spec.environment.variables["STUDY_PHASE"] == "phase-nine-of-ten"


def test_a_second_run_with_forcerun_runs_the_tasks_again(workflow):
    workflow.write(ONE)
    assert workflow.run().code == 0

    finished = workflow.run("--forcerun", "one")

    assert finished.code == 0, finished.text
    assert len(workflow.jobs()) == 2
    assert list(workflow.executions().values()) == [2]
    assert workflow.outputs() == {"out/0.txt": "hello\n"}
