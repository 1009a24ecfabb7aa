"""Retries, time limits, memory, and machines that go away."""

import pytest
from emulator_support import Clients, clients_of, container, job_of, script, until
from google.protobuf.duration_pb2 import Duration

from google_batch_emulator import Emulator, FaultPlan, Settings, TaskFault

TENTH = Duration(nanos=100_000_000)
FORGETFUL = script('echo "attempt $BATCH_TASK_RETRY_ATTEMPT"; [ "$BATCH_TASK_RETRY_ATTEMPT" = 2 ]')


def retry_on(*codes: int) -> dict[str, object]:
    return {"action": "RETRY_TASK", "action_condition": {"exit_codes": codes}}


def fail_on(*codes: int) -> dict[str, object]:
    return {"action": "FAIL_TASK", "action_condition": {"exit_codes": codes}}


def test_a_failed_task_is_tried_again_until_it_succeeds(clients: Clients):
    finished = clients.run(FORGETFUL, max_retry_count=3)

    assert finished.state == "SUCCEEDED"
    assert finished.lines == ["attempt 0", "attempt 1", "attempt 2"]
    assert finished.exit_codes == [1, 1, 0]
    states = [event.task_state.name for event in finished.tasks[0].status.status_events]
    once = ["ASSIGNED", "RUNNING", "FAILED", "PENDING"]
    assert states == [*once, *once, "ASSIGNED", "RUNNING", "SUCCEEDED"]


def test_retries_come_to_an_end(clients: Clients):
    finished = clients.run(FORGETFUL, max_retry_count=1)

    assert finished.state == "FAILED"
    assert finished.exit_codes == [1, 1]


@pytest.mark.parametrize(
    ("policy", "attempts"),
    [(retry_on(7), 3), (retry_on(8), 1), (fail_on(7), 1), (fail_on(8), 3)],
)
def test_a_lifecycle_policy_says_which_failures_are_tried_again(clients: Clients, policy, attempts):
    finished = clients.run(script("exit 7"), max_retry_count=2, lifecycle_policies=[policy])

    assert finished.exit_codes == [7] * attempts


def test_a_task_over_its_time_ends_with_50005(clients: Clients):
    finished = clients.run(
        script("sleep 600"), script("echo not reached", always_run=True), max_run_duration=TENTH
    )

    assert finished.exit_codes == [50005]
    assert finished.lines == []
    last = finished.tasks[0].status.status_events[-1].description
    assert last.endswith("due to task runs over the maximum runtime with exit code 50005.")


HUNGRY = "x = bytearray(300 * 2**20); import time; time.sleep(600)"


def test_a_task_over_its_memory_is_killed_with_137(clients: Clients):
    finished = clients.run(container("python", "-c", HUNGRY), compute_resource={"memory_mib": 100})

    assert finished.exit_codes == [137]
    assert "out of memory" in " ".join(finished.agent_lines)


def test_memory_that_was_not_asked_for_is_not_limited(clients: Clients):
    finished = clients.run(container("python", "-c", HUNGRY.replace("600", "0.5")))

    assert finished.state == "SUCCEEDED"


def test_the_largest_process_can_be_killed_as_the_kernel_does():
    with (
        Emulator(Settings(memory="largest-process")) as emulator,
        clients_of(emulator) as clients,
    ):
        finished = clients.run(
            script(f"python -c '{HUNGRY}'; echo survived $?"),
            compute_resource={"memory_mib": 100},
        )

        assert finished.state == "SUCCEEDED"
        assert "survived 137" in finished.lines


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        ("preempt", 50001, "due to Spot VM preemption with exit code 50001."),
        ("vm-timeout", 50002, "due to Batch no longer receives VM updates with exit code 50002."),
        ("vm-reboot", 50003, "due to VM is rebooted during task execution with exit code 50003."),
        ("unresponsive", 50004, "due to tasks cannot be canceled with exit code 50004."),
        (
            "vm-recreated",
            50006,
            "due to VM is recreated during task execution with exit code 50006.",
        ),
        ("out-of-memory", 137, "with exit code 137."),
        ("fail", 9, "with exit code 9."),
    ],
)
def test_what_befalls_a_task_has_its_code_and_words(clients: Clients, action, code, words):
    fault = TaskFault(action=action, exit_code=9)
    clients.emulator.faults.replace(FaultPlan(tasks=[fault]))

    finished = clients.run(script("sleep 600"), spot=True)

    assert finished.exit_codes == [code]
    assert finished.tasks[0].status.status_events[-1].description.endswith(words)


def test_preemption_as_often_as_planned_and_another_machine_each_time(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(tasks=[TaskFault(action="preempt", times=2)]))

    finished = clients.run(script("echo done"), spot=True, max_retry_count=3)

    assert finished.state == "SUCCEEDED"
    assert finished.exit_codes == [50001, 50001, 0]
    machines = [
        event.description.partition(" on ")[2].partition(" ")[0].rstrip(".")
        for event in finished.tasks[0].status.status_events
        if event.task_state.name == "ASSIGNED"
    ]
    assert len(set(machines)) == 3


def test_a_standard_machine_is_never_preempted(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(tasks=[TaskFault(action="preempt", times=None)]))

    assert clients.run(script("exit 0")).state == "SUCCEEDED"


def test_a_lost_machine_takes_all_its_tasks_and_no_others(clients: Clients):
    fault = TaskFault(task=0, action="vm-timeout", after_seconds=0.3)
    clients.emulator.faults.replace(FaultPlan(tasks=[fault]))

    finished = clients.run(script("sleep 1"), task_count=4, task_count_per_node=2)

    codes = [task.status.status_events[-1].task_execution.exit_code for task in finished.tasks]
    assert codes == [50002, 50002, 0, 0]


def test_machines_take_as_many_tasks_as_their_cpus_allow(clients: Clients):
    finished = clients.run(
        script("sleep 0.5"),
        task_count=4,
        machine_type="e2-standard-4",
        compute_resource={"cpu_milli": 2000},
    )

    machines = {task.status.status_events[0].description for task in finished.tasks}
    assert len(machines) == 2


def test_a_task_can_be_befallen_before_it_runs(clients: Clients):
    fault = TaskFault(action="vm-timeout", stage="assigned")
    clients.emulator.faults.replace(FaultPlan(tasks=[fault]))

    finished = clients.run(script("echo not reached"))

    assert finished.exit_codes == [50002]
    assert finished.lines == []


def test_running_tasks_can_be_befallen_at_any_moment(clients: Clients):
    job = clients.create(job_of(script("sleep 600"), spot=True), "struck-now")
    until(lambda: clients.state(job) == "RUNNING")

    assert clients.emulator.strike("struck-*", None, "preempt") == 1

    clients.wait(job)
    event = clients.tasks(job)[0].status.status_events[-1]
    assert event.task_execution.exit_code == 50001


POLITE = "trap 'echo asked; exit 0' TERM; echo ready; sleep 600 & wait"
STUBBORN = "trap '' TERM; echo ready; sleep 600"


@pytest.mark.parametrize(
    ("text", "notice", "lines"),
    [(POLITE, 0, ["ready"]), (POLITE, 30, ["ready", "asked"]), (STUBBORN, 0.2, ["ready"])],
)
@pytest.mark.parametrize("runnable", [script, lambda text: container("/bin/sh", "-c", text)])
def test_a_preempted_task_is_asked_to_stop_only_if_the_plan_gives_it_notice(
    clients: Clients, runnable, text, notice, lines
):
    job = clients.create(job_of(runnable(text), spot=True))
    until(lambda: clients.lines(job) == ["ready"])

    clients.emulator.strike(job.name.rpartition("/")[2], 0, "preempt", notice)

    clients.wait(job)
    assert clients.lines(job) == lines
    # The machine is lost however the task ends.
    assert clients.tasks(job)[0].status.status_events[-1].task_execution.exit_code == 50001


def test_a_plan_gives_the_notice_of_a_preemption(clients: Clients):
    fault = TaskFault(action="preempt", after_seconds=1, notice_seconds=30)
    clients.emulator.faults.replace(FaultPlan(tasks=[fault]))

    finished = clients.run(script(POLITE), spot=True)

    assert finished.exit_codes == [50001]
    assert finished.lines[-1] == "asked"


def test_a_delayed_task_can_be_cancelled_at_once(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(tasks=[TaskFault(action="delay", after_seconds=600)]))
    job = clients.create(job_of(script("echo not reached")))
    until(lambda: clients.state(job) == "SCHEDULED")

    clients.batch.cancel_job(name=job.name).result(timeout=30)

    assert clients.lines(job) == []
