"""Make random generators that depend on what is computed, not on when or where.

No other module seeds a generator. A generator is requested by the experiment's seed and the
identity of the draw, such as ``generator(seed, "trajectories", "United_States", 17)``. The
same name gives the same numbers on every machine, in any order and on any number of cores;
different names give independent streams.
"""

import hashlib
import json
import operator
from typing import Any

import numpy as np


def generator(seed: int, *identity: str | int) -> np.random.Generator:
    """Return the generator that belongs to ``identity`` in an experiment with this ``seed``.

    The seed and the identity are written as a JSON array, which says unambiguously where each
    part ends and whether it is text or a number. The array's SHA-256, as one big-endian
    integer, is the entropy of a :class:`numpy.random.SeedSequence`, which seeds a PCG64.

    Parameters
    ----------
    seed
        The experiment's random seed: any whole number.
    identity
        Names and numbers that tell this stream from every other of the experiment.

    Raises
    ------
    TypeError
        If the seed is not a whole number, or a part of the identity is neither that nor text.
    """
    name = [_whole(seed), *(part if isinstance(part, str) else _whole(part) for part in identity)]
    digest = hashlib.sha256(json.dumps(name, separators=(",", ":")).encode("ascii")).digest()
    entropy = int.from_bytes(digest, "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def following(rng: np.random.Generator) -> np.random.Generator:
    """Return a generator that the state of ``rng`` decides, and that leaves ``rng`` as it is."""
    state = json.dumps(rng.bit_generator.state, sort_keys=True, default=_listed)
    return generator(0, "following", state)


def _listed(array: Any) -> list[int]:
    """Return the words of a state as JSON can write them: some bit generators have arrays."""
    return [int(word) for word in array]


def _whole(number: int) -> int:
    return int(operator.index(number))
