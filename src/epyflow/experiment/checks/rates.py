"""Check the rates of transitions: their names, and that none is negative or too fast."""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from epyflow.errors import CircleError, ExpressionError
from epyflow.experiment.format import expressions
from epyflow.experiment.format.base import parsed
from epyflow.experiment.format.distributions import ScipyDistribution
from epyflow.experiment.format.expressions import Expression, Value
from epyflow.experiment.format.forcing import Intervention, ParameterIntervention
from epyflow.experiment.format.model import (
    AgeVarying,
    Calculated,
    Mediated,
    Model,
    MultiMediated,
    Scalar,
    Spontaneous,
)
from epyflow.experiment.format.modelset import Modelset
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath

_FASTEST = 24.0
"""Highest rate per day without a warning: of a compartment that empties within an hour."""

_EIGENVALUE = 10.0
"""Stands for the eigenvalue of a contact matrix: contacts per day, always positive."""


def rates(model: Model) -> list[tuple[KeyPath, Expression]]:
    """Return every rate with its key path, in the order of the file."""
    found: list[tuple[KeyPath, str | float]] = []
    for position, transition in enumerate(model.transitions):
        here: KeyPath = ("transitions", position)
        if isinstance(transition, Spontaneous | Mediated):
            found.append(((*here, "rate"), transition.rate))
        if isinstance(transition, MultiMediated):
            found += [
                ((*here, "mediators", index, "rate"), term.rate)
                for index, term in enumerate(transition.mediators)
            ]
    return [(location, parsed(rate)) for location, rate in found]


def calculated_parameters(model: Model) -> dict[str, Expression]:
    """Return the expressions of calculated parameters, by name."""
    return {
        name: parsed(parameter.value)
        for name, parameter in model.parameters.items()
        if isinstance(parameter, Calculated)
    }


def drawn_range(
    modelset: Modelset | None, name: str, *, usual: bool = False
) -> tuple[KeyPath, tuple[float, float]] | None:
    """Return where a drawn parameter is defined, and its bounds; None if they are unknown.

    If ``usual`` is true, they are those of :meth:`ScipyDistribution.usual_range`.
    """
    sampling = modelset.sampling if modelset else None
    calibration = modelset.calibration if modelset else None
    if sampling is not None and name in sampling.parameters:
        given, here = sampling.parameters[name], ("sampling", "parameters", name)
        if given.values is not None:
            return (*here, "values"), (min(given.values), max(given.values))
        distribution, key = given.distribution, (*here, "distribution")
    elif calibration is not None and name in calibration.parameters:
        distribution = calibration.parameters[name].prior
        key = ("calibration", "parameters", name, "prior")
    else:
        return None
    if not isinstance(distribution, ScipyDistribution):
        return None
    return key, distribution.usual_range() if usual else distribution.bounds()


def check_rates(
    model: Model, modelset: Modelset | None, report: Report, other: Report | None
) -> None:
    """Check that no rate is negative, which a run would refuse; warn of very fast ones.

    Drawn parameters take all their smallest values, then all their largest. A rate is checked if
    the values of all its parameters are known: bounds are finite, or of a normal distribution, and
    no function of the user draws. It is an error if a rate is negative for both, and a warning if
    for one. ``other`` is the report of the modelset.
    """
    _check_values(model, modelset, report, other)
    ends = list(_parameter_values(model, modelset))
    for location, expression in rates(model):
        if expression.names:  # numbers are checked with the model alone
            _check_sign(expression, ends, model, location, "", report)
        if isinstance(model.transitions[int(location[1])], Spontaneous):
            _check_speed(expression, ends, location, report)
    for here, intervention, its in _interventions(model, modelset, report, other):
        name, value = intervention.target_parameter, intervention.override_value
        if value is None or value >= 0:
            continue
        replaced = list(_parameter_values(model, modelset, overrides={name: value}))
        for _, expression in rates(model):
            if name in _names(expression, model):
                when = f" for {name} = {value:g}"
                _check_sign(expression, replaced, model, (*here, "override_value"), when, its)


def _interventions(
    model: Model, modelset: Modelset | None, report: Report, other: Report | None
) -> Iterator[tuple[KeyPath, ParameterIntervention, Report]]:
    """Return the interventions on parameters, of the model and of the scenarios."""
    found: list[tuple[KeyPath, Intervention, Report]] = [
        (("interventions", index), each, report) for index, each in enumerate(model.interventions)
    ]
    calibration = modelset.calibration if modelset else None
    if calibration is not None and calibration.projection is not None and other is not None:
        here = ("calibration", "projection", "scenarios")
        found += [
            ((*here, position, "interventions", index), each, other)
            for position, scenario in enumerate(calibration.projection.scenarios)
            for index, each in enumerate(scenario.interventions)
        ]
    for key_path, each, its in found:
        if isinstance(each, ParameterIntervention):
            yield key_path, each, its


def _check_values(
    model: Model, modelset: Modelset | None, report: Report, other: Report | None
) -> None:
    """Report rates, calculated parameters and scales without a value that can be used.

    Drawn parameters have their smallest, largest and middle values; none of the three may serve.
    The eigenvalue is not known, so expressions that use it are left out.
    """
    known = list(_parameter_values(model, modelset, (0, 1, 2)))
    found = [(here, each, report) for here, each in rates(model)]
    found += [
        (("parameters", name, "value"), each, report)
        for name, each in calculated_parameters(model).items()
    ]
    calibration = modelset.calibration if modelset else None
    if calibration is not None and other is not None:
        found += [
            (("calibration", "comparison", position, "scale"), parsed(each.scale), other)
            for position, each in enumerate(calibration.comparison)
            if each.scale is not None
        ]
    for here, expression, its in found:
        names = _names(expression, model)
        if not expression.names or "eigenvalue" in names or not names <= set(known[0]):
            continue
        problems = [_problem(expression, values, here[-1] == "scale") for values in known]
        if all(problems):
            its.error(here, str(problems[0]))


def _problem(expression: Expression, known: Mapping[str, Value], positive: bool) -> str | None:
    """Return why an expression has no finite value, or none above 0."""
    values = [known[name] for name in expression.names if name in known]
    if len({np.size(value) for value in values} - {1}) > 1:
        return None  # lists of different lengths, which are an error already
    if len(values) < len(expression.names):
        return None  # a calculated parameter is not finite, which is an error of its own
    try:
        value = expression.compute(known)
    except ExpressionError as error:
        return str(error)
    if positive and np.max(value) <= 0:
        return f"{expression.text} is {np.max(value):g}; expected a positive factor"
    return None


def _parameter_values(
    model: Model,
    modelset: Modelset | None,
    points: Sequence[int] = (0, 1),
    overrides: Mapping[str, Value] = MappingProxyType({}),
) -> Iterator[dict[str, Value]]:
    """Return the parameters with drawn ones at the lower, upper or middle of their values."""
    for point in points:
        known: dict[str, Value] = {"eigenvalue": _EIGENVALUE}
        for name, parameter in model.parameters.items():
            if isinstance(parameter, Scalar):
                known[name] = parameter.value
            elif isinstance(parameter, AgeVarying):
                known[name] = np.array(parameter.values)
            elif not isinstance(parameter, Calculated):
                drawn = drawn_range(modelset, name, usual=True)
                if drawn is not None and all(map(math.isfinite, drawn[1])):
                    low, high = drawn[1]
                    known[name] = (low, high, (low + high) / 2)[point]
        yield _with_calculated(model, {**known, **overrides})


def _with_calculated(model: Model, known: Mapping[str, Value]) -> dict[str, Value]:
    """Add the calculated parameters that are not known and can be computed from what is."""
    values, calculated = dict(known), calculated_parameters(model)
    try:
        order = expressions.in_order(calculated)
    except CircleError:
        return values
    for name in order:
        computed = name in calculated and name not in known
        value = _value(calculated[name], values) if computed else None
        if value is not None:
            values[name] = value
    return values


def _value(expression: Expression, known: Mapping[str, Value]) -> Value | None:
    if not set(expression.names) <= set(known):
        return None
    try:
        return expression.compute(known)
    except (ExpressionError, ValueError):  # lists of different lengths, which are an error already
        return None


def _names(expression: Expression, model: Model) -> set[str]:
    """Return the parameters that an expression uses, those of calculated ones included."""
    calculated, names = calculated_parameters(model), set(expression.names)
    while more := {n for each in names & set(calculated) for n in calculated[each].names} - names:
        names |= more
    return names


def _check_sign(
    expression: Expression,
    ends: list[dict[str, Value]],
    model: Model,
    location: KeyPath,
    when: str,
    report: Report,
) -> None:
    values = [value for known in ends if (value := _value(expression, known)) is not None]
    negative = [value for value in values if np.min(value) < 0]
    if not negative:
        return
    worst = min(negative, key=np.min)
    groups = model.population.age_groups
    at = f" at age {groups[int(np.argmin(worst))]}" if np.size(worst) == len(groups) > 1 else ""
    add = report.error if len(negative) == len(values) else report.warn
    verb = "is" if len(negative) == len(values) else "can become"
    share = " (a share of 30% is written 0.3)" if "1" in expression.text else ""
    add(
        location,
        f"the rate {expression.text} {verb} negative{when}: {np.min(worst):g}{at}; expected 0 or "
        f"more{share}: see {', '.join(_suspects(expression, ends, model)) or 'the expression'}",
    )


def _check_speed(
    expression: Expression, ends: list[dict[str, Value]], location: KeyPath, report: Report
) -> None:
    values = [value for known in ends if (value := _value(expression, known)) is not None]
    fastest = max((float(np.max(value)) for value in values), default=0.0)
    if fastest > _FASTEST:
        name = f" {expression.text}" if expression.names else ""
        report.warn(
            location,
            f"the rate{name} is {fastest:g} per day, so that people stay for "
            f"{24 * 60 / fastest:.2g} minutes; expected a rate per day: for a stay of {fastest:g} "
            f"days, write 1/{fastest:g}",
        )


def _suspects(expression: Expression, ends: list[dict[str, Value]], model: Model) -> Iterator[str]:
    """Return the keys of the parameters of a rate that are negative or above 1."""
    keys = {Scalar: ".value", AgeVarying: ".values"}
    for name in sorted(_names(expression, model) & set(model.parameters)):
        parameter = model.parameters[name]
        values = [known[name] for known in ends if name in known]
        unusual = any(np.min(value) < 0 or np.max(value) > 1 for value in values)
        if unusual and not isinstance(parameter, Calculated):
            yield f"parameters.{name}{keys.get(type(parameter), '')}"
