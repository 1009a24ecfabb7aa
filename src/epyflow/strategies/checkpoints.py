"""Write an SMC calibration to disk after each generation, and resume it from there."""

import hashlib
import json
import logging
from pathlib import Path

import numpy as np

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Checkpoint, Generation, PackedArray, Task
from epyflow.calibration import sampler
from epyflow.calibration.smc import Smc
from epyflow.errors import ArtifactError

log = logging.getLogger(__name__)


def save(smc: Smc, task: Task, path: Path, seconds: float) -> None:
    """Write the complete generations and the state of the random numbers, atomically.

    Parameters
    ----------
    smc
        The calibration.
    task
        The task of the calibration.
    path
        The file.
    seconds
        Time used so far.
    """
    checkpoint = Checkpoint(
        key=key(task),
        generations=tuple(stored(generation) for generation in smc.done),
        ended=smc.ended,
        rng_state=json.dumps(smc.rng.bit_generator.state),
        seconds=seconds,
    )
    pickling.write(checkpoint, path)


def restore(smc: Smc, task: Task, path: Path) -> float:
    """Resume from a checkpoint of the same task, if there is one.

    Returns
    -------
    seconds
        Time used before; 0 if there is no checkpoint.
    """
    if not path.is_file():
        return 0.0
    try:
        checkpoint = pickling.read_checkpoint(path)
    except ArtifactError as error:
        log.warning("the calibration starts from the beginning: %s", error)
        return 0.0
    if checkpoint.key != key(task):
        log.info("%s belongs to another task; the calibration starts from the beginning", path)
        return 0.0
    try:
        done = [_loaded(generation) for generation in checkpoint.generations]
        smc.rng.bit_generator.state = json.loads(checkpoint.rng_state)
    except (ArtifactError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        log.warning("%s is damaged; the calibration starts from the beginning", path)
        return 0.0
    smc.done, smc.ended = done, checkpoint.ended
    log.info("continuing after generation %d, from %s", len(smc.done), path)
    return checkpoint.seconds


def key(task: Task) -> str:
    """Return a hash of everything in a task."""
    return hashlib.sha256(pickling.to_bytes(task)).hexdigest()


def stored(generation: sampler.Generation) -> Generation:
    """Return a generation with its series compressed, as artifacts hold it."""
    return Generation(
        particles=generation.particles,
        weights=generation.weights,
        distances=generation.distances,
        epsilon=float(generation.epsilon),
        simulations=generation.simulations,
        series=PackedArray.pack(generation.series),
    )


def _loaded(generation: Generation) -> sampler.Generation:
    return sampler.Generation(
        particles=generation.particles,
        weights=generation.weights,
        distances=generation.distances,
        epsilon=generation.epsilon,
        simulations=generation.simulations,
        series=generation.series.unpack().astype(np.float64),
    )
