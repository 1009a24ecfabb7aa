"""Find runs whose folders are in that of another run."""

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
    below = map(run_of_record, storage.below(run.coordinator_files))
    return tuple(sorted(f"{name}/" for name in below if name))
