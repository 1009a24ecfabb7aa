"""Find the failed tasks of a run whose tables are made from the other tasks."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure
from epyflow.errors import EpyflowError
from epyflow.files import table_reader
from epyflow.run.plan import RunPlan
from epyflow.storage.disk import Storage


def read_failures(run: RunPlan, table: Path, storage: Storage) -> tuple[Failure, ...]:
    """Return the failure records of a run.

    The table of members names the failed tasks, so that no other result is read: in the cloud
    results are not on this machine.

    Parameters
    ----------
    run
        Plan of the run.
    table
        ``model_metadata.csv.gz``.
    storage
        Holds the results.
    """
    with table_reader(table) as packed, io.TextIOWrapper(packed, "utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if "status" not in (rows.fieldnames or ()):
            raise ValueError("it has no column status")
        failed = [int(row["primary_id"]) for row in rows if row["status"] != "ok"]
    numbers = sorted({run.task_of(primary_id) for primary_id in failed})
    found = storage.read_all(_paths(run, numbers))
    records = (pickling.result_of(data, path) for path, data in found.items())
    return tuple(record for record in records if isinstance(record, Failure))


def confirm_complete(metadata: Path, run: RunPlan, storage: Storage) -> None:
    """Raise if any task of a run with partial results failed.

    The records of failure are removed, so that the next run tries those tasks again. What could
    not be built is not among the inputs that are up to date, and is built again anyway.

    Parameters
    ----------
    metadata
        The run's ``run_metadata.json``.
    run
        Plan of the run.
    storage
        Holds the results.

    Raises
    ------
    EpyflowError
        Listing the populations and causes.
    """
    failed = json.loads(metadata.read_text(encoding="utf-8"))["failures"]
    if not failed:
        return
    storage.remove(_paths(run, (failure["task"] for failure in failed)))
    causes = "\n".join(f"  {f['population']}, task {f['task']}: {f['cause']}" for f in failed)
    raise EpyflowError(
        f"{len(failed)} of {len(run.tasks)} tasks failed; the tables hold the others. Running "
        f"the workflow again tries these again:\n{causes}"
    )


def only_failed_left(
    jobs: Iterable[tuple[str, Any]],
    runs: Iterable[RunPlan],
    to_build: Mapping[str, Sequence[int]],
    storage: Storage,
) -> int | None:
    """Return how many tasks failed if a start would only try these again; None if it does more.

    Zero: the run did everything, and ended with an error, such as a submission that its hub would
    refuse.

    Parameters
    ----------
    jobs
        The rule of each job that a start would do, and Snakemake's reason for it.
    runs
        The plan of each run.
    to_build
        Run to the tasks whose inputs a start would build.
    storage
        Holds the record of each run.
    """
    count, outstanding = 0, []
    for run in runs:
        record = storage.read(run.layout.metadata)
        failed = {each["task"] for each in json.loads(record)["failures"]} if record else set()
        if not failed.issuperset(to_build.get(run.run_id, ())):
            return None
        count += len(failed)
        outstanding += [run.layout.complete, *_paths(run, failed)]
    for rule, reason in jobs:
        lacking = {*reason.missing_output, *reason.incomplete_output}
        # The record of each start is an input of the job that builds inputs.
        changed = reason.is_provenance_triggered() or (
            reason.updated_input and not rule.endswith("build_inputs")
        )
        if changed or not all(str(path).endswith(tuple(outstanding)) for path in lacking):
            return None
    return count


def _paths(run: RunPlan, tasks: Iterable[int]) -> list[str]:
    return [run.layout.result(task) for task in tasks]
