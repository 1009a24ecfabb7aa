"""Simulate a model: several engines behind one function, with the same numbers from each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from epyflow.engine.reference import simulate_with_epydemix
from epyflow.errors import EpyflowError
from epyflow.model.compartmental import CompartmentalModel
from epyflow.nearest import did_you_mean

Engine = Callable[
    [CompartmentalModel, np.random.Generator],
    tuple[NDArray[np.float64], NDArray[np.float64]],
]

ENGINES: dict[str, Engine] = {"epydemix": simulate_with_epydemix}


@dataclass(frozen=True)
class Trajectory:
    """One simulated course of an epidemic, step by step.

    Attributes
    ----------
    compartments
        Shape (T, C, G). Persons after each step.
    transitions
        Shape (T, K, G). Persons moved during each step.
    """

    compartments: NDArray[np.float64]
    transitions: NDArray[np.float64]


def simulate(
    model: CompartmentalModel, rng: np.random.Generator, engine: str = "epydemix"
) -> Trajectory:
    """Simulate one trajectory.

    Parameters
    ----------
    model
        From :class:`epyflow.model.assemble.Assembler`.
    rng
        Its state decides the trajectory, and is moved on.
    engine
        Name in ``ENGINES``.

    Raises
    ------
    EpyflowError
        If there is no such engine.
    """
    check_engine(engine)
    return Trajectory(*ENGINES[engine](model, rng))


def check_engine(name: str) -> None:
    """Refuse an engine that does not exist.

    Raises
    ------
    EpyflowError
        Naming those that do.
    """
    if name not in ENGINES:
        raise EpyflowError(
            f"engine {name!r} does not exist{did_you_mean(name, ENGINES)}; expected one of "
            f"{', '.join(ENGINES)}"
        )
