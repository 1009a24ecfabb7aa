"""Tell which run a folder below ``results/`` is of: a replay has one for each reference date."""

from collections.abc import Collection, Iterable, Mapping

from epyflow.operations.runs.run_parts import Files, Metadata
from epyflow.operations.runs.stored_records import read_records
from epyflow.run.layout import COORDINATOR, METADATA, RESULTS, RunLayout
from epyflow.run.path_patterns import run_of_record, split_date, split_name
from epyflow.storage.disk import Storage


def read_metadata(storage: Storage, folders: set[str], files: Files) -> dict[str, Metadata]:
    """Read the metadata of the runs in folders, by folder; skip damaged files."""
    paths = {f"{RESULTS}/{each}/{METADATA}": each for each in folders}
    listed = {
        path: files[f"{each}/{METADATA}"]
        for path, each in paths.items()
        if f"{each}/{METADATA}" in files
    }
    found = read_records(Metadata, storage, listed, "this run is described by its files")
    return {paths[path]: record for path, record in found.items()}


def group_folders(
    storage: Storage, folders: Collection[str], records: Mapping[str, Metadata]
) -> dict[RunLayout, list[str]]:
    """Return the folders of each run, in order, by the metadata of those that have some."""
    grouped: dict[RunLayout, list[str]] = {}
    coordinated = _coordinated(storage, set(folders) - records.keys())
    for folder in sorted(folders):
        exp_id, run_id = _names(folder, records.get(folder), folder in coordinated)
        grouped.setdefault(RunLayout(exp_id, run_id.partition("/")[0]), []).append(folder)
    return grouped


def _coordinated(storage: Storage, folders: Iterable[str]) -> set[str | None]:
    """Return the folders named by a date that have a coordinator: dates of a replay have none."""
    parents = {split_name(folder)[0] for folder in filter(_may_be_dated, folders)}
    return {
        run_of_record(f"{parent}/{path}")
        for parent in parents
        for path in storage.below(f"{COORDINATOR}/{parent}")
    }


def _may_be_dated(folder: str) -> bool:
    """Return whether a folder may be that of a date of a replay: it is a date below two others."""
    above, last = split_name(folder)
    return "/" in above and bool(split_date(f"{last}/")[0])


def _names(folder: str, record: Metadata | None, is_coordinated: bool) -> tuple[str, str]:
    """Return the experiment and the run of a folder.

    A date below two folders is a run if its record names no replay, or without a record, if it has
    a coordinator.
    """
    exp_id, last = split_name(folder)
    is_run = is_coordinated if record is None else "/" not in record.run_id
    if is_run or not _may_be_dated(folder):
        return exp_id, last
    parent, run_id = split_name(exp_id)
    return parent, f"{run_id}/{last}"
