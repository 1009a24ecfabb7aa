"""Find the infected compartments of a model and the transitions that infect, to compute R.

A model lists compartments and transitions, but not which compartments are infected. A compartment
is infected if its people infect others, or if spontaneous transitions lead from it to such a
compartment: latent, infectious, between two bouts. A transition infects if it is mediated and
leads from a compartment that is not infected to one that is.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from epyflow.errors import ReproductionNumberError
from epyflow.model.compartmental import Flow, Kind
from epyflow.model.flows import FlowTerm


class Edge(NamedTuple):
    """A flow without its rate; the fields are those of FlowTerm."""

    source: str
    target: str
    kind: Kind
    mediator: str


@dataclass(frozen=True)
class Infections:
    """The infected compartments of a model and the transitions that infect.

    Attributes
    ----------
    infected
        The infected compartments.
    entered
        Infected compartments that new infections lead to.
    mediators
        Infected compartments that infect others.
    sources
        Compartments of people who can be infected.
    infecting
        Positions of the flows that infect, among the flows of the model.
    leaving
        Positions of the flows out of the infected compartments.
    """

    infected: tuple[str, ...]
    entered: tuple[str, ...]
    mediators: tuple[str, ...]
    sources: tuple[str, ...]
    infecting: tuple[int, ...]
    leaving: tuple[int, ...]


def find_infections(flows: Iterable[FlowTerm | Flow]) -> Infections:
    """Find the infected compartments of a model and the transitions that infect.

    A source of infection that no infection leads to, directly or through others, is not infected:
    it represents importation.

    Parameters
    ----------
    flows
        The flows of the model.

    Raises
    ------
    ReproductionNumberError
        If infections by one person cannot be counted: no transition infects; infected people are
        infected again; their progression depends on the number of others; or some never leave.
    """
    return _find(tuple(Edge(each.source, each.target, each.kind, each.mediator) for each in flows))


@lru_cache(maxsize=64)
def _find(edges: tuple[Edge, ...]) -> Infections:
    mediated = [edge for edge in edges if edge.kind == "mediated"]
    alone = [edge for edge in edges if edge.kind != "mediated"]
    if not mediated:
        raise ReproductionNumberError("no transition is mediated, so nobody infects anybody")
    later = _reached({edge.target for edge in mediated}, edges)
    mediators = {edge.mediator for edge in mediated}
    outside = {edge.source for edge in mediated} - later - mediators
    while True:
        infected = _reaching(mediators, alone, outside)
        new = [s for s in mediated if s.source not in infected and s.target in infected]
        # Some mediators cause other transitions than infections, such as caution after deaths.
        if not new or {edge.mediator for edge in new} == mediators:
            break
        mediators = {edge.mediator for edge in new}
    _check_alone(edges, infected)
    if not new:
        raise ReproductionNumberError(
            "no mediated transition leads from those who do not infect to those who do"
        )
    _check_end(alone, infected)
    return Infections(
        infected=tuple(sorted(infected)),
        entered=tuple(sorted({edge.target for edge in new})),
        mediators=tuple(sorted(mediators)),
        sources=tuple(sorted({edge.source for edge in new})),
        infecting=tuple(at for at, edge in enumerate(edges) if edge in new),
        leaving=tuple(at for at, edge in enumerate(edges) if edge.source in infected),
    )


def _reached(starts: Collection[str], edges: Sequence[Edge]) -> set[str]:
    """Return the starts and all compartments that can be reached from them."""
    found = set(starts)
    while more := {edge.target for edge in edges if edge.source in found} - found:
        found |= more
    return found


def _reaching(
    ends: Collection[str], edges: Sequence[Edge], barred: Collection[str] = ()
) -> set[str]:
    """Return the ends and all compartments that lead to them, except the barred ones."""
    found = set(ends)
    while more := {s.source for s in edges if s.target in found} - found - set(barred):
        found |= more
    return found


def _check_alone(edges: Sequence[Edge], infected: Collection[str]) -> None:
    """Refuse a model in which the course of an infection depends on the number of others."""
    for edge in edges:
        name = f"{edge.source}_to_{edge.target}"
        if edge.source not in infected or edge.kind == "spontaneous":
            continue
        if edge.kind == "scheduled":
            raise ReproductionNumberError(
                f"doses are given to people in {edge.source}, who count as infected, and how soon "
                "depends on how many others may have them"
            )
        if edge.target in infected:
            raise ReproductionNumberError(
                f"{name} is mediated, but people in {edge.source} come to infect without it too: "
                "whether it infects them cannot be told"
            )
        raise ReproductionNumberError(
            f"{name} is mediated, so how long people infect depends on how many others there are"
        )


def _check_end(alone: Sequence[Edge], infected: set[str]) -> None:
    """Refuse a model in which an infection may never end."""
    ends = {edge.target for edge in alone if edge.source in infected} - infected
    stuck = infected - _reaching(ends, alone)
    if stuck:
        raise ReproductionNumberError(
            f"people in {', '.join(sorted(stuck))} never leave, so each infects without end"
        )
