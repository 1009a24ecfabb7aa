"""Compute the rows of a submission from projections."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from epyflow.errors import EpyflowError, SubmissionError, user_errors
from epyflow.submission.computable_targets import can_compute
from epyflow.submission.projected_series import Projection
from epyflow.submission.request import LeftOut, Request, list_places
from epyflow.submission.sample_ids import assign_sample_ids
from epyflow.submission.target_rows import compute_horizons, compute_season
from epyflow.submission.task_id_columns import Block
from epyflow.suggest import did_you_mean, listed
from forecast_hub.config.hub import NA, ModelTask, Round, Target
from forecast_hub.config.sample_numbers import split_sample_columns
from forecast_hub.config.units import read_unit_of_row
from forecast_hub.errors import HubError


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
    places = list_places(request)
    request = replace(request, places=places)
    blocks = [
        block
        for task, target in round_.targets()
        if (projections := request.series.get(target.id))
        for projection in projections
        if _is_of(round_, task, target, projection)
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


def _is_of(round_: Round, task: ModelTask, target: Target, projection: Projection) -> bool:
    """Whether a projection is of a model task, where several divide the places or age groups.

    One that none of them takes is of all, so that its problem is reported.
    """

    def takes(each: ModelTask) -> bool:
        permitted = {name: {*values.permitted} for name, values in each.columns.items()}
        given = [(name, value) for name, value in projection.task.items() if name in permitted]
        return all(value in permitted[name] or permitted[name] == {NA} for name, value in given)

    same = [each for each, found in round_.targets() if found.id == target.id]
    return takes(task) or not any(takes(each) for each in same)


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
        compute = compute_horizons if target.is_step_ahead else compute_season
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
