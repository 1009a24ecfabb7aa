"""Plan a run: read the experiment, and write the plan for rules and jobs.

The process that a person started does this before the rules are read.
"""

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epyflow import provenance
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.experiment.experiment import Experiment, canonical_json
from epyflow.files import write_bytes_atomically
from epyflow.inputs import fan_out
from epyflow.run import forecast_plan, input_record
from epyflow.run.calendar import describe_dates
from epyflow.run.description import describe
from epyflow.run.digests import (
    digest_of,
    flatten,
    hash_data,
    hash_rate_trends,
    hash_tasks,
    numeric_content,
)
from epyflow.run.input_record import Built
from epyflow.run.layout import COORDINATOR, OWN_NAMES, RESULTS, RunLayout, check_name
from epyflow.run.path_patterns import runs_with_files, split_date, split_name
from epyflow.run.plan import (
    PLAN_VARIABLE,
    Plan,
    Population,
    RunPlan,
    plan_bytes,
    plan_checksum,
    read_plan_file,
)
from epyflow.run.series_labels import label_series
from epyflow.run.sources import Gathered
from epyflow.run.start import Start, write_start
from epyflow.run.table_requests import table_specs
from epyflow.storage.disk import Storage


def write_run_plan(
    found: Gathered,
    command: Sequence[str],
    storage: Storage,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """Plan a run, and write the plan and the facts about this start.

    Parameters
    ----------
    found
        The settings and the experiment, from :func:`epyflow.run.sources.gather`.
    command
        The command line, for the run's metadata.
    storage
        Holds ``results/``, or will hold it.
    environment
        Of a coordinator in the cloud: with the checksum of the plan that was submitted.

    Returns
    -------
    path
        The plan's file, to be read by ``configfile:``.

    Raises
    ------
    EpyflowError
        If the experiment cannot be run, or is not what was submitted; nothing is written then. If
        the plan cannot be written.
    """
    settings, path = found.settings, found.settings.plan_path
    previous = _previous(path)
    known = read_input_records(found, storage)
    seed = _seed(found.experiment, known.values(), previous)
    plan, sources = _plan(found, seed)
    _check_submitted(plan, environment.get(PLAN_VARIABLE))
    stale = {
        run.run_id: tuple(input_record.tasks_to_build(run, known[run.run_id], storage))
        for run in plan.runs
    }
    if not plan.is_replay:
        plan = replace(plan, built_remotely=_built_remotely(plan, stale[plan.run_id], previous))
    start = Start(
        to_build={run: tasks for run, tasks in stale.items() if tasks},
        command=tuple(command),
        started=datetime.now(UTC).isoformat(),
        experiments=None if found.checkout is None else found.checkout.recorded(),
        **sources,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_if_changed(path, plan_bytes(plan))
        write_start(start, settings)
    except OSError as error:
        raise EpyflowError(
            f"{path.parent}: the plan of the run cannot be written: {error.strerror}. Make room "
            "for it, or start in a folder that you may write"
        ) from error
    return path


def read_input_records(found: Gathered, storage: Storage) -> dict[str, Built | None]:
    """Read the records of the inputs of each run, by its id.

    Raises
    ------
    EpyflowError
        If another experiment has the same folder: see :func:`epyflow.run.input_record.read_record`.
        If one of two runs is in a folder that the other writes files to, such as ``a/b/hub/main``
        and the run ``b`` of the experiment ``a``.
    """
    _check_apart(found, storage)
    layouts = {run: RunLayout(found.experiment.files.exp_id, run) for run in found.runs}
    return {run: input_record.read_record(storage, layout) for run, layout in layouts.items()}


def plan_without_seed(found: Gathered) -> Plan:
    """Return the plan that an experiment gives, for a coordinator elsewhere: its seed is 0."""
    return _plan(found, 0)[0]


def _check_submitted(plan: Plan, expected: str | None) -> None:
    if expected and (actual := plan_checksum(plan)) != expected:
        raise ArtifactError(
            f"the plan of {plan.layout.name}: its SHA-256 is {actual}; expected {expected}, as the "
            "definition of the coordinator's job says. Nothing was run: settings, data or code are "
            "not those that were submitted; submit again, with the image of the same code"
        )


def _check_apart(found: Gathered, storage: Storage) -> None:
    """Refuse a run whose folder is in one that another run writes files to, or the reverse."""
    layout = RunLayout(found.experiment.files.exp_id, found.settings.run_id)
    parts = layout.name.split("/")
    for place, name in enumerate(parts[2:], start=2):
        outer = RunLayout("/".join(parts[: place - 1]), parts[place - 1])
        if name in OWN_NAMES and _exists(outer, storage):
            raise _within(layout, outer, name)
    for path in storage.below(layout.coordinator_files):
        date, below = split_date(path)
        outer, (name, _, rest) = layout.dated(date), below.partition("/")
        if rest and name in OWN_NAMES and outer.run_id in (layout.run_id, *found.runs):
            inner = split_name(f"{layout.name}/{path.rpartition('/')[0]}")
            raise _within(RunLayout(*inner), outer, name)


def _exists(run: RunLayout, storage: Storage) -> bool:
    if storage.names(run.coordinator_files):
        return True
    own = (f"{run.name}/{path}" for path in storage.below(run.results))
    return run.name in runs_with_files(own)


def _within(inner: RunLayout, outer: RunLayout, name: str) -> EpyflowError:
    return EpyflowError(
        f"{inner.results}: this folder of the run {inner.run_id} of the experiment {inner.exp_id} "
        f"is below {outer.results}, where the run {outer.run_id} of the experiment {outer.exp_id} "
        f"writes files to {name!r}; expected another name for one of the two runs: --config "
        "run_id=<name>, or another name for its experiment. If the other run is not needed, "
        f"delete its folders in {RESULTS}/ and {COORDINATOR}/ instead"
    )


def _write_if_changed(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_bytes_atomically(path, data)


def _built_remotely(
    plan: Plan, to_build: tuple[int, ...], previous: Plan | None
) -> tuple[int, ...]:
    """Return the tasks whose inputs a remote job builds: the worker has only the plan.

    If there is nothing to build, they are those of the previous plan: a plan has to stay the same
    when a run is started again.
    """
    if plan.build == "local":
        return ()
    if to_build or previous is None:
        return to_build
    return tuple(task for task in previous.built_remotely if task < len(plan.runs[0].tasks))


def _previous(path: Path) -> Plan | None:
    """Read the plan of the previous start; None if there is none, or it cannot be used.

    Only numbers are taken from it, because a coordinator in the cloud gets it from a bucket.
    """
    try:
        found = read_plan_file(path.read_bytes()) if path.is_file() else None
    except ArtifactError:
        return None
    numbers = () if found is None else (found.seed, *found.built_remotely)
    return found if all(type(each) is int and each >= 0 for each in numbers) else None


def _seed(experiment: Experiment, known: Iterable[Built | None], previous: Plan | None) -> int:
    """Return the experiment's seed, or the one drawn when the run was first planned."""
    if experiment.model.random_seed is not None:
        return experiment.model.random_seed
    for record in known:
        if record is not None:
            return record.seed
    return secrets.randbits(32) if previous is None else previous.seed


def _plan(found: Gathered, seed: int) -> tuple[Plan, dict[str, Any]]:
    """Return the plan, and the files that it was made from as fields of :class:`Start`."""
    settings, first = found.settings, next(iter(found.runs.values()))
    check_name(first.files.exp_id, settings.run_id)
    tables = table_specs(first)
    if settings.reference_dates:
        # A replay makes submissions and scores, and no tables for a report.
        tables = {"model_metadata": tables["model_metadata"]}
    dates = describe_dates(found.experiment, is_replay=bool(settings.reference_dates))
    scores, against = forecast_plan.plan_scores(found.runs, settings)
    plan = Plan(
        exp_id=first.files.exp_id,
        run_id=settings.run_id,
        build=settings.build,
        partial_results=settings.partial_results,
        seed=seed,
        code=provenance.code_versions(),
        populations=tuple(
            Population(place.name, place.label, place.iso) for place in first.populations
        ),
        tables=tables,
        labels=label_series(first),
        about=describe(first) | ({"dates": dates} if dates else {}),
        runs=(),
        scores=scores,
    )
    runs, hub = [], []
    for run_id, experiment in found.runs.items():
        run, files = _run(plan, found, run_id, experiment)
        runs.append(run)
        hub += files
    sources = {
        "sources": tuple(map(str, found.experiment.sources)),
        "hub": tuple(dict.fromkeys(hub)),
    }
    return replace(plan, runs=tuple(runs)), sources | against


def _run(
    plan: Plan, found: Gathered, run_id: str, experiment: Experiment
) -> tuple[RunPlan, list[str]]:
    """Return the plan of one run, and the hub's files that its submission is made with."""
    settings, sources = found.settings, found.sources
    planned = fan_out.plan(experiment, settings.members_per_task)
    data = hash_data(experiment, sources.store, sources.calendar)
    own = numeric_content(experiment, planned, settings, plan.seed)
    submission, files = forecast_plan.plan_submission(experiment, settings)
    observed = None
    if not settings.reference_dates:
        observed = forecast_plan.hash_observations(experiment, settings)
    run = RunPlan(
        exp_id=plan.exp_id,
        run_id=run_id,
        build=plan.build,
        seed=plan.seed,
        code=plan.code,
        populations=plan.populations,
        experiment=digest_of(_sections(experiment)),
        data=hash_rate_trends(experiment) | flatten(data),
        tasks=tuple(hash_tasks(planned, own, data)),
        members=planned.member_count,
        members_per_task=planned.members_per_task,
        simulations=planned.simulation_count,
        submission=submission,
        observed=observed,
    )
    return run, files


def _sections(experiment: Experiment) -> str:
    sections = (experiment.model, experiment.modelset, experiment.output)
    return "\n".join(canonical_json(section) for section in sections)
