"""The memory of the compiled loop: what it works in, and arrays that are not counted.

numba counts who uses an array, at every view of it, by instructions that other processors wait for:
in a loop whose step takes 200 ns, that was most of the time. An array that somebody else keeps need
not be counted.
"""

from typing import Any, NamedTuple, Protocol, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

Array = NDArray[np.float64]
_Arrays = TypeVar("_Arrays", bound=NDArray[Any] | tuple[Any, ...])


class Workspace(NamedTuple):
    """What a simulation writes to beside its result.

    Attributes
    ----------
    terms, lanes
        Shape (G,) and (8,). What is being summed.
    forces
        Shape (M, G). Contacts of each age group with those who infect.
    pools
        Shape (P, G). The people among whom doses are given.
    chances
        Shape (O, G). Of each outcome.
    known
        Shape (3, S, G). Each last hazard and what follows from it: often the next is the same.
    logs
        Shape (2, O, G). Each last chance and its logarithm; see ``draws.binomial``.
    """

    terms: Array
    lanes: Array
    forces: Array
    pools: Array
    chances: Array
    known: Array
    logs: Array


def _without_counts(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = ir.Constant(array.meminfo.type, None)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        parts = [
            _without_counts(context, builder, part, builder.extract_value(value, position))
            for position, part in enumerate(cast("Any", kind))
        ]
        return context.make_tuple(builder, kind, parts)
    return value


def _take(typing: Any, arrays: Any) -> tuple[Any, Any]:
    """Leave the counter out of an array, or of each array in a tuple.

    Whoever calls the function in which this is done has to keep the arrays.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_counts(context, builder, arrays, arguments[0])

    return arrays(arrays), generate


class _Take(Protocol):
    def __call__(self, arrays: _Arrays) -> _Arrays:
        """Return what is given."""


uncounted: _Take = cast("Any", intrinsic(_take))
