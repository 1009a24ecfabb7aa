"""Find runs whose folders are in that of another run."""

from collections.abc import Iterable

from epyflow.run.layout import RunLayout
from epyflow.run.path_patterns import run_of_record
from epyflow.storage.disk import Storage


def nested_runs(run: RunLayout, storage: Storage) -> tuple[str, ...]:
    """Return the folders of other runs in that of a run: of an experiment that is named as it is.

    A coordinator has started them; the reference dates of a replay have none.

    Returns
    -------
    folders
        Paths below the run's folder, which end with a slash.
    """
    return nested_among(storage.below(run.coordinator_files))


def nested_among(paths: Iterable[str]) -> tuple[str, ...]:
    """Return what :func:`nested_runs` does, by the files of the run's coordinator."""
    return tuple(sorted(f"{name}/" for name in map(run_of_record, paths) if name))
