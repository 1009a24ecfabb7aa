"""Record this process as the coordinator of a run: its start, its end, or that it did nothing.

No function replaces the record of another coordinator that has taken the run over, or that may be
running.
"""

from collections.abc import Callable

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_record import (
    Coordinator,
    FoundRecord,
    Outcome,
    find_record,
    is_same_job,
    this_coordinator,
)
from epyflow.operations.runs.experiment_origin import Origin
from epyflow.operations.runs.run_request import Wanted
from epyflow.storage.disk import Storage

_TRIES = 3
"""How often a record is written if others write it at the same moment."""


def record_start(
    last: FoundRecord,
    wanted: Wanted | None = None,
    origin: Origin | None = None,
    confirm: Callable[[], object] = lambda: None,
) -> None:
    """Record this process as the coordinator of a run.

    Parameters
    ----------
    last
        The previous record. Without an origin, that of it is kept.
    wanted, origin
        What this start was asked for, and the experiment that it has read.
    confirm
        Raises RunningError if another coordinator has the run now; called before each write.

    Raises
    ------
    EpyflowError
        If the storage refuses, or somebody else writes the record at this moment.
    """
    run = last.run
    mine = this_coordinator(run.exp_id, run.run_id, wanted=wanted)
    for _ in range(_TRIES):
        confirm()
        known = {"origin": origin or (last.record and last.record.origin)}
        if last.replace(mine.model_copy(update=known)):
            return
        last = find_record(run.exp_id, run.run_id, last.storage)
    raise EpyflowError(f"{run.coordinator_record}: somebody else writes it, too")


def record_request(
    found: FoundRecord,
    wanted: Wanted,
    origin: Origin | None = None,
    is_alone: Callable[[Coordinator, Storage], bool] = lambda *_: False,
) -> bool:
    """Record what a run was asked for by a start that found nothing to do: it is complete.

    A part, as with ``--until``, says nothing of the whole: after a start of the whole run, the
    record stays, whether that one is complete or failed.

    The command and the log stay those of the last coordinator that worked on the run. So does the
    origin without a new one. A record of another coordinator that may be running is left as it is,
    and so is one that was written since ``found`` was read. On disk, Snakemake's lock of the
    folder, which is held meanwhile, rules out a coordinator of another machine, or of before a
    restart, if the whole run was asked for, and so all its files are locked. Elsewhere ``is_alone``
    says whether its lease does, as :func:`epyflow.operations.runs.run_lease.is_alone`.

    Returns
    -------
    completed
        Whether this start completes the run: the last coordinator did not, as its plan had more, or
        as it was asked for a part.
    """
    run, last, storage = found.run, found.record, found.storage
    mine = this_coordinator(run.exp_id, run.run_id)
    if last is None or (last.wanted.whole and not wanted.whole):
        return False
    is_locked = storage.uri is None and wanted.whole
    has_ended = last.lives is False or (last.lives is None and is_locked)
    own = is_same_job(last.job, mine.job)
    if not (has_ended or own or (last.lives is None and is_alone(mine, storage))):
        return False
    asked = wanted.model_copy(update=last.wanted.model_dump(include={"command", "log"}))
    known = {"wanted": asked, "origin": origin or last.origin}
    same = last.outcome == "complete" and known == {"wanted": last.wanted, "origin": last.origin}
    if not same and not found.replace(mine.after("complete").model_copy(update=known)):
        return False
    return not (last.outcome == "complete" and last.wanted.whole)


def record_end(exp_id: str, run_id: str, outcome: Outcome, storage: Storage) -> None:
    """Record how the workflow of this coordinator ended, unless another one has started.

    A Batch job has two processes on its machine: one that has recorded the end is enough. On
    another machine, the same job is another coordinator.
    """
    mine, found = this_coordinator(exp_id, run_id), find_record(exp_id, run_id, storage)
    written = found.record
    if written is None or written.outcome is not None:
        return
    if written.host == mine.host and written.is_same(mine):
        found.replace(written.after(outcome))
