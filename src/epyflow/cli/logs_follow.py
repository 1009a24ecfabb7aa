"""``epyflow logs --follow``: print new lines of a run's logs as they come."""

import sys
import time
from collections.abc import Iterable

from epyflow.cli.output import print_json, say, warn
from epyflow.operations.runs.coordinator_presence import Presence, find_coordinator
from epyflow.operations.runs.log_follower import Follower, Line
from epyflow.operations.runs.log_lines import shorten_line
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import Choice
from epyflow.operations.runs.run_lookup import reload_run
from epyflow.operations.runs.running_output import RunningOutput
from epyflow.storage.disk import Storage


def follow_run(
    storage: Storage,
    run: Run,
    choice: Choice,
    last: int | None,
    every: float,
    format: str,
    *,
    machine: bool = False,
) -> None:
    """Print lines of logs as they come, until the run has ended.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.operations.runs.run_lookup.find_run`.
    choice, last
        See :class:`~epyflow.operations.runs.log_follower.Follower`.
    every
        Seconds between two looks.
    format
        ``json``: an object a line.
    machine
        Print all output of running tasks, and no logs.

    Raises
    ------
    EpyflowError
        If the storage cannot be read.
    """
    follower, show = Follower(storage, run, choice, last), _Printer(format)
    output = RunningOutput(choice, run, warn, machine=machine)
    while True:
        # Look at the coordinator first: lines written before the run ended are then still read.
        presence = find_coordinator(storage, run.exp_id, run.run_id)
        over = _is_over(storage, run, presence)
        printed = [] if over else output.new(storage, presence)
        follower.printed(printed)
        show(printed)
        if not machine:
            show(follower.poll())
        if over:
            break
        time.sleep(every)
    show(follower.rest())
    say(f"{run.folder}: {presence.described()}", err=True)


def _is_over(storage: Storage, run: Run, presence: Presence) -> bool:
    """Whether no more lines will come: the coordinator has ended, or all files are there."""
    if presence.lives is not None:
        return not presence.lives and not presence.own
    now = reload_run(storage, run)
    return now is None or now.complete


class _Printer:
    """Prints lines as ``tail`` does: with the log's name where it changes."""

    def __init__(self, format: str) -> None:
        self._format, self._path = format, ""

    def __call__(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if self._format == "json":
                document = {"file": line.path, "rule": line.rule, "job": line.job}
                print_json({**document, "line": line.text}, indent=None)
                continue
            if line.path != self._path:
                gap = [""] if self._path else []
                say(*gap, f"==> {line.path} <==")
                self._path = line.path
            where = f"the whole is in {line.path}; --format json prints it"
            say(shorten_line(line.text, where))
        sys.stdout.flush()
