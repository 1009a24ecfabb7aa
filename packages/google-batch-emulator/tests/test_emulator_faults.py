"""Answers that are wrong, late or lost, and jobs that wait."""

import json
import time

import pytest
from emulator_support import Clients, job_of, script, until
from google.api_core import exceptions
from pydantic import ValidationError

from google_batch_emulator import ApiFault, EmulatorError, FaultPlan, JobFault, read_plan
from google_batch_emulator.fault_state import Faults

OK = script("exit 0")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (429, exceptions.ResourceExhausted),
        (500, exceptions.InternalServerError),
        (404, exceptions.NotFound),
        (403, exceptions.PermissionDenied),
        (409, exceptions.AlreadyExists),
        (504, exceptions.DeadlineExceeded),
        ("UNAVAILABLE", exceptions.ServiceUnavailable),
    ],
)
def test_a_call_is_answered_with_an_error_once(clients: Clients, code, error):
    fault = ApiFault(method="CreateJob", code=code)
    clients.emulator.faults.replace(FaultPlan(api=[fault]))

    with pytest.raises(error):
        clients.create(job_of(OK))

    assert clients.wait(clients.create(job_of(OK))).status.state.name == "SUCCEEDED"
    assert clients.emulator.requests.counts()["CreateJob"] == 2
    assert clients.emulator.requests.failures() == {f"CreateJob {fault.code}": 1}


def test_a_lost_answer_leaves_its_effect(clients: Clients):
    fault = ApiFault(method="CreateJob", code="UNAVAILABLE", effect="after")
    clients.emulator.faults.replace(FaultPlan(api=[fault]))

    with pytest.raises(exceptions.ServiceUnavailable):
        clients.create(job_of(OK), "lost-answer")
    with pytest.raises(exceptions.AlreadyExists):
        clients.create(job_of(OK), "lost-answer")


def test_a_permission_denied_names_the_permission_and_the_resource(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(api=[ApiFault(method="CreateJob", code=403)]))

    with pytest.raises(exceptions.PermissionDenied, match=r"batch\.jobs\.create.*jobs/denied"):
        clients.create(job_of(OK), "denied")


def test_a_fault_is_for_the_jobs_it_names(clients: Clients):
    first = clients.wait(clients.create(job_of(OK), "named-a"))
    second = clients.wait(clients.create(job_of(OK), "named-b"))
    fault = ApiFault(method="Get*", resource="named-a", code=500, times=None)
    clients.emulator.faults.replace(FaultPlan(api=[fault]))

    for _ in range(2):
        with pytest.raises(exceptions.InternalServerError):
            clients.batch.get_job(name=first.name)
    assert clients.batch.get_job(name=second.name).name == second.name


def test_every_call_can_be_late(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(latency_seconds=0.3))

    start = time.monotonic()
    clients.batch.list_jobs(parent="projects/rehearsal/locations/us-central1")

    assert time.monotonic() - start >= 0.3


def strikes(fault: ApiFault, times: list[float]) -> list[bool]:
    """Return which calls at these times are struck."""
    now = [0.0]
    faults = Faults(FaultPlan(api=[fault]), clock=lambda: now[0])
    found = []
    for now[0] in times:
        found.append(faults.of_call("GetJob", "x") is not None)
    return found


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (ApiFault(code=500), [True, False, False, False]),
        (ApiFault(code=500, skip=1, times=2), [False, True, True, False]),
        (ApiFault(code=500, times=None), [True, True, True, True]),
        (ApiFault(code=500, seconds=1.5), [True, True, False, False]),
        (ApiFault(code=500, seconds=1.5, times=1), [True, False, False, False]),
        (ApiFault(code=500, seconds=1.5, skip=1), [False, True, True, False]),
        (ApiFault(code=500, method="CreateJob"), [False, False, False, False]),
    ],
)
def test_how_often_a_fault_strikes(fault, expected):
    assert strikes(fault, [0.0, 1.0, 2.0, 3.0]) == expected


@pytest.mark.parametrize(
    ("action", "state", "text"),
    [
        ("quota", "QUEUED", "Quota checking process decides to delay scheduling for the job"),
        ("stock-out", "SCHEDULED", "CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED"),
        ("no-agent", "SCHEDULED", "No VM has agent reporting correctly within time window"),
    ],
)
def test_a_job_that_waits_says_why_and_goes_on(clients: Clients, action, state, text):
    fault = JobFault(action=action, seconds=0.7)
    clients.emulator.faults.replace(FaultPlan(jobs=[fault]))
    job = clients.create(job_of(OK))

    def waits() -> bool:
        shown = clients.batch.get_job(name=job.name).status
        events = [event.description for event in shown.status_events]
        return shown.state.name == state and any(text in event for event in events)

    until(waits)
    assert clients.wait(job).status.state.name == "SUCCEEDED"


def test_a_job_that_waits_for_ever_can_be_deleted(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(jobs=[JobFault(action="stock-out")]))
    job = clients.create(job_of(OK))
    until(lambda: clients.state(job) == "SCHEDULED")

    clients.batch.delete_job(name=job.name).result(timeout=30)


def test_a_rejected_job_fails_without_having_run(clients: Clients):
    clients.emulator.faults.replace(FaultPlan(jobs=[JobFault(action="reject")]))

    finished = clients.run(OK)

    assert finished.state == "FAILED"
    assert finished.job.status.task_groups["group0"].counts == {"UNEXECUTED": 1}
    events = " ".join(event.description for event in finished.job.status.status_events)
    assert "CODE_GCE_INVALID_FIELD_VALUE" in events


def test_a_disk_that_does_not_suit_the_machine_fails_the_job(clients: Clients):
    disk = {"type_": "pd-balanced", "size_gb": 50}
    wrong = clients.run(OK, machine_type="c4d-standard-2", boot_disk=disk)
    right = clients.run(
        OK, machine_type="c4d-standard-2", boot_disk=disk | {"type_": "hyperdisk-balanced"}
    )

    assert wrong.state == "FAILED"
    assert "[pd-balanced] features are not compatible" in str(wrong.job.status.status_events)
    assert right.state == "SUCCEEDED"


@pytest.mark.parametrize(("action", "state"), [("cancel", "CANCELLED"), ("delete", None)])
def test_somebody_else_ends_a_job(clients: Clients, action, state):
    fault = JobFault(action=action, seconds=0.2)
    clients.emulator.faults.replace(FaultPlan(jobs=[fault]))
    job = clients.create(job_of(script("sleep 600")))

    def ended() -> bool:
        try:
            return clients.state(job) == state
        except exceptions.NotFound:
            return state is None

    until(ended)


def test_a_plan_is_read_from_a_file(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"api": [{"method": "GetJob", "code": 429, "times": 3}]}))

    assert read_plan(path).api == (ApiFault(method="GetJob", code="RESOURCE_EXHAUSTED", times=3),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "plan.json:1: not JSON"),
        ('{"apis": []}', "apis"),
        ('{"api": [{"code": 418}]}', "api.0.code"),
        ('{"jobs": [{"action": "cancel"}]}', "cancel needs `seconds`"),
    ],
)
def test_a_plan_that_is_wrong_is_refused(tmp_path, text, message):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(EmulatorError, match=message):
        read_plan(path)


def test_a_misspelt_key_is_an_error():
    with pytest.raises(ValidationError, match="metod"):
        ApiFault(metod="GetJob")
