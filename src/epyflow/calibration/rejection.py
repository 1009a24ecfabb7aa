"""Run ABC without generations: rejection, or the best fraction of a number of simulations.

The draws are those of epydemix 1.5, ``ABCSampler.run_rejection`` and ``run_top_fraction``.
"""

import logging

import numpy as np

from epyflow.calibration.sampler import Accepted, Checked, Generation, Limits, Priors, Simulator
from epyflow.errors import CalibrationError
from epyflow.logs import Progress

log = logging.getLogger(__name__)


def run_rejection(
    priors: Priors,
    simulator: Simulator,
    particles: int,
    epsilon: float,
    limits: Limits,
    rng: np.random.Generator,
) -> tuple[Generation, str]:
    """Accept draws from the prior with a distance below ``epsilon`` until there are enough.

    Returns
    -------
    generation
        With equal weights; fewer than ``particles`` if a limit was reached.
    ended
        ``complete``, or the limit.

    Raises
    ------
    CalibrationError
        If no draw was accepted, a distance is not finite, or all are equal.
    """
    accepted, progress, ended = Accepted(), Progress(log, "particle", particles), "complete"
    checked = Checked(simulator)
    while len(accepted.particles) < particles:
        if stopped := limits.reached(accepted.simulations):
            ended = stopped
            break
        values = priors.draw(rng)
        simulated = checked(values, rng)
        accepted.count(simulated)
        if simulated.distance < epsilon:
            accepted.add(values, 1.0, simulated)
            progress.step()
        else:
            progress.wait(lambda: accepted.tell(epsilon))
    checked.refuse_equal()
    if not accepted.particles:
        raise CalibrationError(
            f"{ended} was reached after {accepted.simulations} simulations without one nearer than "
            f"epsilon {epsilon:g}; the nearest was {accepted.nearest:g}: raise epsilon or the limit"
        )
    return accepted.generation(epsilon), ended


def run_top_fraction(
    priors: Priors,
    simulator: Simulator,
    simulations: int,
    fraction: float,
    rng: np.random.Generator,
) -> Generation:
    """Simulate a number of draws from the prior and keep the nearest fraction, equally weighted.

    Raises
    ------
    CalibrationError
        If a distance is not finite, or all are equal.
    """
    checked = Checked(simulator)
    drawn, progress = Accepted(simulations=simulations), Progress(log, "simulation", simulations)
    for _ in range(simulations):
        values = priors.draw(rng)
        drawn.add(values, 1.0, checked(values, rng))
        progress.step()
    checked.refuse_equal()
    distances = np.array([each.distance for each in drawn.simulated])
    epsilon = float(np.quantile(distances, fraction))
    kept = Accepted(simulations=simulations)
    for particle, simulated in zip(drawn.particles, drawn.simulated, strict=True):
        if simulated.distance <= epsilon:
            kept.add(particle, 1.0, simulated)
    return kept.generation(epsilon)
