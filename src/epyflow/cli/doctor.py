"""``epyflow doctor``: what a run needs, looked at before it is started."""

import json
import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from epyflow.cli.config import ConfigFiles, ConfigValues
from epyflow.cli.runs import Format
from epyflow.errors import EpyflowError

if TYPE_CHECKING:
    from epyflow.operations.doctor.findings import Check, Examination, Finding

FAILED, CANNOT = 1, 2

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


def doctor(
    cloud: Annotated[
        bool | None,
        typer.Option(
            "--cloud/--no-cloud",
            help="Look at Google Cloud, too. Default: if profiles/gcp knows of a project.",
        ),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help="Only this one, and those that it depends on; may be given repeatedly.",
        ),
    ] = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    profile: Annotated[
        Path, typer.Option(help="The profile for Google Batch that runs are started with.")
    ] = Path("profiles/gcp/config.yaml"),
    format: Format = "table",
) -> None:
    """Look at what a run needs, on this machine and on Google Cloud, and say what to do.

    Nothing is changed, but for a small file that is written to the bucket and deleted again. What
    this login may not look at is a warning.

    Exit code 0: nothing failed; there may be warnings. 1: something failed. 2: it cannot look.
    """
    # Imported here, as Google's libraries take a moment that other commands need not wait for.
    from epyflow.operations.doctor.case import Case
    from epyflow.operations.doctor.checks import LOCAL, chosen
    from epyflow.operations.doctor.checks import cloud as of_the_cloud
    from epyflow.operations.doctor.findings import Examination

    try:
        asked = _is_configured() if cloud is None else cloud
        checks = chosen((*LOCAL, *(of_the_cloud() if asked else ())), check or ())
    except (EpyflowError, ImportError) as error:
        hint = "; run make setup" if isinstance(error, ImportError) else ""
        typer.echo(f"{error}{hint}", err=True)
        raise typer.Exit(CANNOT) from None
    case = Case(tuple(configfile or ()), tuple(config or ()), profile, asked)
    found = _made(Examination(checks, case))
    if format == "json":
        _print_json(found)
    else:
        _print(found)
    states = Counter[str](finding.state for _, finding in found)
    typer.echo(", ".join(f"{states[each]} {each}" for each in _STYLES if states[each]), err=True)
    raise typer.Exit(FAILED if states["failed"] else 0)


def _is_configured() -> bool:
    """Whether there is a word of a project in the cloud, right or wrong."""
    from epyflow.google.site import FILE_VARIABLE
    from epyflow.google.site_file import configured_site

    try:
        return bool(configured_site() or os.environ.get(FILE_VARIABLE))
    except EpyflowError:
        return True  # There is a file, which the check of it will say more about.


def _made(examination: "Examination") -> "list[tuple[Check, Finding]]":
    """Make the checks; on a terminal, say which one is being made."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return list(examination)
    found = []
    with console.status("looking") as shown:
        for check, finding in examination:
            shown.update(f"after {check.title}")
            found.append((check, finding))
    return found


def _print_json(found: "list[tuple[Check, Finding]]") -> None:
    checks = [{"id": check.id, "title": check.title} | asdict(each) for check, each in found]
    fine = all(each.state != "failed" for _, each in found)
    typer.echo(json.dumps({"ok": fine, "checks": checks}, indent=2))


def _print(found: "list[tuple[Check, Finding]]") -> None:
    """Print a table on a terminal, and lines that can be searched elsewhere."""
    console = Console()
    if not console.is_terminal:
        for check, finding in found:
            typer.echo(f"{finding.state:<8} {check.id:<14} {finding.found}")
            if finding.remedy:
                typer.echo(f"{'':<23} → {finding.remedy}")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name in ("state", "check"):
        table.add_column(name, no_wrap=True)
    table.add_column("found", overflow="fold")
    for check, finding in found:
        # As text: square brackets are no markup.
        what = Text(finding.found)
        if finding.remedy:
            what.append(f"\n→ {finding.remedy}", style="bold")
        table.add_row(Text(finding.state, style=_STYLES[finding.state]), check.id, what)
    console.print(table)
