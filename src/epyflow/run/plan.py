"""The plan of one run as a file: what the workflow needs to know, and nothing about data.

The coordinator writes it before the rules are read; they, and every remote worker, take ids,
counts and hashes from it and never see the experiment.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from epyflow import provenance
from epyflow.experiment import as_of
from epyflow.experiment.experiment import Experiment, canonical_json
from epyflow.files import write_bytes_atomically
from epyflow.inputs.build import Build
from epyflow.inputs.fan_out import plan
from epyflow.run import forecast_plan, input_record
from epyflow.run.bundle import Sources, unpacked, write_bundle
from epyflow.run.description import describe
from epyflow.run.digests import data_hashes, digest_of, flat, numbers, task_digests
from epyflow.run.input_record import Built
from epyflow.run.layout import RunLayout, plan_path
from epyflow.run.settings import Settings
from epyflow.run.sources import gather, loaded, names_in, sources_of
from epyflow.run.start import Start, write_start
from epyflow.run.table_requests import table_specs
from epyflow.storage.disk import Storage


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
    found = gather(settings)
    settings, sources = found.settings, found.sources
    experiment, runs = found.experiment, found.runs
    known = {
        run: input_record.read(storage, RunLayout(experiment.files.exp_id, run)) for run in runs
    }
    seed = _seed(experiment, known.values(), path)
    code = provenance.code_versions()
    documents, hubs = {}, []
    for run, each in runs.items():
        hub, files = forecast_plan.submission(each, settings)
        own = _document(settings, each, sources, seed, code)
        documents[run] = _place(each, run) | own | {"hub": hub}
        hubs += files
    scores, against = forecast_plan.scores(runs, settings)
    stale = {
        run: input_record.to_build(part, known[run], storage) for run, part in documents.items()
    }
    if settings.reference_dates:
        document = _replayed(settings, documents)
    else:
        document = documents[settings.run_id]
        document["observed"] = forecast_plan.observed_digest(experiment, settings)
        document["built_remotely"] = _built_remotely(
            settings, document, stale[settings.run_id], path
        )
    start = Start(
        sources=tuple(map(str, experiment.sources)),
        to_build={run: tuple(tasks) for run, tasks in stale.items() if tasks},
        hub=tuple(dict.fromkeys(hubs)),
        command=tuple(command),
        started=datetime.now(UTC).isoformat(),
        experiments=None if found.checkout is None else found.checkout.recorded(),
        **against,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"plan": document | {"scores": scores}}
    _write_if_changed(path, json.dumps(content, indent=1).encode())
    write_start(start, settings)
    return path


def _place(experiment: Experiment, run_id: str) -> dict[str, str]:
    return {"exp_id": experiment.files.exp_id, "run_id": run_id}


def _replayed(settings: Settings, documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the plan of a replay: what its runs share, and each of them.

    A replay makes submissions and scores, not the tables that a single forecast is looked at in.
    """
    for document in documents.values():
        document["tables"] = {"model_metadata": document["tables"]["model_metadata"]}
    first = next(iter(documents.values()))
    shared = (
        "exp_id",
        "build",
        "partial_results",
        "seed",
        "code",
        "populations",
        "tables",
        "labels",
        "about",
        "experiment",
        "members",
        "simulations",
    )
    own = {key: first[key] for key in shared} | {"hub": None}
    return {"run_id": settings.run_id} | own | {"forecasts": dict(documents)}


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
    sources = sources_of(settings)
    write_bundle(loaded(settings, sources), sources, path)


def build_inputs(
    settings: Settings,
    document: Mapping[str, Any],
    inputs: Mapping[tuple[str, int], Path],
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
        Run and task to the file to write.
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
    with _sources_of(settings, bundle) as sources:
        for run_id in dict.fromkeys(run for run, _ in inputs):
            paths = {task: path for (run, task), path in inputs.items() if run == run_id}
            part = as_of.of_run(document, run_id)
            input_record.forget(part, paths, storage)
            failed = prepare_build(settings, document["seed"], sources, run_id).write(paths)
            done = {task: path for task, path in paths.items() if task not in failed}
            input_record.remember(part, done, storage)


@contextmanager
def _sources_of(settings: Settings, bundle: str | None) -> Iterator[Sources]:
    if bundle is None:
        yield sources_of(settings)
        return
    with unpacked(Path(bundle)) as sources:
        yield sources


def experiment_of(
    settings: Settings, run_id: str | None = None, sources: Sources | None = None
) -> Experiment:
    """Load the experiment of a run again; of a replay, as of the run's reference date.

    Raises
    ------
    EpyflowError
        If it has become invalid since it was planned.
    """
    sources = sources or sources_of(settings)
    experiment = loaded(settings, sources)
    run, _, day = (run_id or settings.run_id).partition("/")
    dates = (date.fromisoformat(day),) if day else ()
    runs = as_of.runs(experiment, run, dates, settings.output_config, names_in(sources.store))
    return next(iter(runs.values()))


def prepare_build(
    settings: Settings, seed: int, sources: Sources | None = None, run_id: str | None = None
) -> Build:
    """Load the experiment again and gather what its inputs are built from.

    Parameters
    ----------
    settings
        Of the run.
    seed
        Of the run.
    sources
        Where everything is, if not where the settings say.
    run_id
        Of the run, with the date of a replay; None for that of the settings.

    Raises
    ------
    EpyflowError
        If the experiment has become invalid since it was planned.
    """
    sources = sources or sources_of(settings)
    experiment = experiment_of(settings, run_id, sources)
    return Build(
        experiment=experiment,
        plan=plan(experiment, settings.members_per_task),
        store=sources.store,
        calendar_file=sources.calendar,
        seed=seed,
        engine=settings.engine,
        run_code=provenance.code_version("run"),
    )


def _seed(experiment: Experiment, known: Iterable[Built | None], path: Path) -> int:
    """Return the experiment's seed, or the one drawn when the run was first planned."""
    if experiment.model.random_seed is not None:
        return experiment.model.random_seed
    for record in known:
        if record is not None:
            return record.seed
    if path.is_file():
        return int(json.loads(path.read_text(encoding="utf-8"))["plan"]["seed"])
    return secrets.randbits(32)


def _document(
    settings: Settings,
    experiment: Experiment,
    sources: Sources,
    seed: int,
    code: Mapping[str, str],
) -> dict[str, Any]:
    planned = plan(experiment, settings.members_per_task)
    data = data_hashes(experiment, sources.store, sources.calendar)
    own = numbers(experiment, planned, settings, seed)
    return {
        "strategy": planned.strategy,
        "build": settings.build,
        "partial_results": settings.partial_results,
        "seed": seed,
        "code": dict(code),
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
        "tables": table_specs(experiment),
        "labels": _labels(experiment),
        "about": describe(experiment),
    }


def _sections(experiment: Experiment) -> str:
    sections = (experiment.model, experiment.modelset, experiment.output)
    return "\n".join(canonical_json(section) for section in sections)


def _labels(experiment: Experiment) -> dict[str, str]:
    """Return what figures call the series."""
    labels = {c.id: c.label or c.id for c in experiment.model.compartments}
    named = dict(labels)
    for transition in experiment.model.transitions:
        name = f"{transition.source}_to_{transition.target}"
        named[name] = f"{labels[transition.source]} → {labels[transition.target]}"
    return named
