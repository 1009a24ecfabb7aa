"""Keep the files that a job has written although the job fails."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage


@contextmanager
def kept_outputs(outputs: Iterable[str], run: RunLayout, storage: Storage) -> Iterator[None]:
    """Store the outputs that are there if the block raises an error that names the others.

    Snakemake leaves the outputs of a failed job on disk with ``keep-incomplete``, which the
    profiles set: all our files are either whole or absent. It uploads none of them to a bucket.

    Parameters
    ----------
    outputs
        Where the job writes its files; those that belong in a bucket, in a local copy of it.
    run
        Whose files they are.
    storage
        Where the files belong.

    Raises
    ------
    EpyflowError
        That of the block.
    """
    try:
        yield
    except EpyflowError:
        if storage.uri is not None:
            for path in filter(Path.is_file, map(Path, outputs)):
                name = path.as_posix().rpartition(f"/{run.results}/")[2]
                storage.upload(path, f"{run.results}/{name}")
        raise
