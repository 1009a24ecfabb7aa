"""Find and delete files of populations that a table in one file for each of them no longer has.

As Parquet such a table is a folder, which a reader takes as one table. A file that an earlier plan
made there would add its population to the table of this plan.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from epyflow.errors import EpyflowError
from epyflow.run.layout import OUTPUTS, RunLayout
from epyflow.run.output_names import is_partition
from epyflow.run.plan import Plan
from epyflow.storage.disk import Storage
from epyflow.suggest import counted, listed

_SUFFIX = ".parquet"

log = logging.getLogger(__name__)


def find_others(
    tables: Mapping[str, Mapping[str, Any]], run: RunLayout, storage: Storage
) -> dict[str, list[str]]:
    """Return the files of populations that the plan lacks, in the folders of its tables.

    Files whose names are none of a population are the user's, and are not among them.

    Parameters
    ----------
    tables
        Of the plan.
    run
        The run; of a replay, one reference date.
    storage
        Holds ``results/``.

    Returns
    -------
    others
        Folder of a table to the paths of such files. Folders without one are left out.
    """
    found = {}
    for folder, planned in _folders(tables, run).items():
        names = sorted(storage.names(folder).keys() - planned)
        paths = [f"{folder}/{name}" for name in names]
        if others := [path for path in paths if is_partition(run.below(path))]:
            found[folder] = others
    return found


def _folders(tables: Mapping[str, Mapping[str, Any]], run: RunLayout) -> dict[str, set[str]]:
    """Return the folders of tables by population, with the names of the planned files."""
    found: dict[str, set[str]] = {}
    for path in (path for spec in tables.values() for path in spec.get("parquet", {}).values()):
        folder, _, name = path.rpartition("/")
        if folder:
            found.setdefault(f"{run.results}/{OUTPUTS}/{folder}", set()).add(name)
    return found


def remove_others(
    tables: Mapping[str, Mapping[str, Any]], run: RunLayout, storage: Storage
) -> None:
    """Delete what :func:`find_others` finds, and log the names; log, too, if that fails."""
    try:
        for folder, others in find_others(tables, run, storage).items():
            storage.remove(others)
            names = listed([path.rpartition("/")[2] for path in others])
            log.info("%s: deleted %s, as the experiment has no such population", folder, names)
    except (EpyflowError, OSError) as problem:
        log.warning("files of populations that the experiment lacks are not deleted: %s", problem)


def without_tables(paths: Iterable[str], plan: Plan) -> list[str]:
    """Leave out the files in folders of the plan's tables by population.

    Parameters
    ----------
    paths
        Below the run's folder.
    plan
        The plan of the run.
    """
    tables = [folder for run in plan.runs for folder in _folders(plan.tables, run.layout)]
    folders = tuple(f"{plan.layout.below(folder)}/" for folder in tables)
    return [path for path in paths if not path.startswith(folders)]


def warn_of_others(plan: Plan, storage: Storage) -> list[str]:
    """Warn of each table that has files of populations that the plan lacks, a sentence each."""
    warnings = []
    for run in plan.runs:
        for folder, others in find_others(plan.tables, run.layout, storage).items():
            names = [path.rpartition("/")[2].removesuffix(_SUFFIX) for path in others]
            has = counted(len(names), "population")
            warnings.append(
                f"The table {folder} has {has} that the experiment does not have: "
                f"{listed(names)}. Whoever reads the folder as one table reads wrong rows. "
                "`epyflow clean --unplanned` deletes them."
            )
    return warnings
