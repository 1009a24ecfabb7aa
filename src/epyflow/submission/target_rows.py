"""Compute the rows of one target and one projection, by horizon or for the season."""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.errors import SubmissionError
from epyflow.submission.projected_series import Projection
from epyflow.submission.request import Request, list_places
from epyflow.submission.summaries import (
    choose_evenly,
    compute_peak_sizes,
    compute_peak_week_shares,
    compute_quantiles,
    compute_shares_up_to,
    join_season,
)
from epyflow.submission.task_id_columns import (
    Block,
    check_periods,
    fill_task_ids,
    list_horizons,
)
from forecast_hub.config import flusight
from forecast_hub.config.horizon_rule import (
    HorizonRule,
    find_horizon_rule,
    list_numbers,
    period_days,
)
from forecast_hub.config.horizons import (
    find_season_weeks,
    find_week_before,
    is_cumulative,
    name_weeks,
)
from forecast_hub.config.hub import ModelTask, OutputType, Round, Target
from forecast_hub.config.round_calendar import WEEK
from forecast_hub.config.units import COUNT, read_unit


def compute_horizons(
    request: Request,
    round_: Round,
    task: ModelTask,
    target: Target,
    output: OutputType,
    projection: Projection,
) -> Iterator[Block]:
    """Yield the rows of each horizon of a series, in one output type."""
    origin = request.reference_date
    change = output.name == "pmf"
    limits = flusight.find_season(origin).thresholds if change else None
    rule = _horizon_rule(request, round_, task, target, projection)
    for horizon in list_horizons(task, target, origin, projection, rule, limits):
        end = rule.end(origin, horizon)
        values = projection.on(end)
        if values is None:  # list_horizons() has checked that there are some
            continue
        if is_cumulative(target):
            values = _since_the_first(projection, rule, origin, horizon, min(list_numbers(task)))
        at = fill_task_ids(task, target, round_, origin, projection, horizon, end)
        if limits is not None:
            yield _rate_change(request, task, output, projection, at, values, limits[horizon])
        elif output.name == "sample":
            yield _samples(request, task, target, output, at, values)
        else:
            yield _summary(task, target, output, at, values)


def _horizon_rule(
    request: Request, round_: Round, task: ModelTask, target: Target, projection: Projection
) -> HorizonRule:
    days = request.horizon_0_days.get(target.id)
    if days is not None:
        return HorizonRule(days, period_days(target), "the experiment")
    weekday = projection.dates[-1].weekday() if projection.dates else None
    return find_horizon_rule(request.hub, round_, task, target, weekday)


def _since_the_first(
    projection: Projection, rule: HorizonRule, origin: date, horizon: int, first: int
) -> NDArray[np.float64]:
    """Sum the periods from the first horizon on, as scenario hubs define cumulative targets."""
    ends = [rule.end(origin, number) for number in range(first, horizon + 1)]
    periods = [projection.on(end) for end in ends]
    missing = [end for end, values in zip(ends, periods, strict=True) if values is None]
    if missing:
        raise SubmissionError(
            f"{projection.title}: {missing[0]} is not projected; expected every {first} to "
            f"{horizon} of a cumulative target"
        )
    total: NDArray[np.float64] = np.sum([each for each in periods if each is not None], axis=0)
    return total


def compute_season(
    request: Request,
    round_: Round,
    task: ModelTask,
    target: Target,
    output: OutputType,
    projection: Projection,
) -> Iterator[Block]:
    """Yield the rows of a target of the whole season, such as its peak, in one output type."""
    weeks = find_season_weeks(request.hub, round_, request.reference_date, request.season)
    check_periods(projection, WEEK.days, target, weeks)
    season = join_season(projection, weeks)
    at = fill_task_ids(task, target, round_, request.reference_date, projection)
    shares = compute_peak_week_shares(season)
    if output.name == "pmf":
        yield Block(task, "pmf", at, name_weeks(weeks, output), shares)
    elif output.name == "cdf":
        # Rounding errors of the sum must not lead above 1.
        yield Block(task, "cdf", at, name_weeks(weeks, output), np.minimum(shares.cumsum(), 1.0))
    else:
        yield _summary(task, target, output, at, compute_peak_sizes(season))


def are_whole_numbers(target: Target, output: OutputType) -> bool:
    """Whether values are whole numbers: if the hub's type is integer, and for counts.

    FluSight requires whole numbers of counts since 2025-26 and recommended them before
    (model-output/README.md, "value"), though its type is ``double``.
    """
    return output.value.type == "integer" or read_unit(target) == COUNT


def _summary(
    task: ModelTask,
    target: Target,
    output: OutputType,
    at: Mapping[str, str],
    values: NDArray[np.float64],
) -> Block:
    whole = are_whole_numbers(target, output)
    if output.name == "quantile":
        ids = tuple(sorted(output.ids.permitted, key=float))
        found = compute_quantiles(values, [float(level) for level in ids], whole=whole)
        return Block(task, "quantile", at, ids, found)
    if output.name == "cdf":
        ids = tuple(sorted(output.ids.permitted, key=float))
        shares = compute_shares_up_to(values, [float(bound) for bound in ids], whole=whole)
        return Block(task, "cdf", at, ids, shares)
    single = np.array([values.mean() if output.name == "mean" else np.median(values)])
    round_off = output.value.type == "integer" or (whole and output.name == "median")
    found = np.rint(single) if round_off else single
    return Block(task, output.name, at, output.ids.permitted, found)


def _samples(
    request: Request,
    task: ModelTask,
    target: Target,
    output: OutputType,
    at: Mapping[str, str],
    values: NDArray[np.float64],
) -> Block:
    """Choose the largest number of trajectories that the hub takes and every projection has."""
    rule = output.samples
    available = min(len(each.trajectories) for each in request.series[target.id])
    if rule is None or available < rule.minimum:
        least = 0 if rule is None else rule.minimum
        raise SubmissionError(
            f"{available} trajectories of {target.id!r}; the hub takes no fewer than {least} "
            "samples: project more, or leave samples out"
        )
    chosen = values[choose_evenly(len(values), min(rule.maximum, available))]
    found = np.rint(chosen) if are_whole_numbers(target, output) else chosen
    return Block(task, "sample", at, (), found)


def _rate_change(
    request: Request,
    task: ModelTask,
    output: OutputType,
    projection: Projection,
    at: Mapping[str, str],
    values: NDArray[np.float64],
    limits: tuple[float, float],
) -> Block:
    """Compare with the week before the reference date: observed if known, else projected."""
    week_before = find_week_before(request.reference_date)
    baseline = projection.known_on(week_before)
    if baseline is None:
        raise SubmissionError(
            f"{projection.title}: {week_before} is neither observed nor projected; expected the "
            "week that rate changes are measured from"
        )
    place = list_places(request).get(projection.task.get("location", ""))
    if place is None:
        raise SubmissionError(
            f"{projection.title}: the hub's table of locations has no such location; expected its "
            "population, for rates"
        )
    change = np.rint(values) - np.rint(baseline)
    shares = flusight.compute_class_shares(change, place.population, limits)
    by_name = dict(zip(flusight.CLASSES, shares, strict=True))
    ids = output.ids.permitted
    return Block(task, "pmf", at, ids, np.array([by_name[name] for name in ids]))
