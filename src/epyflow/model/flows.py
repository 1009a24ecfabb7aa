"""List the flows that a model section describes, with their rates as expressions."""

from dataclasses import dataclass

from epyflow.experiment.format.base import parsed
from epyflow.experiment.format.expressions import Expression
from epyflow.experiment.format.model import Mediated, Model, MultiMediated, Spontaneous
from epyflow.model.compartmental import Kind


@dataclass(frozen=True)
class FlowTerm:
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


def list_flows(model: Model) -> tuple[FlowTerm, ...]:
    """Return the flows in the order of the model's transitions, one for each mediator."""
    found: list[FlowTerm] = []
    for t in model.transitions:
        if isinstance(t, Spontaneous):
            found.append(FlowTerm(t.source, t.target, "spontaneous", parsed(t.rate)))
        elif isinstance(t, Mediated):
            found.append(FlowTerm(t.source, t.target, "mediated", parsed(t.rate), t.mediator))
        elif isinstance(t, MultiMediated):
            found += [
                FlowTerm(t.source, t.target, "mediated", parsed(term.rate), mediator)
                for term in t.mediators
                for mediator in term.source
            ]
        else:
            eligible = model.vaccination.eligible_compartments if model.vaccination else ()
            found.append(FlowTerm(t.source, t.target, "scheduled", None, eligible=eligible))
    return tuple(found)
