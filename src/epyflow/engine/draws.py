"""Draw binomials in compiled code, with numpy's results from the same uniforms.

numba has its own binomial draws, which do not equal numpy's to the bit: for few expected successes
numpy 2.4 computes ``exp(n * log1p(-p))`` and numba 0.68 ``exp(n * log(1 - p))``, and numpy 2.5 has
another algorithm for many expected successes than 2.4. So we call the function that numpy itself
calls, in the release that is installed. For few expected successes we compute the same here, which
is faster, if a test shows that the installed numpy gives the same results.

Source: numpy, "Extending via CFFI" (reference/random/examples/cffi.html), which calls C functions
of the same library; ``numpy/random/distributions.h`` and ``bitgen.h`` for their arguments.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, register_jitable
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEMORY = 32
"""Words of 8 bytes in which numpy remembers the last draw; its ``binomial_t`` has 17."""

FEW = 30.0
"""Expected successes up to which numpy inverts the distribution; for more it rejects."""

NONE = -1.0
"""In its place: numpy draws all."""

_NEXT_DOUBLE = 3  # position in a ``bitgen_t``, after its state and two other functions
_SLACK = 1e-12  # more than a rounding error, less than any probability that matters
_NEVER_ABOVE = 10.0  # numpy's bound on the successes is at least this far above their mean


class Stream(NamedTuple):
    """Source of the draws of compiled code.

    Attributes
    ----------
    numpy_binomial
        Address of numpy's ``random_binomial``.
    source
        Address of the generator's ``bitgen_t``.
    memory
        Address of ``MEMORY`` words.
    own_up_to
        Expected successes up to which :func:`binomial` does not call numpy: ``FEW`` or ``NONE``.
    """

    numpy_binomial: int
    source: int
    memory: int
    own_up_to: float


@cache
def numpy_binomial() -> int | None:
    """Return the address of numpy's ``random_binomial``; None if this numpy has none."""
    try:
        library = ctypes.CDLL(np.random._generator.__file__)
        return ctypes.cast(library.random_binomial, ctypes.c_void_p).value
    except (AttributeError, OSError):
        return None


def source_of(rng: np.random.Generator) -> int:
    """Return the address of a generator's ``bitgen_t``, valid as long as the generator lives."""
    address: int = rng.bit_generator.ctypes.bit_generator.value
    return address


def _call_numpy(
    typing: Any, function: Any, source: Any, p: Any, n: Any, memory: Any
) -> tuple[Any, Any]:
    """Call ``int64_t random_binomial(bitgen_t *source, double p, int64_t n, binomial_t *memory)``.

    The addresses are arguments, not constants: code in the cache must not hold the addresses of
    one process.
    """
    signature = types.int64(types.uintp, types.uintp, types.float64, types.int64, types.uintp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, *given = arguments
        word, double = ir.IntType(64), ir.DoubleType()
        called = ir.FunctionType(word, [word, double, word, word])
        return builder.call(builder.inttoptr(address, called.as_pointer()), given)

    return signature, generate


def _call_next_double(typing: Any, source: Any) -> tuple[Any, Any]:
    """Call ``double next_double(void *state)`` of the ``bitgen_t`` at an address."""
    signature = types.float64(types.uintp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word, double = ir.IntType(64), ir.DoubleType()
        words = builder.inttoptr(arguments[0], word.as_pointer())
        function = builder.load(builder.gep(words, [ir.Constant(word, _NEXT_DOUBLE)]))
        called = ir.FunctionType(double, [word])
        return builder.call(builder.inttoptr(function, called.as_pointer()), [builder.load(words)])

    return signature, generate


_numpy_draw: Callable[[int, int, float, int, int], int] = cast("Any", intrinsic(_call_numpy))
_uniform: Callable[[int], float] = cast("Any", intrinsic(_call_next_double))


@register_jitable
def _few_as_numpy(source: int, n: int, p: float, none: float, left: float) -> int:
    """Draw by inversion, from a first uniform number, with numpy's arithmetic.

    Source: Kachitvichyanukul & Schmeiser (1988), "Binomial random variate generation",
    Communications of the ACM 31(2), algorithm BINV, with numpy's bound beyond which it
    starts again.
    """
    mean = n * p
    bound = min(float(n), mean + 10.0 * np.sqrt(mean * (1.0 - p) + 1.0))
    successes, probability = 0, none
    while left > probability:
        successes += 1
        if successes > bound:
            successes, probability = 0, none
            left = _uniform(source)
        else:
            left -= probability
            probability = ((n - successes + 1) * p * probability) / (successes * (1.0 - p))
    return successes


@register_jitable(inline="always")
def _few(source: int, n: int, p: float, logs: Array, row: int, column: int) -> int:
    """Draw by inversion: subtract the probabilities of 0, 1, 2, ... from a uniform number.

    numpy's arithmetic needs a division for each of them. Probabilities with another rounding are
    faster and decide nearly every draw. They differ by far less than ``_SLACK``, so only a number
    nearer than that to a boundary needs numpy's arithmetic. The probability of none,
    ``(1 - p) ** n``, is at least ``1 - n * p``: most draws of rare events need not compute it.
    """
    mean = n * p
    left = _uniform(source)
    if left <= 1.0 - mean - _SLACK:
        return 0
    if p != logs[0, row, column]:
        logs[0, row, column], logs[1, row, column] = p, np.log1p(-p)
    none = np.exp(n * logs[1, row, column])
    trials, odds = float(n), p / (1.0 - p)
    most = min(trials, mean + _NEVER_ABOVE)
    successes, probability, undecided = 0.0, none, left
    while undecided > probability + _SLACK and successes < most:
        undecided -= probability
        successes += 1.0
        probability *= odds * (trials - successes + 1.0) / successes
    if undecided <= probability - _SLACK and successes <= most:
        return int(successes)
    return _few_as_numpy(source, n, p, none, left)


@register_jitable(inline="always")
def binomial(stream: Stream, n: int, p: float, logs: Array, row: int, column: int) -> int:
    """Draw as ``random_binomial`` does, from the same uniforms.

    Parameters
    ----------
    stream
        Source of the draws.
    n
        Trials, at least 1.
    p
        Probability of success; rounding may put it slightly outside 0 to 1.
    logs, row, column
        ``logs[:, row, column]`` keeps a probability p and ``log1p(-p)``: often the next draw of
        this kind has the same p. Zero at first.
    """
    if p == 0.0:
        return 0
    if p >= 1.0:
        # For p of 1, numpy counts failures: it takes a uniform number and finds none.
        _uniform(stream.source)
        return n
    rare = p if p <= 0.5 else 1.0 - p
    if rare * n <= stream.own_up_to:
        few = _few(stream.source, n, rare, logs, row, column)
        return few if p <= 0.5 else n - few
    return _numpy_draw(stream.numpy_binomial, stream.source, p, n, stream.memory)
