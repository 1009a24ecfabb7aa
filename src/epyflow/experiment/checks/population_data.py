"""Check that an experiment fits the data of its populations, before a task needs them."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from epyflow.errors import PopulationError
from epyflow.experiment.checks.initial_values import (
    initial_numbers,
    never_infectious,
    overfull,
    reach,
    starting_compartments,
)
from epyflow.experiment.format.distributions import RARELY, ScipyDistribution
from epyflow.experiment.format.model import Mediated, Model, MultiMediated, Spontaneous
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.population.age_groups import map_groups, parse_age_groups
from epyflow.population.aggregate import aggregate_sizes, round_persons
from epyflow.population.locations import Location
from epyflow.population.store import PopulationStore
from epyflow.suggest import listed

_SHOWN = 3

_HALF = 0.5
"""Fewer persons of an age group are rounded to 0."""

_HUNDRED, _FEW = 100, 1e-3
"""Persons who may be meant as percent, if they are a smaller share than this."""


def check_population_data(
    model: Model,
    modelset: Modelset | None,
    populations: Sequence[Location],
    store: PopulationStore,
    reports: tuple[Report, Report | None],
) -> None:
    """Report age groups that the data cannot form, damaged data, and too many initial persons.

    Populations that the store does not hold on this machine are left out.

    Parameters
    ----------
    reports
        Of the model and of the modelset.
    """
    held = store.names() if populations else ()
    here = [each.name for each in populations if each.name in held]
    own, other = reports
    named: tuple[Report, KeyPath] = (own, ("population", "name"))
    if other is not None and modelset is not None and modelset.population_names is not None:
        named = other, ("population_names",)
    target = parse_age_groups(model.population.age_groups)
    sizes: dict[str, NDArray[np.int64]] = {}
    layers: dict[str, tuple[str, ...]] = {}
    damaged: set[str] = set()
    refused: dict[str, list[str]] = {}
    for name in here:
        try:
            data, layers[name] = store.outline(name)
            try:
                index = map_groups(data.age_groups, target)
            except ValueError as error:
                message = f"{error}, {listed(each.label for each in data.age_groups)}"
                refused.setdefault(message, []).append(name)
            else:
                pooled = aggregate_sizes(data.sizes, index, len(target))
                sizes[name] = round_persons(name, target, pooled)
        except PopulationError as error:
            damaged.add(str(error))
    for message in sorted(damaged):
        named[0].error(named[1], message)
    for message, names in refused.items():
        own.error(("population", "age_groups"), f"{message} ({listed(names, _SHOWN)})")
    _check_layers(model, layers, own)
    if overfull(model) is None:  # else it is an error already
        _check_initial_persons(model, sizes, own)
        _check_infectious(model, sizes, own)
    if sizes:
        _check_percent(model, *min(sizes.items(), key=lambda each: int(each[1].sum())), own)
    if other is not None and modelset is not None and sizes:
        _check_ranges(modelset, sizes, other)


def _check_layers(model: Model, layers: Mapping[str, Sequence[str]], report: Report) -> None:
    """Report an intervention on a contact layer that a population lacks."""
    for position, each in enumerate(model.interventions):
        if each.type == "parameter":
            continue
        layer = "school" if each.type == "school_closure" else each.contact_matrix_layer
        for name, present in layers.items():
            if layer not in present:
                report.error(
                    ("interventions", position),
                    f"scales the contact layer {layer}, which the data of {name} lack; expected "
                    f"one of {listed(present)}, or contacts of that layer in the data",
                )
                break


def _check_initial_persons(
    model: Model, sizes: dict[str, NDArray[np.int64]], report: Report
) -> None:
    """Report the first population with an age group in which too many persons are placed."""
    inits = {
        position: each.init
        for position, each in enumerate(model.compartments)
        if isinstance(each.init, float | int | tuple)
    }
    for name, persons in sizes.items():
        placed = {key: _persons(init, persons) for key, init in inits.items()}
        everybody = sum(placed.values(), np.zeros(len(persons)))
        excess = everybody - persons
        # Each compartment may be rounded up by one person.
        if not placed or excess.max() <= len(placed):
            continue
        group = int(excess.argmax())
        most = max(placed, key=lambda key: placed[key][group])
        report.error(
            ("compartments", most, "init"),
            f"places {placed[most][group]:,.0f} persons of age group "
            f"{model.population.age_groups[group]} here, {everybody[group]:,.0f} with all "
            f"compartments, but {name} has {persons[group]:,}; expected fewer persons or smaller "
            "shares",
        )
        return


def _check_infectious(model: Model, sizes: dict[str, NDArray[np.int64]], report: Report) -> None:
    """Warn of the first population in which the shares of the infectious are rounded to nobody."""
    start = starting_compartments(model)
    if never_infectious(model, start):
        return  # whatever the population: it is warned of already
    for name, persons in sizes.items():
        empty = {
            each.id
            for each in model.compartments
            if (isinstance(each.init, tuple) or (isinstance(each.init, float) and each.init < 1))
            and _persons(each.init, persons).max() < _HALF
        }
        if mediators := never_infectious(model, start - empty):
            report.warn(
                ("compartments", model.compartment_ids.index(mediators[0]), "init"),
                f"is less than half a person in each age group of {name}, which is rounded to 0, "
                "so that nobody is ever infected; expected a number of persons, such as 10",
            )
            return


def _check_percent(model: Model, name: str, persons: NDArray[np.int64], report: Report) -> None:
    """Warn of a compartment that holds so few susceptible or immune people that percent are meant.

    In others, such as the infectious and those in hospital, a few dozen people are usual.
    """
    left = {each.source for each in model.transitions if isinstance(each, Mediated | MultiMediated)}
    passing = {
        each.source
        for each in model.transitions
        if isinstance(each, Spontaneous) and each.target not in left
    }
    for position, each in enumerate(model.compartments):
        values = [value for value in initial_numbers(each) if value]
        few = sum(values) < _FEW * persons.sum()
        if each.id in passing or not values or not few:
            continue
        if min(values) >= 1 and max(values) <= _HUNDRED:
            report.warn(
                ("compartments", position, "init"),
                f"places {sum(values):,.0f} of the {persons.sum():,} persons of {name} in {each.id}"
                f"; expected more persons, or shares: {max(values):g}% is written "
                f"{max(values) / 100:g}",
            )


def _persons(init: float | tuple[float, ...], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the persons of a compartment in each age group, before rounding."""
    if isinstance(init, tuple):
        values = np.array(init, dtype=np.float64)
        return np.where(values >= 1, values, values * sizes)
    return sizes * (init if init < 1 else init / sizes.sum())


def _check_ranges(modelset: Modelset, sizes: dict[str, NDArray[np.int64]], report: Report) -> None:
    """Report ranges and priors of initial persons that reach beyond the smallest population."""
    name, least = min(((key, int(each.sum())) for key, each in sizes.items()), key=lambda x: x[1])
    for key_path, prior, low, high in _ranges(modelset):
        if prior is not None and math.isinf(high):
            probability = float(prior.frozen().sf(least))
            if probability >= RARELY:
                report.warn(
                    key_path,
                    f"gives more than the {least:,} persons of {name} with a probability of "
                    f"{probability:.2g}; a task that draws more fails; expected fewer persons, or "
                    "a distribution with bounds",
                )
        elif least < high:
            tell = report.error if low > least else report.warn
            tell(
                key_path,
                f"reaches to {high:,.0f} persons, but {name} has {least:,}; a task that draws more "
                "fails; expected fewer persons, or shares below 1",
            )


def _ranges(
    modelset: Modelset,
) -> Iterator[tuple[KeyPath, ScipyDistribution | None, float, float]]:
    """Return the key path of each range of initial persons, its prior if it has one, its ends."""
    if modelset.sampling is not None:
        for name, each in modelset.sampling.compartments.items():
            yield ("sampling", "compartments", name), None, each.min, each.max
    if modelset.calibration is not None:
        for name, given in modelset.calibration.compartments.items():
            if isinstance(given.prior, ScipyDistribution):
                key_path = ("calibration", "compartments", name, "prior")
                yield key_path, given.prior, *reach(given.prior)
