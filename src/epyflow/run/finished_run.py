"""Note that a run has finished: point to it as the newest finished run of its experiment."""

from collections.abc import Iterable

from epyflow.run.plan import Plan
from epyflow.storage.disk import Storage


def note_finished(plan: Plan, outputs: Iterable[str], storage: Storage) -> bool:
    """Point to a run as the newest finished one of its experiment, if all of it was asked for.

    Call it when Snakemake has ended without an error.

    Parameters
    ----------
    plan
        The plan of the run.
    outputs
        The outputs that Snakemake was asked for, whatever is before ``results/``. Without the mark
        of completion, as with ``--until run_task``, the run has not finished.
    storage
        Holds ``results/``.

    Returns
    -------
    finished
        Whether the run has finished.
    """
    marks = tuple(run.layout.complete for run in plan.runs)
    made = {mark for path in outputs for mark in marks if f"/{path}".endswith(f"/{mark}")}
    if made != set(marks):
        return False
    storage.write(plan.layout.latest, f"{plan.run_id}\n".encode())
    return True
