"""``epyflow clean``: remove files and Batch jobs that are no longer needed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal

from epyflow.cli.options import Format, StoragePrefix, Yes
from epyflow.cli.output import (
    ExitCode,
    confirm_or_exit,
    console,
    exit_on_error,
    plain_table,
    print_json,
    say,
)
from epyflow.errors import EpyflowError
from epyflow.operations.runs.activity import Activity
from epyflow.operations.runs.cleanup import delete, old_jobs, open_batch, remove
from epyflow.operations.runs.deletable_files import Search, Waste
from epyflow.operations.runs.log_lines import parse_duration
from epyflow.operations.runs.run_list import open_storage

if TYPE_CHECKING:
    from google.cloud import batch_v1


def clean(
    older_than: Annotated[
        str,
        typer.Option(
            help="Remove Batch jobs, machine logs, temporary files and coordinator states only if "
            "they are older, such as `12h` or `30d`."
        ),
    ] = "7d",
    runs: Annotated[
        str | None,
        typer.Option(
            help="Also remove whole runs with their results: a glob in quotes for ids of "
            "experiments, or for `<exp_id>/<run_id>`. Needs --keep."
        ),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(min=0, help="With `--runs`: keep this many of each experiment, the newest."),
    ] = None,
    unplanned: Annotated[
        bool,
        typer.Option(
            "--unplanned",
            help="Also remove files of earlier plans: tables, submissions, scores and figures that "
            "the last start of their run does not make.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "-n", help="Show what would be removed, and remove nothing."),
    ] = False,
    yes: Yes = False,
    storage: StoragePrefix = None,
    format: Format = "table",
) -> None:
    """Remove finished Batch jobs, artifacts of tasks that are no longer planned, and leftovers.

    Tables, submissions, scores and figures are kept, unless `--runs` names the whole run, or they
    are of an earlier plan and `--unplanned` is given. A run whose coordinator is running, or may
    be, is left alone. For results in a bucket, the command looks for Batch jobs of epyflow in the
    project of profiles/gcp/site.yaml.

    Exit code 0: removed, or there is nothing to remove. 1: something could not be removed. 2: the
    storage cannot be read. 3: not confirmed, nothing was removed.
    """
    with exit_on_error():
        if (runs is None) != (keep is None):
            raise EpyflowError("--runs and --keep go together: which runs, and how many of each")
        place = open_storage(storage)
        batch, jobs, unseen = open_batch(place)
        if unseen:
            say(f"Batch jobs cannot be seen: {unseen}", err=True)
        activity = Activity(datetime.now(UTC), parse_duration(older_than), jobs)
        search = Search(place, activity)
        waste = search.waste(runs, keep or 0, unplanned=unplanned)
        over = old_jobs(activity, search.left_alone)
    for folder, why in sorted(search.left_alone.items()):
        say(f"{folder}: left alone, as {why}", err=True)
    if format == "json":
        document = {
            "remove": [each.as_dict() for each in waste],
            "jobs": [job.name for job in over],
            "left_alone": search.left_alone,
        }
        print_json(document)
    else:
        _print(waste, over)
    if dry_run or not (waste or over):
        return
    confirm_or_exit("clean", ["all of the above would be removed"], "Remove all of this?", yes=yes)
    removed = remove(place, waste, search.records, activity)
    if batch is not None:
        delete(batch, [job.name for job in over], removed)
    say(
        f"removed {removed.files:,} files ({decimal(removed.size)}), {removed.jobs:,} Batch jobs",
        err=True,
    )
    for problem in removed.problems:
        say(problem, err=True)
    raise typer.Exit(ExitCode.PROBLEM if removed.problems else ExitCode.OK)


def _print(waste: list[Waste], over: "list[batch_v1.Job]") -> None:
    if not waste and not over:
        say("nothing to remove")
        return
    table = plain_table(
        {"kind": "word", "what": "word", "number": "number", "size": "number", "why": "text"}
    )
    for each in waste:
        table.add_row(*_row(each.kind, each.what, len(each.files), each.size, each.why))
    for exp_id, run_id in sorted({_labels(job) for job in over}):
        number = sum(_labels(job) == (exp_id, run_id) for job in over)
        table.add_row("Batch jobs", f"{exp_id}/{run_id}", f"{number:,}", "-", "ended long ago")
    number = len(over) + sum(len(each.files) for each in waste)
    table.add_row(*_row("total", "", number, sum(each.size for each in waste), ""))
    console().print(table, highlight=False)


def _row(kind: str, what: str, number: int, size: int, why: str) -> tuple[str, ...]:
    return kind, what, f"{number:,}", decimal(size), why


def _labels(job: "batch_v1.Job") -> tuple[str, str]:
    return job.labels.get("exp_id", ""), job.labels.get("run_id", "")
