"""What follows from a simulation's first day alone, worked out once for that day."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from epyflow.engine.resample import Resampling
from epyflow.model.assembler import STARTS

T = TypeVar("T")

Steps = NDArray[np.datetime64]


class PerStart(Generic[T]):
    """Computes something from the steps of a simulation, once for each first day.

    Of the simulations of one task, those that start together have the same steps. To lay them out
    in weeks takes pandas a millisecond, which is long beside a simulation.

    Parameters
    ----------
    compute
        From the steps, shape (T,), to what follows from them.
    most
        First days that are remembered; the one that was longest unused is forgotten.
    """

    def __init__(self, compute: Callable[[Steps], T], most: int = STARTS) -> None:
        self._compute, self._most = compute, most
        self._known: OrderedDict[tuple[np.datetime64, int], T] = OrderedDict()

    def __call__(self, steps: Steps) -> T:
        """Return what follows from the steps."""
        key = (steps[0], len(steps))
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        found = self._known[key] = self._compute(steps)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return found


def resampled(frequency: str | None) -> PerStart[Resampling]:
    """Return what plans the resampling of simulations; see :meth:`Resampling.of`."""
    return PerStart(lambda steps: Resampling.of(steps, frequency))
