"""Check the ranges that initial conditions are drawn from."""

import math

from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.distributions import ScipyDistribution
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath

_NEVER = 1e-9
"""A probability of negative values so small that no calibration draws one."""


def check_initial_priors(calibration: Calibration, report: Report) -> None:
    """Refuse priors of initial conditions that reach below 0; warn of those that reach across 1."""
    for name, given in calibration.compartments.items():
        if not isinstance(given.prior, ScipyDistribution):
            continue
        low, high = reach(given.prior)
        here: KeyPath = ("calibration", "compartments", name, "prior")
        if low < 0:
            report.error(
                here,
                f"with {given.prior.arguments} it reaches down to {low:g}; expected persons (1 or "
                "more) or shares of the population (below 1)",
            )
        else:
            warn_of_both_readings(low, high, here, report)


def reach(prior: ScipyDistribution) -> tuple[float, float]:
    """Return a prior's bounds; 0 for a normal distribution that in practice is above it."""
    low, high = prior.bounds()
    if low < 0 < high and math.isinf(low) and prior.frozen().cdf(0) < _NEVER:
        return 0.0, high
    return low, high


def warn_of_both_readings(low: float, high: float, here: KeyPath, report: Report) -> None:
    """Warn of initial conditions from ``low`` to ``high`` if some are persons and some shares."""
    if low < 1 < high:
        top = "without limit" if math.isinf(high) else f"to {high:g}"
        report.warn(
            here,
            f"reaches from {low:g} {top}, across 1: a drawn value below 1 is that share of every "
            "age group, one of 1 or more that number of persons; expected a range on one side of 1",
        )
