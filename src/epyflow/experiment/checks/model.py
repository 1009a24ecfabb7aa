"""Check the ``model`` section as a whole."""

from collections import Counter
from collections.abc import Collection
from datetime import date

from epyflow.data.periods import Periods
from epyflow.errors import CircleError, ExpressionError
from epyflow.experiment.checks.forcing import (
    SEASONALITY_MINIMUM,
    check_interventions,
    check_seasonality,
    check_vaccination,
    has_drawn_strength,
)
from epyflow.experiment.checks.initial_values import check_initial_values
from epyflow.experiment.checks.rates import calculated_parameters, rates
from epyflow.experiment.format import expressions
from epyflow.experiment.format.base import MAX_STEPS, parsed
from epyflow.experiment.format.forcing import CONTACT_STRENGTH
from epyflow.experiment.format.model import (
    AgeVarying,
    Calculated,
    Mediated,
    Model,
    MultiMediated,
)
from epyflow.experiment.reading.problem_report import Report, repeats
from epyflow.experiment.reading.yaml_source import KeyPath

METADATA_COLUMNS = (
    "primary_id",
    "seed",
    "delta_t",
    "population",
    "location",
    "start_date",
    "end_date",
    "n_sims",
    "status",
    "cause",
)
"""Columns of the table ``model_metadata``, besides one for each parameter."""


def check_model(model: Model, report: Report, scales: Collection[str] = ()) -> None:
    """Check names, lengths, initial conditions and dates.

    ``scales`` are the parameters that scales of comparisons use.
    """
    _timespan(model, report)
    _compartments(model, report)
    check_initial_values(model, report)
    _transitions(model, report)
    _rates(model, report)
    _parameters(model, report)
    used = used_parameters(model)
    for name in model.parameters:
        if name not in used and name not in scales:
            report.warn(("parameters", name), "no rate or calculated parameter uses it")
    check_vaccination(model, report)
    check_seasonality(model, used, report)
    check_interventions(model, used, report)


def _timespan(model: Model, report: Report) -> None:
    timespan = model.timespan
    if not isinstance(timespan.start_date, date):
        return
    days = (timespan.end_date - timespan.start_date).days + 1
    if days / timespan.delta_t > MAX_STEPS:
        report.error(
            ("timespan", "delta_t"),
            f"{days:,} days in steps of {timespan.delta_t:g}; expected at most {MAX_STEPS:,} steps",
        )
    frequency = model.simulation.resample_frequency
    if not Periods.of(timespan.start_date, timespan.end_date, frequency or "D").whole.any():
        report.error(
            ("timespan", "end_date"),
            f"{timespan.start_date} to {timespan.end_date} has no whole period of "
            f"simulation.resample_frequency {frequency}; expected a later day",
        )


def _compartments(model: Model, report: Report) -> None:
    counts = Counter(model.compartment_ids)
    groups = len(model.population.age_groups)
    for position, compartment in enumerate(model.compartments):
        here: KeyPath = ("compartments", position)
        if counts[compartment.id] > 1:
            report.error(
                (*here, "id"), f"the id {compartment.id!r} is used twice; expected another"
            )
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
    ids, again = dict.fromkeys(model.compartment_ids), repeats(model.transitions)
    for position, transition in enumerate(model.transitions):
        here: KeyPath = ("transitions", position)
        for key in ("source", "target"):
            report.check_name("compartment", getattr(transition, key), ids, (*here, key))
        if transition.source == transition.target:
            report.error(
                (*here, "target"),
                f"source and target are both {transition.source!r}; expected another compartment",
            )
        if again[position]:
            report.warn(here, "is in the list twice; the two rates are added")
        if isinstance(transition, Mediated):
            report.check_name("compartment", transition.mediator, ids, (*here, "mediator"))
        if isinstance(transition, MultiMediated):
            _mediators(transition, ids, (*here, "mediators"), report)


def _mediators(
    transition: MultiMediated, ids: Collection[str], here: KeyPath, report: Report
) -> None:
    again = repeats(transition.mediators)
    for position, term in enumerate(transition.mediators):
        if again[position]:
            report.warn((*here, position), "is in the list twice; the two rates are added")
        for index, source in enumerate(term.source):
            report.check_name("compartment", source, ids, (*here, position, "source", index))


def _rates(model: Model, report: Report) -> None:
    for location, expression in rates(model):
        for name in expression.names:
            report.check_name("parameter", name, model.parameters, location)
        value = None if expression.names else _constant(expression, location, report)
        if value is not None and value < 0:
            report.error(location, f"the rate {expression.text} is negative; expected 0 or more")


def _constant(
    expression: expressions.Expression, location: KeyPath, report: Report
) -> float | None:
    try:
        return float(expression.compute({}))
    except ExpressionError as error:
        report.error(location, f"{error}; expected a finite number")
        return None


def _parameters(model: Model, report: Report) -> None:
    groups = model.population.age_groups
    valid = dict.fromkeys([*model.parameters, "eigenvalue"])
    taken = {*METADATA_COLUMNS, *_initial_columns(model)}
    for name, parameter in model.parameters.items():
        here: KeyPath = ("parameters", name)
        if name in taken:
            report.error(
                here, f"{name!r} is a column of the table model_metadata; expected another name"
            )
        if isinstance(parameter, AgeVarying) and len(parameter.values) != len(groups):
            report.error(
                (*here, "values"),
                f"{len(parameter.values)} values for {len(groups)} age groups; expected one for "
                f"each of {', '.join(groups)}",
            )
        if isinstance(parameter, Calculated):
            expression = parsed(parameter.value)
            for used in expression.names:
                report.check_name("parameter", used, valid, (*here, "value"))
            if not expression.names:
                _constant(expression, (*here, "value"), report)
    try:
        expressions.in_order(calculated_parameters(model))
    except CircleError as error:
        report.error(("parameters", error.circle[0], "value"), str(error))


def _initial_columns(model: Model) -> list[str]:
    """Return names of initial conditions in tables and fits that a parameter could have, too."""
    return [f"init_{name}{end}" for name in model.compartment_ids for end in ("", "_total")]


def used_parameters(model: Model) -> set[str]:
    """Return the parameters that a rate, a calculated parameter or the forcing uses."""
    used = {name for _, rate in rates(model) for name in rate.names}
    used |= {
        name for calculated in calculated_parameters(model).values() for name in calculated.names
    }
    used |= {CONTACT_STRENGTH} if has_drawn_strength(model) else set()
    return used | ({SEASONALITY_MINIMUM} if model.seasonality else set())
