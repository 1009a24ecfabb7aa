"""``epyflow plan``: the tasks of a run before it is started, and its estimated cost."""

from typing import Annotated, Any

import typer
from rich.console import Console

from epyflow.cli.cost_estimate import print_estimate
from epyflow.cli.experiment_check import (
    experiment_options,
    inspect_experiment,
    print_problems,
    problem_document,
)
from epyflow.cli.options import (
    AllowedDataRoots,
    ConfigFiles,
    ConfigValues,
    ExperimentName,
    OutputConfig,
    PopulationData,
    PriceFile,
    ProfileFile,
    Region,
    Root,
    Spot,
    TextFormat,
)
from epyflow.cli.output import EscapedTable, ExitCode, console, count, print_json
from epyflow.experiment.experiment import Experiment
from epyflow.inputs import fan_out
from epyflow.operations.cost.run_estimate import estimate_cost
from epyflow.operations.durations import format_duration
from epyflow.run.calendar import describe_dates


def plan(
    experiment: ExperimentName,
    format: TextFormat = "text",
    root: Root = None,
    output_config: OutputConfig = None,
    population_data: PopulationData = None,
    allowed_data_root: AllowedDataRoots = None,
    members_per_task: Annotated[
        int | None, typer.Option(min=1, help="Parameter sets per task. Default: by estimate.")
    ] = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Also estimate the cost of the run on Google Batch.")
    ] = False,
    prices: PriceFile = None,
    profile: ProfileFile = None,
    region: Region = None,
    spot: Spot = None,
) -> None:
    """Show the tasks and simulations of a run, from the YAML alone. Nothing is simulated.

    Warnings of the experiment's checks are printed on standard error.

    Exit code 0: planned. 1: the experiment is invalid; with --cost, also where a price or the
    profile is wrong. 2: it cannot be read.
    """
    options = experiment_options(root, output_config, population_data, allowed_data_root)
    options["members_per_task"] = members_per_task
    found, problems, settings = inspect_experiment(experiment, configfile, config, options, format)
    if found is not None or format == "text":
        print_problems(problems, Console(stderr=True))
    if found is None:
        if format == "json":
            print_json(problem_document(problems, valid=False))
        raise typer.Exit(ExitCode.PROBLEM)
    planned = fan_out.plan(found, settings.members_per_task)
    document = _document(found, planned)
    if cost:
        document["cost"] = estimate_cost(found, planned, prices, profile, region, spot)
    if format == "json":
        print_json(document)
        return
    _print(found, planned)
    if cost:
        print_estimate(document["cost"])


def _document(experiment: Experiment, planned: fan_out.Plan) -> dict[str, Any]:
    return {
        "experiment": experiment.files.exp_id,
        "strategy": planned.strategy,
        "populations": [place.name for place in planned.populations],
        "tasks": planned.task_count,
        "members": planned.member_count,
        "members_per_task": planned.members_per_task,
        "simulations": planned.simulation_count,
        "simulations_are_a_lower_bound": planned.strategy != "simulate",
        "cpu_seconds_estimate": round(planned.cpu_seconds, 1),
    } | ({"dates": dates} if (dates := describe_dates(experiment)) else {})


def _print(experiment: Experiment, planned: fan_out.Plan) -> None:
    out = console()
    table = EscapedTable(
        title=f"{experiment.files.exp_id}: {planned.strategy}", title_justify="left"
    )
    for column in ("population", "location"):
        table.add_column(column)
    for column in ("tasks", "members", "simulations"):
        table.add_column(column, justify="right")
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
    out.print(table)
    for key, (written, day) in experiment.dates.items():
        out.print(f"{key}: {day} ({written})", soft_wrap=True, highlight=False)
    about = "At least" if planned.strategy != "simulate" else "About"
    out.print(
        f"{about} {format_duration(planned.cpu_seconds)} of one core with the reference "
        f"engine, {format_duration(planned.seconds_per_simulation)} a simulation; up to "
        f"{count(planned.members_per_task, 'member')} in a task.",
        soft_wrap=True,
        highlight=False,
    )
