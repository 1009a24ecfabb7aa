"""Runs that have a coordinator and no input yet: nothing of them is below ``results/``."""

from typing import TYPE_CHECKING

from epyflow.operations.runs.run_list import Run
from epyflow.run.layout import COORDINATOR, LOGS
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from datetime import datetime


def begun(storage: Storage, exp_id: str) -> list[Run]:
    """Return the runs of an experiment of which a coordinator has left something, newest first.

    Parameters
    ----------
    storage
        Holds ``logs/``, and ``coordinator/`` where coordinators are Batch jobs.
    exp_id
        The whole of it.
    """
    newest: dict[str, datetime] = {}
    # The files directly in these folders: longer paths may be of an experiment below this one.
    for top, folder in ((LOGS, [COORDINATOR]), (COORDINATOR, [])):
        for path, its in storage.below(f"{top}/{exp_id}").items():
            run_id, *below = path.split("/")
            if below[:-1] == folder and below:
                newest[run_id] = max(its.modified, newest.get(run_id, its.modified))
    runs = [Run(exp_id, run_id, when, 0, 0, 0, False, None) for run_id, when in newest.items()]
    return sorted(runs, key=lambda run: (-run.modified.timestamp(), run.folder))
