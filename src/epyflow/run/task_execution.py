"""Run a task and write its result, or a record of its failure."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure, Result
from epyflow.errors import EpyflowError
from epyflow.logs import cause_of
from epyflow.provenance.code import check_code
from epyflow.run.checkpoint_backup import Backup

log = logging.getLogger(__name__)


def run_task(path: Path, result: Path, *, partial: bool, backup: Backup | None = None) -> None:
    """Run the task in a file, and write its result or failure record.

    A calibration writes a checkpoint of its complete generations beside the result, and continues
    from it when it is tried again. The checkpoint is removed once the result is written.

    Parameters
    ----------
    path, result
        ``input_<i>.pkl`` and ``result_<i>.pkl``.
    partial
        See :func:`run_or_record`.
    backup
        A second copy of the checkpoint: a worker in the cloud loses its disk. It is not removed
        here, since the result is not uploaded yet.
    """
    checkpoint = result.with_name(result.name.replace("result_", "checkpoint_"))
    if backup is not None:
        backup.fetch(checkpoint)
    saved = None if backup is None else backup.store
    pickling.write(run_or_record(path, checkpoint, saved, partial=partial), result)
    checkpoint.unlink(missing_ok=True)


def run_or_record(
    path: Path,
    checkpoint: Path | None = None,
    saved: Callable[[Path], None] | None = None,
    *,
    partial: bool,
) -> Result | Failure:
    """Run the task in a file.

    Parameters
    ----------
    path
        ``input_<i>.pkl``.
    checkpoint
        File of the checkpoint of a calibration.
    saved
        Called with that file each time it has been written.
    partial
        Whether a failure is returned as a record, so that tables of the other tasks are written.

    Raises
    ------
    EpyflowError
        If the task fails and ``partial`` is false. The message names population and cause.
    ArtifactError
        If the file is damaged, or was planned by another version of the code.
    """
    task = pickling.read_input(path)
    if isinstance(task, Failure):
        return _failed_to_build(task, partial=partial)
    check_code("run", task.code, str(path))
    from epyflow import strategies  # seconds, which what comes before need not wait for

    try:
        return strategies.run(task, checkpoint, saved)
    except Exception as error:
        if not partial:
            raise
        log.error("%s", traceback.format_exc())
        return Failure(
            index=task.index,
            seed=task.seed,
            population=task.population.name,
            location=task.population.location,
            primary_ids=tuple(member.primary_id for member in task.members),
            stage="run",
            cause=cause_of(error),
        )


def _failed_to_build(failure: Failure, *, partial: bool) -> Failure:
    if partial:
        return failure
    raise EpyflowError(f"{failure.population} could not be built: {failure.cause}")
