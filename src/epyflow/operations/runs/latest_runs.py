"""Find the newest finished run of an experiment, by the file that names it."""

from collections.abc import Mapping

from epyflow.operations.runs.run_list import Run, list_files, read_runs
from epyflow.operations.runs.run_parts import Files
from epyflow.operations.runs.stored_records import read_readable
from epyflow.run.layout import RESULTS, RunLayout
from epyflow.run.path_patterns import experiment_of_pointer
from epyflow.storage.disk import Storage

_MOST_BYTES = 512
"""Of a file that names a run: ids are names of folders."""


def find_latest_runs(storage: Storage, pattern: str = "*") -> list[Run]:
    """Return the newest finished run of each matching experiment, the one that ended last first.

    Parameters
    ----------
    storage
        Holds ``results/``.
    pattern
        A glob for the ``exp_id``, as in :func:`epyflow.operations.runs.run_list.find_runs`.

    Raises
    ------
    UnreadableError
        If the pattern leads out of ``results/``.
    """
    files = list_files(storage, pattern)
    named = read_pointers(files, storage)
    runs = read_runs(files, pattern, storage)
    found = [run for run in runs if named.get(run.exp_id) == run.run_id]
    return sorted(found, key=lambda run: files[_pointer(run.layout)].modified, reverse=True)


def _pointer(run: RunLayout) -> str:
    return run.latest.removeprefix(f"{RESULTS}/")


def read_pointers(files: Files, storage: Storage) -> Mapping[str, str]:
    """Return the id of the newest finished run of each experiment.

    Others can write to a bucket. So no path is made from an id: it only selects one of the runs.

    Parameters
    ----------
    files
        Path below ``results/`` to the file.
    storage
        Holds ``results/``.
    """
    paths = {
        f"{RESULTS}/{path}": exp_id
        for path, its in files.items()
        if (exp_id := experiment_of_pointer(path)) and its.size <= _MOST_BYTES
    }
    read = read_readable(storage, paths, "its experiment counts as one without")
    return {paths[path]: data.decode(errors="replace").strip() for path, data in read.items()}
