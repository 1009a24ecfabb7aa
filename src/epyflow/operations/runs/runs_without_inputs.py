"""Find runs that have a coordinator and no inputs yet: they have no files in ``results/``."""

from datetime import datetime

from epyflow.operations.runs.coordinator_record import read_coordinators
from epyflow.operations.runs.run_lease import running_since
from epyflow.operations.runs.run_list import Run
from epyflow.run.layout import COORDINATOR, RunLayout
from epyflow.run.nested_runs import nested_among
from epyflow.storage.disk import Storage


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
    below_each: dict[str, list[str]] = {}
    for path, its in storage.below(f"{COORDINATOR}/{exp_id}").items():
        run_id, _, below = path.partition("/")
        # Only files directly in the folder: longer paths may belong to a nested experiment.
        if below and "/" not in below:
            newest[run_id] = max(its.modified, newest.get(run_id, its.modified))
        below_each.setdefault(run_id, []).append(below)
    records = read_coordinators(storage, (RunLayout(exp_id, run_id) for run_id in newest))

    def run(run_id: str, when: datetime) -> Run:
        record = records.get(RunLayout(exp_id, run_id).name)
        tasks = 0 if record is None else sum(record.wanted.tasks.values())
        since = running_since(record, storage)
        nested = nested_among(below_each[run_id])
        return Run(
            *(exp_id, run_id, when, tasks, 0, 0, False, None, record), nested=nested, since=since
        )

    runs = [run(*each) for each in newest.items()]
    return sorted(runs, key=lambda run: (-run.modified.timestamp(), run.folder))
