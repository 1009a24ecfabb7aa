"""Tasks that exceed a limit, which Google Batch kills."""


def test_a_task_over_its_time_fails_once_and_says_so(workflow):
    workflow.write(
        """
rule one:
    output: "out/0.txt"
    resources: googlebatch_max_run_duration="8s"
    shell: "echo started; sleep 100; echo > {output}"
"""
    )

    finished = workflow.run()

    assert finished.code == 1
    assert "the task reached its time limit" in finished.text
    assert "Exit code: 50005" in finished.text
    assert workflow.outputs() == {}
    assert list(workflow.executions().values()) == [1]
    assert workflow.live() == []


def test_a_task_that_runs_out_of_memory_says_so_and_is_run_again_with_more(workflow):
    workflow.write(
        """
rule one:
    output: "out/0.txt"
    retries: 1
    resources: googlebatch_memory=lambda wildcards, attempt: 800 * attempt**2
    run:
        import time
        held = b"x" * (900 << 20)
        time.sleep(1)
        with open(output[0], "w") as file:
            file.write("enough\\n")
"""
    )

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert "Task of rule one failed on Google Batch, attempt 1." in finished.text
    assert "the task was killed, most likely out of memory" in finished.text
    assert "Raise the rule's mem_mb" in finished.text
    assert workflow.outputs() == {"out/0.txt": "enough\n"}
    assert [job.spec.compute_resource.memory_mib for job in workflow.jobs()] == [800, 3200]
    assert list(workflow.executions().values()) == [2]
    assert workflow.live() == []
