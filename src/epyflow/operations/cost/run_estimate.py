"""Estimate the cost of a planned run of an experiment."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.hub_formats import HUB_FORMATS
from epyflow.inputs.fan_out import Plan
from epyflow.operations.cost import estimate
from epyflow.operations.cost.cost_file import region_of_site
from epyflow.operations.cost.job_costs import stage_of
from epyflow.operations.cost.prices import read_prices
from epyflow.operations.cost.profile import FILE, Profile, read_profile
from epyflow.run.table_requests import table_specs


def estimate_cost(
    runs: Sequence[tuple[Experiment, Plan]],
    prices: Path | None,
    profile: Path | None,
    region: str | None,
    spot: bool | None,
) -> dict[str, Any]:
    """Estimate the cost of a planned run on Google Batch, as a document.

    Parameters
    ----------
    runs
        The experiment and its plan; in a replay, of each reference date.
    prices, profile, region, spot
        Options of the command.

    Raises
    ------
    EpyflowError
        If the price table or the profile cannot be read, or a price is not known.
    """
    table, given = read_prices(prices), with_spot(read_profile(profile or FILE), spot)
    place = region or region_of_site()
    stages = estimate.estimate(_work_of_all(runs, given), given, table, place)
    experiment, planned = runs[0]
    return {
        "currency": "USD",
        "price_date": str(table.date),
        "region": place,
        "stages": [_stage_document(stage) for stage in stages],
        "usd": list(estimate.total_usd(stages)),
        "assumptions": [
            *(f"{text}; the total is without it" for text in estimate.unpriced(stages)),
            *estimate.assumptions(planned, experiment.calibration, table),
        ],
    }


def work_of(experiment: Experiment, planned: Plan, profile: Profile) -> list[estimate.Work]:
    """Return the work of a planned run, rule by rule."""
    tables = len(table_specs(experiment))
    submissions = sum(getattr(experiment.output, name) is not None for name in HUB_FORMATS)
    return estimate.work(planned, experiment.calibration, tables, submissions, profile)


def _work_of_all(runs: Sequence[tuple[Experiment, Plan]], profile: Profile) -> list[estimate.Work]:
    """Return the work of all dates together; figures are drawn once."""
    found: dict[str, estimate.Work] = {}
    for work in (each for run in runs for each in work_of(*run, profile)):
        before = found.get(work.rule)
        if before is None or stage_of(work.rule) == "figures":
            found[work.rule] = work
            continue
        jobs = estimate.Range(*map(sum, zip(before.jobs, work.jobs, strict=True)))
        seconds = estimate.Range(
            min(before.seconds.low, work.seconds.low), max(before.seconds.high, work.seconds.high)
        )
        found[work.rule] = estimate.Work(work.rule, jobs, seconds)
    return list(found.values())


def _stage_document(stage: estimate.StageEstimate) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "rule": stage.rule,
        "jobs": [int(number) for number in stage.jobs],
        "machine_type": stage.machine_type,
        "spot": stage.spot,
        "seconds_per_job": [round(value, 1) for value in stage.seconds],
        "elapsed_seconds": [round(value, 1) for value in stage.elapsed],
        "usd": None if stage.usd is None else list(stage.usd),
    }


def with_spot(profile: Profile, spot: bool | None) -> Profile:
    """Return a profile with all machines, or none, on Spot VMs; None: as the profile says."""
    if spot is None:
        return profile
    return replace(profile, spot=frozenset(profile.rules if spot else ()))
