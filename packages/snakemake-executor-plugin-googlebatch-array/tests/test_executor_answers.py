"""Google's API answers errors, late, or not at all."""

import pytest

from executor_snakefiles import ONE

CODES = (429, 500, 503, "DEADLINE_EXCEEDED", "NOT_FOUND")
ONCE = [{"code": code, "times": 1} for code in CODES]
FOR_A_WHILE = [{"code": code, "times": 3} for code in CODES]


@pytest.mark.parametrize("faults", [ONCE, FOR_A_WHILE], ids=["once", "for_a_while"])
@pytest.mark.parametrize("method", ["GetJob", "ListTasks"])
def test_errors_while_watching_do_not_end_the_run(workflow, method, faults):
    # A failing task is listed; a job that succeeds is not, so one of each.
    workflow.write(
        """
rule all:
    input: "out/0.txt", "out/1.txt"

rule one:
    output: "out/{i}.txt"
    shell: "echo hello > {output}; test {wildcards.i} = 0"
"""
    )
    workflow.faults(api=[{"method": method, **fault} for fault in faults])

    finished = workflow.run("--keep-going", "--googlebatch-array-vanished-after", "20")

    assert finished.code == 1
    assert workflow.outputs() == {"out/0.txt": "hello\n"}
    assert "Exit code: 1" in finished.text
    assert set(workflow.executions().values()) == {1}
    assert workflow.live() == []


@pytest.mark.parametrize("code", CODES)
def test_createjob_is_repeated(workflow, code):
    workflow.write(ONE)
    workflow.faults(api=[{"method": "CreateJob", "code": code, "times": 2}])

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {"out/0.txt": "hello\n"}
    assert list(workflow.executions().values()) == [1]


def test_a_lost_answer_of_createjob_starts_the_work_once(workflow):
    workflow.write(ONE)
    workflow.faults(
        api=[{"method": "CreateJob", "effect": "after", "code": "UNAVAILABLE", "times": 1}]
    )

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {"out/0.txt": "hello\n"}
    assert len(workflow.jobs()) == 1
    assert list(workflow.executions().values()) == [1]


def test_a_403_names_the_role_that_is_missing(workflow):
    workflow.write(ONE)
    text = "Permission 'batch.jobs.create' denied on 'projects/rehearsal'"
    workflow.faults(api=[{"method": "CreateJob", "code": 403, "message": text, "times": None}])

    finished = workflow.run()

    assert finished.code == 1
    assert text in finished.text
    assert "roles/batch.jobsEditor" in finished.text
    assert workflow.jobs() == []
