"""Observations, fits and generations of a calibration: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.packed_array import PackedArray


@dataclass(frozen=True)
class Observations:
    """What was observed of one population in the fitting window.

    Attributes
    ----------
    dates
        Ascending; all in the fitting window.
    values
        Shape (dates, comparisons). NaN where nothing was reported: left out of the comparison.
    """

    dates: tuple[date, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Generation:
    """The accepted particles of one generation.

    Attributes
    ----------
    particles
        Shape (P, D). Values of the calibrated quantities.
    weights
        Shape (P,); they sum to 1.
    distances
        Shape (P,).
    epsilon
        The tolerance; infinite where everything was accepted.
    simulations
        Made for this generation, rejected ones included.
    series
        Shape (P, dates, comparisons). Simulated values that were compared.
    """

    particles: NDArray[np.float64]
    weights: NDArray[np.float64]
    distances: NDArray[np.float64]
    epsilon: float
    simulations: int
    series: PackedArray


@dataclass(frozen=True)
class Reporting:
    """How one comparison's reported counts lie around the simulated ones.

    Attributes
    ----------
    dispersion
        The variance is mean + dispersion * mean^2.
    walk
        Standard deviation of the step of log(reported / simulated) from one period to the next,
        after the last observation; None without a discrepancy.
    """

    dispersion: float
    walk: float | None


@dataclass(frozen=True)
class Fit:
    """What a calibration found.

    Attributes
    ----------
    strategy
        ``smc``, ``rejection`` or ``top_fraction``.
    settings
        The strategy's options by name, each as JSON; and what the ``observation_model`` came to,
        where the experiment has one.
    names
        D calibrated quantities: parameters by name, initial conditions as
        ``init_<compartment>``, the start as ``start_date_days`` (days after ``reference_date``).
    reference_date
        What ``start_date_days`` counts from; None where the start is fixed.
    window
        First and last date compared.
    comparisons
        Name of each comparison: its transition series joined by ``+``.
    observations
        What was compared with.
    generations
        All complete ones.
    ended
        ``complete``, ``minimum_epsilon``, ``max_time`` or ``total_simulations_budget``.
    projected_generation
        Whose posterior was projected; None without a projection.
    reporting
        One per comparison; none without an observation model.
    """

    strategy: str
    settings: Mapping[str, str]
    names: tuple[str, ...]
    reference_date: date | None
    window: tuple[date, date]
    comparisons: tuple[str, ...]
    observations: Observations
    generations: tuple[Generation, ...]
    ended: str
    projected_generation: int | None
    reporting: tuple[Reporting, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A calibration that was interrupted, after its last complete generation.

    Attributes
    ----------
    key
        Hash of the task; a checkpoint of another task is ignored.
    generations
        The complete ones.
    ended
        As in :class:`Fit`; None while it goes on.
    rng_state
        State of the generator as JSON.
    seconds
        Time taken so far, which counts towards ``max_time``.
    """

    key: str
    generations: tuple[Generation, ...]
    ended: str | None
    rng_state: str
    seconds: float
