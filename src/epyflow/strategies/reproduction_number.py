"""Compute the effective reproduction number of simulated trajectories in each period."""

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import NOT_STARTED, REPRODUCTION_UNIT
from epyflow.engine.resample import Resampling
from epyflow.engine.trajectory import Trajectory
from epyflow.errors import ReproductionNumberError
from epyflow.model.compartmental import CompartmentalModel
from epyflow.model.infections import find_infections
from epyflow.model.next_generation import NextGeneration

Array = NDArray[np.float64]

_TOGETHER = 4_000  # matrices at once: ten times as fast as one by one
_HIGHEST = 1e5  # above it, infection never ends; the rest is rounding
_FEW = 3  # up to so many rows, LAPACK is as fast
_SQUARES = 3  # the power 2³ of a matrix
_ENOUGH = 1e-7  # far below the unit
_TRIES = 12


class Reproductions:
    """Collects trajectories and computes R in each of their periods.

    R is the number of people whom one infected person would infect if susceptible people,
    contacts and rates stayed as they are. It is the largest eigenvalue of the mean over a
    period of the matrix of :class:`~epyflow.model.next_generation.NextGeneration`, so that a week
    with two days without school counts them as two of seven.
    """

    def __init__(self) -> None:
        self._model: CompartmentalModel | None = None
        self._generation: NextGeneration | None = None
        self._waiting: list[Array] = []
        self._done: list[Array] = []

    def add(
        self, model: CompartmentalModel, resampling: Resampling, trajectory: Trajectory
    ) -> None:
        """Add a trajectory, unless its model has no reproduction number.

        Parameters
        ----------
        model
            The model of the trajectory. What depends on the model alone is computed once.
        resampling
            Resampling of its steps.
        trajectory
            The simulated trajectory.
        """
        if model is not self._model:
            self._model, self._generation = model, _generation(model)
        if self._generation is None:
            return
        places = self._generation.places
        first, later = model.initial[np.newaxis, places], trajectory.compartments[:-1, places]
        found = self._generation.matrices(np.concatenate([first, later]), resampling.means)
        self._waiting.append(found)
        if sum(map(len, self._waiting)) >= _TOGETHER:
            self._work_off()

    def numbers(self) -> list[Array]:
        """Return R of each trajectory added, shape (R, 1, 1), in units of ``REPRODUCTION_UNIT``.

        ``NOT_STARTED`` where R is not defined because infection never ends.
        """
        self._work_off()
        return self._done

    def _work_off(self) -> None:
        if not self._waiting:
            return
        found = spectral_radii(np.concatenate(self._waiting))
        known = found < _HIGHEST
        whole = np.rint(np.where(known, found, 0) / REPRODUCTION_UNIT)
        ends = np.cumsum([len(each) for each in self._waiting])
        numbers = np.where(known, whole, NOT_STARTED)[:, np.newaxis, np.newaxis]
        self._done += np.split(numbers, ends[:-1])
        self._waiting = []


def _generation(model: CompartmentalModel) -> NextGeneration | None:
    try:
        return NextGeneration.of(model, find_infections(model.flows))
    except ReproductionNumberError:
        return None


def spectral_radii(matrices: Array) -> Array:
    """Return the largest absolute eigenvalue of each matrix without negative entries.

    For large matrices, the power method gives bounds: for every positive vector v the eigenvalue
    lies between the least and the greatest ratio of the image of v to v (Collatz, Wielandt).
    Where the bounds do not meet, LAPACK computes it.

    Parameters
    ----------
    matrices
        Shape (R, n, n).

    Returns
    -------
    radii
        Shape (R,); NaN where a matrix has a NaN.
    """
    if matrices.shape[1] == 1:
        return matrices[:, 0, 0].copy()
    radii = np.full(len(matrices), np.nan)
    left = np.flatnonzero(np.isfinite(matrices).all(axis=(1, 2)))
    if matrices.shape[1] > _FEW:
        low, high = _bounds(matrices[left])
        met = high - low <= _ENOUGH * high
        radii[left[met]] = ((low + high) / 2)[met]
        left = left[~met]
    radii[left] = np.abs(np.linalg.eigvals(matrices[left])).max(axis=1)
    return radii


def _bounds(matrices: Array) -> tuple[Array, Array]:
    """Return bounds of the largest eigenvalues; for most matrices they meet."""
    powers = matrices
    for _ in range(_SQUARES):
        powers = powers @ powers
    vectors = np.ones((*matrices.shape[:2], 1))
    low = high = np.zeros(len(matrices))
    for _ in range(_TRIES):
        vectors = powers @ vectors
        greatest = vectors.max(axis=1, keepdims=True)
        vectors = vectors / np.where(greatest > 0, greatest, 1)
        # An age group that nobody infects adds nothing to the eigenvalue.
        there = vectors > 0
        ratios = matrices @ vectors / np.where(there, vectors, 1)
        high = np.where(there, ratios, 0).max(axis=(1, 2))
        low = np.where(there, ratios, high[:, np.newaxis, np.newaxis]).min(axis=(1, 2))
        if (high - low <= _ENOUGH * high).all():
            break
    return low, high
