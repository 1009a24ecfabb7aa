"""Hash everything that the tasks of a run depend on. A task whose hash has changed is run again."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from epyflow.data import vintages
from epyflow.errors import PopulationError
from epyflow.experiment.experiment import Experiment, canonical_json
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.hub_formats import RateTrends
from epyflow.files import sha256_of
from epyflow.inputs.build import numeric_json
from epyflow.inputs.fan_out import Plan
from epyflow.population.locations import Location
from epyflow.population.store import PopulationStore
from epyflow.run.settings import Settings


def numeric_content(experiment: Experiment, planned: Plan, settings: Settings, seed: int) -> str:
    """Return all parts of the experiment that can change a task's numbers, except data files."""
    parts = (
        numeric_json(experiment.model),
        canonical_json(experiment.sampling),
        canonical_json(experiment.calibration),
        planned.strategy,
        settings.engine,
        str(seed),
        *hash_functions(experiment),
    )
    return "\n".join(parts)


def hash_functions(experiment: Experiment) -> list[str]:
    """Return the hashes of custom modules, which may define distributions."""
    folder = experiment.files.folder / "functions"
    return [sha256_of(path) for path in sorted(folder.glob("*.py"))]


def hash_data(
    experiment: Experiment, store: PopulationStore, calendar: Path | None
) -> dict[str, dict[str, str]]:
    """Return the hashes of data files of tasks: shared files under "", others by population."""
    section, trends = experiment.calibration, _rate_trends(experiment)
    observed = {} if section is None else hash_observed(experiment, section)
    apart = {*observed, *([] if trends is None else [_key(trends)])}
    others = {
        written: vintages.hash_file(path)
        for written, path in experiment.data.items()
        if written not in apart
    }
    shared = dict(sorted({**others, **observed}.items()))
    if calendar is not None:
        shared["school_calendar"] = sha256_of(calendar)
    hashes = {"": shared}
    for place in experiment.populations:
        hashes[place.name] = _population_hashes(place, store)
    return hashes


def _population_hashes(place: Location, store: PopulationStore) -> dict[str, str]:
    """Return the hashes of a population's files; none if the population cannot be read.

    The build stage reports the error, so that one population fails alone.
    """
    try:
        files = store.files(place.name)
    except PopulationError:
        return {}
    return {f"populations/{place.name}/{path.name}": sha256_of(path) for path in files}


def hash_observed(experiment: Experiment, section: Calibration | RateTrends) -> dict[str, str]:
    """Return the hash of the known observations of a section, by file; later rows do not count."""
    day, column = section.observed_data_vintage, section.observed_as_of_column
    path = experiment.data[_key(section)]
    return {_key(section): vintages.digest(path, vintages.vintage_of(path, day, column))}


def hash_rate_trends(experiment: Experiment) -> dict[str, str]:
    """Return the hash of observations that the submission reads for its rate trends, by file."""
    trends = _rate_trends(experiment)
    return {} if trends is None else hash_observed(experiment, trends)


def _rate_trends(experiment: Experiment) -> RateTrends | None:
    hub = experiment.output.flusight_format
    return None if hub is None else hub.rate_trends


def _key(section: Calibration | RateTrends) -> str:
    return vintages.data_key(section.observed_data_path, section.observed_data_vintage)


def flatten(data: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return all hashes by file, without the populations."""
    return {name: digest for files in data.values() for name, digest in files.items()}


def hash_tasks(planned: Plan, numbers: str, data: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the hash of everything that can change the numbers of each task."""
    shared = digest_of(numbers, *_pairs(data[""]))
    by_population = {
        place.name: digest_of(shared, place.name, str(place.iso), *_pairs(data[place.name]))
        for place in planned.populations
    }
    return [
        digest_of(
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


def digest_of(*parts: str) -> str:
    """Return a short hash of texts; the boundaries between them count."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:16]
