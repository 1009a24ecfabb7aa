"""Parameter values: as given, as calculated, and as they change with seasons and interventions."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from epyflow.experiment.base import parsed
from epyflow.experiment.expressions import Expression, ExpressionError, Value, in_order
from epyflow.experiment.forcing import ParameterIntervention, Seasonality
from epyflow.experiment.model import AgeVarying, Calculated, Calibrated, Model, Sampled, Scalar
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


class Parameters:
    """The parameters of a model, in one population.

    Parameters
    ----------
    model
        The model section.
    contacts
        Shape (G, G). The overall contact matrix without interventions, for ``eigenvalue``.
    """

    def __init__(self, model: Model, contacts: NDArray[np.float64]) -> None:
        self._model = model
        self._contacts = contacts
        written = {
            name: parsed(parameter.value)
            for name, parameter in model.parameters.items()
            if isinstance(parameter, Calculated)
        }
        self.calculated: dict[str, Expression] = {name: written[name] for name in in_order(written)}
        """The expressions of the calculated parameters, each after those it uses."""

    @cached_property
    def constants(self) -> dict[str, Value]:
        """What expressions may use beside parameters: ``eigenvalue``, if one does."""
        used = any("eigenvalue" in expression.names for expression in self.calculated.values())
        return {"eigenvalue": eigenvalue(self._contacts)} if used else {}

    def values(self, drawn: Mapping[str, float]) -> dict[str, Value]:
        """Return every parameter's value before seasons and interventions.

        Parameters
        ----------
        drawn
            Values of the sampled and calibrated parameters.

        Returns
        -------
        values
            Name to a number, or to an array of shape (G,); in the order of the model section.

        Raises
        ------
        ValueError
            If a calculated parameter has no finite value, or ``eigenvalue`` is used and nobody
            meets anybody.
        """
        values = dict(self.constants)
        for name, parameter in self._model.parameters.items():
            if isinstance(parameter, Scalar):
                values[name] = parameter.value
            elif isinstance(parameter, AgeVarying):
                values[name] = np.array(parameter.values, dtype=np.float64)
            elif not isinstance(parameter, Calculated):
                values[name] = drawn[name]
        for name, expression in self.calculated.items():
            values[name] = compute(name, expression, values)
        return {name: values[name] for name in self._model.parameters}

    def over_time(
        self, values: Mapping[str, Value], dates: NDArray[np.datetime64]
    ) -> "ParametersOverTime":
        """Return the parameters at every step.

        Parameters
        ----------
        values
            From :meth:`values`.
        dates
            Shape (T,). Times of the steps.
        """
        return ParametersOverTime(self._model, self, values, dates)


def compute(name: str, expression: Expression, values: Mapping[str, Value]) -> Value:
    """Return the value of a calculated parameter.

    Raises
    ------
    ValueError
        If it has none; the message names the parameter.
    """
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
    parameters
        Of the model.
    values
        From :meth:`Parameters.values`.
    dates
        Shape (T,). Times of the steps.
    """

    def __init__(
        self,
        model: Model,
        parameters: Parameters,
        values: Mapping[str, Value],
        dates: NDArray[np.datetime64],
    ) -> None:
        self._model = model
        self._shape = (len(dates), len(model.population.age_groups))
        self._dates = dates
        self._values: dict[str, Value] = {**values, **parameters.constants}
        varying: set[str] = set()
        given = [name for name in model.parameters if name not in parameters.calculated]
        for name in (*given, *parameters.calculated):
            expression = parameters.calculated.get(name)
            moved = expression is not None and not varying.isdisjoint(expression.names)
            if moved and expression is not None:
                self._values[name] = compute(name, expression, self._values)
            if self._act(name, values) or moved:
                varying.add(name)

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
            raise ValueError(f"rate {error}") from None
        rate = self._everywhere(value)
        if (rate < 0).any():
            day = self._dates[int(np.argmax((rate < 0).any(axis=1)))]
            raise ValueError(
                f"rate {expression.text!r} is negative on {day.astype('datetime64[D]')}: "
                f"{rate.min():g}; expected 0 or more"
            )
        return rate

    def _act(self, name: str, base: Mapping[str, Value]) -> bool:
        """Let the season and the interventions act on one parameter; say whether any did."""
        season = self._model.seasonality
        interventions = [
            item
            for item in self._model.interventions
            if isinstance(item, ParameterIntervention) and item.target_parameter == name
        ]
        seasonal = season is not None and season.target_parameter == name
        if not seasonal and not interventions:
            return False
        value = self._everywhere(self._values[name])
        if seasonal and season is not None:
            value *= season_factor(season, self._model, base, self._dates)[:, None]
        for item in interventions:
            if item.scaling_factor is not None:
                value[self._days(item)] *= item.scaling_factor
        for item in interventions:
            if item.override_value is not None:
                value[self._days(item)] = item.override_value
        self._values[name] = value
        return True

    def _everywhere(self, value: Value) -> NDArray[np.float64]:
        return np.array(np.broadcast_to(value, self._shape), dtype=np.float64)

    def _days(self, item: ParameterIntervention) -> NDArray[np.bool_]:
        return steps_between(self._dates, item.start_date, item.end_date)


def season_factor(
    season: Seasonality,
    model: Model,
    base: Mapping[str, Value],
    dates: NDArray[np.datetime64],
) -> NDArray[np.float64]:
    """Return the seasonal factor at every step; shape (T,).

    A parameter ``seasonality_min`` that is sampled or calibrated takes the place of ``min_value``.
    """
    drawn = isinstance(model.parameters.get(SEASONALITY_MINIMUM), Sampled | Calibrated)
    return balcan(
        dates,
        season.seasonality_max_date,
        season.seasonality_min_date,
        season.max_value,
        float(base[SEASONALITY_MINIMUM]) if drawn else season.min_value,
    )
