"""Cache what depends only on the first day of a simulation."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from epyflow.engine.resample import Resampling
from epyflow.experiment.format.model import Model
from epyflow.model.assembler import STARTS

T = TypeVar("T")

Steps = NDArray[np.datetime64]


class PerStart(Generic[T]):
    """Computes something from the steps of a simulation, once for each first day.

    Simulations of one task that start on the same day have the same steps. Resampling the steps
    for each simulation would take long compared with simulating.

    Parameters
    ----------
    compute
        Takes the steps, shape (T,).
    most
        Number of first days to keep; the least recently used is dropped.
    """

    def __init__(self, compute: Callable[[Steps], T], most: int = STARTS) -> None:
        self._compute, self._most = compute, most
        self._known: OrderedDict[tuple[np.datetime64, int], T] = OrderedDict()

    def __call__(self, steps: Steps) -> T:
        """Return what ``compute`` gives for the steps."""
        key = (steps[0], len(steps))
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        found = self._known[key] = self._compute(steps)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return found


def plan_resampling(model: Model, steps: Steps, *, from_start: bool = False) -> Resampling:
    """Plan the resampling of a simulation of a model; see :meth:`Resampling.of`."""
    return Resampling.of(
        steps[0].astype("datetime64[D]").item(),
        model.timespan.end_date,
        model.timespan.delta_t,
        model.simulation.resample_frequency,
        from_start=from_start,
    )


def resampled(model: Model) -> PerStart[Resampling]:
    """Return a cache of :func:`plan_resampling` by first day."""
    return PerStart(partial(plan_resampling, model))
