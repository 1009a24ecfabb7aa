"""Make the rows of a submission from results, and record missing parts."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure, MemberResult, Result
from epyflow.errors import EpyflowError, user_errors
from epyflow.files import write_bytes_atomically
from epyflow.submission.brief import Brief, read_brief
from epyflow.submission.projected_series import Projection, take_projection
from epyflow.submission.request import LeftOut, Request
from epyflow.submission.row_files import write_csv_gz
from epyflow.submission.rows import compute_rows
from epyflow.submission.target_columns import SCENARIO, find_place, list_model_tasks
from epyflow.suggest import listed
from epyflow.tables.series import Selection, select, select_comparisons
from forecast_hub.config.hub import Hub
from forecast_hub.config.locations import read_places
from forecast_hub.errors import HubError

log = logging.getLogger(__name__)


@user_errors(HubError)
def make_rows(results: Sequence[Path], prepared: Path, table: Path, left_out: Path) -> None:
    """Write the rows of a submission, and a record of the parts that are missing.

    Parameters
    ----------
    results
        ``result_<i>.pkl``; one is in memory at a time. Failed tasks have no rows, and are named.
    prepared
        From :func:`epyflow.submission.brief_writer.write_brief`.
    table
        ``output_hub_formatted.csv.gz``.
    left_out
        JSON: a list of describe_left_out, empty where nothing is missing.

    Raises
    ------
    EpyflowError
        If there is no row.
    """
    given = read_brief(prepared)
    with TemporaryDirectory() as folder:
        hub = given.hub(Path(folder))
        places = {} if hub.folder.locations is None else read_places(hub.folder.locations)
    missing: list[LeftOut] = []
    series = _projections(results, given, hub, missing)
    request = Request(
        hub,
        given.reference_date,
        series,
        _output_types(given),
        places=places,
        horizon_0_days=given.horizon_0_days,
        left_out=missing,
    )
    try:
        frame = compute_rows(request)
    except EpyflowError as error:
        raise EpyflowError("\n".join([str(error), *describe_left_out(missing)])) from None
    said = describe_left_out(missing)
    for each in said:
        log.warning("%s", each)
    write_csv_gz(frame, table)
    write_bytes_atomically(left_out, (json.dumps(said, indent=1) + "\n").encode())


def _output_types(given: Brief) -> dict[str, list[str]]:
    """Return the output types of each target; without those of which all are submitted."""
    found: dict[str, list[str]] = {}
    for each in given.targets:
        found.setdefault(each.target, []).extend(each.output_types)
    everything = {each.target for each in given.targets if not each.output_types}
    return {target: types for target, types in found.items() if target not in everything}


def describe_left_out(missing: Iterable[LeftOut]) -> list[str]:
    """Describe the missing parts, in one sentence for all places with the same reason."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for each in missing:
        reason = each.reason.removeprefix(f"{each.place}: ")
        places.setdefault((each.target, each.output_type, reason), []).append(each.place)
    return [
        f"{output_type} of {target!r} left out of {listed(dict.fromkeys(where))}: {reason}"
        for (target, output_type, reason), where in places.items()
    ]


def _projections(
    results: Sequence[Path], given: Brief, hub: Hub, missing: list[LeftOut]
) -> dict[str, list[Projection]]:
    series: dict[str, list[Projection]] = {each.target: [] for each in given.targets}
    for path in results:
        result = pickling.read_result(path)
        if isinstance(result, Failure):
            missing.append(LeftOut("all targets", "everything", result.population, result.cause))
            continue
        for position, target in enumerate(given.targets):
            selection, column = _selection(result, target.simulation)
            observed = given.observed[result.population][position]
            conversion = given.conversion(result.population, position)
            if conversion is None:
                reason = "its population or its visits are not known"
                missing.append(LeftOut(target.target, "everything", result.population, reason))
                continue
            for member in result.members:
                task = _task(hub, given, target.target, result.population, member)
                if task is None:
                    reason = "it is no location of the hub"
                    missing.append(LeftOut(target.target, "everything", result.population, reason))
                    continue
                task |= target.task_ids
                projection = take_projection(member, selection, task, observed, column)
                series[target.target].append(conversion.apply(projection))
        del result
    return {target: found for target, found in series.items() if found}


def _selection(result: Result, simulation: Sequence[str]) -> tuple[Selection, str | None]:
    """Find a target's series: the one that the calibration compares, or a sum of transitions."""
    fit = result.fit
    name = "+".join(simulation)
    if fit is not None and (not simulation or name in fit.comparisons):
        return select_comparisons(result, fit), name or None
    single = select("transitions", result, simulation)
    return replace(single, columns=(name,), sums=np.zeros(1, dtype=np.intp)), name


def _task(
    hub: Hub, given: Brief, target: str, population: str, member: MemberResult
) -> dict[str, str] | None:
    """Return the hub's names of place and scenario; None if the hub does not have the place."""
    round_ = hub.round(given.reference_date.isoformat())
    task: dict[str, str] = {}
    if round_ is None:
        return task
    named = find_place(list_model_tasks(round_, target), given.spellings[population])
    if named is None:
        return None
    task[named[0]] = named[1]
    if member.scenario is not None:
        task[SCENARIO] = given.scenario_ids.get(member.scenario, member.scenario)
    return task
