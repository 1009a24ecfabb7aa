"""A second copy of a calibration's generations, for when a worker and its disk are lost."""

import logging
from collections.abc import Iterable
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.files import write_bytes_atomically
from epyflow.run.layout import RunLayout
from epyflow.run.path_patterns import task_of_checkpoint
from epyflow.storage.disk import Storage, storage_at

log = logging.getLogger(__name__)


class Backup:
    """Where the copy is kept. That it cannot be reached costs time only: it stops no calibration.

    Parameters
    ----------
    storage
        Which outlives the worker.
    path
        Of the copy, in the storage.
    """

    def __init__(self, storage: Storage, path: str) -> None:
        self._storage, self._path = storage, path

    def fetch(self, file: Path) -> None:
        """Write the copy to ``file``, where there is a copy and no such file."""
        if file.exists():
            return
        try:
            data = self._storage.read(self._path)
        except EpyflowError as error:
            log.warning("%s; if generations were kept there, they are computed again", error)
            return
        if data is not None:
            write_bytes_atomically(file, data)

    def store(self, file: Path) -> None:
        """Replace the copy by ``file``."""
        try:
            self._storage.write(self._path, file.read_bytes())
        except EpyflowError as error:
            log.warning("%s; a worker that is lost now takes this generation with it", error)


def of_task(layout: RunLayout, task: int, prefix: str | None) -> Backup | None:
    """Return where the generations of a task are copied to: nowhere, where results are on disk.

    Parameters
    ----------
    layout
        The paths of the run.
    task
        Its number.
    prefix
        See :func:`epyflow.storage.disk.storage_at`.
    """
    if prefix is None:
        return None
    return Backup(storage_at(prefix), layout.checkpoint(task))


def clear(storage: Storage, layout: RunLayout, kept: Iterable[int]) -> None:
    """Remove the generations of a run's calibrations once all results stand.

    Parameters
    ----------
    storage
        Where the results are.
    layout
        The paths of the run.
    kept
        Tasks that failed; they go on from their generations when they are tried again.
    """
    paths = [f"{layout.task_results}/{name}" for name in storage.names(layout.task_results)]
    tasks = map(task_of_checkpoint, (layout.below(path) for path in paths))
    done = {task for task in tasks if task is not None}.difference(kept)
    storage.remove(layout.checkpoint(task) for task in sorted(done))
