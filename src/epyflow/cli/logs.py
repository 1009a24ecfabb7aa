"""``epyflow logs``: the logs of a run's jobs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Annotated, Literal

import typer

from epyflow.cli.logs_follow import follow_run
from epyflow.cli.options import Format, RunId, RunName, StoragePrefix
from epyflow.cli.output import ExitCode, exit_on_error, fail, print_json_list, say
from epyflow.operations.runs.coordinator_presence import find_coordinator
from epyflow.operations.runs.log_lines import Level, parse_since, shorten_line
from epyflow.operations.runs.machine_logs import machine_logs
from epyflow.operations.runs.run_logs import Choice, Log, read_logs
from epyflow.operations.runs.run_lookup import find_run

Stage = Literal["build", "run", "tables", "observed", "figures", "hub", "scores"]


def logs(
    run: RunName,
    run_id: RunId = None,
    rule: Annotated[
        str | None,
        typer.Option(
            help="Only the logs of this rule, such as `run_task`. The coordinator's log is shown "
            "only with `coordinator`."
        ),
    ] = None,
    stage: Annotated[
        Stage | None, typer.Option(help="Only the logs of this stage of the run.")
    ] = None,
    task: Annotated[
        int | None,
        typer.Option(min=0, help="Only the log of this task: the number in its file names."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only logs that contain an error.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only lines written since then: `30s`, `10m`, `2h` or `7d` ago, or a time in UTC, "
            "such as `2030-03-17T14:00`."
        ),
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option(
            help="Only messages of this level or a higher one, and the lines that continue them."
        ),
    ] = None,
    lines: Annotated[
        int | None, typer.Option(min=1, help="Only the last lines of each log. Default: all.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Then print new lines as they come, until the run has ended."
        ),
    ] = False,
    every: Annotated[
        float, typer.Option(min=1, help="With `--follow`: seconds between two checks.")
    ] = 5.0,
    machine: Annotated[
        bool,
        typer.Option(
            "--machine",
            help="Show all output of the tasks' machines on Google Batch, or what jobs on Slurm "
            "printed, instead of the logs. With `--follow`, only of running tasks of Google Batch.",
        ),
    ] = False,
    storage: StoragePrefix = None,
    format: Format = "table",
) -> None:
    """Show the logs of a run's jobs, in the order in which they were last written.

    A worker in the cloud writes a log to the bucket when its job ends. With `--follow`, messages
    of tasks that are running on Google Batch are read from Cloud Logging, at most 20 times a
    minute. Times in logs are in UTC. Of a line of more than 2,000 characters the middle is left
    out, unless the format is `json`. Of a log of more than 4 MiB only the end is shown, and an
    error is looked for only there; `--follow` prints all of it.

    Exit code 0: shown; with `--follow`, the run has ended. 1: there is no such log. 2: there is no
    such run or rule, or the storage cannot be read.
    """
    with exit_on_error():
        place, found = find_run(run, run_id, storage)
        moment = None if since is None else parse_since(since, datetime.now(UTC))
        choice = Choice(rule, stage, task, failed, moment, level)
        if follow:
            follow_run(place, found, choice, lines, every, format, machine=machine)
            return
        if machine:
            presence = find_coordinator(place, found.exp_id, found.run_id)
            read = machine_logs(place, found, choice, presence)
        else:
            read = read_logs(place, found, choice)
        first = next(read, None)
        read = chain([] if first is None else [first], read)
        if format == "json":
            print_json_list(_document(log, lines) for log in read)
        else:
            _print(read, lines, place.uri, followed=not machine)
    if first is None:
        given = {"rule": rule, "stage": stage, "task": task, "since": since, "level": level}
        chosen = [f"--{name} {value}" for name, value in given.items() if value is not None]
        which = f"{' with an error' * failed}{' for ' * bool(chosen)}{' '.join(chosen)}"
        fail(f"{found.folder}: there is no log{which}", ExitCode.PROBLEM)


def _print(read: Iterator[Log], lines: int | None, uri: str | None, *, followed: bool) -> None:
    """Print logs as ``tail`` does: with their names where there are several."""
    first = list(islice(read, 2))
    for number, log in enumerate(chain(first, read)):
        if len(first) > 1:
            gap = [""] if number else []
            say(*gap, f"==> {log.path}{'' if log.lines else ' (empty)'} <==")
        elif not log.lines:
            say(f"{log.path} is empty: the job has printed nothing", err=True)
        if log.left_out and (lines is None or lines > len(log.lines)):
            where = f"{f'{uri}/' if uri else ''}{log.path}{'; --follow prints it' * followed}"
            say(f"[... the first {log.left_out:,} bytes left out: the whole is in {where} ...]")
        for line in _last(log, lines):
            say(shorten_line(line, f"the whole is in {log.path}; --format json prints it"))


def _last(log: Log, lines: int | None) -> tuple[str, ...]:
    return log.lines if lines is None else log.lines[-lines:]


def _document(log: Log, lines: int | None) -> dict[str, object]:
    return {
        "file": log.path,
        "rule": log.rule,
        "job": log.job,
        "modified": log.modified.isoformat(timespec="seconds"),
        "failed": log.failed,
        "bytes_left_out": log.left_out,
        "lines": list(_last(log, lines)),
    }
