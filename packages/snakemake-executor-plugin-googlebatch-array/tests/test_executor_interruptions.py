"""Runs that are stopped, killed and started again, or lose their jobs to somebody else."""

import signal

from executor_snakefiles import HELLO, SLOW


def slow(rule):
    return f'\nrule {rule}:\n    output: "out/{rule}.txt"\n    shell: "sleep 60"\n'


def test_sigint_deletes_what_was_started(workflow):
    workflow.write(SLOW)
    process = workflow.start()
    workflow.wait_until_running()

    process.send_signal(signal.SIGINT)
    finished = workflow.finish(process)

    assert finished.code == 1
    assert workflow.live() == []
    assert workflow.jobs() == []


def test_sigint_deletes_jobs_although_deletejob_fails_at_first(workflow):
    codes = (429, 500, 503, "DEADLINE_EXCEEDED", "NOT_FOUND")
    rules = ("busy", "broken", "away", "late", "unknown")
    outputs = [f"out/{rule}.txt" for rule in rules]
    workflow.write(f"rule all:\n    input: {outputs}\n" + "".join(map(slow, rules)))
    workflow.faults(
        api=[
            {"method": "DeleteJob", "resource": f"{rule}-*", "code": code, "times": 3}
            for rule, code in zip(rules, codes, strict=True)
        ]
    )
    process = workflow.start()
    workflow.wait_until_running(2)

    process.send_signal(signal.SIGINT)
    finished = workflow.finish(process)

    assert finished.code == 1
    assert workflow.outputs() == {}
    assert workflow.live() == []
    assert workflow.jobs() == []


def test_a_killed_coordinator_is_succeeded_by_one_that_takes_its_tasks_over(workflow):
    workflow.write(SLOW)
    process = workflow.start()
    workflow.wait_until_running()
    process.send_signal(signal.SIGKILL)
    process.wait()

    finished = workflow.run("--rerun-incomplete")

    assert finished.code == 0, finished.text
    assert "2 task(s) are of this run: taken over" in finished.text
    assert workflow.outputs() == HELLO
    assert len(workflow.jobs()) == 1
    assert set(workflow.executions().values()) == {1}
    assert workflow.live() == []


def test_tasks_that_ended_while_nobody_watched_are_not_done_again(workflow):
    workflow.write(SLOW)
    process = workflow.start()
    workflow.wait_until_running()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert workflow.live() == []

    finished = workflow.run("--rerun-incomplete")

    assert finished.code == 0, finished.text
    assert workflow.outputs() == HELLO
    assert set(workflow.executions().values()) == {1}


def test_after_an_edit_the_tasks_of_the_killed_coordinator_give_way(workflow):
    workflow.write(SLOW)
    process = workflow.start()
    workflow.wait_until_running()
    process.send_signal(signal.SIGKILL)
    process.wait()
    workflow.write(SLOW.replace("hello", "bye").replace("sleep 6; ", ""))

    finished = workflow.run("--rerun-incomplete")

    assert finished.code == 0, finished.text
    assert workflow.outputs() == {"out/0.txt": "bye 0\n", "out/1.txt": "bye 1\n"}
    assert workflow.live() == []


def test_a_job_deleted_by_somebody_else_fails_its_tasks_with_the_reason(workflow):
    workflow.write(SLOW)
    workflow.faults(jobs=[{"action": "delete", "seconds": 4}])

    finished = workflow.run("--googlebatch-array-vanished-after", "2", "--retries", "2")

    assert finished.code == 1
    assert "it was not this run that stopped it" in finished.text
    assert "Trying to restart" not in finished.text
    assert workflow.outputs() == {}
    assert workflow.live() == []


def test_a_job_cancelled_by_somebody_else_fails_its_tasks_with_the_reason(workflow):
    workflow.write(SLOW)
    workflow.faults(jobs=[{"action": "cancel", "seconds": 4}])

    finished = workflow.run("--retries", "2")

    assert finished.code == 1
    assert "it was not this run that stopped it" in finished.text
    assert "It is not tried again now" in finished.text
    assert len(workflow.jobs()) == 1
    assert workflow.outputs() == {}
    assert workflow.live() == []
