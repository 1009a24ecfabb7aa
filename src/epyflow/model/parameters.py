"""Parameter values: as given, as calculated, and as they change with seasons and interventions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.experiment.base import parsed
from epyflow.experiment.expressions import Expression, ExpressionError, Value, in_order
from epyflow.experiment.forcing import ParameterIntervention, Seasonality
from epyflow.experiment.model import AgeVarying, Calculated, Model, Scalar
from epyflow.model.interventions import steps_between
from epyflow.model.seasonality import balcan

SEASONALITY_MINIMUM = "seasonality_min"


def eigenvalue(contacts: NDArray[np.float64]) -> float:
    """Return the largest eigenvalue of a contact matrix: R0 = rate · eigenvalue · duration.

    It is cut to 13 significant digits. Linear algebra libraries differ in the last bits from one
    processor to another; simulations must not.

    Parameters
    ----------
    contacts
        Shape (G, G). Mean daily contacts.

    Raises
    ------
    ValueError
        If nobody meets anybody.
    """
    largest = float(np.max(np.abs(np.linalg.eigvals(contacts))))
    if largest == 0:
        raise ValueError("the contact matrix is zero; no epidemic can be calculated from it")
    return float(f"{largest:.12e}")


def base_values(
    model: Model, drawn: Mapping[str, float], contacts: NDArray[np.float64]
) -> dict[str, Value]:
    """Return every parameter's value before seasons and interventions.

    Parameters
    ----------
    model
        The model section.
    drawn
        Values of the sampled and calibrated parameters.
    contacts
        Shape (G, G). The overall contact matrix, for ``eigenvalue``.

    Returns
    -------
    values
        Name to a number, or to an array of shape (G,); in the order of the model section.

    Raises
    ------
    ValueError
        If a calculated parameter has no finite value.
    """
    values: dict[str, Value] = {}
    for name, parameter in model.parameters.items():
        if isinstance(parameter, Scalar):
            values[name] = parameter.value
        elif isinstance(parameter, AgeVarying):
            values[name] = np.array(parameter.values, dtype=np.float64)
        elif not isinstance(parameter, Calculated):
            values[name] = drawn[name]
    expressions = calculated(model)
    if any("eigenvalue" in expression.names for expression in expressions.values()):
        values["eigenvalue"] = eigenvalue(contacts)
    for name in in_order(expressions):
        values[name] = _compute(name, expressions[name], values)
    values.pop("eigenvalue", None)
    return {name: values[name] for name in model.parameters}


def calculated(model: Model) -> dict[str, Expression]:
    """Return the expressions of the calculated parameters."""
    return {
        name: parsed(parameter.value)
        for name, parameter in model.parameters.items()
        if isinstance(parameter, Calculated)
    }


def _compute(name: str, expression: Expression, values: Mapping[str, Value]) -> Value:
    try:
        return expression.compute(values)
    except ExpressionError as error:
        raise ValueError(f"parameter {name}: {error}") from None


class ParametersOverTime:
    """Parameter values at every step: seasons first, then scalings, then overrides, which win.

    What acts on a parameter also acts on those calculated from it: with ``beta: R0*mu/eigenvalue``
    an intervention on ``mu`` changes ``beta`` on the same days.

    Parameters
    ----------
    model
        The model section.
    values
        From :func:`base_values`.
    contacts
        Shape (G, G). The overall contact matrix without interventions, for ``eigenvalue``.
    dates
        Shape (T,). Times of the steps.
    """

    def __init__(
        self,
        model: Model,
        values: Mapping[str, Value],
        contacts: NDArray[np.float64],
        dates: NDArray[np.datetime64],
    ) -> None:
        self._shape = (len(dates), len(model.population.age_groups))
        self._dates = dates
        self._values: dict[str, Value] = dict(values)
        self._varying: set[str] = set()
        expressions = calculated(model)
        if any("eigenvalue" in expression.names for expression in expressions.values()):
            self._values["eigenvalue"] = eigenvalue(contacts)
        plain = [name for name in model.parameters if name not in expressions]
        for name in (*plain, *in_order(expressions)):
            expression = expressions.get(name)
            if expression is not None and self._varying & set(expression.names):
                self._values[name] = _compute(name, expression, self._values)
                self._varying.add(name)
            self._act(name, model, values)

    def rate(self, expression: Expression) -> NDArray[np.float64]:
        """Return the value of a rate at every step; shape (T, G).

        Raises
        ------
        ValueError
            If it is negative, or not finite, at any step.
        """
        try:
            value = expression.compute(self._values)
        except ExpressionError as error:
            raise ValueError(f"rate {expression.text}: {error}") from None
        rate = np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), self._shape))
        if (rate < 0).any():
            day = self._dates[int(np.argmax((rate < 0).any(axis=1)))]
            raise ValueError(
                f"rate {expression.text} is negative on {day.astype('datetime64[D]')}: "
                f"{rate.min():g}; expected 0 or more"
            )
        return rate

    def _act(self, name: str, model: Model, base: Mapping[str, Value]) -> None:
        season = model.seasonality
        interventions = [
            intervention
            for intervention in model.interventions
            if isinstance(intervention, ParameterIntervention)
            and intervention.target_parameter == name
        ]
        seasonal = season is not None and season.target_parameter == name
        if not seasonal and not interventions:
            return
        value = np.array(np.broadcast_to(self._values[name], self._shape), dtype=np.float64)
        if seasonal and season is not None:
            value *= season_factor(season, model, base, self._dates)[:, None]
        _intervene(value, interventions, self._dates)
        self._values[name] = value
        self._varying.add(name)


def season_factor(
    season: Seasonality,
    model: Model,
    base: Mapping[str, Value],
    dates: NDArray[np.datetime64],
) -> NDArray[np.float64]:
    """Return the seasonal factor at every step; shape (T,).

    A parameter ``seasonality_min`` that is sampled or calibrated takes the place of ``min_value``.
    """
    minimum: Value = season.min_value
    drawn = set().union(*(model.drawn(how)[0] for how in ("sampled", "calibrated")))
    if SEASONALITY_MINIMUM in drawn:
        minimum = base[SEASONALITY_MINIMUM]
    return balcan(
        dates,
        season.seasonality_max_date,
        season.seasonality_min_date,
        season.max_value,
        float(minimum),
    )


def _intervene(
    value: NDArray[np.float64],
    interventions: Sequence[ParameterIntervention],
    dates: NDArray[np.datetime64],
) -> None:
    for scaling in _with(interventions, "scaling_factor"):
        value[_days(scaling, dates)] *= scaling.scaling_factor
    for override in _with(interventions, "override_value"):
        value[_days(override, dates)] = override.override_value


def _with(interventions: Iterable[ParameterIntervention], key: str) -> list[ParameterIntervention]:
    return [item for item in interventions if getattr(item, key) is not None]


def _days(item: ParameterIntervention, dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    first: date = item.start_date
    return steps_between(dates, first, item.end_date)
