"""Find runs that have a coordinator and no inputs yet: they have no files in ``results/``."""

from typing import TYPE_CHECKING

from epyflow.operations.runs.coordinator_record import read_coordinators
from epyflow.operations.runs.run_list import Run
from epyflow.run.layout import COORDINATOR, RunLayout
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from datetime import datetime


def find_new_runs(storage: Storage, exp_id: str) -> list[Run]:
    """Return the runs of an experiment that have files of a coordinator, newest first.

    Parameters
    ----------
    storage
        Holds ``coordinator/``.
    exp_id
        Id of the experiment.
    """
    newest: dict[str, datetime] = {}
    for path, its in storage.below(f"{COORDINATOR}/{exp_id}").items():
        run_id, *below = path.split("/")
        # Only files directly in the folder: longer paths may belong to a nested experiment.
        if len(below) == 1:
            newest[run_id] = max(its.modified, newest.get(run_id, its.modified))
    records = read_coordinators(storage, (RunLayout(exp_id, run_id) for run_id in newest))
    runs = [
        Run(*(exp_id, run_id, when), 0, 0, 0, False, None, records.get(f"{exp_id}/{run_id}"))
        for run_id, when in newest.items()
    ]
    return sorted(runs, key=lambda run: (-run.modified.timestamp(), run.folder))
