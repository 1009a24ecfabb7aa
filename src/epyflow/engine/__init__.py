"""Simulate a model with one of several engines, which give the same numbers.

An engine is imported when it is used: planning needs only the names, and epydemix takes seconds to
import.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from epyflow.engine.trajectory import Simulator, Stretch, Trajectory
from epyflow.errors import EpyflowError
from epyflow.model.compartmental import CompartmentalModel
from epyflow.randomness import following
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


def _compiled(model: CompartmentalModel) -> Stretch:
    from epyflow.engine import compiled

    return compiled.simulator(model)


def _epydemix(model: CompartmentalModel) -> Stretch:
    from epyflow.engine import reference

    return reference.simulator(model)


ENGINES: dict[str, Callable[[CompartmentalModel], Stretch]] = {
    "compiled": _compiled,
    "epydemix": _epydemix,
}

DEFAULT = "compiled"
"""Gives the numbers of ``epydemix``, which is the reference, to the bit."""


def simulator(model: CompartmentalModel, engine: str = DEFAULT) -> Simulator:
    """Prepare a model for simulation, once for all of its trajectories.

    The steps up to midnight of the last day are those of epydemix. The rest of that day draws from
    a generator that the state after these steps decides, so the next trajectory begins where
    epydemix's would.

    Parameters
    ----------
    model
        From :class:`epyflow.model.assembler.Assembler`.
    engine
        Name in ``ENGINES``.

    Returns
    -------
    simulator
        Function of a generator that returns a trajectory.

    Raises
    ------
    EpyflowError
        If there is no such engine.
    """
    check_engine(engine)
    stretch, until = ENGINES[engine](model), model.epydemix_steps
    if until is None or until >= len(model.dates):
        return stretch

    def simulate(rng: np.random.Generator) -> Trajectory:
        first = stretch(rng, slice(until))
        rest = stretch(following(rng), slice(until, None), first.compartments[-1])
        return Trajectory(
            np.concatenate([first.compartments, rest.compartments]),
            np.concatenate([first.transitions, rest.transitions]),
        )

    return simulate


def simulate(
    model: CompartmentalModel, rng: np.random.Generator, engine: str = DEFAULT
) -> Trajectory:
    """Simulate one trajectory; for many, :func:`simulator` prepares the model only once.

    Parameters
    ----------
    model
        From :class:`epyflow.model.assembler.Assembler`.
    rng
        Its state determines the trajectory; the draws advance it.
    engine
        Name in ``ENGINES``.

    Raises
    ------
    EpyflowError
        If there is no such engine.
    """
    return simulator(model, engine)(rng)


def warm(say: Callable[[str], object]) -> Path:
    """Compile the default engine, unless this machine has done so before.

    Parameters
    ----------
    say
        Called before anything is compiled, with a message that gives the time it takes.

    Returns
    -------
    folder
        Folder of the compiled code.
    """
    from epyflow.engine import compile_cache

    return compile_cache.warm(say)


def check_engine(name: str) -> None:
    """Refuse an engine that does not exist.

    Raises
    ------
    EpyflowError
        If there is no such engine; the message names those that exist.
    """
    if name not in ENGINES:
        raise EpyflowError(
            f"engine {name!r} does not exist{did_you_mean(name, ENGINES)}; expected one of "
            f"{', '.join(ENGINES)}"
        )
