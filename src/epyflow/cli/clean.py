"""``epyflow clean``: remove what nobody needs any more."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from epyflow.cli.cancel import Yes, confirm
from epyflow.cli.runs import Format, Place
from epyflow.errors import EpyflowError
from epyflow.operations.runs.activity import AtWork
from epyflow.operations.runs.batch_project import project_of
from epyflow.operations.runs.cleanup import delete, old_jobs, remove
from epyflow.operations.runs.deletable_files import Search, Waste
from epyflow.operations.runs.log_lines import span
from epyflow.operations.runs.run_list import opened
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from google.cloud import batch_v1

    from epyflow.google.batch import BatchJobs

PROBLEM, UNREADABLE = 1, 2

_WIDE = 200
"""Columns of a table that is not printed on a terminal."""


def clean(
    older_than: Annotated[
        str,
        typer.Option(
            help="Age of what is removed, such as `12h` or `30d`: of Batch jobs, of machines' "
            "logs, of temporary files, of the state of coordinators."
        ),
    ] = "7d",
    runs: Annotated[
        str | None,
        typer.Option(
            help="Also remove whole runs, results and all: a glob in quotes for the ids of "
            "experiments, or for `<exp_id>/<run_id>`. Needs --keep."
        ),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(min=0, help="With `--runs`: keep so many of each experiment, the newest."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "-n", help="Show what would be removed, and remove nothing."),
    ] = False,
    yes: Yes = False,
    storage: Place = None,
    format: Format = "table",
) -> None:
    """Remove finished Batch jobs, artifacts of tasks that are no longer planned, and leftovers.

    Tables, submissions and scores are kept, unless `--runs` names the whole run. Of a run whose
    coordinator is at work, or may be, nothing is removed. For results in a bucket, Batch jobs of
    epyflow are looked for in the project of profiles/gcp/site.yaml.

    Exit code 0: removed, or there is nothing to remove. 1: something could not be removed. 2: it
    cannot be read. 3: not confirmed, nothing was removed.
    """
    try:
        if (runs is None) != (keep is None):
            raise EpyflowError("--runs and --keep go together: which runs, and how many of each")
        place = opened(storage)
        batch, jobs = _batch(place)
        at_work = AtWork(datetime.now(UTC), span(older_than), jobs)
        search = Search(place, at_work)
        waste = search.waste(runs, keep or 0)
        over = old_jobs(at_work, search.left_alone)
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None
    for folder, why in sorted(search.left_alone.items()):
        typer.echo(f"{folder}: left alone, as {why}", err=True)
    if format == "json":
        document = {
            "remove": [each.as_dict() for each in waste],
            "jobs": [job.name for job in over],
            "left_alone": search.left_alone,
        }
        typer.echo(json.dumps(document, indent=2))
    else:
        _print(waste, over)
    if dry_run or not (waste or over):
        return
    confirm("clean", ["all of the above would be removed"], "Remove all of this?", yes=yes)
    removed = remove(place, waste, search.records)
    if batch is not None:
        delete(batch, [job.name for job in over], removed)
    typer.echo(
        f"removed {removed.files:,} files ({decimal(removed.size)}), {removed.jobs:,} Batch jobs",
        err=True,
    )
    for problem in removed.problems:
        typer.echo(problem, err=True)
    raise typer.Exit(PROBLEM if removed.problems else 0)


def _batch(place: Storage) -> "tuple[BatchJobs | None, tuple[batch_v1.Job, ...] | None]":
    """Return epyflow's Batch jobs; that they cannot be seen is said, and stops nothing."""
    try:
        project = project_of(place.uri, None)
        if project is None:
            return None, ()
        from epyflow.google.batch import BatchJobs  # slow, and runs on disk do without
        from epyflow.operations.runs.batch_jobs import COMPONENT

        batch = BatchJobs(*project)
        return batch, tuple(batch.find(COMPONENT))
    except (EpyflowError, ImportError) as problem:
        typer.echo(f"Batch jobs cannot be seen: {problem}", err=True)
        return None, None


def _print(waste: list[Waste], over: "list[batch_v1.Job]") -> None:
    if not waste and not over:
        typer.echo("nothing to remove")
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name in ("kind", "what"):
        table.add_column(name, no_wrap=True)
    for name in ("number", "size"):
        table.add_column(name, justify="right")
    table.add_column("why")
    for each in waste:
        table.add_row(*_row(each.kind, each.what, len(each.files), each.size, each.why))
    for exp_id, run_id in sorted({_labels(job) for job in over}):
        number = sum(_labels(job) == (exp_id, run_id) for job in over)
        table.add_row("Batch jobs", f"{exp_id}/{run_id}", f"{number:,}", "-", "over for long")
    number = len(over) + sum(len(each.files) for each in waste)
    table.add_row(*_row("total", "", number, sum(each.size for each in waste), ""))
    console.print(table, highlight=False)


def _row(kind: str, what: str, number: int, size: int, why: str) -> tuple[str, ...]:
    return kind, what, f"{number:,}", decimal(size), why


def _labels(job: "batch_v1.Job") -> tuple[str, str]:
    return job.labels.get("exp_id", ""), job.labels.get("run_id", "")
