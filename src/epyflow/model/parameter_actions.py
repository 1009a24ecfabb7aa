"""Compute the effect of the season and of interventions on parameters at each step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from epyflow.experiment.format.forcing import ParameterIntervention, Seasonality
from epyflow.experiment.format.model import Model
from epyflow.model.interventions import steps_between
from epyflow.model.seasonality import compute_sine, scale_sine


@dataclass(frozen=True)
class Action:
    """An intervention on a parameter, and the steps on which it is in force.

    Attributes
    ----------
    intervention
        From the model section.
    steps
        Shape (T,). The steps on which it is in force.
    """

    intervention: ParameterIntervention
    steps: NDArray[np.bool_]


@dataclass(frozen=True)
class Forcing:
    """The season and interventions of simulations that start on one day.

    Attributes
    ----------
    dates
        Shape (T,). Times of the steps.
    season
        The model's season, if it has one.
    sine
        Shape (T,). The season's sine; None without a season.
    actions
        Parameter to its interventions, in the order of the model section.
    """

    dates: NDArray[np.datetime64]
    season: Seasonality | None
    sine: NDArray[np.float64] | None
    actions: Mapping[str, tuple[Action, ...]]

    @classmethod
    def of(cls, model: Model, dates: NDArray[np.datetime64]) -> "Forcing":
        """Find the season and the interventions that act on each parameter, step by step.

        Raises
        ------
        ValueError
            If the season has its minimum and its maximum on one day.
        """
        season = model.seasonality
        sine = None
        if season is not None:
            sine = compute_sine(dates, season.seasonality_max_date, season.seasonality_min_date)
        actions: dict[str, tuple[Action, ...]] = {}
        for item in model.interventions:
            if isinstance(item, ParameterIntervention):
                action = Action(item, steps_between(dates, item.start_date, item.end_date))
                name = item.target_parameter
                actions[name] = (*actions.get(name, ()), action)
        return cls(dates, season, sine, actions)

    def act(self, name: str, value: NDArray[np.float64], minimum: float | None) -> None:
        """Change the values of one parameter: the season first, then scalings, then overrides.

        Parameters
        ----------
        name
            The parameter.
        value
            Shape (T, G) or (T, 1). Changed in place.
        minimum
            Replaces the season's ``min_value``, unless it is None.

        Raises
        ------
        ValueError
            If the season's factor would be negative.
        """
        season = self.season
        if season is not None and self.sine is not None and season.target_parameter == name:
            lowest = season.min_value if minimum is None else minimum
            value *= scale_sine(self.sine, season.max_value, lowest)[:, None]
        actions = self.actions.get(name, ())
        for action in actions:
            if action.intervention.scaling_factor is not None:
                value[action.steps] *= action.intervention.scaling_factor
        for action in actions:
            if action.intervention.override_value is not None:
                value[action.steps] = action.intervention.override_value
