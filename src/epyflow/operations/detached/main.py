"""A coordinator that is a job of Google Batch: ``python -m epyflow.operations.detached.main``.

It makes its work folder of the sources that ``epyflow submit`` uploaded and of the state that its
predecessor saved, and runs Snakemake with ``profiles/gcp`` in it. What Snakemake prints and knows
is copied to the bucket while it runs, so that a machine may be lost at any moment: the next one
takes over the tasks that live, and finds in the bucket what is done.
"""

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from epyflow import provenance
from epyflow.errors import EpyflowError
from epyflow.google.site import Site, read_site
from epyflow.operations.detached.job_request import (
    HOURS_VARIABLE,
    SOURCES_VARIABLE,
    Submission,
)
from epyflow.operations.detached.notification import End, message, notify
from epyflow.operations.detached.supervisor import (
    TAKEN_AWAY,
    TIME_UP,
    Chore,
    Journal,
    Stop,
    supervise,
)
from epyflow.operations.detached.work_folder import State, unpack_sources
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    Outcome,
    read_record,
    record_start,
    write_record,
)
from epyflow.provenance.record import CHECKOUT_VARIABLE
from epyflow.storage.disk import Storage, storage_at

LOG_SECONDS, STATE_SECONDS = 5.0, 15.0
"""How often the log and the state are copied, if there is something new."""

_TOLD = (JOB_VARIABLE, SOURCES_VARIABLE, HOURS_VARIABLE)

_GIT = """\
#!/bin/sh
# A work folder is no checkout, and Snakemake asks whether it is one.
echo 'fatal: not a git repository' >&2
exit 128
"""


def coordinate(home: Path, environment: Mapping[str, str], stop: Stop) -> int:
    """Go on with a run until it ends, the hours are over or the machine is taken away.

    Parameters
    ----------
    home
        For all that is written on this machine; nothing is there yet.
    environment
        What the job was told: see :mod:`epyflow.operations.detached.job_request`.
    stop
        Asked for when the machine is taken away.

    Returns
    -------
    code
        Snakemake's exit code, ``TAKEN_AWAY`` or ``TIME_UP``.

    Raises
    ------
    EpyflowError
        If the job was not told what it needs, or the sources cannot be used.
    """
    missing = [name for name in _TOLD if not environment.get(name)]
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
    journal.begin(
        f"coordinator {environment[JOB_VARIABLE]} begins, {started:%Y-%m-%d %H:%M:%S} UTC"
    )
    record_start(submission.exp_id, submission.run_id, storage)
    try:
        code = _run(home, environment, stop, submission, journal, storage)
    except EpyflowError as error:
        journal.say(str(error))
        code = 1
    if code == TAKEN_AWAY:
        journal.say("This machine is taken away; another one goes on. Tasks are left running.")
    else:
        _end(code, submission, started, site, journal, storage)
    Chore(journal.copy, LOG_SECONDS).do(journal.say)
    return code


def _run(
    home: Path,
    environment: Mapping[str, str],
    stop: Stop,
    submission: Submission,
    journal: Journal,
    storage: Storage,
) -> int:
    """Run Snakemake in the work folder, and save what it knows."""
    run = f"{submission.exp_id}/{submission.run_id}"
    for stage, planned in submission.code.items():
        provenance.check_code(stage, planned, run)
    state = State(home / "work", submission, storage)
    if state.restore():
        journal.say("The state of an earlier coordinator is here.")
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/gcp"]
    command += ["--googlebatch-array-run-id", run, *submission.arguments]
    chores = [Chore(journal.copy, LOG_SECONDS), Chore(state.save, STATE_SECONDS)]
    seconds = float(environment[HOURS_VARIABLE]) * 3600
    child = _environment(home, environment, submission)
    try:
        code = supervise(command, home / "work", child, journal, chores, stop, seconds)
    finally:
        Chore(state.save, STATE_SECONDS).do(journal.say)
    return code


def _environment(
    home: Path, environment: Mapping[str, str], submission: Submission
) -> dict[str, str]:
    """Return Snakemake's environment: it knows the checkout that it was packed from."""
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
    """Say how it ended: in the record, and to those who want to know."""
    outcome: Outcome = "failed" if code else "complete"
    end: End = "cut off" if code == TIME_UP else "failed" if code else "complete"
    ended = datetime.now(UTC)
    if code == TIME_UP:
        journal.say("The hours of this coordinator are over. Tasks go on; submit the run again.")
    try:
        record = read_record(submission.exp_id, submission.run_id, storage)
        if record is not None and record.outcome is None:
            write_record(record.after(outcome), storage)
        told = message(submission.exp_id, submission.run_id, end, started, ended, site, storage)
        notify(told, site, journal.say)
    except EpyflowError as error:
        journal.say(str(error))
    journal.say(f"coordinator ends with exit code {code}, {ended:%Y-%m-%d %H:%M:%S} UTC")


def main() -> int:
    """Run the coordinator of this job."""
    stop = Stop()

    def taken_away(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.ask()

    signal.signal(signal.SIGTERM, taken_away)
    try:
        home = Path.home() / "coordinator"
        shutil.rmtree(home, ignore_errors=True)
        return coordinate(home, os.environ, stop)
    except EpyflowError as error:
        sys.stderr.write(f"epyflow: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
