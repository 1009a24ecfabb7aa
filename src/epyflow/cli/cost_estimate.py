"""Estimate the cost of a planned run, for ``epyflow plan --cost`` and ``epyflow submit``."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.table import Table

from epyflow.cli.output import console
from epyflow.durations import format_duration
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.output import HUB_FORMATS
from epyflow.inputs.fan_out import Plan
from epyflow.operations.cost import estimate
from epyflow.operations.cost.cost_file import region_of_site
from epyflow.operations.cost.prices import read_prices
from epyflow.operations.cost.profile import FILE, Profile, read_profile
from epyflow.run.table_requests import table_specs

WIDTH = 120
"""Columns of a table that is not printed on a terminal."""


def estimate_cost(
    experiment: Experiment,
    planned: Plan,
    prices: Path | None,
    profile: Path | None,
    region: str | None,
    spot: bool | None,
) -> dict[str, Any]:
    """Estimate the cost of a planned run on Google Batch, as a document.

    Raises
    ------
    EpyflowError
        If the price table or the profile cannot be read, or a price is not known.
    """
    table, given = read_prices(prices), with_spot(read_profile(profile or FILE), spot)
    place = region or region_of_site()
    calibration = experiment.calibration
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


def with_spot(profile: Profile, spot: bool | None) -> Profile:
    """Return a profile with all machines, or none, on Spot VMs; None: as the profile says."""
    if spot is None:
        return profile
    return replace(profile, spot=frozenset(profile.rules if spot else ()))


def print_estimate(document: dict[str, Any]) -> None:
    """Print an estimate as a table by stage, and its assumptions."""
    out = console(WIDTH)
    table = cost_table(f"Estimated cost in {document['region']}, US dollars")
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
            span([f"{number:,}" for number in jobs]),
            span([format_duration(value) for value in longest]),
            span([dollars(value) for value in usd]),
        )
    table.add_section()
    table.add_row("total", "", "", "", span([dollars(value) for value in document["usd"]]))
    out.print(table)
    for line in document["assumptions"]:
        out.print(f"- {line}", soft_wrap=True, highlight=False)


def _sums(rules: list[dict[str, Any]], key: str) -> list[Any]:
    return [sum(rule[key][end] for rule in rules) for end in (0, 1)]


def cost_table(title: str) -> Table:
    """Return an empty table of costs."""
    return Table(title=title, title_justify="left")


def span(values: list[str]) -> str:
    """Write a range, or the value where both ends are the same."""
    return values[0] if values[0] == values[1] else f"{values[0]}-{values[1]}"


def dollars(value: float) -> str:
    """Write dollars: to the cent, or to two digits below one."""
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.2g}"
