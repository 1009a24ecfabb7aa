"""Compute parameter values: given, calculated, and changed by season and interventions."""

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from epyflow.errors import ExpressionError
from epyflow.experiment.format.base import parsed
from epyflow.experiment.format.expressions import Expression, Value, in_order
from epyflow.experiment.format.forcing import CONTACT_STRENGTH, ParameterIntervention
from epyflow.experiment.format.model import (
    AgeVarying,
    Calculated,
    Calibrated,
    Model,
    Sampled,
    Scalar,
)
from epyflow.model.parameter_actions import Forcing

SEASONALITY_MINIMUM = "seasonality_min"


def eigenvalue(contacts: NDArray[np.float64]) -> float:
    """Return the largest eigenvalue of a contact matrix: R0 = rate · eigenvalue · duration.

    It is rounded to 13 significant digits. Linear algebra libraries differ in the last bits between
    processors; simulations must not.

    Parameters
    ----------
    contacts
        Shape (G, G). Mean daily contacts.

    Raises
    ------
    ValueError
        If there are no contacts.
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
        drawn = {n for n, p in model.parameters.items() if isinstance(p, Sampled | Calibrated)}
        self.minimum_is_drawn = SEASONALITY_MINIMUM in drawn
        """Whether ``seasonality_min`` takes the place of the season's ``min_value``."""
        self.strength_is_drawn = CONTACT_STRENGTH in drawn
        """Whether ``contact_intervention_strength`` scales the interventions on contacts."""
        self.acted: frozenset[str] = self._acted()
        """What season and interventions act on."""
        self.moved: frozenset[str] = self._users(self.acted)
        """Calculated parameters that change with time because they use one that does."""
        forced = {model.seasonality.target_parameter} if model.seasonality is not None else set()
        sources = drawn | (forced if self.minimum_is_drawn else set())
        self._differing = self.acted | self.moved | sources | self._users(sources)

    def _acted(self) -> frozenset[str]:
        found = {
            item.target_parameter
            for item in self._model.interventions
            if isinstance(item, ParameterIntervention)
        }
        if self._model.seasonality is not None:
            found.add(self._model.seasonality.target_parameter)
        return frozenset(found)

    def _users(self, names: Iterable[str]) -> frozenset[str]:
        """Return the calculated parameters that use any of these, directly or through others."""
        reached, found = set(names), set()
        for name, expression in self.calculated.items():
            if not reached.isdisjoint(expression.names):
                reached.add(name)
                found.add(name)
        return frozenset(found)

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """Return the parameters that change with time, each after those that it uses."""
        given = [name for name in self._model.parameters if name not in self.calculated]
        every = (*given, *self.calculated)
        return tuple(name for name in every if name in self.acted or name in self.moved)

    def is_steady(self, expression: Expression) -> bool:
        """Return whether an expression has one value at all times, for any drawn values."""
        return self._differing.isdisjoint(expression.names)

    @cached_property
    def constants(self) -> dict[str, Value]:
        """Return the constants of expressions: ``eigenvalue``, if an expression uses it."""
        used = any("eigenvalue" in expression.names for expression in self.calculated.values())
        return {"eigenvalue": eigenvalue(self._contacts)} if used else {}

    @cached_property
    def _given(self) -> dict[str, Value]:
        """Return the values that the model section gives."""
        values: dict[str, Value] = {}
        for name, parameter in self._model.parameters.items():
            if isinstance(parameter, Scalar):
                values[name] = parameter.value
            elif isinstance(parameter, AgeVarying):
                values[name] = np.array(parameter.values, dtype=np.float64)
        return values

    def values(self, drawn: Mapping[str, float]) -> dict[str, Value]:
        """Return every parameter's value before seasons and interventions.

        Parameters
        ----------
        drawn
            Values of the sampled and calibrated parameters.

        Returns
        -------
        values
            Name to a number, or to an array of shape (G,), not to be written to; in the order of
            the model section.

        Raises
        ------
        ValueError
            If a calculated parameter has no finite value, or ``eigenvalue`` is used and nobody
            meets anybody.
        """
        values = {**self.constants, **self._given}
        for name in self._model.parameters:
            if name not in values and name not in self.calculated:
                values[name] = drawn[name]
        for name, expression in self.calculated.items():
            values[name] = compute(name, expression, values)
        return {name: values[name] for name in self._model.parameters}

    def over_time(self, values: Mapping[str, Value], forcing: Forcing) -> "ParametersOverTime":
        """Return the parameters at every step.

        Parameters
        ----------
        values
            From :meth:`values`.
        forcing
            The model's forcing of each step.
        """
        groups = len(self._model.population.age_groups)
        return ParametersOverTime(self, values, forcing, groups)


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

    An intervention on a parameter also acts on those calculated from it: with
    ``beta: R0*mu/eigenvalue`` one on ``mu`` changes ``beta`` on the same days.

    Parameters
    ----------
    parameters
        The parameters of the model.
    values
        From :meth:`Parameters.values`.
    forcing
        The model's forcing of each step.
    groups
        G.
    """

    def __init__(
        self,
        parameters: Parameters,
        values: Mapping[str, Value],
        forcing: Forcing,
        groups: int,
    ) -> None:
        self._dates = forcing.dates
        self._shape = (len(forcing.dates), groups)
        self._values: dict[str, Value] = {**values, **parameters.constants}
        self._rates: dict[str, NDArray[np.float64]] = {}
        minimum = float(values[SEASONALITY_MINIMUM]) if parameters.minimum_is_drawn else None
        for name in parameters.varying:
            if name in parameters.moved:
                self._values[name] = compute(name, parameters.calculated[name], self._values)
            if name in parameters.acted:
                value = self._at_every_step(self._values[name])
                forcing.act(name, value, minimum)
                self._values[name] = value

    def _at_every_step(self, value: Value) -> NDArray[np.float64]:
        """Return a copy of a value, shape (T, G), or (T, 1) if it is the same for all ages."""
        by_age = np.ndim(value) > 0 and np.shape(value)[-1] > 1
        shape = self._shape if by_age else (self._shape[0], 1)
        return np.array(np.broadcast_to(value, shape), dtype=np.float64)

    def rate(self, expression: Expression) -> NDArray[np.float64]:
        """Return the value of a rate at every step; shape (T, G), not to be written to.

        Raises
        ------
        ValueError
            If it is negative, or not finite, at any step.
        """
        if expression.text not in self._rates:
            self._rates[expression.text] = self._computed(expression)
        return self._rates[expression.text]

    def _computed(self, expression: Expression) -> NDArray[np.float64]:
        try:
            value = np.asarray(expression.compute(self._values), dtype=np.float64)
        except ExpressionError as error:
            raise ValueError(f"rate {error}") from None
        rate = np.broadcast_to(value, self._shape)
        if value.min() < 0:
            day = self._dates[int(np.argmax((rate < 0).any(axis=1)))]
            raise ValueError(
                f"rate {expression.text!r} is negative on {day.astype('datetime64[D]')}: "
                f"{rate.min():g}; expected 0 or more"
            )
        return rate
