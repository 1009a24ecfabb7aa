"""The plan of one run as a file: what the workflow needs to know, and nothing about data.

The coordinator writes it before the rules are read; they, and every remote worker, take ids,
counts and hashes from it and never see the experiment.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epyflow import provenance
from epyflow.build import Build, numeric_json
from epyflow.engine import check_engine
from epyflow.errors import EpyflowError, PopulationError
from epyflow.experiment import Experiment, canonical_json, load
from epyflow.experiment.output import Output
from epyflow.files import sha256_of, write_bytes_atomically
from epyflow.planning import Plan, plan
from epyflow.population.locations import Location
from epyflow.population.store import PopulationStore
from epyflow.settings import Settings, plan_path

RUNNABLE = ("simulate",)


def write_run_plan(settings: Settings, command: Sequence[str]) -> Path:
    """Load the experiment, plan its run and write the plan.

    Parameters
    ----------
    settings
        Of the run.
    command
        The command line, for the run's metadata.

    Returns
    -------
    path
        The plan's file, to be read by ``configfile:``.

    Raises
    ------
    EpyflowError
        If the settings or the experiment are not valid; nothing is written then.
    """
    place = settings.place()
    store = settings.population_store()
    experiment = load(place, settings.output_config, _names(store))
    check_engine(settings.engine)
    planned = plan(experiment, settings.members_per_task)
    if planned.strategy not in RUNNABLE:
        raise EpyflowError(
            f"{place.exp_id}: calibration is validated and planned, but this version cannot run "
            "it; use a sampling experiment or a basemodel alone"
        )
    path = plan_path(settings)
    document = _document(settings, experiment, planned, store, _seed(experiment, path))
    document["command"] = list(command)
    document["started"] = datetime.now(UTC).isoformat()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomically(path, json.dumps({"plan": document}, indent=1).encode())
    return path


def prepare_build(settings: Settings, seed: int) -> Build:
    """Load the experiment again and gather what its inputs are built from.

    Parameters
    ----------
    settings
        Of the run.
    seed
        From the plan.
    """
    store = settings.population_store()
    experiment = load(settings.place(), settings.output_config, _names(store))
    return Build(
        experiment=experiment,
        plan=plan(experiment, settings.members_per_task),
        store=store,
        calendar_file=settings.calendar_file(),
        seed=seed,
        engine=settings.engine,
        run_code=provenance.code_version("run"),
    )


def _names(store: PopulationStore) -> tuple[str, ...]:
    """Return the names in the folder; without one, the codebook has to do."""
    try:
        return store.names()
    except PopulationError:
        return ()


def _seed(experiment: Experiment, path: Path) -> int:
    """Return the experiment's seed, or the one drawn when the run was first planned."""
    if experiment.model.random_seed is not None:
        return experiment.model.random_seed
    if path.is_file():
        return int(json.loads(path.read_text(encoding="utf-8"))["plan"]["seed"])
    return secrets.randbits(32)


def _document(
    settings: Settings, experiment: Experiment, planned: Plan, store: PopulationStore, seed: int
) -> dict[str, Any]:
    code = {stage: provenance.code_version(stage) for stage in provenance.STAGES}
    data = _data_hashes(experiment, store, settings.calendar_file())
    numbers = _numbers(experiment, planned, settings, seed)
    tables = table_specs(experiment.output)
    return {
        "exp_id": experiment.place.exp_id,
        "run_id": settings.run_id,
        "strategy": planned.strategy,
        "seed": seed,
        "code": code,
        "sources": [str(path) for path in experiment.sources],
        "experiment": _digest(_sections(experiment)),
        "data": _flat(data),
        "populations": [
            {"name": place.name, "label": place.label, "location": place.iso}
            for place in planned.populations
        ],
        "tasks": _task_digests(planned, numbers, data),
        "members": planned.member_count,
        "simulations": planned.simulation_count,
        "tables": tables,
        "labels": _labels(experiment),
    }


def _sections(experiment: Experiment) -> str:
    sections = (experiment.model, experiment.modelset, experiment.output)
    return "\n".join(canonical_json(section) for section in sections)


def _numbers(experiment: Experiment, planned: Plan, settings: Settings, seed: int) -> str:
    """Return all of the experiment that can change a task's numbers, data files apart."""
    modelset = experiment.modelset
    parts = (
        numeric_json(experiment.model),
        canonical_json(modelset.sampling if modelset else None),
        canonical_json(modelset.calibration if modelset else None),
        planned.strategy,
        settings.engine,
        str(seed),
    )
    return "\n".join(parts)


def _data_hashes(
    experiment: Experiment, store: PopulationStore, calendar: Path | None
) -> dict[str, dict[str, str]]:
    """Return the hashes of the data files: shared ones under "", others by population."""
    output_only = _output_files(experiment.output)
    shared = {
        written: sha256_of(path)
        for written, path in sorted(experiment.data.items())
        if written not in output_only
    }
    if calendar is not None:
        shared["school_calendar"] = sha256_of(calendar)
    hashes = {"": shared}
    for place in experiment.populations:
        hashes[place.name] = _population_hashes(place, store)
    return hashes


def _population_hashes(place: Location, store: PopulationStore) -> dict[str, str]:
    """Return the hashes of a population's files; none where it cannot be read.

    The build stage says why it cannot: one population fails alone.
    """
    try:
        files = store.files(place.name)
    except PopulationError:
        return {}
    return {f"populations/{place.name}/{path.name}": sha256_of(path) for path in files}


def _output_files(output: Output) -> set[str]:
    hub = output.flusight_format
    trends = hub.rate_trends if hub else None
    return {trends.observed_data_path} if trends else set()


def _flat(data: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {name: digest for files in data.values() for name, digest in files.items()}


def _task_digests(planned: Plan, numbers: str, data: Mapping[str, Mapping[str, str]]) -> list[str]:
    shared = _digest(numbers, *_pairs(data[""]))
    by_population = {
        place.name: _digest(shared, place.name, str(place.iso), *_pairs(data[place.name]))
        for place in planned.populations
    }
    return [
        _digest(
            by_population[task.population.name],
            str(task.primary_id),
            str(task.first),
            str(task.members),
        )
        for task in planned.tasks()
    ]


def _pairs(files: Mapping[str, str]) -> Iterable[str]:
    for name, digest in files.items():
        yield from (name, digest)


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:16]


def table_specs(output: Output) -> dict[str, dict[str, Any]]:
    """Return the tables that an output asks for, each with what it asks of them.

    Returns
    -------
    specs
        Table name to the fields of :class:`epyflow.tables.TableSpec`. ``model_metadata`` is always
        there: it lists what failed.
    """
    specs: dict[str, dict[str, Any]] = {}
    for kind in ("compartments", "transitions"):
        for name, section in (("quantiles", output.quantiles), ("trajectories", output.trajectories)):
            selected = getattr(section, kind, False)
            if selected:
                levels = output.quantiles.selections if name == "quantiles" and output.quantiles else ()
                specs[f"{name}_{kind}"] = {
                    "quantiles": sorted(levels),
                    "series": None if selected is True else list(selected),
                    "projection_parameters": False,
                }
    shown = output.model_meta is None or output.model_meta.projection_parameters
    specs["model_metadata"] = {"quantiles": [], "series": None, "projection_parameters": shown}
    return specs


def _labels(experiment: Experiment) -> dict[str, str]:
    """Return what figures call the series."""
    labels = {c.id: c.label or c.id for c in experiment.model.compartments}
    named = dict(labels)
    for transition in experiment.model.transitions:
        name = f"{transition.source}_to_{transition.target}"
        named[name] = f"{labels[transition.source]} → {labels[transition.target]}"
    return named
