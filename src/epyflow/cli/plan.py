"""``epyflow plan``: the tasks of a run before it is started, and its estimated cost."""

from collections.abc import Mapping
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
from epyflow.cli.output import EscapedTable, ExitCode, console, exit_on_error, print_json
from epyflow.experiment.experiment import Experiment
from epyflow.inputs import fan_out
from epyflow.operations.cost.run_estimate import estimate_cost
from epyflow.operations.durations import format_duration
from epyflow.run import sources
from epyflow.run.calendar import describe_dates
from epyflow.run.settings import Settings
from epyflow.suggest import counted


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

    Of a replay, they are those of all its reference dates together.

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
    with exit_on_error(ExitCode.PROBLEM):
        runs = _runs(found, settings)
    document = _document(found, runs)
    if cost:
        document["cost"] = estimate_cost(list(runs.values()), prices, profile, region, spot)
    if format == "json":
        print_json(document)
        return
    _print(found, runs, document)
    if cost:
        print_estimate(document["cost"])


Runs = Mapping[str, tuple[Experiment, fan_out.Plan]]
"""The reference date in a replay, or "", to its experiment and plan."""


def _runs(found: Experiment, settings: Settings) -> Runs:
    store = settings.sources(remote=False).store
    dates = map(str, sorted(settings.reference_dates)) if settings.reference_dates else ("",)
    each = sources.runs_of(found, settings, store).values()
    plans = [(run, fan_out.plan(run, settings.members_per_task)) for run in each]
    return dict(zip(dates, plans, strict=True))


def _document(experiment: Experiment, runs: Runs) -> dict[str, Any]:
    plans = [planned for _, planned in runs.values()]
    first, replayed = plans[0], [date for date in runs if date]
    dates = describe_dates(experiment, is_replay=bool(replayed))
    return {
        "experiment": experiment.files.exp_id,
        "strategy": first.strategy,
        "populations": [place.name for place in first.populations],
        "tasks": sum(each.task_count for each in plans),
        "members": sum(each.member_count for each in plans),
        "members_per_task": first.members_per_task,
        "simulations": sum(each.simulation_count for each in plans),
        "simulations_are_a_lower_bound": first.strategy != "simulate",
        "cpu_seconds_estimate": round(sum(each.cpu_seconds for each in plans), 1),
        **({"reference_dates": replayed} if replayed else {}),
        **({"dates": dates} if dates else {}),
    }


def _print(experiment: Experiment, runs: Runs, document: Mapping[str, Any]) -> None:
    out = console()
    plans = [planned for _, planned in runs.values()]
    first = plans[0]
    table = EscapedTable(title=f"{document['experiment']}: {first.strategy}", title_justify="left")
    for column in ("population", "location"):
        table.add_column(column)
    for column in ("tasks", "members", "simulations"):
        table.add_column(column, justify="right")
    for place in first.populations:
        members = [each.members_per_population for each in plans]
        tasks = sum(each.tasks_per_population for each in plans)
        simulations = sum(
            each.members_per_population * each.simulations_per_member for each in plans
        )
        table.add_row(
            place.label,
            place.iso or "-",
            f"{tasks:,}",
            f"{sum(members):,}",
            f"{simulations:,}",
        )
    table.add_section()
    total = (document[key] for key in ("tasks", "members", "simulations"))
    table.add_row("total", "", *(f"{number:,}" for number in total))
    out.print(table)
    replayed = document.get("reference_dates", ())
    lines = [f"{key}: {day} ({written})" for key, (written, day) in experiment.dates.items()]
    if replayed:
        lines = [f"For {counted(len(replayed), 'reference date')}: {', '.join(replayed)}"]
    about = "At least" if first.strategy != "simulate" else "About"
    lines.append(
        f"{about} {format_duration(sum(each.cpu_seconds for each in plans))} of one core with the "
        f"reference engine, {format_duration(first.seconds_per_simulation)} a simulation; up to "
        f"{counted(first.members_per_task, 'member')} in a task."
    )
    for line in lines:
        out.print(line, soft_wrap=True, highlight=False)
