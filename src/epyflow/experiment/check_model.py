"""What a ``model`` section must fulfil as a whole."""

from collections import Counter
from datetime import date

from epyflow.experiment import expressions
from epyflow.experiment.base import parsed
from epyflow.experiment.forcing import ParameterIntervention, SchoolClosure
from epyflow.experiment.model import (
    AgeVarying,
    Calculated,
    Mediated,
    Model,
    MultiMediated,
    Spontaneous,
    Vaccinated,
)
from epyflow.experiment.report import Report
from epyflow.experiment.source import Location


def check_model(model: Model, report: Report) -> None:
    """Check names, lengths, initial conditions and dates; note what is wrong in ``report``."""
    _compartments(model, report)
    _transitions(model, report)
    _rates(model, report)
    _parameters(model, report)
    _vaccination(model, report)
    _seasonality(model, report)
    _interventions(model, report)


def _compartments(model: Model, report: Report) -> None:
    counts = Counter(model.compartment_ids)
    groups = len(model.population.age_groups)
    for position, compartment in enumerate(model.compartments):
        here: Location = ("compartments", position)
        if counts[compartment.id] > 1:
            report.error((*here, "id"), f"the id {compartment.id!r} is used twice")
        if isinstance(compartment.init, tuple) and len(compartment.init) != groups:
            report.error(
                (*here, "init"),
                f"{len(compartment.init)} values for {groups} age groups; expected one for each of "
                + ", ".join(model.population.age_groups),
            )
    given = [c.init for c in model.compartments if c.init is not None]
    if given and "default" not in given:
        report.error(
            ("compartments",),
            "no compartment has init: default; expected one that takes the remainder, such as S",
        )


def _transitions(model: Model, report: Report) -> None:
    ids = list(model.compartment_ids)
    for position, transition in enumerate(model.transitions):
        here: Location = ("transitions", position)
        for key in ("source", "target"):
            report.known("compartment", getattr(transition, key), ids, (*here, key))
        if transition.source == transition.target:
            report.error(
                (*here, "target"), f"leads from {transition.source!r} to itself; it moves nobody"
            )
        if isinstance(transition, Mediated):
            report.known("compartment", transition.mediator, ids, (*here, "mediator"))
        if isinstance(transition, MultiMediated):
            for term_position, term in enumerate(transition.mediators):
                for source_position, source in enumerate(term.source):
                    place = (*here, "mediators", term_position, "source", source_position)
                    report.known("compartment", source, ids, place)


def rates(model: Model) -> list[tuple[Location, str | float]]:
    """Return every rate with its location, in the order of the file."""
    found: list[tuple[Location, str | float]] = []
    for position, transition in enumerate(model.transitions):
        here: Location = ("transitions", position)
        if isinstance(transition, Spontaneous | Mediated):
            found.append(((*here, "rate"), transition.rate))
        if isinstance(transition, MultiMediated):
            found += [
                ((*here, "mediators", index, "rate"), term.rate)
                for index, term in enumerate(transition.mediators)
            ]
    return found


def _rates(model: Model, report: Report) -> None:
    for location, rate in rates(model):
        expression = parsed(rate)
        for name in expression.names:
            report.known("parameter", name, list(model.parameters), location)
        if not expression.names:
            _constant_rate(expression, location, report)


def _constant_rate(expression: expressions.Expression, location: Location, report: Report) -> None:
    try:
        value = expression.compute({})
    except expressions.ExpressionError as error:
        report.error(location, str(error))
        return
    if float(value) < 0:
        report.error(location, f"the rate {expression.text} is negative; expected 0 or more")


def _parameters(model: Model, report: Report) -> None:
    groups = len(model.population.age_groups)
    calculated = {}
    for name, parameter in model.parameters.items():
        here: Location = ("parameters", name)
        if isinstance(parameter, AgeVarying) and len(parameter.values) != groups:
            report.error(
                (*here, "values"),
                f"{len(parameter.values)} values for {groups} age groups; expected one for each of "
                + ", ".join(model.population.age_groups),
            )
        if isinstance(parameter, Calculated):
            calculated[name] = parsed(parameter.value)
            valid = [*model.parameters, "eigenvalue"]
            for used in calculated[name].names:
                report.known("parameter", used, valid, (*here, "value"))
    try:
        expressions.in_order(calculated)
    except expressions.ExpressionError as error:
        first = next(name for name in calculated if name in str(error))
        report.error(("parameters", first, "value"), str(error))
    _unused(model, calculated, report)


def _unused(
    model: Model, calculated: dict[str, expressions.Expression], report: Report
) -> None:
    used = {"seasonality_min"} if model.seasonality else set()
    used |= {name for _, rate in rates(model) for name in parsed(rate).names}
    used |= {name for expression in calculated.values() for name in expression.names}
    for name in model.parameters:
        if name not in used:
            report.warn(("parameters", name), "no rate or calculated parameter uses it")


def _vaccination(model: Model, report: Report) -> None:
    section, ids = model.vaccination, list(model.compartment_ids)
    doses = [(i, t) for i, t in enumerate(model.transitions) if isinstance(t, Vaccinated)]
    if section is None:
        for position, _ in doses:
            report.error(
                ("transitions", position, "type"),
                "a vaccination transition without a vaccination section; add one with "
                "origin_compartment, eligible_compartments and a data path",
            )
        return
    report.known(
        "compartment", section.origin_compartment, ids, ("vaccination", "origin_compartment")
    )
    for position, name in enumerate(section.eligible_compartments):
        report.known("compartment", name, ids, ("vaccination", "eligible_compartments", position))
    if not doses:
        report.error(
            ("vaccination",), "no transition has type: vaccination; the doses would move nobody"
        )
    for position, transition in doses:
        if transition.source != section.origin_compartment:
            report.error(
                ("transitions", position, "source"),
                f"a vaccination transition leaves {transition.source!r}; expected "
                f"vaccination.origin_compartment {section.origin_compartment!r}",
            )
    if len(doses) > 1:
        report.error(
            ("transitions", doses[1][0]),
            "a second vaccination transition would give the same doses again; expected one",
        )


def _target(name: str, model: Model, location: Location, report: Report) -> None:
    report.known("parameter", name, list(model.parameters), location)


def _seasonality(model: Model, report: Report) -> None:
    if model.seasonality is not None:
        place = ("seasonality", "target_parameter")
        _target(model.seasonality.target_parameter, model, place, report)


def _interventions(model: Model, report: Report) -> None:
    closures = 0
    for position, intervention in enumerate(model.interventions):
        here: Location = ("interventions", position)
        if isinstance(intervention, SchoolClosure):
            closures += 1
            if closures > 1:
                report.error(here, "a second school_closure; expected at most one")
            continue
        if isinstance(intervention, ParameterIntervention):
            place = (*here, "target_parameter")
            _target(intervention.target_parameter, model, place, report)
        start = model.timespan.start_date
        early = isinstance(start, date) and intervention.end_date < start
        if early or intervention.start_date > model.timespan.end_date:
            report.warn(here, "lies outside the timespan and has no effect")
