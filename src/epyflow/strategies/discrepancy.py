"""Let projected trajectories drift from the model after the last observation."""

import numpy as np
from numpy.typing import NDArray

from epyflow.experiment.format.observation_model import Discrepancy

Array = NDArray[np.float64]

_MOST = 500.0  # exp of this does not overflow, and is larger than any population


def drifted(
    simulated: Array,
    at: int,
    last: float | Array,
    steps: Array,
    growth: float = 0.0,
    how: Discrepancy | None = None,
) -> Array:
    """Continue trajectories from the last observation with a random drift.

    The ratio of reported to simulated is what it was at the last observation,
    (y + 1/2) / (x + 1/2), and its logarithm is a random walk afterwards. Before it, the
    trajectory is as simulated. ``how`` changes this: the ratio begins as its power ``start``; in
    the k-th period after the observation, its logarithm also grows by
    growth * residual_growth^k, and that of the trajectory by its own growth * model_growth^k.

    Parameters
    ----------
    simulated
        Shape (trajectories, T). Persons.
    at, last
        Position and value of the last observation, persons; the value may differ between
        trajectories, shape (trajectories,).
    steps
        Shape (trajectories, T). Steps of the walk; those after ``at`` are used.
    growth
        Of the logarithm of the ratio, at the last observation, per period.
    how
        None for the defaults.
    """
    ratio = (last + 0.5) / (simulated[:, at] + 0.5)
    ahead = np.arange(1, simulated.shape[1] - at)
    logs = np.zeros_like(simulated)
    logs[:, at + 1 :] = np.cumsum(steps[:, at + 1 :], axis=1)
    if how is not None:
        ratio = ratio**how.start
        logs[:, at + 1 :] += np.cumsum(growth * how.residual_growth**ahead)
        simulated = _damped(simulated, at, how.model_growth**ahead)
    found: Array = simulated * np.exp(np.minimum(logs, _MOST))
    found[:, at:] *= ratio[:, np.newaxis]
    return found


def _damped(simulated: Array, at: int, factors: Array) -> Array:
    """Multiply the growth of log(x + 1/2) in each period after ``at`` by its factor."""
    if (factors == 1).all():
        return simulated
    logs = np.log(simulated[:, at:] + 0.5)
    slower = logs[:, :1] + np.cumsum(np.diff(logs, axis=1) * factors, axis=1)
    return np.hstack([simulated[:, : at + 1], np.maximum(np.exp(slower) - 0.5, 0)])
