"""Find the populations of an experiment."""

from collections.abc import Collection, Sequence

from epyflow.errors import PopulationError
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.population.locations import ALL_US, Location, find

_NAMES: KeyPath = ("population_names",)
_BY_POSTAL_CODE = {place.postal: place for place in ALL_US}


def check_populations(
    model: Model | None,
    modelset: Modelset | None,
    model_report: Report | None,
    report: Report | None,
    known: Collection[str],
) -> tuple[Location, ...]:
    """Find the populations; report unknown ones, and a basemodel and a modelset that disagree.

    Parameters
    ----------
    model, modelset
        None if it is missing or cannot be read.
    model_report, report
        Reports of the model and of the modelset; None if there is no such section.
    known
        Names in the population store.

    Returns
    -------
    populations
        Each once, in the order of the modelset.
    """
    own: list[Location] = []
    if model is not None and model_report is not None and model.population.name is not None:
        own = _found(model.population.name, model_report, ("population", "name"), known)
    if modelset is None or report is None or modelset.population_names is None:
        return tuple(own)
    listed = _listed(modelset, report, known)
    if own and listed and listed != own:
        name = model.population.name if model else None
        report.error(
            _NAMES,
            f"disagrees with model.population.name {name!r}; expected only one of the two",
        )
    return tuple(listed)


def check_some_population(model: Model, modelset: Modelset | None, report: Report) -> None:
    """Report that neither the basemodel nor the modelset names a population."""
    if model.population.name is None and (modelset is None or modelset.population_names is None):
        report.error(
            ("population",),
            "no population; expected population.name here or population_names in a modelset",
        )


def _listed(modelset: Modelset, report: Report, known: Collection[str]) -> list[Location]:
    names = modelset.population_names or ()
    if names == ("all",):
        return _all_but(modelset.exclude, report, known)
    places: dict[Location, str] = {}
    for position, name in enumerate(names):
        key_path = (*_NAMES, position) if report.has((*_NAMES, position)) else _NAMES
        for found in _found(name, report, key_path, known):
            first = places.setdefault(found, name)
            if first != name:
                report.error(
                    key_path, f"{name!r} is the same population as {first!r}; expected it once"
                )
    return list(places)


def _all_but(excluded: Sequence[str], report: Report, known: Collection[str]) -> list[Location]:
    out: list[Location] = []
    for position, name in enumerate(excluded):
        key_path = ("exclude", position)
        found = _found(name, report, key_path, known)
        for location in found:
            if location not in ALL_US:
                report.error(
                    key_path,
                    f"{name!r} is not part of all; expected the United States, a state or DC",
                )
        out += found
    left = [location for location in ALL_US if location not in out]
    if not left:
        report.error(("exclude",), "excludes every population of all; expected fewer entries")
    return left


def _found(name: str, report: Report, key_path: KeyPath, known: Collection[str]) -> list[Location]:
    try:
        found = find(name, known)
    except PopulationError as error:
        report.error(key_path, str(error))
        return []
    state = _BY_POSTAL_CODE.get(name)
    if state is not None and found != state:
        report.warn(
            key_path,
            f"{name} is the country {found.label}; write {state.iso} for {state.label}, or "
            f"{found.name} if you mean the country",
        )
    elif known and found.name not in known:
        report.warn(
            key_path,
            f"{found.name} is not in the population data that are given; a run would download it "
            "from epydemix-data, where there is a network",
        )
    return [found]
