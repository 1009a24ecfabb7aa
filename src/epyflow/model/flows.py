"""The ways between compartments that a model section describes, rates as expressions."""

from dataclasses import dataclass

from epyflow.experiment.format.base import parsed
from epyflow.experiment.format.expressions import Expression
from epyflow.experiment.format.model import Mediated, Model, MultiMediated, Spontaneous
from epyflow.model.compartmental import Kind


@dataclass(frozen=True)
class Way:
    """A :class:`~epyflow.model.compartmental.Flow` before its values are known.

    Attributes
    ----------
    source, target, kind, mediator, eligible
        As in Flow.
    rate
        None where doses are given.
    """

    source: str
    target: str
    kind: Kind
    rate: Expression | None
    mediator: str = ""
    eligible: tuple[str, ...] = ()


def ways(model: Model) -> tuple[Way, ...]:
    """Return the ways in the order of the model's transitions, one for each mediator."""
    found: list[Way] = []
    for t in model.transitions:
        if isinstance(t, Spontaneous):
            found.append(Way(t.source, t.target, "spontaneous", parsed(t.rate)))
        elif isinstance(t, Mediated):
            found.append(Way(t.source, t.target, "mediated", parsed(t.rate), t.mediator))
        elif isinstance(t, MultiMediated):
            found += [
                Way(t.source, t.target, "mediated", parsed(term.rate), mediator)
                for term in t.mediators
                for mediator in term.source
            ]
        else:
            eligible = model.vaccination.eligible_compartments if model.vaccination else ()
            found.append(Way(t.source, t.target, "scheduled", None, eligible=eligible))
    return tuple(found)
