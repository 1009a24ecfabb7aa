"""``epyflow doctor``: check what a run needs before it is started."""

import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from epyflow.cli.config import warn_of_variables
from epyflow.cli.options import ConfigFiles, ConfigValues, Format, NamedExperiment
from epyflow.cli.output import ExitCode, console, fail, plain_table, print_json, say
from epyflow.errors import EpyflowError
from epyflow.google.site import FILE_VARIABLE
from epyflow.google.site_file import configured_site
from epyflow.operations.doctor.check import Check, CheckResult
from epyflow.operations.doctor.checks import LOCAL, chosen, cloud_checks, slurm_checks
from epyflow.operations.doctor.context import Context
from epyflow.operations.doctor.examination import Examination
from epyflow.operations.slurm.site import slurm_site_path

_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


def doctor(
    experiment: NamedExperiment = None,
    cloud: Annotated[
        bool | None,
        typer.Option(
            "--cloud/--no-cloud",
            help="Also check Google Cloud. Default: if profiles/gcp names a project.",
        ),
    ] = None,
    slurm: Annotated[
        bool | None,
        typer.Option(
            "--slurm/--no-slurm",
            help="Also check Slurm. Default: if there is profiles/slurm/site.yaml.",
        ),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help="Only this check and those it depends on; may be given repeatedly.",
        ),
    ] = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    profile: Annotated[Path, typer.Option(help="The profile for runs on Google Batch.")] = Path(
        "profiles/gcp/config.yaml"
    ),
    format: Format = "table",
) -> None:
    """Check what a run needs on this machine, on Google Cloud and on Slurm, and print what to do.

    Nothing is changed, except that a small file is written to the bucket and deleted again. If
    your login lacks the permission for a check, the result is a warning.

    Exit code 0: nothing failed; there may be warnings. 1: a check failed. 2: nothing can be
    checked.
    """
    try:
        asked = _is_configured() if cloud is None else cloud
        of_slurm = (
            slurm_checks() if (slurm_site_path().is_file() if slurm is None else slurm) else ()
        )
        checks = chosen((*LOCAL, *(cloud_checks() if asked else ()), *of_slurm), check or ())
    except (EpyflowError, ImportError) as error:
        hint = "; run make setup" if isinstance(error, ImportError) else ""
        fail(f"{error}{hint}", ExitCode.UNREADABLE)
    warn_of_variables()
    context = Context(
        tuple(configfile or ()), tuple(config or ()), profile, asked, experiment=experiment
    )
    found = _run_checks(Examination(checks, context))
    if format == "json":
        _print_json(found)
    else:
        _print(found)
    states = Counter[str](finding.state for _, finding in found)
    say(", ".join(f"{states[each]} {each}" for each in _STYLES if states[each]), err=True)
    raise typer.Exit(ExitCode.PROBLEM if states["failed"] else ExitCode.OK)


def _is_configured() -> bool:
    """Whether anything names a project in the cloud, rightly or wrongly."""
    try:
        return bool(configured_site() or os.environ.get(FILE_VARIABLE))
    except EpyflowError:
        return True  # There is a file; its own check reports what is wrong with it.


def _run_checks(examination: Examination) -> list[tuple[Check, CheckResult]]:
    """Run the checks; on a terminal, show which one has ended last."""
    progress = Console(stderr=True)
    if not progress.is_terminal:
        return list(examination)
    found = []
    with progress.status("checking") as shown:
        for check, finding in examination:
            shown.update(f"after {check.title}")
            found.append((check, finding))
    return found


def _print_json(found: list[tuple[Check, CheckResult]]) -> None:
    checks = [{"id": check.id, "title": check.title} | asdict(each) for check, each in found]
    fine = all(each.state != "failed" for _, each in found)
    print_json({"ok": fine, "checks": checks})


def _print(found: list[tuple[Check, CheckResult]]) -> None:
    """Print a table on a terminal, and elsewhere lines for ``grep``."""
    out = console()
    if not out.is_terminal:
        for check, finding in found:
            say(f"{finding.state:<8} {check.id:<14} {finding.found}")
            if finding.remedy:
                say(f"{'':<23} → {finding.remedy}")
        return
    table = plain_table({"state": "word", "check": "word", "found": "text"})
    for check, finding in found:
        # As text: square brackets are no markup.
        what = Text(finding.found)
        if finding.remedy:
            what.append(f"\n→ {finding.remedy}", style="bold")
        table.add_row(Text(finding.state, style=_STYLES[finding.state]), check.id, what)
    out.print(table)
