"""Simulate a model: several engines behind one function, with the same numbers from each.

An engine is imported when it is used: planning asks for names only, and epydemix takes seconds
to import.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from epyflow.engine.trajectory import Simulator, Trajectory
from epyflow.errors import EpyflowError
from epyflow.model.compartmental import CompartmentalModel
from epyflow.suggest import did_you_mean

__all__ = [
    "DEFAULT",
    "ENGINES",
    "Simulator",
    "Trajectory",
    "check_engine",
    "simulate",
    "simulator",
    "warm",
]


def _compiled(model: CompartmentalModel) -> Simulator:
    from epyflow.engine import compiled

    return compiled.simulator(model)


def _epydemix(model: CompartmentalModel) -> Simulator:
    from epyflow.engine import reference

    return reference.simulator(model)


ENGINES: dict[str, Callable[[CompartmentalModel], Simulator]] = {
    "compiled": _compiled,
    "epydemix": _epydemix,
}

DEFAULT = "compiled"
"""Gives the numbers of ``epydemix``, which is the reference, to the bit."""


def simulator(model: CompartmentalModel, engine: str = DEFAULT) -> Simulator:
    """Prepare a model for simulation, once for all of its trajectories.

    Parameters
    ----------
    model
        From :class:`epyflow.model.assembler.Assembler`.
    engine
        Name in ``ENGINES``.

    Returns
    -------
    simulator
        From a generator to a trajectory.

    Raises
    ------
    EpyflowError
        If there is no such engine.
    """
    check_engine(engine)
    return ENGINES[engine](model)


def simulate(
    model: CompartmentalModel, rng: np.random.Generator, engine: str = DEFAULT
) -> Trajectory:
    """Simulate one trajectory; for many, :func:`simulator` prepares the model only once.

    Parameters
    ----------
    model
        From :class:`epyflow.model.assembler.Assembler`.
    rng
        Its state decides the trajectory, and is moved on.
    engine
        Name in ``ENGINES``.

    Raises
    ------
    EpyflowError
        If there is no such engine.
    """
    return simulator(model, engine)(rng)


def warm(say: Callable[[str], object]) -> Path:
    """Compile the default engine, if this machine has not done so before; it then starts at once.

    Parameters
    ----------
    say
        Told before anything is compiled, with the time that it takes.

    Returns
    -------
    folder
        Where the compiled code is kept.
    """
    from epyflow.engine import compile_cache

    return compile_cache.warm(say)


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
