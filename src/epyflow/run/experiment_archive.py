"""Keep the files of an experiment beside the results of its run, as the run has read them."""

import base64
import hashlib
import tempfile
from pathlib import Path

from epyflow.archives import write_archive
from epyflow.run.bundle import bundle_members
from epyflow.run.layout import RunLayout
from epyflow.run.sources import Gathered
from epyflow.storage.disk import Storage


def keep_experiment(found: Gathered, storage: Storage) -> None:
    """Write a bundle of the experiment beside the results of its run, unless it is there.

    Equal files give equal bytes: see :mod:`epyflow.run.bundle` for the content.

    Parameters
    ----------
    found
        What the run is planned from.
    storage
        Holds ``results/``.

    Raises
    ------
    EpyflowError, OSError
        If a file of the experiment is gone, or the archive cannot be written.
    """
    run = RunLayout(found.experiment.files.exp_id, found.settings.run_id)
    with tempfile.TemporaryDirectory(prefix="epyflow-experiment-") as folder:
        archive = Path(folder) / "experiment.tar.gz"
        experiments = [found.experiment, *found.runs.values()]
        write_archive(archive, bundle_members(experiments, found.sources, found.repository))
        if not _is_stored(archive, run.experiment_archive, storage):
            storage.upload(archive, run.experiment_archive)


def _is_stored(file: Path, path: str, storage: Storage) -> bool:
    """Return whether a stored file has the content of one of this machine."""
    folder, _, name = path.rpartition("/")
    there = storage.names(folder)
    if name not in there:
        return False
    if there[name] is None:  # on disk
        return storage.read(path) == file.read_bytes()
    with file.open("rb") as data:
        digest = hashlib.file_digest(data, lambda: hashlib.md5(usedforsecurity=False)).digest()
    return there[name] == base64.b64encode(digest).decode()
