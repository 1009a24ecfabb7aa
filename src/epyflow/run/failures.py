"""The tasks of a run that failed, where tables are made of the others."""

import csv
import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure
from epyflow.errors import EpyflowError
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage


def failures(plan: Mapping[str, Any], table: Path, storage: Storage) -> tuple[Failure, ...]:
    """Return the records of failure of a run.

    The table of members says which tasks failed, so that no other result is read: in the cloud
    they are not where this runs.

    Parameters
    ----------
    plan
        From :mod:`epyflow.run.plan`.
    table
        ``model_metadata.csv.gz``.
    storage
        Where the results are.
    """
    with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
        failed = [int(row["primary_id"]) for row in csv.DictReader(file) if row["status"] != "ok"]
    numbers = sorted({_task_of(plan, primary_id) for primary_id in failed})
    found = storage.read_all(_paths(plan, numbers))
    records = (pickling.result_of(data, path) for path, data in found.items())
    return tuple(record for record in records if isinstance(record, Failure))


def _task_of(plan: Mapping[str, Any], primary_id: int) -> int:
    """Return the task of a member: populations follow one another, and so do their tasks."""
    populations = len(plan["populations"])
    position, member = divmod(primary_id, plan["members"] // populations)
    tasks: int = len(plan["tasks"]) // populations
    return int(position * tasks + member // plan["members_per_task"])


def confirm_complete(metadata: Path, plan: Mapping[str, Any], storage: Storage) -> None:
    """Raise if any task of a run with partial results failed.

    The records of failure are removed, so that the next run tries those tasks again. What could
    not be built is not among the inputs that are up to date, and is built again anyway.

    Parameters
    ----------
    metadata
        The run's ``run_metadata.json``.
    plan
        From :mod:`epyflow.run.plan`.
    storage
        Where the results are.

    Raises
    ------
    EpyflowError
        Listing the populations and causes.
    """
    failed = json.loads(metadata.read_text(encoding="utf-8"))["failures"]
    if not failed:
        return
    storage.remove(_paths(plan, (failure["task"] for failure in failed)))
    causes = "\n".join(f"  {f['population']}, task {f['task']}: {f['cause']}" for f in failed)
    raise EpyflowError(
        f"{len(failed)} of {len(plan['tasks'])} tasks failed; the tables hold the others. Running "
        f"the workflow again tries these again:\n{causes}"
    )


def _paths(plan: Mapping[str, Any], tasks: Iterable[int]) -> list[str]:
    layout = RunLayout(plan["exp_id"], plan["run_id"])
    return [layout.result(task) for task in tasks]
