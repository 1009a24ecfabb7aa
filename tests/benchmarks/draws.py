"""The binomial draws that one simulation makes, and what they cost without a simulation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow import engine
from epyflow.model.compartmental import CompartmentalModel


class _Recording(np.random.Generator):
    """A generator that remembers the multinomials asked of it."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))
        self.asked: list[tuple[int, NDArray[np.float64], NDArray[np.int64]]] = []

    def multinomial(self, n: Any, pvals: Any, size: Any = None) -> Any:
        drawn = super().multinomial(n, pvals, size)
        self.asked.append((int(n), np.array(pvals), drawn))
        return drawn


@dataclass(frozen=True)
class Draws:
    """Binomial draws.

    Attributes
    ----------
    n, p
        Shape (D,). Trials and their probability, in the order of the draws.
    """

    n: NDArray[np.int64]
    p: NDArray[np.float64]

    def pure(self, seed: int) -> Callable[[], object]:
        """Return what makes the draws and nothing else: numpy's own loop in C over (n, p)."""
        rng = np.random.default_rng(seed)
        return lambda: rng.binomial(self.n, self.p)


def draws_of(model: CompartmentalModel, seed: int) -> Draws:
    """Return the draws of one simulation, those that take a random number.

    epydemix asks for multinomials. numpy draws one binomial for each of their categories but the
    last, among those who are left, and none where nobody is left or nobody can go (numpy,
    ``distributions.c``, ``random_multinomial`` and ``random_binomial``).
    """
    rng = _Recording(seed)
    engine.simulator(model, "epydemix")(rng)
    found: list[tuple[int, float]] = []
    for people, chances, drawn in rng.asked:
        left, undecided = people, 1.0
        for category in range(len(chances) - 1):
            if chances[category] > 0:
                found.append((left, min(chances[category] / undecided, 1.0)))
            left -= int(drawn[category])
            undecided -= chances[category]
            if left <= 0:
                break
    n, p = zip(*found, strict=True)
    return Draws(np.array(n), np.array(p))
