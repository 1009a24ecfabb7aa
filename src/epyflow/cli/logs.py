"""``epyflow logs``: what the jobs of a run have written."""

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from epyflow.cli.fetch import RunId, RunName
from epyflow.cli.logs_follow import follow_run
from epyflow.cli.runs import Format, Place
from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_presence import presence_of
from epyflow.operations.runs.log_lines import Level, parse_since
from epyflow.operations.runs.machine_logs import machine_logs
from epyflow.operations.runs.run_logs import Choice, Log, read_logs
from epyflow.operations.runs.run_lookup import chosen

NONE, UNREADABLE = 1, 2

Stage = Literal["build", "run", "tables", "observed", "figures", "hub", "scores"]


def logs(
    run: RunName,
    run_id: RunId = None,
    rule: Annotated[
        str | None,
        typer.Option(
            help="Only the logs of this rule, such as `run_task`; `coordinator` for the "
            "coordinator's own, which is shown only then."
        ),
    ] = None,
    stage: Annotated[
        Stage | None, typer.Option(help="Only the logs of this stage of the run.")
    ] = None,
    task: Annotated[
        int | None, typer.Option(min=0, help="Only the log of this task, the `<i>` of its files.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only logs with an error in them.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only lines since then: `30s`, `10m`, `2h` or `7d` ago, or a time in UTC, such as "
            "`2030-03-17T14:00`."
        ),
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option(help="Only lines at least as grave, with what belongs to them."),
    ] = None,
    lines: Annotated[
        int | None, typer.Option(min=1, help="Only the last lines of each log. Default: all.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Then print new lines as they come, until the run is over."
        ),
    ] = False,
    every: Annotated[
        float, typer.Option(min=1, help="Seconds between two looks, with `--follow`.")
    ] = 5.0,
    machine: Annotated[
        bool,
        typer.Option(
            "--machine",
            help="What the machines of Google Batch printed instead: all output of the tasks. With "
            "`--follow`, of those that run.",
        ),
    ] = False,
    storage: Place = None,
    format: Format = "table",
) -> None:
    """Show the logs of a run's jobs, in the order in which they were last written.

    On a worker in the cloud, a log comes to the bucket when its job ends. With `--follow`, the
    messages of tasks that run on Google Batch are read from Cloud Logging until then, at most 20
    times a minute. Times in logs are in UTC.

    Exit code 0: shown; with `--follow`, the run is over. 1: there is no such log. 2: there is no
    such run or rule, or the storage cannot be read.
    """
    try:
        place, found = chosen(run, run_id, storage)
        moment = None if since is None else parse_since(since, datetime.now(UTC))
        choice = Choice(rule, stage, task, failed, moment, level)
        if follow:
            follow_run(place, found, choice, lines, every, format, machine=machine)
            return
        if machine:
            presence = presence_of(place, found.exp_id, found.run_id)
            read = machine_logs(place, found, choice, presence)
        else:
            read = read_logs(place, found, choice)
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
