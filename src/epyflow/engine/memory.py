"""Provide the memory of the compiled loop, and arrays without reference counts.

numba counts references to an array at every view, by atomic instructions, which are slow: in a loop
whose step takes 200 ns they took most of the time. An array that the caller keeps needs no count.
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
    """Arrays that a simulation writes to beside its result.

    Attributes
    ----------
    terms, lanes
        Shape (G,) and (8,). Terms of a sum.
    forces
        Shape (M, G). Contacts of each age group with the infectious.
    pools
        Shape (P, G). People eligible for doses.
    chances
        Shape (O, G). Probability of each outcome.
    known
        Shape (3, S, G). The last hazard and the values computed from it.
    logs
        Shape (2, O, G). The last probability and its logarithm; see ``draws.binomial``.
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
    """Remove the reference count from an array, or from each array in a tuple.

    The caller of the function that uses this must keep the arrays.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_counts(context, builder, arrays, arguments[0])

    return arrays(arrays), generate


class _Take(Protocol):
    def __call__(self, arrays: _Arrays) -> _Arrays:
        """Return the argument."""


uncounted: _Take = cast("Any", intrinsic(_take))
