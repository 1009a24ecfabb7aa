"""``epyflow cost``: the cost of a finished run."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from epyflow.cli.cost_estimate import WIDTH, cost_table, dollars, span
from epyflow.cli.options import Format, PriceFile, ProfileFile, Region, Spot
from epyflow.cli.output import console, exit_on_error, print_json, say
from epyflow.errors import EpyflowError
from epyflow.operations.cost.cost_file import region_of_site
from epyflow.operations.cost.job_costs import GOOGLE_BATCH, LOCAL, JobCost, from_csv, priced
from epyflow.operations.cost.prices import Prices, read_prices
from epyflow.operations.cost.profile import FILE, Profile, read_profile
from epyflow.operations.cost.run_estimate import with_spot
from epyflow.operations.cost.summary import Sum, by_location, by_stage, total
from epyflow.operations.durations import format_duration
from epyflow.operations.runs.run_lookup import find_run
from epyflow.run.layout import BUILDER, COST, OUTPUTS, RESULTS, RunLayout
from epyflow.run.run_id import LATEST
from epyflow.storage.disk import BUCKET_SCHEMES, Storage, storage_at
from epyflow.storage.stored_file import LARGEST_TEXT

_UNPRICED = "Google Batch chose the machines, or they have GPUs"


def cost(
    run: Annotated[
        str,
        typer.Argument(
            help="The run's folder, results/<exp_id>/<run_id>, on disk or in a bucket "
            "(gs://..., s3://...); or the experiment's id."
        ),
    ],
    run_id: Annotated[
        str, typer.Option(help="Name of the experiment's run, or `latest`.")
    ] = "main",
    prices: PriceFile = None,
    profile: ProfileFile = None,
    region: Region = None,
    spot: Spot = None,
    format: Format = "table",
) -> None:
    """Show the cost of a finished run, by stage and by location, from its run times.

    With --prices, --profile, --region, --spot or --standard: the cost that the same run times would
    have with those.

    A run on Slurm, AWS Batch or Kubernetes is not priced: only its run times are shown, unless one
    of these options is given.

    Exit code 0: shown. 1: a price or the profile is wrong, or nothing was measured. 2: there is no
    such run, or it cannot be read.
    """
    with exit_on_error():
        storage, path = _find(run, run_id)
        data = storage.read(path, LARGEST_TEXT)
        if data is None:
            raise EpyflowError(
                f"{path} is missing; expected the folder of a finished run, "
                "results/<exp_id>/<run_id>. Repeat the snakemake command of the run to write it"
            )
        jobs = from_csv(data, path)
    table = read_prices(prices)
    if any(option is not None for option in (prices, profile, region, spot)):
        jobs = _priced_again(jobs, table, read_profile(profile or FILE), region, spot)
    if not jobs:
        raise EpyflowError(
            f"{path} has no rows: no job was measured, or no price was known; see the log "
            "finish_run.log of the run"
        )
    document = _document(jobs, table)
    if format == "json":
        print_json(document)
    else:
        _print(document, console(WIDTH))


def _find(run: str, run_id: str) -> tuple[Storage, str]:
    """Return where the table of a run's cost is."""
    if LATEST in (run_id, run.rstrip("/").rpartition("/")[2]):
        storage, its = find_run(run, LATEST if run_id == LATEST else None, None)
        return storage, f"{its.layout.results}/{COST}"
    if run.startswith(BUCKET_SCHEMES):
        prefix, found, rest = run.rstrip("/").partition(f"/{RESULTS}/")
        if not found:
            raise EpyflowError(f"{run}: expected <storage>/results/<exp_id>/<run_id>")
        return storage_at(prefix), f"{RESULTS}/{rest}/{COST}"
    # A folder of the experiment may have the id as its name, too.
    named = (Path(run), Path(RunLayout(run, run_id).results), Path(RESULTS, run))
    with_cost = (each for each in named if (each / COST).exists())
    runs = (each for each in named if (each / BUILDER).is_dir() or (each / OUTPUTS).is_dir())
    is_given = named[0].is_dir() and not (named[0] / "config").is_dir()
    if folder := next(with_cost, None) or next(runs, named[0] if is_given else None):
        return storage_at(None), str(folder / COST)
    places = named[:1] if RESULTS in named[0].parts else named[1:]
    raise EpyflowError(
        f"there is no run {' or '.join(map(str, places))}; expected the folder of a finished run, "
        "results/<exp_id>/<run_id>, or an experiment's id and --run-id; `epyflow runs` lists the "
        "runs there are"
    )


def _priced_again(
    jobs: list[JobCost], prices: Prices, profile: Profile, region: str | None, spot: bool | None
) -> list[JobCost]:
    given = with_spot(profile, spot)
    known = [job for job in jobs if job.rule in given.rules]
    changed = [
        replace(
            job,
            machine_type=given.shape(job.rule, job.attempt or 1).machine_type or job.machine_type,
            spot=job.rule in given.spot,
            region=region or job.region or region_of_site(),
        )
        for job in known
    ]
    return priced(changed, given, prices)


def _document(jobs: list[JobCost], prices: Prices) -> dict[str, Any]:
    everything, known = total(jobs), prices if any(job.price_date for job in jobs) else None
    return {
        "currency": "USD",
        "priced": known is not None,
        "price_date": max(job.price_date for job in jobs) or None,
        "region": jobs[0].region or None,
        "ran_on": jobs[0].ran_on,
        "machine_types": sorted({job.machine_type for job in jobs} - {""}),
        "spot": sorted({job.rule for job in jobs if job.spot}),
        "stages": [_sum_document(each, known) for each in by_stage(jobs)],
        "locations": [_sum_document(each, known) for each in by_location(jobs)],
        "total": _sum_document(everything, known),
    }


def _sum_document(each: Sum, prices: Prices | None) -> dict[str, Any]:
    """Return a sum as a document; without prices, its amounts are unknown."""
    return {
        "name": each.name,
        "jobs": each.jobs,
        "unmeasured_jobs": each.unmeasured,
        "unpriced_jobs": each.unpriced,
        "seconds": round(each.seconds, 2),
        "usd_run": each.usd_run if prices else None,
        "usd_start_up": each.usd_start_up if prices else None,
        "usd": each.usd if prices else None,
        "usd_range": list(each.usd_range(prices)) if prices else None,
    }


def _print(document: dict[str, Any], out: Console) -> None:
    where, priced = document["ran_on"], document["priced"]
    title = f"Cost in {document['region']}, US dollars, prices of {document['price_date']}"
    table = cost_table(title if priced else f"{where}, not priced")
    table.add_column("", no_wrap=True)
    amounts = ("for run time", "for starts", "in all", "range")
    for column in ("jobs", "run time", *(amounts if priced else ())):
        table.add_column(column, justify="right")
    for name in ("stages", "locations"):
        for each in document[name]:
            table.add_row(*_cells(each))
        table.add_section()
    table.add_row(*_cells(document["total"]))
    out.print(table)
    say(_note(document))
    if priced:
        say("Failed attempts, the bucket and the logs are not included.")
    if priced and (left := document["total"]["unpriced_jobs"]):
        say(f"{left} jobs are not priced: {_UNPRICED}.")
    if lost := document["total"]["unmeasured_jobs"]:
        say(f"{lost} jobs have no run time: the truth is higher.")


def _note(document: dict[str, Any]) -> str:
    """Say what the amounts are of, or why there are none."""
    machines, where = ", ".join(document["machine_types"]), document["ran_on"]
    if not document["priced"] and where == GOOGLE_BATCH:
        return f"This run is not priced: {_UNPRICED}."
    if not document["priced"]:
        return (
            f"A run on {where} is not priced: only its operator knows what an hour costs. "
            "--region shows what the same run times would have cost on Google Batch."
        )
    if where == GOOGLE_BATCH:
        return f"Estimated from run times on {machines}; the bill may differ."
    made = "on one machine and cost nothing" if where == LOCAL else f"on {where}"
    return (
        f"This run was made {made}. Google Batch would have cost this with the same run times on "
        f"{machines}."
    )


def _cells(each: dict[str, Any]) -> list[str]:
    times = [each["name"], f"{each['jobs']:,}", format_duration(each["seconds"])]
    if each["usd"] is None:
        return times
    return [
        *times,
        dollars(each["usd_run"]),
        dollars(each["usd_start_up"]),
        dollars(each["usd"]),
        span([dollars(value) for value in each["usd_range"]]),
    ]
