"""Google's API answers errors, late, or not at all."""

import pytest

from executor_snakefiles import ONE

CODES = (429, 500, 503, "DEADLINE_EXCEEDED", "NOT_FOUND")
RULES = ("busy", "broken", "away", "late", "unknown")


@pytest.fixture(scope="module")
def emulator(forking_emulator):
    """Fork the tasks' Snakemake; those of the other modules start it."""
    return forking_emulator


def rules_that_say_hello(names):
    text = f"rule all:\n    input: {[f'out/{name}.txt' for name in names]}\n"
    for name in names:
        text += f'\nrule {name}:\n    output: "out/{name}.txt"\n'
        text += '    shell: "echo hello > {output}"\n'
    return text


@pytest.mark.parametrize("times", [1, 2], ids=["once", "for_a_while"])
def test_errors_while_watching_do_not_end_the_run(workflow, times):
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
    workflow.faults(
        api=[
            {"method": method, "code": code, "times": times}
            for method in ("GetJob", "ListTasks")
            for code in CODES
        ]
    )

    finished = workflow.run("--keep-going", "--googlebatch-array-vanished-after", "20")

    assert finished.code == 1
    assert workflow.outputs() == {"out/0.txt": "hello\n"}
    assert "Exit code: 1" in finished.text
    assert set(workflow.executions().values()) == {1}
    assert workflow.live() == []


def test_createjob_is_repeated(workflow):
    # A job for each error: they are created side by side.
    workflow.write(rules_that_say_hello(RULES))
    workflow.faults(
        api=[
            {"method": "CreateJob", "resource": f"{rule}-*", "code": code, "times": 3}
            for rule, code in zip(RULES, CODES, strict=True)
        ]
    )

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {f"out/{rule}.txt": "hello\n" for rule in RULES}
    assert len(workflow.jobs()) == 5
    assert set(workflow.executions().values()) == {1}
    assert workflow.live() == []


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
    assert workflow.live() == []


def test_an_id_that_is_taken_is_replaced_and_the_work_is_done_once(workflow):
    workflow.write(ONE)
    workflow.faults(api=[{"method": "CreateJob", "code": "ALREADY_EXISTS"}])

    finished = workflow.run()

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {"out/0.txt": "hello\n"}
    (job,) = workflow.jobs()
    assert job.job_id.endswith("-r1")
    assert list(workflow.executions().values()) == [1]
    assert workflow.live() == []


REFUSALS = {
    400: "check the rule's googlebatch_* resources",
    401: "gcloud auth application-default login",
    403: "roles/batch.jobsEditor",
    404: "--googlebatch-array-region",
    429: "https://console.cloud.google.com/iam-admin/quotas",
    503: "https://status.cloud.google.com",
}


def test_a_refusal_that_stays_ends_the_run_with_its_remedy(workflow):
    workflow.write(rules_that_say_hello([f"r{code}" for code in REFUSALS]))
    workflow.faults(
        api=[
            {
                "method": "CreateJob",
                "resource": f"r{code}-*",
                "code": code,
                "message": f"as Google says {code}",
                "times": None,
            }
            for code in REFUSALS
        ]
    )

    finished = workflow.run("--keep-going", "--googlebatch-array-api-patience", "1")

    assert finished.code == 1
    assert "Traceback" not in finished.text
    for code, remedy in REFUSALS.items():
        _, _, told = finished.text.partition(f"r{code}: Google Batch did not accept the job.")
        assert f"as Google says {code}" in told.splitlines()[1]
        assert remedy in told.splitlines()[3]
    assert workflow.outputs() == {}
    assert workflow.jobs() == []
