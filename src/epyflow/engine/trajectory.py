"""Define the result of an engine."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
