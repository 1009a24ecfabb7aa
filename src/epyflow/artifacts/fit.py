"""Define the plain data of a calibration: observations, generations, fits and checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.packed_array import PackedArray


@dataclass(frozen=True)
class Observations:
    """Observations of a population in the fitting window.

    Attributes
    ----------
    dates
        Dates in ascending order, all in the fitting window.
    values
        Shape (dates, comparisons), in the unit of each. NaN where nothing was reported; the
        comparison omits it.
    visits
        Shape (dates, comparisons). All visits of the period, which a share is of; NaN where they
        are not known. None if no comparison names them.
    """

    dates: tuple[date, ...]
    values: NDArray[np.float64]
    visits: NDArray[np.float64] | None = None


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
        The tolerance; infinite if everything was accepted.
    simulations
        Number of simulations for this generation, rejected ones included.
    series
        Shape (P, dates, comparisons). Simulated values that were compared, in the unit of the
        observations.
    """

    particles: NDArray[np.float64]
    weights: NDArray[np.float64]
    distances: NDArray[np.float64]
    epsilon: float
    simulations: int
    series: PackedArray


@dataclass(frozen=True)
class Reporting:
    """Distribution of a comparison's reported counts around the simulated ones.

    Attributes
    ----------
    dispersion
        The variance is mean + dispersion * mean^2.
    walk
        Standard deviation of the step of log(reported / simulated) from one period to the next,
        after the last observation; None without a discrepancy.
    growth
        Growth of that logarithm in the period of the last observation, as it is continued; 0 if
        it is not.
    """

    dispersion: float
    walk: float | None
    growth: float = 0.0


@dataclass(frozen=True)
class Fit:
    """The result of a calibration.

    Attributes
    ----------
    strategy
        ``smc``, ``rejection`` or ``top_fraction``.
    settings
        The strategy's options by name, each as JSON, and the values of the ``observation_model``,
        if the experiment has one.
    names
        D calibrated quantities: parameters by name, initial conditions as
        ``init_<compartment>``, the start as ``start_date_days`` (days after ``reference_date``).
    reference_date
        Day 0 of ``start_date_days``; None if the start is fixed.
    window
        First and last date compared.
    comparisons
        Name of each comparison: its transition series joined by ``+``.
    observations
        The observations compared with.
    generations
        All complete generations.
    ended
        ``complete``, ``minimum_epsilon``, ``max_time`` or ``total_simulations_budget``.
    projected_generation
        Generation whose posterior was projected; None without a projection.
    reporting
        Shape (members, comparisons), of the members of the observation model that draw reports
        around simulated counts: one, or more of an ensemble. Empty without an observation model.
    units
        Unit of each comparison; empty if all compare the persons that are simulated.
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
    reporting: tuple[tuple[Reporting, ...], ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """An interrupted calibration, after its last complete generation.

    Attributes
    ----------
    key
        Hash of the task; a checkpoint of another task is ignored.
    generations
        The complete generations.
    ended
        As in :class:`Fit`; None before the end.
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
