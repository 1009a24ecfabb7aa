"""The ``epyflow`` command: check and plan an experiment before it is run."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from epyflow import __version__, engine
from epyflow.cli import (
    cancel,
    clean,
    cloud,
    config,
    doctor,
    fetch,
    hub,
    init,
    logs,
    runs,
    status,
    submit,
)
from epyflow.cli import cost as cli_cost
from epyflow.errors import EpyflowError, PopulationError, UnreadableError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.json_schema import export
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.location import locate
from epyflow.experiment.reading.problems import Problem
from epyflow.files import write_bytes_atomically
from epyflow.inputs.fan_out import Plan, plan
from epyflow.population.store import PopulationStore
from epyflow.repositories.address import is_address
from epyflow.run.settings import POPULATION_FOLDERS, given_or_found
from epyflow.run.sources import check_inside, local_folder

app = typer.Typer(
    help="Check, plan and describe epidemic modelling experiments. Runs are made with snakemake.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

app.add_typer(cloud.cloud, name="cloud")
app.add_typer(config.config, name="config")
app.add_typer(hub.hub, name="hub")
app.command()(cli_cost.cost)
app.command()(doctor.doctor)
app.command()(init.init)
app.command()(runs.runs)
app.command()(fetch.fetch)
app.command()(logs.logs)
app.command()(status.status)
app.command()(cancel.cancel)
app.command()(clean.clean)
app.command()(submit.submit)

INVALID, UNREADABLE = 1, 2

Experiments = Annotated[
    Path, typer.Argument(help="The experiment's folder, its config/ folder, or one of its files.")
]
Root = Annotated[
    str | None,
    typer.Option(
        "--root",
        help="Folder that holds experiments/ and common-data/, or a repository, "
        "git+https://host/owner/repo@ref. "
        "Default: the one above the experiments/ folder on the path.",
    ),
]
Output = Annotated[
    str | None, typer.Option("--output-config", help="Which output file, where there are several.")
]
Populations = Annotated[
    Path | None,
    typer.Option(
        "--population-data",
        help="Folder of populations, whose names are accepted. "
        "Default: data/populations or common-data/populations under the root, if there is one.",
    ),
]
Allowed = Annotated[
    list[Path] | None,
    typer.Option("--allowed-data-root", help="Other folders that paths in YAML may lead into."),
]
Format = Annotated[Literal["text", "json"], typer.Option(help="How the answer is printed.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"epyflow {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Check, plan and describe epidemic modelling experiments. Runs are made with snakemake."""


@app.command()
def validate(
    path: Experiments,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    format: Format = "text",
    root: Root = None,
    output_config: Output = None,
    population_data: Populations = None,
    allowed_data_root: Allowed = None,
) -> None:
    """Check an experiment and report every problem with file, line and key.

    Exit code 0: valid. 1: invalid (with --strict, also when there are warnings). 2: it cannot be
    read.
    """
    allowed = tuple(allowed_data_root or ())
    _, problems = _inspect(path, root, output_config, population_data, allowed, format)
    errors = [problem for problem in problems if problem.severity == "error"]
    invalid = bool(errors or (strict and problems))
    if format == "json":
        _print_json({"valid": not invalid, "problems": [p.as_dict() for p in problems]})
    else:
        _print_problems(problems, Console())
        typer.echo(_verdict(path, len(errors), len(problems) - len(errors), invalid))
    raise typer.Exit(INVALID if invalid else 0)


def _verdict(path: Path, errors: int, warnings: int, invalid: bool) -> str:
    counts = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    return f"{path}: {'invalid' if invalid else 'valid'} ({counts})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _print_json(document: dict[str, object]) -> None:
    typer.echo(json.dumps(document, indent=2))


def _print_problems(problems: list[Problem], console: Console) -> None:
    """Print one line each; in colour on a terminal only."""
    for problem in problems:
        line = Text(str(problem))
        start = f"{problem.file}:{problem.line}:"
        style = "yellow" if problem.severity == "warning" else "red"
        line.stylize("bold", 0, len(start))
        line.stylize(style, len(start) + 1, len(start) + 1 + len(problem.key))
        console.print(line, soft_wrap=True)


def _inspect(
    path: Path,
    root: str | None,
    output: str | None,
    population_data: Path | None,
    allowed: tuple[Path, ...],
    format: str,
) -> tuple[Experiment | None, list[Problem]]:
    try:
        place = locate(path, local_folder(root), allowed)
        if root is not None and is_address(root):
            check_inside(place, root)
        given = None if population_data is None else str(population_data)
        folder = given_or_found(given, place.root, POPULATION_FOLDERS)
        store = None if folder is None else PopulationStore.open(folder, remote=False)
        return inspect(place, output, store.names() if store else ())
    except (UnreadableError, PopulationError) as error:
        if format == "json":
            _print_json({"valid": False, "unreadable": str(error)})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None


@app.command("plan")
def show_plan(
    path: Experiments,
    format: Format = "text",
    root: Root = None,
    output_config: Output = None,
    population_data: Populations = None,
    allowed_data_root: Allowed = None,
    members_per_task: Annotated[
        int | None, typer.Option(min=1, help="Parameter sets per task. Default: by estimate.")
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Also estimate what the run costs on Google Batch.")
    ] = False,
    prices: cli_cost.PricesFile = None,
    profile: cli_cost.ProfileFile = None,
    region: cli_cost.Region = None,
    spot: cli_cost.Spot = None,
) -> None:
    """Show what a run would consist of, from the YAML alone: nothing is simulated.

    Exit code 0: planned. 1: the experiment is invalid; with --cost, also where a price or the
    profile is not right. 2: it cannot be read.
    """
    allowed = tuple(allowed_data_root or ())
    experiment, problems = _inspect(path, root, output_config, population_data, allowed, format)
    if experiment is None:
        errors = [problem for problem in problems if problem.severity == "error"]
        if format == "json":
            _print_json({"valid": False, "problems": [problem.as_dict() for problem in errors]})
        else:
            _print_problems(errors, Console(stderr=True))
        raise typer.Exit(INVALID)
    planned = plan(experiment, members_per_task)
    document, chosen = _plan_document(experiment, planned), (prices, profile, region, spot)
    if cost:
        document["cost"] = cli_cost.estimated(experiment, planned, *chosen)
    if format == "json":
        _print_json(document)
        return
    _print_plan(experiment, planned)
    if cost:
        cli_cost.print_estimate(document["cost"])


def _plan_document(experiment: Experiment, planned: Plan) -> dict[str, Any]:
    return {
        "experiment": experiment.place.exp_id,
        "strategy": planned.strategy,
        "populations": [place.name for place in planned.populations],
        "tasks": planned.task_count,
        "members": planned.member_count,
        "members_per_task": planned.members_per_task,
        "simulations": planned.simulation_count,
        "simulations_are_a_lower_bound": planned.strategy != "simulate",
        "cpu_seconds_estimate": round(planned.cpu_seconds, 1),
    }


def _print_plan(experiment: Experiment, planned: Plan) -> None:
    console = Console()
    table = Table(title=f"{experiment.place.exp_id}: {planned.strategy}", title_justify="left")
    for column in ("population", "location", "tasks", "members", "simulations"):
        table.add_column(
            column, justify="left" if column in ("population", "location") else "right"
        )
    for place in planned.populations:
        members = planned.members_per_population
        table.add_row(
            place.label,
            place.iso or "-",
            f"{planned.tasks_per_population:,}",
            f"{members:,}",
            f"{members * planned.simulations_per_member:,}",
        )
    table.add_section()
    total = (planned.task_count, planned.member_count, planned.simulation_count)
    table.add_row("total", "", *(f"{number:,}" for number in total))
    console.print(table)
    least = "at least " if planned.strategy != "simulate" else ""
    console.print(
        f"About {least}{_duration(planned.cpu_seconds)} of one core with the reference engine, "
        f"{_duration(planned.seconds_per_simulation)} a simulation; up to "
        f"{_count(planned.members_per_task, 'member')} in a task.",
        soft_wrap=True,
        highlight=False,
    )


def _duration(seconds: float) -> str:
    for limit, size, unit in ((1, 1e-3, "ms"), (120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:,.1f} h"


@app.command()
def schema(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("workflow/schemas"),
    check: Annotated[bool, typer.Option(help="Only say whether it is up to date.")] = False,
) -> None:
    """Write the JSON schema of the experiment format, for editors.

    Exit code 0: written, or up to date. 1: with --check, out of date. 2: it cannot be written.
    """
    path = folder / "experiment.schema.json"
    text = export()
    try:
        if check:
            current = path.is_file() and path.read_text(encoding="utf-8") == text
            typer.echo(
                f"{path} is {'up to date' if current else 'out of date: run epyflow schema'}"
            )
            raise typer.Exit(0 if current else INVALID)
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes_atomically(path, text.encode())
    except OSError as error:
        typer.echo(f"{path}: cannot be written or read: {error.strerror}", err=True)
        raise typer.Exit(UNREADABLE) from None
    typer.echo(f"wrote {path}")


@app.command("warm")
def warm_engine() -> None:
    """Compile the engine now: in an image that is being built, or before the first run."""
    typer.echo(f"The engine is compiled, in {engine.warm(typer.echo)}")


def main() -> None:
    """Run the command; a mistake of the user's ends in one message, not in a traceback."""
    try:
        app()
    except EpyflowError as error:
        typer.echo(f"epyflow: {error}", err=True)
        sys.exit(INVALID)
