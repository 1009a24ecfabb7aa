"""Compute the rows of a submission from projections."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from epyflow.errors import EpyflowError, SubmissionError, user_errors
from epyflow.submission.computable_targets import can_compute
from epyflow.submission.projected_series import Projection
from epyflow.submission.sample_ids import assign_sample_ids
from epyflow.submission.summaries import (
    choose_evenly,
    compute_peak_sizes,
    compute_peak_week_shares,
    compute_quantiles,
    compute_shares_up_to,
    join_season,
)
from epyflow.submission.task_id_columns import Block, fill_task_ids, list_horizons
from epyflow.suggest import did_you_mean, listed
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
from forecast_hub.config.hub import Hub, ModelTask, OutputType, Round, Target
from forecast_hub.config.locations import Place, read_places
from forecast_hub.config.sample_columns import split_sample_columns
from forecast_hub.config.units import COUNT, read_unit, read_unit_of_row
from forecast_hub.errors import HubError


@dataclass(frozen=True)
class LeftOut:
    """A part that is missing from a submission, and the reason.

    Attributes
    ----------
    target, output_type, place
        The missing part; ``place`` as in
        :attr:`epyflow.submission.projected_series.Projection.title`.
    reason
        What would be needed.
    """

    target: str
    output_type: str
    place: str
    reason: str


@dataclass(frozen=True)
class Request:
    """The content that a submission should have.

    Attributes
    ----------
    hub
        See :func:`forecast_hub.config.reader.read_hub`.
    reference_date
        The round's id.
    series
        Target to the projections of the series that it is computed from: weekly admissions for
        all of :data:`forecast_hub.config.flusight.TARGETS`.
    output_types
        Target to the output types to submit besides required ones; a target that is not a key has
        all that the hub takes and that can be computed.
    places
        The hub's locations by code; None to read the hub's table.
    season
        Last days of the first and the last week that can be the season's peak; None for the
        weeks of the hub.
    horizon_0_days
        Target to the days from the reference date to the end of horizon 0's period; a target that
        is not a key has those of :func:`forecast_hub.config.horizon_rule.find_horizon_rule`.
    left_out
        A list to which parts that cannot be computed are added; None to raise an error instead.
    """

    hub: Hub
    reference_date: date
    series: Mapping[str, Sequence[Projection]]
    output_types: Mapping[str, Collection[str]] = field(default_factory=dict)
    places: Mapping[str, Place] | None = None
    season: tuple[date, date] | None = None
    horizon_0_days: Mapping[str, int] = field(default_factory=dict)
    left_out: list[LeftOut] | None = None


@user_errors(HubError)
def compute_rows(request: Request) -> pd.DataFrame:
    """Compute the rows of a submission.

    Returns
    -------
    pandas.DataFrame
        The hub's columns in the hub's order: text, ``NA`` if a column does not apply to a target;
        ``value`` is float64. The order is that of the targets in ``tasks.json``, then that of the
        projections, then output type, horizon and id.

    Raises
    ------
    SubmissionError
        If the hub does not have the round, a target or a location, a target cannot be computed,
        or there are fewer trajectories than required samples.
    EpyflowError
        If the projections do not cover the dates of a target.
    """
    hub, round_id = request.hub, request.reference_date.isoformat()
    round_ = hub.round(round_id)
    if round_ is None:
        ids = hub.round_ids
        raise SubmissionError(
            f"{hub.folder.tasks}: there is no round {round_id}; expected {listed(ids)}"
        )
    _check_targets(request, round_)
    places = _places(request)
    request = replace(request, places=places)
    blocks = [
        block
        for task, target in round_.targets()
        if (projections := request.series.get(target.id))
        for projection in projections
        for block in _blocks(request, round_, task, target, projection)
    ]
    if not blocks:
        raise SubmissionError(
            "there is nothing to submit; expected projections of at least one target"
        )
    for block in blocks:
        _check_range(block)
    assign_sample_ids(blocks, {code: place.abbreviation for code, place in places.items()})
    frame = pd.concat([block.frame(round_.columns) for block in blocks], ignore_index=True)
    frame = frame[list(round_.columns)]
    columns = hub.sample_columns.get(round_id)
    return frame if columns is None else split_sample_columns(frame, columns)


def _places(request: Request) -> Mapping[str, Place]:
    if request.places is not None:
        return request.places
    path = request.hub.folder.locations
    return {} if path is None else read_places(path)


def _check_range(block: Block) -> None:
    """Refuse values outside the range of the hub, such as proportions above 1."""
    rule = block.model_task.output_types[block.output_type].value
    low, high = block.value.min(), block.value.max()
    lowest = -np.inf if rule.minimum is None else rule.minimum
    highest = np.inf if rule.maximum is None else rule.maximum
    unit = read_unit_of_row(block.model_task, block.task)
    if unit is not None and unit.highest is not None and block.output_type not in ("pmf", "cdf"):
        highest = min(highest, unit.highest)
    if low < lowest or high > highest:
        where = ", ".join(f"{name} {value}" for name, value in block.task.items())
        raise SubmissionError(
            f"{block.output_type} for {where}: values from {low:g} to {high:g}; the hub takes "
            f"{lowest:g} to {highest:g}"
        )


def _check_targets(request: Request, round_: Round) -> None:
    known = [target.id for _, target in round_.targets()]
    for name in request.series:
        if name not in known:
            raise SubmissionError(
                f"{request.hub.folder.tasks}: there is no target {name!r}"
                f"{did_you_mean(name, known)}; expected one of {listed(known)}"
            )


def _blocks(
    request: Request, round_: Round, task: ModelTask, target: Target, projection: Projection
) -> Iterator[Block]:
    """Yield the rows of each output type, and horizon, of one target and projection."""
    wanted = request.output_types.get(target.id)
    made = 0
    for name, output in task.output_types.items():
        if wanted is not None and name not in wanted and not output.is_required:
            continue
        if not can_compute(target, output):
            if output.is_required or wanted is not None:
                raise SubmissionError(f"how {name} of {target.id!r} is computed is not known")
            continue
        made += 1
        compute = _step_ahead if target.is_step_ahead else _of_season
        try:
            blocks = list(compute(request, round_, task, target, output, projection))
        except (EpyflowError, HubError) as error:
            if request.left_out is None:
                raise
            request.left_out.append(LeftOut(target.id, name, projection.title, str(error)))
            continue
        yield from blocks
    if not made and wanted is None:
        raise SubmissionError(f"how target {target.id!r} is computed is not known")


def _step_ahead(
    request: Request,
    round_: Round,
    task: ModelTask,
    target: Target,
    output: OutputType,
    projection: Projection,
) -> Iterator[Block]:
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


def _of_season(
    request: Request,
    round_: Round,
    task: ModelTask,
    target: Target,
    output: OutputType,
    projection: Projection,
) -> Iterator[Block]:
    weeks = find_season_weeks(request.hub, round_, request.reference_date, request.season)
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
    place = _places(request).get(projection.task.get("location", ""))
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
