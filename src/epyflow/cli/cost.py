"""What runs cost: ``epyflow plan --cost`` before one, ``epyflow cost`` after it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from epyflow.errors import EpyflowError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.output import HUB_FORMATS
from epyflow.inputs.fan_out import Plan
from epyflow.operations.cost import estimate
from epyflow.operations.cost.cost_file import region_of_site
from epyflow.operations.cost.job_costs import LOCAL, JobCost, from_csv, priced
from epyflow.operations.cost.prices import Prices, read_prices
from epyflow.operations.cost.profile import FILE, Profile, read_profile
from epyflow.operations.cost.summary import Sum, by_location, by_stage, total
from epyflow.run.layout import COST, RESULTS, RunLayout
from epyflow.storage.disk import BUCKET_SCHEMES, Storage, storage_at

UNREADABLE = 2

_WIDE = 120
"""Columns of a table that is not printed on a terminal."""

PricesFile = Annotated[
    Path | None, typer.Option("--prices", help="A price table of your own. Default: epyflow's.")
]
ProfileFile = Annotated[
    Path | None, typer.Option("--profile", help=f"Whose machines are paid. Default: {FILE}.")
]
Region = Annotated[
    str | None, typer.Option(help="Of the machines. Default: that of your site, or us-central1.")
]
Spot = Annotated[
    bool | None, typer.Option("--spot/--standard", help="Default: as the profile says.")
]


def estimated(
    experiment: Experiment,
    planned: Plan,
    prices: Path | None,
    profile: Path | None,
    region: str | None,
    spot: bool | None,
) -> dict[str, Any]:
    """Estimate what a planned run costs, as a document.

    Raises
    ------
    EpyflowError
        If the price table or the profile cannot be read, or a price is not known.
    """
    from epyflow.run.table_requests import table_specs

    table, given = read_prices(prices), _with_spot(read_profile(profile or FILE), spot)
    place = region or region_of_site()
    calibration = experiment.modelset.calibration if experiment.modelset else None
    tables = len(table_specs(experiment))
    submissions = sum(getattr(experiment.output, name) is not None for name in HUB_FORMATS)
    works = estimate.work(planned, calibration, tables, submissions, given)
    stages = estimate.estimate(works, given, table, place)
    return {
        "currency": "USD",
        "price_date": str(table.date),
        "region": place,
        "stages": [_stage_document(stage) for stage in stages],
        "usd": list(estimate.total_usd(stages)),
        "assumptions": estimate.assumptions(planned, calibration, table),
    }


def _stage_document(stage: estimate.StageEstimate) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "rule": stage.rule,
        "jobs": [int(number) for number in stage.jobs],
        "machine_type": stage.machine_type,
        "spot": stage.spot,
        "seconds_per_job": [round(value, 1) for value in stage.seconds],
        "elapsed_seconds": [round(value, 1) for value in stage.elapsed],
        "usd": list(stage.usd),
    }


def _with_spot(profile: Profile, spot: bool | None) -> Profile:
    if spot is None:
        return profile
    return replace(profile, spot=frozenset(profile.rules if spot else ()))


def print_estimate(document: dict[str, Any]) -> None:
    """Print an estimate as a table by stage, and what it rests on."""
    console = _console()
    table = _table(f"Estimated cost in {document['region']}, US dollars")
    for column in ("stage", "machines", "jobs", "time of a job", "US dollars"):
        right = column not in ("stage", "machines")
        table.add_column(column, justify="right" if right else "left", no_wrap=right)
    stages: dict[str, list[dict[str, Any]]] = {}
    for rule in document["stages"]:
        stages.setdefault(rule["stage"], []).append(rule)
    for name, rules in stages.items():
        machines = {rule["machine_type"] + (", spot" if rule["spot"] else "") for rule in rules}
        jobs, usd = (_sums(rules, key) for key in ("jobs", "usd"))
        times = [rule["seconds_per_job"] for rule in rules]
        longest = [min(low for low, _ in times), max(high for _, high in times)]
        table.add_row(
            name,
            "; ".join(sorted(machines)),
            _span([f"{number:,}" for number in jobs]),
            _span([_time(value) for value in longest]),
            _span([_usd(value) for value in usd]),
        )
    table.add_section()
    table.add_row("total", "", "", "", _span([_usd(value) for value in document["usd"]]))
    console.print(table)
    for line in document["assumptions"]:
        console.print(f"- {line}", soft_wrap=True, highlight=False)


def _sums(rules: list[dict[str, Any]], key: str) -> list[Any]:
    return [sum(rule[key][end] for rule in rules) for end in (0, 1)]


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)


def cost(
    run: Annotated[
        str,
        typer.Argument(
            help="The run's folder, results/<exp_id>/<run_id>, on disk or in a bucket (gs://...); "
            "or the experiment's id."
        ),
    ],
    run_id: Annotated[str, typer.Option(help="Name of the experiment's run.")] = "main",
    prices: PricesFile = None,
    profile: ProfileFile = None,
    region: Region = None,
    spot: Spot = None,
    format: Annotated[Literal["table", "json"], typer.Option(help="How it is printed.")] = "table",
) -> None:
    """Say what a finished run has cost, by stage and by location, from its run times.

    With --prices, --profile, --region, --spot or --standard: what the same run times cost with
    those.

    Exit code 0: printed. 1: a price or the profile is not right, or nothing was measured. 2: there
    is no such run, or it cannot be read.
    """
    try:
        storage, path = _find(run, run_id)
        data = storage.read(path)
        if data is None:
            raise EpyflowError(
                f"{path} is not there; expected a finished run's folder, results/<exp_id>/<run_id>."
                " A run that has none is given one by running snakemake again"
            )
        jobs = from_csv(data, path)
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None
    table = read_prices(prices)
    if any(option is not None for option in (prices, profile, region, spot)):
        jobs = _priced_anew(jobs, table, read_profile(profile or FILE), region, spot)
    if not jobs:
        raise EpyflowError(
            f"{path} has no rows: no job was measured, or no price was known; see the log "
            "write_run_cost.log of the run"
        )
    document = _cost_document(jobs, table)
    if format == "json":
        typer.echo(json.dumps(document, indent=2))
    else:
        _print_cost(document, _console())


def _find(run: str, run_id: str) -> tuple[Storage, str]:
    """Return where the table of a run's cost is."""
    if run.startswith(BUCKET_SCHEMES):
        prefix, found, rest = run.rstrip("/").partition(f"/{RESULTS}/")
        if not found:
            raise EpyflowError(f"{run}: expected gs://<bucket>/<prefix>/results/<exp_id>/<run_id>")
        return storage_at(prefix), f"{RESULTS}/{rest}/{COST}"
    folder = Path(run)
    if not folder.is_dir():
        folder = Path(RunLayout(run, run_id).results)
    return storage_at(None), str(folder / COST)


def _priced_anew(
    jobs: list[JobCost], prices: Prices, profile: Profile, region: str | None, spot: bool | None
) -> list[JobCost]:
    given = _with_spot(profile, spot)
    known = [job for job in jobs if job.rule in given.rules]
    changed = [
        replace(
            job,
            machine_type=given.shape(job.rule, job.attempt or 1).machine_type,
            spot=job.rule in given.spot,
            region=region or job.region,
        )
        for job in known
    ]
    return priced(changed, given, prices)


def _cost_document(jobs: list[JobCost], prices: Prices) -> dict[str, Any]:
    everything = total(jobs)
    return {
        "currency": "USD",
        "price_date": jobs[0].price_date,
        "region": jobs[0].region,
        "ran_on": jobs[0].ran_on,
        "machine_types": sorted({job.machine_type for job in jobs}),
        "spot": sorted({job.rule for job in jobs if job.spot}),
        "stages": [_sum_document(each, prices) for each in by_stage(jobs)],
        "locations": [_sum_document(each, prices) for each in by_location(jobs)],
        "total": _sum_document(everything, prices),
    }


def _sum_document(each: Sum, prices: Prices) -> dict[str, Any]:
    return {
        "name": each.name,
        "jobs": each.jobs,
        "unmeasured_jobs": each.unmeasured,
        "seconds": round(each.seconds, 2),
        "usd_run": each.usd_run,
        "usd_start_up": each.usd_start_up,
        "usd": each.usd,
        "usd_range": list(each.usd_range(prices)),
    }


def _print_cost(document: dict[str, Any], console: Console) -> None:
    table = _table(f"Cost in {document['region']}, US dollars, prices of {document['price_date']}")
    table.add_column("", no_wrap=True)
    for column in ("jobs", "run time", "for run time", "for starts", "in all", "range"):
        table.add_column(column, justify="right")
    for name in ("stages", "locations"):
        for each in document[name]:
            table.add_row(*_cells(each))
        table.add_section()
    table.add_row(*_cells(document["total"]))
    console.print(table)
    machines = ", ".join(document["machine_types"])
    if document["ran_on"] == LOCAL:
        said = f"This run was made on one machine and cost none of it: {machines} would have cost "
        said += "this, had they taken the same time."
    else:
        said = f"Reckoned from run times on {machines}; a bill may differ."
    console.print(said, soft_wrap=True, highlight=False)
    console.print("Failed attempts, the bucket and the logs are not in it.", soft_wrap=True)
    if document["total"]["unmeasured_jobs"]:
        lost = document["total"]["unmeasured_jobs"]
        console.print(f"{lost} jobs have no run time: the true cost is higher.", soft_wrap=True)


def _cells(each: dict[str, Any]) -> list[str]:
    return [
        each["name"],
        f"{each['jobs']:,}",
        _time(each["seconds"]),
        _usd(each["usd_run"]),
        _usd(each["usd_start_up"]),
        _usd(each["usd"]),
        _span([_usd(value) for value in each["usd_range"]]),
    ]


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left")


def _span(values: list[str]) -> str:
    return values[0] if values[0] == values[1] else f"{values[0]}-{values[1]}"


def _usd(value: float) -> str:
    """Write dollars: to the cent, or to two digits below one."""
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.2g}"


def _time(seconds: float) -> str:
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:,.1f} h"
