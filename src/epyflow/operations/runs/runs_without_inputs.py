"""Find runs that have a coordinator and no inputs yet: they have no files in ``results/``."""

from typing import TYPE_CHECKING

from epyflow.operations.runs.run_list import Run
from epyflow.run.layout import COORDINATOR, LOGS
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from datetime import datetime


def find_new_runs(storage: Storage, exp_id: str) -> list[Run]:
    """Return the runs of an experiment that have files of a coordinator, newest first.

    Parameters
    ----------
    storage
        Holds ``logs/``, and ``coordinator/`` for coordinators that are Batch jobs.
    exp_id
        Id of the experiment.
    """
    newest: dict[str, datetime] = {}
    # Only files directly in these folders: longer paths may belong to a nested experiment.
    for top, folder in ((LOGS, [COORDINATOR]), (COORDINATOR, [])):
        for path, its in storage.below(f"{top}/{exp_id}").items():
            run_id, *below = path.split("/")
            if below[:-1] == folder and below:
                newest[run_id] = max(its.modified, newest.get(run_id, its.modified))
    runs = [Run(exp_id, run_id, when, 0, 0, 0, False, None) for run_id, when in newest.items()]
    return sorted(runs, key=lambda run: (-run.modified.timestamp(), run.folder))
