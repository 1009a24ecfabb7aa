"""Run the compiled engine, which gives epydemix's results to the bit in less time."""

import logging
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from epyflow.engine import compile_cache, draws
from epyflow.engine.layout import KINDS, MOST_GROUPS, Layout, Numbers, layout
from epyflow.engine.trajectory import ALL, Stretch, Trajectory
from epyflow.model.compartmental import CompartmentalModel
from epyflow.randomness import generator

log = logging.getLogger(__name__)

_Kind = TypeVar("_Kind", bound=np.generic)


def simulator(model: CompartmentalModel) -> Stretch:
    """Prepare a model for the compiled loop; see :func:`epyflow.engine.simulator`.

    A model that it cannot simulate to the bit goes to epydemix; the log says so once.
    """
    reason = find_obstacle(model)
    if reason is not None:
        from epyflow.engine import reference

        _announce(reason)
        return reference.simulator(model)
    kernel = compile_cache.load()
    laid_out = layout(model)
    _check_shapes(model)
    numbers = _numbers(model, laid_out)
    memory, own_up_to = np.zeros(draws.MEMORY, dtype=np.int64), _own_up_to()
    persons = (len(model.compartments), len(model.sizes))
    moved = (len(model.transitions), len(model.sizes))

    def simulate(
        rng: np.random.Generator, steps: slice = ALL, initial: NDArray[np.float64] | None = None
    ) -> Trajectory:
        chosen = numbers if steps == ALL else _stretch(numbers, steps, initial)
        count = len(chosen.matrix_index)
        compartments, transitions = np.empty((count, *persons)), np.zeros((count, *moved))
        # numpy's own methods hold this lock too.
        with rng.bit_generator.lock:
            failed = kernel.simulate(
                _stream(rng, memory, own_up_to),
                chosen,
                laid_out.tables,
                compartments,
                transitions,
            )
        if failed != kernel.DONE:
            raise ValueError(_failure(model, failed, steps))
        return Trajectory(compartments, transitions)

    return simulate


def find_obstacle(model: CompartmentalModel) -> str | None:
    """Return why the compiled loop cannot give epydemix's results for a model; None if it can."""
    if draws.numpy_binomial() is None:
        return f"numpy {np.__version__} does not show its draws to compiled code"
    if len(model.sizes) > MOST_GROUPS:
        return f"it has {len(model.sizes)} age groups; expected at most {MOST_GROUPS}"
    if not model.matrices.flags.c_contiguous or model.matrices.dtype != np.float64:
        return "the contact matrices do not lie in memory row by row"
    for flow in model.flows:
        if flow.kind not in KINDS:
            return f"the rate from {flow.source} to {flow.target} is of another kind: {flow.kind}"
        if flow.source == flow.target:
            return f"a flow leads from {flow.source} to itself"
    return None


@cache
def _announce(reason: str) -> None:
    log.warning("simulating with epydemix, which takes some 50 times as long: %s", reason)


def _check_shapes(model: CompartmentalModel) -> None:
    """Raise an error if compiled code would read beyond an array of the model."""
    steps, groups, count = len(model.dates), len(model.age_groups), len(model.matrices)
    expected = {
        "sizes": (groups,),
        "initial": (len(model.compartments), groups),
        "matrices": (count, groups, groups),
        "matrix_index": (steps,),
    }
    for name, shape in expected.items():
        found = getattr(model, name).shape
        if found != shape:
            raise ValueError(f"{name} has the shape {found}; expected {shape}")
    if not ((model.matrix_index >= 0) & (model.matrix_index < count)).all():
        raise ValueError(f"matrix_index has values outside of 0 to {count - 1}")


def _numbers(model: CompartmentalModel, laid_out: Layout) -> Numbers:
    rates = np.empty((len(model.dates), len(model.flows), len(model.sizes)))
    for row, number in enumerate(laid_out.order):
        rates[:, row] = model.flows[number].values
    return Numbers(
        delta_t=float(model.delta_t),
        initial=_plain(model.initial, np.float64),
        sizes=_plain(model.sizes, np.float64),
        matrices=_plain(model.matrices, np.float64),
        matrix_index=_plain(model.matrix_index, np.int64),
        rates=_plain(rates, np.float64),
    )


def _stretch(numbers: Numbers, steps: slice, initial: NDArray[np.float64] | None) -> Numbers:
    """Return the numbers of some of the steps."""
    return numbers._replace(
        initial=numbers.initial if initial is None else _plain(initial, np.float64),
        matrix_index=numbers.matrix_index[steps],
        rates=numbers.rates[steps],
    )


def _plain(array: NDArray[Any], kind: type[_Kind]) -> NDArray[_Kind]:
    """Return the array as the kernel needs it: C order, read-only."""
    plain = np.ascontiguousarray(array, dtype=kind).view()
    plain.setflags(write=False)
    return plain


def _stream(rng: np.random.Generator, memory: NDArray[np.int64], own_up_to: float) -> draws.Stream:
    """Return a stream that draws from ``rng``. It holds addresses: keep ``rng`` and ``memory``."""
    function = draws.numpy_binomial()
    if function is None:
        raise RuntimeError("numpy does not show its draws; find_obstacle() says so before")
    return draws.Stream(function, draws.source_of(rng), memory.ctypes.data, own_up_to)


@cache
def _own_up_to() -> float:
    """Return the expected successes up to which we draw without numpy: ``FEW`` if results agree.

    The test has up to 10¹⁵ trials: with more trials, the result depends more on the rounding of a
    small probability. If numpy and numba differ, it shows within a few dozen draws.
    """
    trials = np.repeat([1, 30, 10**3, 10**6, 10**9, 10**12, 10**15], 300)
    rare = np.minimum(np.tile(np.geomspace(0.01, draws.FEW, 300), 7) / trials, 0.5)
    trials, chances = np.tile(trials, 2), np.concatenate([rare, 1.0 - rare])
    ours, theirs = (generator(0, "draws of the engine and of numpy") for _ in range(2))
    memory, drawn = np.zeros(draws.MEMORY, dtype=np.int64), np.empty_like(trials)
    compile_cache.load().draw(_stream(ours, memory, draws.FEW), trials, chances, drawn)
    if (drawn == theirs.binomial(trials, chances)).all():
        return draws.FEW
    log.info("numpy %s draws rare events in another way; each draw asks numpy", np.__version__)
    return draws.NONE


def _failure(model: CompartmentalModel, failed: int, steps: slice) -> str:
    shape = (len(model.dates), len(model.compartments), len(model.sizes))
    step, compartment, group = np.unravel_index(failed, shape)
    return (
        f"on {model.dates[steps][step].astype('datetime64[D]')} the rates out of "
        f"{model.compartments[compartment]} in age group {model.age_groups[group]} give no chances "
        "between 0 and 1; expected rates that are finite and not negative, and people in every "
        "age group"
    )
