"""Run a coordinator as a job of Google Batch: ``python -m epyflow.operations.detached.main``.

It creates its work folder from the sources that ``epyflow submit`` uploaded and from the state that
the previous coordinator saved, and runs Snakemake with ``profiles/gcp`` in it. The output and the
state of Snakemake are copied to the bucket while it runs. If the machine is lost, the next one
takes over the running tasks, and finds finished files in the bucket.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

from epyflow import provenance
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.google.site import Site, read_site
from epyflow.logs import cause_of
from epyflow.operations.detached.job_request import (
    HOURS_VARIABLE,
    REPLACES_VARIABLE,
    SOURCES_VARIABLE,
    Submission,
)
from epyflow.operations.detached.supervisor import (
    TAKEN_AWAY,
    TIME_UP,
    Chore,
    Journal,
    Stop,
    supervise,
)
from epyflow.operations.detached.work_folder import State, unpack_sources
from epyflow.operations.notification.channels import notify
from epyflow.operations.notification.message import End, Places, message
from epyflow.operations.notification.receivers import channels_of_site
from epyflow.operations.runs.coordinator_lease import acquire_lease
from epyflow.operations.runs.coordinator_process import REPLACED
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    Outcome,
    find_record,
    is_same_job,
    this_coordinator,
)
from epyflow.operations.runs.own_record import record_end, record_start
from epyflow.operations.runs.run_lease import read_lease, wait_for_end
from epyflow.operations.runs.run_request import Wanted
from epyflow.provenance.record import CHECKOUT_VARIABLE
from epyflow.run.plan import PLAN_VARIABLE
from epyflow.storage.disk import Storage, storage_at
from epyflow.storage.stored_file import VersionedStorage

LOG_SECONDS, STATE_SECONDS = 5.0, 2.0
"""Seconds between two copies of the log and of the state, if they have changed.

The state changes when a job is submitted and when it ends: a successor that does not know it may do
the job once more. Cloud Storage takes one write of an object in a second.
Source: https://cloud.google.com/storage/quotas#objects.
"""

_REQUIRED = (JOB_VARIABLE, SOURCES_VARIABLE, PLAN_VARIABLE, HOURS_VARIABLE)

_GIT = """\
#!/bin/sh
# Snakemake asks git whether the work folder is a checkout; it is none.
echo 'fatal: not a git repository' >&2
exit 128
"""


def coordinate(home: Path, environment: Mapping[str, str], stop: Stop) -> int:
    """Coordinate a run until it ends, the time limit is reached, or this coordinator has to stop.

    Parameters
    ----------
    home
        Folder for all files on this machine; it does not exist yet.
    environment
        Environment of the job: see :mod:`epyflow.operations.detached.job_request`.
    stop
        Set when the machine is preempted, and here when another coordinator has taken over.

    Returns
    -------
    code
        Snakemake's exit code, ``TAKEN_AWAY``, ``TIME_UP`` or ``REPLACED``.

    Raises
    ------
    RunningError
        If another coordinator holds the lease of the run; nothing of the run is changed then.
    EpyflowError
        If a variable is missing, or the sources cannot be used. If the image has other code than
        them, and another coordinator is running, that one keeps the run.
    """
    missing = [name for name in _REQUIRED if not environment.get(name)]
    if missing:
        raise EpyflowError(f"{', '.join(missing)}: not set; expected a job of `epyflow submit`")
    site, started = read_site(environment), datetime.now(UTC)
    storage = storage_at(site.storage)
    submission = unpack_sources(environment[SOURCES_VARIABLE], storage, home / "work")
    journal = Journal(
        home / "coordinator.log",
        submission.layout.coordinator_log,
        storage,
    )
    with _lease(environment, stop, submission, journal, storage) as (variables, confirm):
        journal.there.confirm = confirm
        journal.begin(
            f"coordinator {environment[JOB_VARIABLE]} starts, {started:%Y-%m-%d %H:%M:%S} UTC"
        )
        try:
            _record_start(submission, storage, confirm)
            state = State(home / "work", submission, storage, confirm)
            code = _run(home, {**environment, **variables}, stop, submission, journal, state)
            confirm()
        except EpyflowError as error:
            code = 1
            if not stop.replaced:  # which is told already
                journal.say(str(error))
        if stop.replaced:
            journal.say("Another coordinator has taken this run over. Tasks keep running.")
            return REPLACED
        if code == TAKEN_AWAY:
            journal.say("This machine is preempted; another one continues. Tasks keep running.")
        else:
            _end(code, submission, started, site, journal, storage)
        Chore(journal.copy, LOG_SECONDS).do(journal.say)
    return code


def _record_start(submission: Submission, storage: Storage, confirm: Callable[[], object]) -> None:
    """Record this coordinator.

    Until its Snakemake has planned, also if it fails before, the plan of the last start counts. A
    part with nothing to do leaves it, so it is of the whole run only if that was complete; a job
    whose machine was lost has recorded this before.
    """
    last = find_record(submission.exp_id, submission.run_id, storage)
    record, job = last.record, this_coordinator(submission.exp_id, submission.run_id).job
    wanted = Wanted() if record is None else record.wanted
    made = record is not None and (record.outcome == "complete" or is_same_job(record.job, job))
    planned = {"command": (), "log": None, "whole": wanted.whole and made}
    record_start(last, wanted.model_copy(update=planned), confirm=confirm)


@contextmanager
def _lease(
    environment: Mapping[str, str],
    stop: Stop,
    submission: Submission,
    journal: Journal,
    storage: Storage,
) -> Iterator[tuple[Mapping[str, str], Callable[[], object]]]:
    """Hold the lease of the run in the block; stop if another coordinator takes it over.

    The coordinator that ``epyflow submit --take-over`` was to replace is waited for.

    Yields
    ------
    variables
        Environment of Snakemake: it asks for the lease before it starts jobs.
    confirm
        Raises RunningError if another coordinator has the run now.
    """
    if not isinstance(storage, VersionedStorage):
        yield {}, lambda: None
        return
    mine = this_coordinator(submission.exp_id, submission.run_id, environment)
    replaces = environment.get(REPLACES_VARIABLE, "")
    other = read_lease(submission.exp_id, submission.run_id, storage)
    if replaces and other is not None and other.nonce == replaces and other.is_held:
        _check_code(submission)  # what this one cannot run, the other one goes on with
    held = acquire_lease(mine, storage, journal.say, replaces=replaces)

    def end(reason: str) -> None:
        stop.ask(REPLACED)
        journal.say(reason)

    held.keep(end)
    confirm = partial(held.confirm, end)
    try:
        if held.replaced is not None:
            wait_for_end(held.replaced, journal.say)
            confirm()
        yield held.variables(), confirm
    finally:
        held.release()


def _run(
    home: Path,
    environment: Mapping[str, str],
    stop: Stop,
    submission: Submission,
    journal: Journal,
    state: State,
) -> int:
    """Run Snakemake in the work folder, and save its state."""
    _check_code(submission)
    try:
        if state.restore():
            journal.say("The state of the previous coordinator is restored.")
    except ArtifactError as refused:
        journal.say(f"warning: {refused}")
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/gcp"]
    command += ["--googlebatch-array-run-id", submission.layout.name, *submission.arguments]
    chores = [Chore(journal.copy, LOG_SECONDS), Chore(state.save, STATE_SECONDS)]
    seconds = float(environment[HOURS_VARIABLE]) * 3600
    child = _environment(home, environment, submission)
    try:
        code = supervise(command, home / "work", child, journal, chores, stop, seconds)
        if code == REPLACED:  # Snakemake has noticed first
            stop.ask(REPLACED)
    finally:
        if not stop.replaced:
            Chore(state.save, STATE_SECONDS).do(journal.say)
    return code


def _check_code(submission: Submission) -> None:
    """Refuse to run sources that were planned by other code than that of the image."""
    for stage, planned in submission.code.items():
        provenance.check_code(stage, planned, submission.layout.name)


def _environment(
    home: Path, environment: Mapping[str, str], submission: Submission
) -> dict[str, str]:
    """Return Snakemake's environment, with the checkout that the sources were packed from."""
    program = home / "bin" / "git"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(_GIT)
    program.chmod(0o755)
    found = dict(environment)
    found["PATH"] = f"{program.parent}:{environment.get('PATH', os.defpath)}"
    if submission.checkout is not None:
        found[CHECKOUT_VARIABLE] = submission.checkout.model_dump_json()
    return found


def _end(
    code: int,
    submission: Submission,
    started: datetime,
    site: Site,
    journal: Journal,
    storage: Storage,
) -> None:
    """Record how the run ended, and send notifications."""
    outcome: Outcome = "failed" if code else "complete"
    end: End = "cut off" if code == TIME_UP else "failed" if code else "complete"
    ended = datetime.now(UTC)
    if code == TIME_UP:
        journal.say("Time limit reached. Tasks keep running; submit the run again.")
    try:
        record_end(submission.exp_id, submission.run_id, outcome, storage)
        place, layout = site.storage.rstrip("/"), submission.layout
        places = Places(f"{place}/{layout.results}", f"{place}/{layout.coordinator_log}")
        text = message(submission.exp_id, submission.run_id, end, started, ended, places, storage)
        notify(text, channels_of_site(site), journal.say)
    except Exception as error:  # neither record nor notification may change how a run ends
        journal.say(cause_of(error))
    journal.say(f"coordinator ends with exit code {code}, {ended:%Y-%m-%d %H:%M:%S} UTC")


def main() -> int:
    """Run the coordinator of this job."""
    stop = Stop()

    def preempted(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.ask()

    signal.signal(signal.SIGTERM, preempted)
    try:
        home = Path.home() / "coordinator"
        shutil.rmtree(home, ignore_errors=True)
        return coordinate(home, os.environ, stop)
    except EpyflowError as error:
        sys.stderr.write(f"epyflow: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
