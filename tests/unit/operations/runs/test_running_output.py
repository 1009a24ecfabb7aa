"""Read the output of running tasks, in place of Cloud Logging."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from tests.unit.operations.runs.made_up import MadeUp

from epyflow.errors import EpyflowError
from epyflow.operations.runs import task_output
from epyflow.operations.runs.batch_jobs import RunJob
from epyflow.operations.runs.coordinator_presence import Presence
from epyflow.operations.runs.coordinator_record import this_coordinator
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import Choice
from epyflow.operations.runs.running_output import RunningOutput
from epyflow.operations.runs.snakemake_targets import parse_target
from epyflow.storage.disk import Disk

NOON = datetime(2030, 1, 5, 12, tzinfo=UTC)
RUN = Run("flu", "main", NOON, 2, 0, 0, False, None)
TARGETS = tuple(parse_target(f"run_task:exp_id=flu,run_id=main,i=0000{i}") for i in (0, 1))
JOB = RunJob("projects/p/locations/r/jobs/j", "u", "run", "RUNNING", NOON, NOON, {}, 1, "run")
RUNNING = replace(JOB, targets=TARGETS)
MESSAGE = "2030-01-05 12:00:00,000 INFO member 1 of 2"
WARNING = "2030-01-05 12:00:00,000 WARNING slow"
PRINTED = [(0, MESSAGE), (1, WARNING), (1, "compiling"), (2, MESSAGE)]


class Printed:
    """In place of TaskOutput: the same lines at each call, with what it was asked for."""

    asked: ClassVar[list[object]] = []

    def __init__(self, project: str, since: datetime | None) -> None:
        Printed.asked.append(project)

    def new(self, jobs):
        Printed.asked.append([job.job_id for job in jobs])
        return [(jobs[0], index, text) for index, text in PRINTED]


@pytest.fixture
def presence(made_up: MadeUp, monkeypatch) -> Presence:
    monkeypatch.setattr(task_output, "TaskOutput", Printed)
    monkeypatch.setattr(Printed, "asked", [])
    record = this_coordinator("flu", "main", {}).model_copy(update={"job": JOB.name})
    waiting = replace(RUNNING, name="projects/p/locations/r/jobs/waits", vms=0)
    coordinator = replace(RUNNING, name="projects/p/locations/r/jobs/c", stage="coordinator")
    return Presence("flu", "main", record, (RUNNING, waiting, coordinator))


def lines(presence: Presence, choice: Choice, *, machine: bool = False) -> list[str]:
    output = RunningOutput(choice, RUN, pytest.fail, machine=machine)
    return [f"{line.job} {line.text}" for line in output.new(Disk(""), presence)]


@pytest.mark.parametrize(
    ("choice", "machine", "expected"),
    [
        (Choice(), False, [f"00000 {MESSAGE}", f"00001 {WARNING}"]),
        (Choice(), True, [f"00000 {MESSAGE}", f"00001 {WARNING}", "00001 compiling"]),
        (Choice(task=1), False, [f"00001 {WARNING}"]),
        (Choice(level="WARNING"), False, [f"00001 {WARNING}"]),
        (Choice(failed=True), True, []),
        (Choice(rule="make_tables"), True, []),
    ],
)
def test_messages_of_tasks_are_shown_and_everything_of_machines(
    presence, choice, machine, expected
):
    assert lines(presence, choice, machine=machine) == expected


def test_the_project_of_the_coordinator_is_asked_for_jobs_on_machines(presence):
    lines(presence, Choice())

    assert Printed.asked == ["p", ["j"]]


def test_what_cannot_be_read_is_said_once(presence, monkeypatch):
    def refuse(self, jobs):
        raise EpyflowError("no permission")

    monkeypatch.setattr(Printed, "new", refuse)
    said: list[str] = []
    output = RunningOutput(Choice(), RUN, said.append, machine=False)

    assert [output.new(Disk(""), presence) for _ in range(2)] == [[], []]
    assert len(said) == 1
    assert said[0].startswith("no permission; logs of running tasks are shown")
