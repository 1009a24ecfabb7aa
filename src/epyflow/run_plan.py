"""The plan of one run as a file: what the workflow needs to know, and nothing about data.

The coordinator writes it before the rules are read; they, and every remote worker, take ids,
counts and hashes from it and never see the experiment.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epyflow import built, provenance
from epyflow.build import Build
from epyflow.built import Built
from epyflow.bundle import Sources, unpacked, write_bundle
from epyflow.engine import check_engine
from epyflow.errors import PopulationError
from epyflow.experiment import Experiment, canonical_json, load
from epyflow.experiment.calibration import Calibration
from epyflow.experiment.output import (
    FLUSIGHT_LEVELS,
    Output,
    PosteriorGenerations,
    Quantiles,
)
from epyflow.experiments_root import fetch_root, fetched_root
from epyflow.files import write_bytes_atomically
from epyflow.planning import Plan, plan
from epyflow.population.store import PopulationStore
from epyflow.settings import Settings, plan_path
from epyflow.staleness import data_hashes, digest_of, flat, numbers, task_digests
from epyflow.start import Start, write_start
from epyflow.storage import Storage


def write_run_plan(settings: Settings, command: Sequence[str], storage: Storage) -> Path:
    """Load the experiment, plan its run and write the plan and what this start knows beside it.

    Parameters
    ----------
    settings
        Of the run.
    command
        The command line, for the run's metadata.
    storage
        Where ``results/`` is, or will be.

    Returns
    -------
    path
        The plan's file, to be read by ``configfile:``.

    Raises
    ------
    EpyflowError
        If the settings or the experiment are not valid; nothing is written then.
    """
    path = plan_path(settings)
    settings, checkout = fetch_root(settings)
    sources = _sources(settings)
    experiment = _load(settings, sources)
    check_engine(settings.engine)
    planned = plan(experiment, settings.members_per_task)
    place = {"exp_id": experiment.place.exp_id, "run_id": settings.run_id}
    known = built.read(storage, built.folder_of(place))
    seed = _seed(experiment, known, path)
    document = place | _document(settings, experiment, planned, sources, seed)
    to_build = built.to_build(document, known, storage)
    document["built_remotely"] = _built_remotely(settings, document, to_build, path)
    start = Start(
        sources=tuple(map(str, experiment.sources)),
        to_build=tuple(to_build),
        command=tuple(command),
        started=datetime.now(UTC).isoformat(),
        experiments=None if checkout is None else checkout.recorded(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_if_changed(path, json.dumps({"plan": document}, indent=1).encode())
    write_start(start, settings)
    return path


def _write_if_changed(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        write_bytes_atomically(path, data)


def _built_remotely(
    settings: Settings, document: Mapping[str, Any], to_build: list[int], path: Path
) -> list[int]:
    """Return the tasks whose inputs a job builds: the worker that gets it has only the plan.

    Where there is nothing to build it is what it was, as a plan has to be the same when a run is
    started again.
    """
    if settings.build == "local" or to_build or not path.is_file():
        return to_build if settings.build == "remote" else []
    before = json.loads(path.read_text(encoding="utf-8"))["plan"].get("built_remotely", [])
    return [task for task in before if task < len(document["tasks"])]


def bundle_experiment(settings: Settings, path: Path) -> None:
    """Write all that inputs are built from into one file, for a job on another machine.

    Raises
    ------
    ExperimentError
        If the experiment has become invalid since it was planned.
    """
    sources = _sources(settings)
    write_bundle(_load(settings, sources), sources, path)


def build_inputs(
    settings: Settings,
    document: Mapping[str, Any],
    inputs: Mapping[int, Path],
    storage: Storage,
    bundle: str | None = None,
) -> None:
    """Build inputs of a planned run, and record what they were built from.

    Parameters
    ----------
    settings
        Of the run.
    document
        The plan.
    inputs
        Task to the file to write.
    storage
        Where the record is kept.
    bundle
        File from :func:`bundle_experiment`, on a machine that has no experiment.

    Raises
    ------
    EpyflowError
        If the code here is not the plan's.
    """
    if bundle is not None:
        for stage in ("build", "run"):
            provenance.check_code(stage, document["code"][stage], bundle)
    built.forget(document, inputs, storage)
    with _sources_of(settings, bundle) as sources:
        failed = prepare_build(settings, document["seed"], sources).write(inputs)
    done = {task: path for task, path in inputs.items() if task not in failed}
    built.remember(document, done, storage)


@contextmanager
def _sources_of(settings: Settings, bundle: str | None) -> Iterator[Sources]:
    if bundle is None:
        yield _sources(settings)
        return
    with unpacked(Path(bundle)) as sources:
        yield sources


def prepare_build(settings: Settings, seed: int, sources: Sources | None = None) -> Build:
    """Load the experiment again and gather what its inputs are built from.

    Parameters
    ----------
    settings
        Of the run.
    seed
        Of the run.
    sources
        Where everything is, if not where the settings say.

    Raises
    ------
    ExperimentError
        If the experiment has become invalid since it was planned.
    """
    sources = sources or _sources(settings)
    experiment = _load(settings, sources)
    return Build(
        experiment=experiment,
        plan=plan(experiment, settings.members_per_task),
        store=sources.store,
        calendar_file=sources.calendar,
        seed=seed,
        engine=settings.engine,
        run_code=provenance.code_version("run"),
    )


def _sources(settings: Settings) -> Sources:
    settings = fetched_root(settings)
    return Sources(settings.place(), settings.population_store(), settings.calendar_file())


def _load(settings: Settings, sources: Sources) -> Experiment:
    return load(sources.place, settings.output_config, _names(sources.store))


def _names(store: PopulationStore) -> tuple[str, ...]:
    """Return the names in the folder; without one, the codebook has to do."""
    try:
        return store.names()
    except PopulationError:
        return ()


def _seed(experiment: Experiment, known: Built | None, path: Path) -> int:
    """Return the experiment's seed, or the one drawn when the run was first planned."""
    if experiment.model.random_seed is not None:
        return experiment.model.random_seed
    if known is not None:
        return known.seed
    if path.is_file():
        return int(json.loads(path.read_text(encoding="utf-8"))["plan"]["seed"])
    return secrets.randbits(32)


def _document(
    settings: Settings, experiment: Experiment, planned: Plan, sources: Sources, seed: int
) -> dict[str, Any]:
    code = {stage: provenance.code_version(stage) for stage in provenance.STAGES}
    data = data_hashes(experiment, sources.store, sources.calendar)
    own = numbers(experiment, planned, settings, seed)
    calibration = experiment.modelset.calibration if experiment.modelset else None
    return {
        "strategy": planned.strategy,
        "build": settings.build,
        "partial_results": settings.partial_results,
        "seed": seed,
        "code": code,
        "experiment": digest_of(_sections(experiment)),
        "data": flat(data),
        "populations": [
            {"name": place.name, "label": place.label, "location": place.iso}
            for place in planned.populations
        ],
        "tasks": task_digests(planned, own, data),
        "members": planned.member_count,
        "members_per_task": planned.members_per_task,
        "simulations": planned.simulation_count,
        "tables": table_specs(experiment.output, calibration),
        "labels": _labels(experiment),
    }


def _sections(experiment: Experiment) -> str:
    sections = (experiment.model, experiment.modelset, experiment.output)
    return "\n".join(canonical_json(section) for section in sections)


def table_specs(output: Output, calibration: Calibration | None) -> dict[str, dict[str, Any]]:
    """Return the tables that an output asks for, each with what it asks of them.

    The tables of a calibration's projection have two names: that which says so, and that of a
    simulation's, which scripts written for epymodelingsuite read.

    Returns
    -------
    specs
        Table name to the fields of :class:`epyflow.tables.TableSpec`. ``model_metadata`` is always
        there: it lists what failed.
    """
    specs: dict[str, dict[str, Any]] = {}
    projected = calibration is not None and calibration.projection is not None
    if calibration is None or projected:
        for kind in ("compartments", "transitions"):
            for name, spec in _trajectory_tables(output, kind):
                specs[f"{name}_{kind}"] = spec
                if projected:
                    specs[f"{name}_projection_{kind}"] = spec
    if calibration is not None:
        specs |= _calibration_tables(output)
    shown = output.model_meta is None or output.model_meta.projection_parameters
    specs["model_metadata"] = _spec() | {"projection_parameters": shown}
    return specs


def _spec() -> dict[str, Any]:
    return {"quantiles": [], "series": None, "projection_parameters": False, "generations": None}


def _trajectory_tables(output: Output, kind: str) -> list[tuple[str, dict[str, Any]]]:
    tables = []
    for name, section in (("quantiles", output.quantiles), ("trajectories", output.trajectories)):
        selected = getattr(section, kind, False)
        if selected:
            levels = section.selections if isinstance(section, Quantiles) else ()
            series = None if selected is True else list(selected)
            tables.append((name, _spec() | {"quantiles": sorted(levels), "series": series}))
    return tables


def _calibration_tables(output: Output) -> dict[str, dict[str, Any]]:
    levels = output.quantiles.selections if output.quantiles else FLUSIGHT_LEVELS
    quantiles = _spec() | {"quantiles": sorted(levels)}
    specs = {
        "calibration_progress": _spec(),
        "quantiles_calibration": quantiles,
        "quantiles_projection_comparison": quantiles,
    }
    if output.posteriors:
        chosen = output.posteriors
        named = chosen.generations if isinstance(chosen, PosteriorGenerations) else None
        generations = None if named is None else sorted(named)
        specs["posteriors"] = _spec() | {"generations": generations}
    return specs


def _labels(experiment: Experiment) -> dict[str, str]:
    """Return what figures call the series."""
    labels = {c.id: c.label or c.id for c in experiment.model.compartments}
    named = dict(labels)
    for transition in experiment.model.transitions:
        name = f"{transition.source}_to_{transition.target}"
        named[name] = f"{labels[transition.source]} → {labels[transition.target]}"
    return named
