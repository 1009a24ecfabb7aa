"""Copy the checkpoints of calibrations to the storage of the run.

A worker in the cloud loses its disk when it is stopped; the copy lets the next worker continue.
"""

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
    """The copy of one checkpoint. A failure to read or write it is logged and stops nothing.

    Parameters
    ----------
    storage
        The storage of the run.
    path
        Path of the copy in the storage.
    """

    def __init__(self, storage: Storage, path: str) -> None:
        self._storage, self._path = storage, path

    def fetch(self, file: Path) -> None:
        """Write the copy to ``file`` if there is a copy and no such file."""
        if file.exists():
            return
        try:
            data = self._storage.read(self._path)
        except EpyflowError as error:
            log.warning("%s; the calibration starts from its first generation", error)
            return
        if data is not None:
            write_bytes_atomically(file, data)

    def store(self, file: Path) -> None:
        """Replace the copy with ``file``."""
        try:
            self._storage.write(self._path, file.read_bytes())
        except EpyflowError as error:
            log.warning("%s; this generation is computed again if the worker is lost now", error)


def backup_of_task(layout: RunLayout, task: int, prefix: str | None) -> Backup | None:
    """Return the backup of a task's checkpoint; None where results are on disk.

    Parameters
    ----------
    layout
        The paths of the run.
    task
        Number of the task.
    prefix
        See :func:`epyflow.storage.disk.storage_at`.
    """
    if prefix is None:
        return None
    return Backup(storage_at(prefix), layout.checkpoint(task))


def remove_checkpoints(storage: Storage, layout: RunLayout, kept: Iterable[int]) -> None:
    """Remove the checkpoints of a run's calibrations once all results are written.

    Parameters
    ----------
    storage
        Holds the results.
    layout
        The paths of the run.
    kept
        Tasks that failed; they continue from their checkpoint when they are tried again.
    """
    paths = [f"{layout.task_results}/{name}" for name in storage.names(layout.task_results)]
    tasks = map(task_of_checkpoint, (layout.below(path) for path in paths))
    done = {task for task in tasks if task is not None}.difference(kept)
    storage.remove(layout.checkpoint(task) for task in sorted(done))
