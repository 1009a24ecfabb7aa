"""Jobs to submit and ways to wait for them, with the clients as Google publishes them."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.cloud import batch_v1, logging, storage

from google_batch_emulator import Emulator

PARENT = "projects/rehearsal/locations/us-central1"
FINISHED = {"SUCCEEDED", "FAILED", "CANCELLED"}
PATIENCE_SECONDS = 60.0


def until(condition: Callable[[], bool], what: str = "it happens") -> None:
    """Wait for something that happens soon; fail if it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def processes_with(mark: str) -> list[int]:
    """Return the processes whose arguments contain a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in arguments and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def script(text: str, **fields: Any) -> batch_v1.Runnable:
    return batch_v1.Runnable(script=batch_v1.Runnable.Script(text=text), **fields)


def container(*commands: str, image: str = "any/image:1", **fields: Any) -> batch_v1.Runnable:
    own = {
        name: fields.pop(name) for name in ("entrypoint", "volumes", "options") if name in fields
    }
    box = batch_v1.Runnable.Container(image_uri=image, commands=commands, **own)
    return batch_v1.Runnable(container=box, **fields)


def job_of(*runnables: batch_v1.Runnable, spot: bool = False, **fields: Any) -> batch_v1.Job:
    """Return a job; names of fields of the spec, the group and the job are told apart."""
    spec = {name: fields.pop(name) for name in list(fields) if name in _SPEC}
    group = {name: fields.pop(name) for name in list(fields) if name in _GROUP}
    vm_labels = fields.pop("vm_labels", {})
    task_spec = batch_v1.TaskSpec(runnables=runnables, **spec)
    policy = {"provisioning_model": "SPOT" if spot else "STANDARD"}
    policy |= {name: fields.pop(name) for name in list(fields) if name in _POLICY}
    return batch_v1.Job(
        task_groups=[batch_v1.TaskGroup(task_spec=task_spec, **group)],
        allocation_policy={"instances": [{"policy": policy}], "labels": vm_labels},
        logs_policy={"destination": "CLOUD_LOGGING"},
        **fields,
    )


_POLICY = {"boot_disk", "machine_type", "provisioning_model"}
_SPEC = {
    "compute_resource",
    "environment",
    "lifecycle_policies",
    "max_retry_count",
    "max_run_duration",
    "volumes",
}
_GROUP = {
    "parallelism",
    "require_hosts_file",
    "scheduling_policy",
    "task_count",
    "task_count_per_node",
    "task_environments",
}


@dataclass
class Clients:
    """Unmodified clients of one emulator."""

    emulator: Emulator
    batch: batch_v1.BatchServiceClient
    logs: logging.Client
    storage: storage.Client
    serial: int = field(default=0)

    def create(self, job: batch_v1.Job, job_id: str = "") -> batch_v1.Job:
        self.serial += 1
        return self.batch.create_job(
            parent=PARENT, job=job, job_id=job_id or f"test-{self.serial}-{time.time_ns()}"
        )

    def wait(self, job: batch_v1.Job) -> batch_v1.Job:
        """Wait for a job to be over; the API is asked as a user would."""
        until(lambda: self.state(job) in FINISHED, f"{job.name} is over")
        return self.batch.get_job(name=job.name)

    def run(self, *runnables: batch_v1.Runnable, **fields: Any) -> "Finished":
        """Create a job and wait for it."""
        return Finished(self, self.wait(self.create(job_of(*runnables, **fields))))

    def state(self, job: batch_v1.Job) -> str:
        return self.batch.get_job(name=job.name).status.state.name

    def tasks(self, job: batch_v1.Job) -> list[batch_v1.Task]:
        return list(self.batch.list_tasks(parent=f"{job.name}/taskGroups/group0"))

    def lines(self, job: batch_v1.Job, log: str = "batch_task_logs") -> list[str]:
        entries = self.logs.logger(log).list_entries(filter_=f'labels.job_uid="{job.uid}"')
        return [entry.payload for entry in entries]

    @property
    def bucket(self) -> storage.Bucket:
        return self.storage.bucket(self.emulator.settings.bucket)

    def close(self) -> None:
        self.batch.transport.close()
        self.logs.logging_api._gapic_api.transport.close()
        self.storage.close()


@dataclass
class Finished:
    """A job that is over."""

    clients: Clients
    job: batch_v1.Job

    @property
    def state(self) -> str:
        return self.job.status.state.name

    @property
    def tasks(self) -> list[batch_v1.Task]:
        return self.clients.tasks(self.job)

    @property
    def lines(self) -> list[str]:
        return self.clients.lines(self.job)

    @property
    def agent_lines(self) -> list[str]:
        return self.clients.lines(self.job, "batch_agent_logs")

    @property
    def exit_codes(self) -> list[int]:
        """Exit codes of every attempt of the first task."""
        events = self.tasks[0].status.status_events
        ended = ("SUCCEEDED", "FAILED")
        return [e.task_execution.exit_code for e in events if e.task_state.name in ended]


@contextmanager
def clients_of(emulator: Emulator) -> Iterator[Clients]:
    """Make clients in the environment that the emulator says."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        clients = Clients(
            emulator,
            batch_v1.BatchServiceClient(),
            logging.Client(project=emulator.settings.project),
            storage.Client(),
        )
        # This one connects when it is first used, and must do so in this environment.
        assert clients.logs.logging_api is not None
    try:
        yield clients
    finally:
        clients.close()
