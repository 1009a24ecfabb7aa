"""``epyflow logs``: what the jobs of a run have written."""

import json
from typing import Annotated

import typer

from epyflow.cli_fetch import RunId, RunName
from epyflow.cli_runs import Format, Place
from epyflow.errors import EpyflowError
from epyflow.runs.choosing import chosen
from epyflow.runs.reading_logs import Log, read_logs

NONE, UNREADABLE = 1, 2


def logs(
    run: RunName,
    run_id: RunId = None,
    rule: Annotated[
        str | None, typer.Option(help="Only the logs of this rule, such as `run_task`.")
    ] = None,
    task: Annotated[
        int | None, typer.Option(min=0, help="Only the log of this task, the `<i>` of its files.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only logs with an error in them.")
    ] = False,
    lines: Annotated[
        int | None, typer.Option(min=1, help="Only the last lines of each log. Default: all.")
    ] = None,
    storage: Place = None,
    format: Format = "table",
) -> None:
    """Show the logs of a run's jobs, in the order in which they were last written.

    On a worker in the cloud, a log comes to the bucket when its job ends.

    Exit code 0: shown. 1: there is no such log. 2: there is no such run or rule, or the storage
    cannot be read.
    """
    try:
        place, found = chosen(run, run_id, storage)
        read = read_logs(place, found, rule=rule, task=task, failed=failed)
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None
    if format == "json":
        typer.echo(json.dumps([_document(log, lines) for log in read], indent=2))
    else:
        _print(read, lines)
    if not read:
        typer.echo(f"{found.folder}: no such log{' with an error' * failed}", err=True)
        raise typer.Exit(NONE)


def _print(read: list[Log], lines: int | None) -> None:
    """Print logs as ``tail`` does: with their names, if there are several."""
    for number, log in enumerate(read):
        if len(read) > 1:
            gap = "\n" if number else ""
            typer.echo(f"{gap}==> {log.path} <==")
        for line in _last(log, lines):
            typer.echo(line)


def _last(log: Log, lines: int | None) -> tuple[str, ...]:
    return log.lines if lines is None else log.lines[-lines:]


def _document(log: Log, lines: int | None) -> dict[str, object]:
    return {
        "file": log.path,
        "rule": log.rule,
        "job": log.job,
        "modified": log.modified.isoformat(timespec="seconds"),
        "failed": log.failed,
        "lines": list(_last(log, lines)),
    }
