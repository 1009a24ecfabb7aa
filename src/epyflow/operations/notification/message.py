"""Write the message about the end of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from epyflow.errors import EpyflowError
from epyflow.operations.durations import format_duration
from epyflow.operations.runs.log_lines import printable
from epyflow.operations.runs.run_list import find_runs
from epyflow.operations.runs.status import Status, status
from epyflow.storage.disk import Storage

End = Literal["complete", "failed", "stopped", "cut off"]

_MOST_FAILURES = 3


@dataclass(frozen=True)
class Places:
    """Where the results of a run and the log of its coordinator are, for people."""

    results: str
    log: str


def message(
    exp_id: str,
    run_id: str,
    end: End,
    started: datetime,
    ended: datetime,
    places: Places,
    storage: Storage,
) -> dict[str, Any]:
    """Return the message about a run: a text, and its content as fields.

    Parameters
    ----------
    exp_id, run_id
        The run.
    end
        How its coordinator ended.
    started, ended
        Start of the coordinator on its last machine, and its end.
    places
        Where results and log are.
    storage
        Holds ``results/`` and ``logs/``.
    """
    run = f"{exp_id}/{run_id}"
    now = _status(exp_id, run_id, storage)
    failures = [] if now is None else list(now.failures.items())
    first = [{"log": log, "message": text} for log, text in failures[:_MOST_FAILURES]]
    counts = {} if now is None else _counts(now)
    took = format_duration((ended - started).total_seconds())
    lines = [f"epyflow: {run} {_WORDS[end]} after {took}"]
    if counts:
        lines.append("tasks: " + ", ".join(f"{n:,} {name}" for name, n in counts.items()))
    # Names are from the storage: a line end in one would forge a line of the message.
    lines += [printable(f"{each['log']}: {each['message']}") for each in first]
    if len(failures) > len(first):
        lines.append(f"and {len(failures) - len(first):,} more failures")
    lines += [f"results: {places.results}", f"log: {places.log}"]
    return {
        "text": "\n".join(lines),
        "experiment": exp_id,
        "run_id": run_id,
        "outcome": end,
        "started": started.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "tasks": counts,
        "failures": first,
        "results": places.results,
        "log": places.log,
    }


_WORDS: Mapping[End, str] = {
    "complete": "is complete",
    "failed": "failed",
    "stopped": "was stopped: to resume it, give the same command again",
    "cut off": "has reached its time limit; its tasks keep running: submit it again",
}


def _status(exp_id: str, run_id: str, storage: Storage) -> Status | None:
    """Return the progress of the run; None if it has no files, or cannot be read."""
    try:
        runs = find_runs(storage, exp_id)
        run = next((each for each in runs if each.run_id == run_id), None)
        return None if run is None else status(storage, run)
    except EpyflowError:
        return None


def _counts(now: Status) -> dict[str, int]:
    run = now.run
    return {"planned": run.tasks, "done": run.done, "failed": run.failed, "missing": run.missing}
