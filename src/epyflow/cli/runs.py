"""``epyflow runs``: list runs."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.text import Text

from epyflow.cli.options import StoragePrefix
from epyflow.cli.output import ExitCode, console, exit_on_error, fail, plain_table, print_json, say
from epyflow.cli.usage_errors import HOW_TO_RUN
from epyflow.operations.runs.log_lines import parse_since
from epyflow.operations.runs.run_list import Run, find_runs, open_storage
from epyflow.operations.runs.run_lookup import list_command

_STYLES = {"complete": "green", "failed": "bold red", "refused": "bold red"}


def runs(
    experiments: Annotated[
        str,
        typer.Argument(help="The experiment's id, or a glob for it in quotes, such as `'flu/*'`."),
    ] = "*",
    latest: Annotated[
        bool, typer.Option("--latest", help="Only the newest run of each experiment.")
    ] = False,
    state: Annotated[
        Literal["complete", "failed", "incomplete"] | None,
        typer.Option(help="Only runs in this state."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only runs with a file written since then: `24h` or `7d` ago, or a time in UTC."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only this many, the newest.")] = None,
    storage: StoragePrefix = None,
    format: Annotated[
        Literal["table", "json", "uri"],
        typer.Option(help="Form of the output; `uri`: the folder of each run, for a pipe."),
    ] = "table",
) -> None:
    """List runs, newest first, with their tasks done, failed and missing.

    The tasks are those that the last start planned: earlier dates and tasks are not counted. For a
    finished run, the numbers are those of run_metadata.json. While a run is under way, a task whose
    log ends with an error has failed. A replay counts as one run.

    Exit code 0: listed. 1: no run matches. 2: the storage cannot be read.
    """
    with exit_on_error():
        moment = None if since is None else parse_since(since, datetime.now(UTC))
        every = find_runs(open_storage(storage), experiments, latest=latest)
    recent = [run for run in every if moment is None or run.modified >= moment]
    found = [run for run in recent if state in (None, run.state)][:limit]
    if format == "json":
        print_json([run.as_dict() for run in found])
    elif format == "uri":
        for run in found:
            say(f"{(storage or '.').rstrip('/')}/results/{run.folder}")
    elif found:
        _print(found)
    if not found:
        which = f"{state} run" if state else "run"
        others = (
            f"`{list_command(storage)}` lists all" if every or experiments != "*" else HOW_TO_RUN
        )
        fail(
            f"no {which} of {experiments} under {storage or '.'}/results; {others}",
            ExitCode.PROBLEM,
        )


def _print(found: list[Run]) -> None:
    table = plain_table(
        {
            **dict.fromkeys(("experiment", "run_id", "modified", "state"), "word"),
            **dict.fromkeys(("tasks", "done", "failed", "missing"), "number"),
            "submission": "text",
        }
    )
    for run in found:
        state, judged = run.state, run.submission or "-"
        table.add_row(
            run.exp_id,
            run.run_id,
            f"{run.modified:%Y-%m-%d %H:%M:%S} UTC",
            Text(state, style=_STYLES.get(state, "")),
            *(f"{number:,}" for number in (run.tasks, run.done, run.failed, run.missing)),
            Text(judged, style=_STYLES.get(judged, "")),
        )
    console().print(table)
