"""``epyflow run``: run an experiment with Snakemake, and ``epyflow report``, its report."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from epyflow.cli.config import warn_of_variables
from epyflow.cli.options import ConfigFiles, ConfigValues, NamedExperiment, Root
from epyflow.cli.output import ExitCode, exit_on_error, say
from epyflow.errors import EpyflowError
from epyflow.operations.runs.result_files import describe_results
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.operations.start.snakemake_command import (
    PARTIAL_RUN,
    WITHOUT_RUN,
    SnakemakeCommand,
    Start,
    run_commands,
    write_command,
)
from epyflow.repositories.address import is_address
from epyflow.run.layout import RunLayout
from epyflow.run.plan import read_plan_file
from epyflow.run.settings import Settings
from epyflow.storage.disk import Storage

GCP = "gcp"
"""The profile of ``--cloud``."""
_SUFFIXES = (".html", ".zip")


def _check_cores(given: str | None) -> str | None:
    if given is None or given == "all" or re.fullmatch("[1-9][0-9]{0,5}", given):
        return given
    raise typer.BadParameter(f"'{given}'; expected a whole number, 1 or more, or all")


Cores = Annotated[
    str | None,
    typer.Option(
        "--cores",
        "-c",
        callback=_check_cores,
        help="Cores of this machine: a number, or `all`. Default: the profile's, or all.",
    ),
]
Cloud = Annotated[bool, typer.Option("--cloud", help="Run on Google Batch: `profiles/gcp`.")]
Slurm = Annotated[bool, typer.Option("--slurm", help="Run on a Slurm cluster: `profiles/slurm`.")]
Profile = Annotated[
    str | None,
    typer.Option(help="A profile: a name in `profiles/`, or a folder. Default: `local`."),
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[-- ARGUMENTS]",
        help="After `--`: options and targets for snakemake, such as `-- --dry-run`.",
    ),
]


def run(
    experiment: NamedExperiment = None,
    arguments: Arguments = None,
    cores: Cores = None,
    cloud: Cloud = False,
    slurm: Slurm = False,
    profile: Profile = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a report at the end of the run: a .html or .zip file."),
    ] = None,
    root: Root = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
) -> None:
    """Run an experiment, and print the snakemake command that does it.

    Repeat the command to resume a run that was interrupted; only what is missing or changed runs.
    The last lines name the tables, the submission with its verdict, the scores, the warnings of the
    report's first page, and the report.

    Exit code 0: the run succeeded. 1: it failed, or a setting is wrong. 2: the experiment or a file
    of settings cannot be read. 128 + n: signal n ended it. Other codes are those of
    Snakemake.
    """
    with exit_on_error(ExitCode.PROBLEM):
        start, settings = _start(
            (experiment, root, configfile, config), (cores, cloud, slurm, profile), arguments or ()
        )
    ended = run_and_report(start, report, RunLayout(settings.experiment, settings.run_id))
    if ended.is_over:
        with exit_on_error(ExitCode.PROBLEM):
            print_results(settings, ended.report)
    raise typer.Exit(ended.code)


def report(
    experiment: NamedExperiment = None,
    arguments: Arguments = None,
    report: Annotated[
        Path, typer.Option(help="The file to write: .html, or .zip for large runs.")
    ] = Path("report.html"),
    cloud: Cloud = False,
    slurm: Slurm = False,
    profile: Profile = None,
    root: Root = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
) -> None:
    """Write the report of a finished run, and print the snakemake command that does it.

    Exit code 0: written. 1: results are missing, or a setting is wrong. 2: the experiment or a file
    of settings cannot be read.
    """
    with exit_on_error(ExitCode.PROBLEM):
        start, _ = _start(
            (experiment, root, configfile, config), (None, cloud, slurm, profile), arguments or ()
        )
        command = report_command(start, report)
    raise typer.Exit(_run(command))


def _start(
    experiment: tuple[str | None, str | None, list[Path] | None, list[str] | None],
    machine: tuple[str | None, bool, bool, str | None],
    arguments: Sequence[str],
) -> tuple[Start, Settings]:
    """Read the options that say what runs, and where, and the settings of the run."""
    named, root, files, given = experiment
    if named is not None and named.startswith("-"):
        arguments, named = [named, *arguments], None  # The first one after `--`.
    cores, cloud, slurm, profile = machine
    warn_of_variables()
    found = name_experiment(named, files or (), given or (), {"experiments_root": root})
    chosen = choose_profile(cloud, slurm, profile)
    fetches = is_address(found.settings.experiments_root)
    return Start(chosen, cores, found.files, found.arguments, arguments, fetches), found.settings


def choose_profile(cloud: bool, slurm: bool, profile: str | None) -> str | None:
    """Return the profile that the options name; None without one.

    Raises
    ------
    EpyflowError
        If they name two.
    """
    profiles = [name for name, asked in ((GCP, cloud), ("slurm", slurm)) if asked]
    profiles += [] if profile is None else [profile]
    if len(profiles) > 1:
        raise EpyflowError("expected one of --cloud, --slurm and --profile")
    return profiles[0] if profiles else None


def report_command(start: Start, file: Path) -> SnakemakeCommand:
    """Write the command that writes the report of a run.

    Raises
    ------
    EpyflowError
        If the file cannot be written, or the arguments leave out jobs.
    """
    given = {each.partition("=")[0] for each in start.arguments}
    for partial in sorted(PARTIAL_RUN & given):
        raise EpyflowError(
            f"{partial} after `--`: the report needs all files of the run; leave out {partial}, or "
            "the report"
        )
    if file.suffix not in _SUFFIXES:
        raise EpyflowError(f"--report {file}: expected a name that ends in .html or .zip")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise EpyflowError(f"--report {file}: there is no folder {folder}")
    if file.is_dir() or not os.access(folder, os.W_OK):
        raise EpyflowError(f"--report {file}: cannot be written; expected the name of a file")
    # Snakemake takes what begins with "-" for an option.
    name = f"./{file}" if str(file).startswith("-") else str(file)
    return write_command(start, "--report", name)


class Ended(NamedTuple):
    """How a run ended.

    Attributes
    ----------
    run, reported
        The exit codes of Snakemake for the run and for its report; 0 without a report.
    is_over
        Whether the run got to its end, with failed tasks or without.
    report
        The report; None if none was written.
    """

    run: int
    is_over: bool
    report: Path | None = None
    reported: int = 0

    @property
    def code(self) -> int:
        """The exit code of the run; of one that succeeded, that of its report."""
        return self.run or self.reported


def run_and_report(start: Start, report: Path | None, layout: RunLayout) -> Ended:
    """Run Snakemake, and write the report that is asked for, if the run got to its end.

    A run whose tasks failed has a report, too; one that was interrupted has none. Both commands are
    printed. A mistake in them ends the command before the run.

    Parameters
    ----------
    start
        The run; also one that runs no job, such as ``--dry-run``, which has no report.
    report
        The file to write; None for no report.
    layout
        The paths of the run.
    """
    runs = not WITHOUT_RUN & set(start.arguments)
    with exit_on_error(ExitCode.PROBLEM):
        first = write_command(start)
        second = report_command(start, report) if report is not None and runs else None
        before = _ends(layout)
    code = _run(first)
    is_over = runs and (code == 0 or (code == 1 and _ends(layout) != before))
    if second is None:
        return Ended(code, is_over)
    if not is_over:
        say(f"Report      {report} is not written: the run did not get to its end", err=True)
        return Ended(code, is_over)
    failed = _run(second)
    return Ended(code, is_over, None if failed else report, failed)


def _run(command: SnakemakeCommand) -> int:
    say(str(command), err=True)
    return run_commands([command])


def _ends(layout: RunLayout) -> dict[Path, int]:
    """Return the logs of the jobs that end a run, or a reference date, and their times."""
    logs = Path(layout.logs)
    found = (*logs.glob("finish_run.log"), *logs.glob("*/finish_run.log"))
    return {path: path.stat().st_mtime_ns for path in found}


def print_results(settings: Settings, report: Path | None, storage: Storage | None = None) -> None:
    """Print where the results and the report are, and the warnings of its first page.

    Parameters
    ----------
    settings
        Those of the run.
    report
        The report; None if none was written.
    storage
        Holds the results; None: this folder, and nothing is printed of results in a bucket.
    """
    lines = []
    if settings.plan_path.is_file():
        plan = read_plan_file(settings.plan_path.read_bytes())
        lines += describe_results(plan, storage)
    lines += [] if report is None else [("Report", str(report))]
    print_lines(lines)


def print_lines(lines: Sequence[tuple[str, str]]) -> None:
    """Print kinds of results and what is said of each."""
    for kind, said in lines:
        say(f"{kind:<12}{said}", err=True)
