"""Check initial conditions, and the ranges that they are drawn from."""

import math
from collections.abc import Collection

from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.distributions import ScipyDistribution
from epyflow.experiment.format.model import (
    Compartment,
    Mediated,
    Model,
    MultiMediated,
    Transition,
)
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath

_NEVER = 1e-9
"""A probability of negative values so small that no calibration draws one."""


def check_initial_values(model: Model, report: Report) -> None:
    """Refuse shares of more than an age group; warn of values that are probably percent."""
    for position, each in enumerate(model.compartments):
        _warn_of_percent(initial_numbers(each), ("compartments", position, "init"), report)
    if mediators := never_infectious(model, starting_compartments(model)):
        report.warn(
            ("compartments", model.compartment_ids.index(mediators[0])),
            f"nobody is in {' or '.join(mediators)} at the start, and only infected people get "
            "there: nobody is ever infected; expected a number of persons as init, such as 10",
        )
    if (found := overfull(model)) is None:
        return
    most, group, total = found
    report.error(
        ("compartments", most, "init"),
        f"with this, {total:g} times the people of age group {model.population.age_groups[group]} "
        "are placed in compartments; expected shares that add up to at most 1 (30% is written 0.3)",
    )


def starting_compartments(model: Model) -> set[str]:
    """Return the compartments that have people at the start, or may have."""
    return {
        each.id
        for each in model.compartments
        if any(initial_numbers(each)) or isinstance(each.init, str)
    }


def never_infectious(model: Model, occupied: Collection[str]) -> list[str]:
    """Return the compartments whose people infect, if none of them ever has people; else nothing.

    Parameters
    ----------
    model
        People move by its transitions, by a mediated one only if there are people who mediate it.
    occupied
        Compartments with people at the start. If there are none, people are placed by default.
    """
    moves = [(each.source, each.target, _mediators(each)) for each in model.transitions]
    mediators = {name for _, _, names in moves for name in names}
    reached = set(occupied)
    while (
        more := {
            target
            for source, target, names in moves
            if source in reached and (not names or not reached.isdisjoint(names))
        }
        - reached
    ):
        reached |= more
    known = [name for name in model.compartment_ids if name in mediators]
    return known if reached and reached.isdisjoint(mediators) else []


def _mediators(transition: Transition) -> tuple[str, ...]:
    if isinstance(transition, MultiMediated):
        return tuple(name for term in transition.mediators for name in term.source)
    return (transition.mediator,) if isinstance(transition, Mediated) else ()


def initial_numbers(compartment: Compartment) -> tuple[float, ...]:
    """Return the numbers of an initial condition; none if it is drawn, or the remainder."""
    init = compartment.init
    return init if isinstance(init, tuple) else (init,) if isinstance(init, float) else ()


def overfull(model: Model) -> tuple[int, int, float] | None:
    """Return the compartment with the largest share of the age group whose shares exceed 1 most.

    The position of the compartment, that of the age group, and the sum of the shares.
    """
    sums = []
    for group in range(len(model.population.age_groups)):
        shares = []
        for position, each in enumerate(model.compartments):
            values = initial_numbers(each)
            value = values[min(group, len(values) - 1)] if values else 0.0
            shares.append((value if value < 1 else 0.0, position))
        sums.append((sum(share for share, _ in shares), group, max(shares)[1]))
    total, group, most = max(sums, key=lambda each: each[0])
    return (most, group, total) if total > 1 + _NEVER else None


def _warn_of_percent(values: tuple[float, ...], here: KeyPath, report: Report) -> None:
    broken = next((each for each in values if each > 1 and each != int(each)), None)
    share = next((each for each in values if 0 < each < 1), None)
    if broken is not None:
        report.warn(
            here,
            f"{broken:g} is a number of persons, since it is not below 1, and is rounded; expected "
            f"a whole number of persons, or a share: {broken:g}% is written {broken / 100:g}",
        )
    elif share is not None and (persons := max(values)) >= 1:
        report.warn(
            here,
            f"{share:g} is a share of its age group, but {persons:g} is a number of persons; "
            "expected only shares, all below 1, or only persons",
        )


def check_initial_priors(calibration: Calibration, report: Report) -> None:
    """Refuse priors of initial conditions that reach below 0; warn of those that reach across 1."""
    for name, given in calibration.compartments.items():
        if not isinstance(given.prior, ScipyDistribution):
            continue
        low, high = reach(given.prior)
        here: KeyPath = ("calibration", "compartments", name, "prior")
        if low < 0:
            report.error(
                here,
                f"with {given.prior.arguments} it reaches down to {low:g}; expected persons (1 or "
                "more) or shares of the population (below 1)",
            )
        else:
            warn_of_both_readings(low, high, here, report)


def reach(prior: ScipyDistribution) -> tuple[float, float]:
    """Return a prior's bounds; 0 for a normal distribution that in practice is above it."""
    low, high = prior.bounds()
    if low < 0 < high and math.isinf(low) and prior.frozen().cdf(0) < _NEVER:
        return 0.0, high
    return low, high


def warn_of_both_readings(low: float, high: float, here: KeyPath, report: Report) -> None:
    """Warn of initial conditions from ``low`` to ``high`` if some are persons and some shares."""
    if low < 1 < high:
        top = "without limit" if math.isinf(high) else f"to {high:g}"
        report.warn(
            here,
            f"reaches from {low:g} {top}, across 1: a drawn value below 1 is that share of every "
            "age group, one of 1 or more that number of persons; expected a range on one side of 1",
        )
