"""Define what checks of a calibration are made from, and what they find."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from epyflow.figures.observations import LastObservation, Seen


@dataclass(frozen=True)
class Evidence:
    """What is known of one calibration.

    Attributes
    ----------
    progress
        Rows of ``calibration_progress``.
    fitted, projected
        Rows of ``quantiles_calibration``; of ``quantiles_projection_comparison``, or None.
    seen, last
        Observations of the first series, and the last of them.
    posterior, priors
        Rows of ``posteriors``, or None, and the prior of each quantity.
    strategy
        Name of the strategy, such as ``SMC``.
    """

    progress: pd.DataFrame
    fitted: pd.DataFrame
    projected: pd.DataFrame | None = None
    seen: Seen | None = None
    last: LastObservation | None = None
    posterior: pd.DataFrame | None = None
    priors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    strategy: str = "SMC"


Finding = str | None
"""Detail of a warning; None if the check was passed."""


@dataclass(frozen=True)
class Check:
    """A check of calibrations.

    Attributes
    ----------
    warning
        What a warning says after the populations.
    passed
        What the page says if no population fails.
    find
        Returns the detail of a failure, such as ``8``; None without one. Raises
        :class:`~epyflow.errors.NoEvidenceError`.
    """

    warning: str
    passed: str
    find: Callable[[Evidence], Finding]


def noise(mean: float) -> float:
    """Return the width of the 50% interval of a count of this mean."""
    return 1.35 * float(np.sqrt(max(mean, 1.0)))


def far_apart(one: float, other: float) -> bool:
    """Return whether a value is beyond half or double of another, more than by chance."""
    return not 0.5 <= one / max(other, 1e-9) <= 2 and abs(one - other) > 2 * noise(other)
