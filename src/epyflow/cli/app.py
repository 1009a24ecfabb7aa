"""The command ``epyflow``: each subcommand is imported when it is called."""

import gc
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from epyflow import __version__
from epyflow.cli.options import spread_settings
from epyflow.cli.output import EXIT_CODES, ExitCode, say, unreadable_name, warn
from epyflow.errors import EpyflowError

COMMANDS = {
    "init": "Write config/config.yaml, and site.yaml in profiles/gcp or profiles/slurm.",
    "new": "Write an experiment to start from: a commented model whose numbers have sources.",
    "doctor": "Check what a run needs on this machine, on Google Cloud and on Slurm.",
    "run": "Run an experiment, and print the snakemake command that does it.",
    "week": "Run this week's forecast, and commit it on a branch of a local clone of the hub.",
    "report": "Write the report of a finished run, and print the snakemake command that does it.",
    "validate": "Check an experiment and report every problem with file, line and key.",
    "plan": "Show the tasks and simulations of a run, from the YAML alone.",
    "submit": "Start a run whose coordinator is a job of Google Batch.",
    "runs": "List runs, newest first, with their tasks done, failed and missing.",
    "status": "Show the progress of a run, its coordinator, and what failed.",
    "logs": "Show the logs of a run's jobs.",
    "fetch": "Copy files of a run to a local folder.",
    "compare": "Compare two runs: the second minus the first, in tables and figures.",
    "unpack": "Extract the experiment that is kept beside the results of a run.",
    "cost": "Show the cost of a finished run, by stage and by location.",
    "cancel": "End a run: its coordinator first, then its jobs.",
    "clean": "Remove finished Batch jobs, artifacts of tasks that are no longer planned, and "
    "leftovers.",
    "warm": "Compile the engine: in an image that is being built, or before the first run.",
    "schema": "Write the JSON schema of the experiment format, for editors.",
    "cloud": "Prepare runs on Google Batch.",
    "config": "Show, check and change the settings of a run.",
    "data": "Fetch observations and keep them as dated vintages.",
    "hub": "Check and make files for forecast hubs.",
}
"""Each command with the beginning of its help. Its module in this folder and the function or the
group in it have its name."""


def load_command(name: str) -> Any:
    """Import a command.

    Raises
    ------
    EpyflowError
        If a library is missing that only runs in the cloud need.
    """
    try:
        command = getattr(import_module(f"epyflow.cli.{name}"), name)
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("google"):
            raise
        raise EpyflowError(
            f"{name} needs {error.name}, which is not installed: run make setup"
        ) from None
    if isinstance(command, typer.Typer):
        return get_command(command)
    alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    alone.command(name)(command)
    return get_command(alone)


class _Commands(TyperGroup):
    """The commands by name: their help is known, and they are imported when they are called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=text) for name, text in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_command(str(name)), spread_settings(rest)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TyperException as error:
            import_module("epyflow.cli.usage_errors").explain(error)
            raise


app = typer.Typer(
    cls=_Commands,
    help="Check, plan and run epidemic modelling experiments; follow their runs.",
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(is_given: bool) -> None:
    if is_given:
        say(f"epyflow {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Print the version, or call a command."""


def main() -> None:
    """Run the command; a user's mistake ends in one message without a traceback."""
    gc.set_threshold(20_000)  # Searches for garbage took a tenth of a short command's time.
    try:
        app()
    except EpyflowError as error:
        warn(f"epyflow: {error}")
        sys.exit(ExitCode.PROBLEM)
    except OSError as error:
        named = unreadable_name(error)
        if named is error:
            raise
        warn(f"epyflow: {named}")
        sys.exit(ExitCode.UNREADABLE)
