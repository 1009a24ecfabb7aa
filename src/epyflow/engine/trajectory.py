"""Define the result of an engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

ALL = slice(None)


@dataclass(frozen=True)
class Trajectory:
    """A simulated epidemic, step by step.

    Attributes
    ----------
    compartments
        Shape (T, C, G). Persons after each step.
    transitions
        Shape (T, K, G). Persons moved during each step.
    """

    compartments: NDArray[np.float64]
    transitions: NDArray[np.float64]


Simulator = Callable[[np.random.Generator], Trajectory]
"""Simulates one trajectory of its model; the generator decides it, and is moved on."""


class Stretch(Protocol):
    """Simulates some consecutive steps of its model."""

    def __call__(
        self,
        rng: np.random.Generator,
        steps: slice = ALL,
        initial: NDArray[np.float64] | None = None,
    ) -> Trajectory:
        """Simulate one trajectory.

        Parameters
        ----------
        rng
            Decides the trajectory, and is moved on.
        steps
            The steps to simulate, by default all.
        initial
            Shape (C, G). Persons before the first of these steps, by default those of the model.
        """
        ...
