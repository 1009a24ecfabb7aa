"""What becomes of a task: its result, or a record of why there is none."""

import json
import logging
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from epyflow import artifacts
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.logs import cause_of
from epyflow.provenance import code_version
from epyflow.tasks import Failure, Result, Task

log = logging.getLogger(__name__)


def run_task(path: Path, result: Path, *, partial: bool) -> None:
    """Run the task in a file and write what becomes of it.

    A calibration keeps its complete generations beside the result while it runs, and continues
    from them when it is tried again; they are removed when the result stands.

    Parameters
    ----------
    path, result
        ``input_<i>.pkl`` and ``result_<i>.pkl``.
    partial
        See :func:`outcome_of`.
    """
    checkpoint = result.with_name(result.name.replace("result_", "checkpoint_"))
    artifacts.write(outcome_of(path, checkpoint, partial=partial), result)
    checkpoint.unlink(missing_ok=True)


def outcome_of(path: Path, checkpoint: Path | None = None, *, partial: bool) -> Result | Failure:
    """Run the task in a file.

    Parameters
    ----------
    path
        ``input_<i>.pkl``.
    checkpoint
        Where a calibration keeps its complete generations.
    partial
        Whether a failure is returned as a record, so that the other tasks' tables are written.

    Raises
    ------
    EpyflowError
        If the task fails and ``partial`` is false. The message names population and cause.
    ArtifactError
        If the file is damaged, or was planned by another version of the code.
    """
    task = artifacts.read_input(path)
    if isinstance(task, Failure):
        return _failed_to_build(task, path, partial=partial)
    _check_version(task, path)
    from epyflow import strategies  # seconds, which what comes before need not wait for

    try:
        return strategies.run(task, checkpoint)
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


def _failed_to_build(failure: Failure, path: Path, *, partial: bool) -> Failure:
    if partial:
        return failure
    path.unlink(missing_ok=True)  # so that the next run builds it anew
    raise EpyflowError(f"{failure.population} could not be built: {failure.cause}")


def _check_version(task: Task, path: Path) -> None:
    here = code_version("run")
    if task.code != here:
        raise ArtifactError(
            f"{path}: planned by code version {task.code}, but this worker has {here}; rebuild "
            "the worker's image (or update its installation) from the code that started the run"
        )


def failures(results: Iterable[Path]) -> tuple[Failure, ...]:
    """Return the records of failure among the results."""
    found = map(artifacts.read_result, results)
    return tuple(result for result in found if isinstance(result, Failure))


def confirm_complete(metadata: Path, run_folder: Path, tasks: Sequence[str]) -> None:
    """Raise if any task of a run with partial results failed.

    The records of failure are removed, so that the next run tries those tasks again.

    Parameters
    ----------
    metadata
        The run's ``run_metadata.json``.
    run_folder
        ``results/<exp_id>/<run_id>``.
    tasks
        The ``<i>`` of every task.

    Raises
    ------
    EpyflowError
        Listing the populations and causes.
    """
    failed = json.loads(metadata.read_text(encoding="utf-8"))["failures"]
    if not failed:
        return
    for failure in failed:
        number = tasks[failure["task"]]
        (run_folder / "runner-artifacts" / f"result_{number}.pkl").unlink(missing_ok=True)
        if failure["stage"] == "build":
            (run_folder / "builder-artifacts" / f"input_{number}.pkl").unlink(missing_ok=True)
    causes = "\n".join(f"  {f['population']}, task {f['task']}: {f['cause']}" for f in failed)
    raise EpyflowError(
        f"{len(failed)} of {len(tasks)} tasks failed; the tables hold the others. Running the "
        f"workflow again tries these again:\n{causes}"
    )
