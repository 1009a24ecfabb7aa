"""Build the inputs of a planned run, here or from a bundle on another machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from epyflow import provenance
from epyflow.experiment import as_of
from epyflow.experiment.experiment import Experiment
from epyflow.inputs import fan_out
from epyflow.inputs.build import Build
from epyflow.run import input_record
from epyflow.run.bundle import Sources, unpack_bundle, write_bundle
from epyflow.run.plan import Plan
from epyflow.run.settings import Settings
from epyflow.run.sources import find_sources, load_experiment, population_names
from epyflow.storage.disk import Storage


def bundle_experiment(settings: Settings, path: Path) -> None:
    """Pack everything that inputs are built from into one file, for a job on another machine.

    Raises
    ------
    ExperimentError
        If the experiment has become invalid since it was planned.
    """
    sources = find_sources(settings)
    write_bundle(load_experiment(settings, sources), sources, path)


def build_inputs(
    settings: Settings,
    plan: Plan,
    inputs: Mapping[tuple[str, int], Path],
    storage: Storage,
    bundle: str | None = None,
) -> None:
    """Build inputs of a planned run, and record what they were built from.

    Parameters
    ----------
    settings, plan
        The settings and the plan of the run.
    inputs
        Run and task to the file to write.
    storage
        Holds the record.
    bundle
        File from :func:`bundle_experiment`, on a machine without the experiment.

    Raises
    ------
    EpyflowError
        If the code here is not the plan's.
    """
    if bundle is not None:
        for stage in ("build", "run"):
            provenance.check_code(stage, plan.code[stage], bundle)
    with _sources_of(settings, bundle) as sources:
        for run_id in dict.fromkeys(run for run, _ in inputs):
            paths = {task: path for (run, task), path in inputs.items() if run == run_id}
            part = plan.of_run(run_id)
            input_record.forget(part, paths, storage)
            failed = prepare_build(settings, plan.seed, sources, run_id).write(paths)
            done = {task: path for task, path in paths.items() if task not in failed}
            input_record.remember(part, done, storage)


@contextmanager
def _sources_of(settings: Settings, bundle: str | None) -> Iterator[Sources]:
    if bundle is None:
        yield find_sources(settings)
        return
    with unpack_bundle(Path(bundle)) as sources:
        yield sources


def experiment_of(
    settings: Settings, run_id: str | None = None, sources: Sources | None = None
) -> Experiment:
    """Load the experiment of a run again; for a replay, as of the run's reference date.

    Raises
    ------
    EpyflowError
        If it has become invalid since it was planned.
    """
    sources = sources or find_sources(settings)
    experiment = load_experiment(settings, sources)
    _, _, day = (run_id or settings.run_id).partition("/")
    if not day:
        return experiment
    known = population_names(sources.store)
    return as_of.at(experiment, date.fromisoformat(day), settings.output_config, known)


def prepare_build(
    settings: Settings, seed: int, sources: Sources | None = None, run_id: str | None = None
) -> Build:
    """Load the experiment again, and gather everything that its inputs are built from.

    Parameters
    ----------
    settings, seed
        The settings and the random seed of the run.
    sources
        Places to use instead of those of the settings.
    run_id
        With the date of a replay; None for that of the settings.

    Raises
    ------
    EpyflowError
        If the experiment has become invalid since it was planned.
    """
    sources = sources or find_sources(settings)
    experiment = experiment_of(settings, run_id, sources)
    return Build(
        experiment=experiment,
        plan=fan_out.plan(experiment, settings.members_per_task),
        store=sources.store,
        calendar_file=sources.calendar,
        seed=seed,
        engine=settings.engine,
        run_code=provenance.code_version("run"),
    )
