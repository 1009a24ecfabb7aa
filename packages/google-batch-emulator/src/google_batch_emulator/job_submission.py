"""Submit a job of a JSON file to a running emulator, and wait for its end."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from google.api_core import exceptions as google
from google.auth.exceptions import GoogleAuthError
from google.cloud import batch_v1, logging
from google.protobuf.json_format import ParseError

from google_batch_emulator.client_environment import PROJECT, UNIVERSE
from google_batch_emulator.documents import printable, read_text
from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.records import FINAL_JOB

_SECONDS = 0.5
_LINES = 40
_REGION = "us-central1"


class Outcome(NamedTuple):
    """The state of a job that is over, exit codes of its failed tasks, and a log.

    Attributes
    ----------
    state
        Its name.
    failed
        Exit codes by the name of the task.
    log
        The last lines of the first task that failed; empty where nothing is kept.
    """

    state: str
    failed: dict[str, str]
    log: list[str]


def read_job(path: Path) -> batch_v1.Job:
    """Read a job as ``gcloud batch jobs submit --config`` takes it.

    Raises
    ------
    EmulatorError
        If the file cannot be read, is not JSON, or has a key or value that a job does not have.
    """
    try:
        job: batch_v1.Job = batch_v1.Job.from_json(read_text(path))
    except (ParseError, ValueError, RecursionError) as error:
        raise EmulatorError(f"{path}: not a Batch job: {printable(str(error))}") from error
    return job


def submit_job(
    path: Path, job_id: str | None, region: str | None, say: Callable[[str], None]
) -> Outcome:
    """Submit a job to the emulator of this environment, and wait until it is over.

    Parameters
    ----------
    path
        The JSON file.
    job_id
        The name of the file unless given.
    region
        The first region that the job allows unless given, or us-central1.
    say
        Is told each new state.

    Raises
    ------
    EmulatorError
        If the file is no job, the environment is not that of an emulator, no emulator answers, or
        the job is refused.
    """
    job = read_job(path)
    address = os.environ.get(UNIVERSE, "")
    if not address.startswith("localhost:"):
        raise EmulatorError(
            f"{UNIVERSE} does not name an emulator. Run this in the environment that "
            "`google-batch-emulator start` prints, or under `google-batch-emulator run`."
        )
    project = os.environ.get(PROJECT, "rehearsal")
    parent = f"projects/{project}/locations/{region or _region_of(job)}"
    try:
        client = batch_v1.BatchServiceClient()
        name = client.create_job(parent=parent, job=job, job_id=job_id or path.stem).name
        return _follow(client, name, say)
    except (GoogleAuthError, google.RetryError, google.ServiceUnavailable) as error:
        raise EmulatorError(
            f"no emulator answers at {address}: it has been stopped. Start it again, and run this "
            "in the environment that it prints."
        ) from error
    except google.GoogleAPICallError as error:
        raise EmulatorError(f"{path}: {error}") from error


def _region_of(job: batch_v1.Job) -> str:
    """Return the first region that a job allows."""
    for place in job.allocation_policy.location.allowed_locations:
        found = re.match(r"(?:regions/|zones/)([a-z]+-[a-z]+\d+)", place)
        if found:
            return found[1]
    return _REGION


def _follow(client: batch_v1.BatchServiceClient, name: str, say: Callable[[str], None]) -> Outcome:
    """Wait until a job is over."""
    told = None
    while True:
        state = client.get_job(name=name).status.state
        if state != told:
            say(f"{name.rpartition('/')[2]}: {state.name}")
            told = state
        if state in FINAL_JOB:
            break
        time.sleep(_SECONDS)
    failed = {}
    for task in client.list_tasks(parent=f"{name}/taskGroups/group0"):
        if task.status.state.name == "FAILED":
            codes = [event.task_execution.exit_code for event in task.status.status_events]
            failed[task.name.rpartition("/")[2]] = str(codes[-1] if codes else "none")
    log = _last_lines(client.get_job(name=name), next(iter(failed))) if failed else []
    return Outcome(state.name, failed, log)


def _last_lines(job: batch_v1.Job, index: str) -> list[str]:
    """Return the end of what a task printed, in all its tries."""
    project = job.name.split("/")[1]
    client: Any = logging.Client  # without types
    entries = client(project=project).list_entries(
        filter_=f'labels.job_uid="{job.uid}" AND labels.task_id:"-group0-{index}/"',
        order_by=logging.DESCENDING,
        max_results=_LINES,
    )
    return [str(entry.payload) for entry in entries][::-1]
