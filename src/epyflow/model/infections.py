"""Who counts as infected in a model, and which transitions infect: what R is counted by.

A model is compartments and transitions; it does not say which of them are infected. People are
infected if they infect others now, or come to without meeting anybody: latent, infectious, in a
pause between two bouts. A transition infects if it is mediated and leads to them from elsewhere.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from epyflow.errors import ReproductionNumberError
from epyflow.model.compartmental import Flow, Kind
from epyflow.model.flows import Way


class Step(NamedTuple):
    """A way from compartment to compartment without its rate; the fields are those of Way."""

    source: str
    target: str
    kind: Kind
    mediator: str


@dataclass(frozen=True)
class Infections:
    """The infected of a model and what infects.

    Attributes
    ----------
    infected
        Compartments of the infected.
    entered
        Those of them that new infections lead to.
    mediators
        Those of them that infect.
    sources
        Compartments of those who can be infected.
    infecting
        Positions, among the flows of the model, of those that infect.
    leaving
        Positions of the flows out of the infected compartments.
    """

    infected: tuple[str, ...]
    entered: tuple[str, ...]
    mediators: tuple[str, ...]
    sources: tuple[str, ...]
    infecting: tuple[int, ...]
    leaving: tuple[int, ...]


def infections(ways: Iterable[Way | Flow]) -> Infections:
    """Find the infected of a model and what infects.

    A source of infection that no infection leads to, directly or later, is not infected even if
    people come from it without contact: that is an import from outside.

    Parameters
    ----------
    ways
        Of the model.

    Raises
    ------
    ReproductionNumberError
        If infections by one person cannot be counted: nobody infects; the infected are infected
        again; how they fare depends on how many others there are; or some of them never leave.
    """
    return _infections(tuple(Step(w.source, w.target, w.kind, w.mediator) for w in ways))


@lru_cache(maxsize=64)
def _infections(steps: tuple[Step, ...]) -> Infections:
    mediated = [step for step in steps if step.kind == "mediated"]
    alone = [step for step in steps if step.kind != "mediated"]
    if not mediated:
        raise ReproductionNumberError("no transition is mediated, so nobody infects anybody")
    later = _reached({step.target for step in mediated}, steps)
    mediators = {step.mediator for step in mediated}
    outside = {step.source for step in mediated} - later - mediators
    while True:
        infected = _reaching(mediators, alone, outside)
        new = [s for s in mediated if s.source not in infected and s.target in infected]
        # Some mediate other things than infections, such as caution at the sight of deaths.
        if not new or {step.mediator for step in new} == mediators:
            break
        mediators = {step.mediator for step in new}
    _check_alone(steps, infected)
    if not new:
        raise ReproductionNumberError(
            "no mediated transition leads from those who do not infect to those who do"
        )
    _check_end(alone, infected)
    return Infections(
        infected=tuple(sorted(infected)),
        entered=tuple(sorted({step.target for step in new})),
        mediators=tuple(sorted(mediators)),
        sources=tuple(sorted({step.source for step in new})),
        infecting=tuple(at for at, step in enumerate(steps) if step in new),
        leaving=tuple(at for at, step in enumerate(steps) if step.source in infected),
    )


def _reached(starts: Collection[str], steps: Sequence[Step]) -> set[str]:
    """Return the starts and all compartments that steps lead to from them."""
    found = set(starts)
    while more := {step.target for step in steps if step.source in found} - found:
        found |= more
    return found


def _reaching(
    ends: Collection[str], steps: Sequence[Step], barred: Collection[str] = ()
) -> set[str]:
    """Return the ends and all compartments from which steps lead to them, but for the barred."""
    found = set(ends)
    while more := {s.source for s in steps if s.target in found} - found - set(barred):
        found |= more
    return found


def _check_alone(steps: Sequence[Step], infected: Collection[str]) -> None:
    """Refuse a model in which the course of an infection depends on how many others there are."""
    for step in steps:
        name = f"{step.source}_to_{step.target}"
        if step.source not in infected or step.kind == "spontaneous":
            continue
        if step.kind == "scheduled":
            raise ReproductionNumberError(
                f"doses are given to people in {step.source}, who count as infected, and how soon "
                "depends on how many others may have them"
            )
        if step.target in infected:
            raise ReproductionNumberError(
                f"{name} is mediated, but people in {step.source} come to infect without it too: "
                "whether it infects them cannot be told"
            )
        raise ReproductionNumberError(
            f"{name} is mediated, so how long people infect depends on how many others there are"
        )


def _check_end(alone: Sequence[Step], infected: set[str]) -> None:
    """Refuse a model in which an infection may have no end."""
    ends = {step.target for step in alone if step.source in infected} - infected
    stuck = infected - _reaching(ends, alone)
    if stuck:
        raise ReproductionNumberError(
            f"people in {', '.join(sorted(stuck))} never leave, so each infects without end"
        )
