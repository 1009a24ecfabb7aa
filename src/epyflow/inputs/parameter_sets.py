"""Draw the parameter sets of a sampling experiment: grid points × draws.

Draws depend on the seed and the ``sampling`` section of the experiment alone: every population gets
the same parameter sets, and adding a population changes none.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from epyflow.errors import DataError
from epyflow.experiment.format.distributions import (
    RARELY,
    CustomDistribution,
    Distribution,
)
from epyflow.experiment.format.modelset import Sampler, Sampling
from epyflow.inputs.resolved_priors import named_distribution
from epyflow.randomness import generator


class Frozen(Protocol):
    """A distribution that can be drawn from: it has scipy's quantile function ``ppf``."""

    def ppf(self, q: NDArray[np.float64]) -> Any:
        """Return the quantiles at the probabilities ``q``."""


class Functions(Protocol):
    """The custom functions of an experiment, which return distributions."""

    def __call__(self, name: str) -> Frozen:
        """Call the function ``name``."""


@dataclass(frozen=True)
class ParameterSet:
    """One point of a sampling experiment; see :class:`epyflow.artifacts.task.Member`."""

    parameters: dict[str, float]
    compartments: dict[str, float]
    start_date: date | None


def parameter_sets(
    sampling: Sampling | None, seed: int, functions: Functions
) -> list[ParameterSet]:
    """Return every parameter set: for each grid point, in the order of the file, every draw.

    Raises
    ------
    DataError
        If a distribution gives a value that is not finite, or probably one beyond what a run takes.
    """
    if sampling is None:
        return [ParameterSet({}, {}, None)]
    draws = list(_draws(sampling, seed, functions))
    return [
        ParameterSet(point | draw.parameters, draw.compartments, draw.start_date)
        for point in _grid(sampling)
        for draw in draws
    ]


def _grid(sampling: Sampling) -> Iterator[dict[str, float]]:
    names = sampling.grid.parameters if sampling.grid else ()
    values = [sampling.parameters[name].values or () for name in names]
    for point in itertools.product(*values):
        yield dict(zip(names, point, strict=True))


def _draws(sampling: Sampling, seed: int, functions: Functions) -> Iterator[ParameterSet]:
    sampler = sampling.draws
    if sampler is None:
        yield ParameterSet({}, {}, None)
        return
    uniforms = unit_draws(sampler, seed)
    width = len(sampler.parameters)
    columns = {
        name: _quantiles(name, _distribution(name, sampling), uniforms[:, position], functions)
        for position, name in enumerate(sampler.parameters)
    }
    initial = _initial(sampler, sampling, uniforms[:, width:])
    days = columns.pop("start_date", None)
    for row in range(len(uniforms)):
        yield ParameterSet(
            parameters={name: float(column[row]) for name, column in columns.items()},
            compartments={
                name: float(initial[row, position])
                for position, name in enumerate(sampler.compartments)
            },
            start_date=None if days is None else _start(sampling, float(days[row])),
        )


def unit_draws(sampler: Sampler, seed: int) -> NDArray[np.float64]:
    """Return draws from the unit cube, one column per quantity; shape (n_samples, quantities)."""
    rng = generator(seed, "sampling", sampler.strategy)
    count = sampler.n_samples or 1
    width = len(sampler.parameters) + len(sampler.compartments)
    if sampler.strategy == "montecarlo":
        return rng.random((count, width))
    from scipy.stats import qmc  # slow to import

    if sampler.strategy == "LHS":
        return np.asarray(qmc.LatinHypercube(width, rng=rng).random(count))
    # A Sobol sequence is balanced only at powers of two, so the next one is drawn and cut.
    points = qmc.Sobol(width, rng=rng).random_base2((count - 1).bit_length())
    return np.asarray(points[:count])


def _distribution(name: str, sampling: Sampling) -> Distribution:
    if name == "start_date" and sampling.start_date is not None:
        return sampling.start_date.law
    distribution = sampling.parameters[name].distribution
    if distribution is None:
        raise DataError(f"sampling.parameters.{name} has no distribution to draw from")
    return distribution


def _quantiles(
    name: str, distribution: Distribution, uniforms: NDArray[np.float64], functions: Functions
) -> NDArray[np.float64]:
    frozen: Frozen = (
        functions(distribution.name)
        if isinstance(distribution, CustomDistribution)
        else distribution.frozen()
    )
    _confirm_tails(name, frozen, len(uniforms))
    # The quantile at 0 of a discrete distribution lies one below its smallest value.
    inside = np.clip(uniforms, np.finfo(float).tiny, np.nextafter(1.0, 0.0))
    try:
        values = np.asarray(frozen.ppf(inside), dtype=np.float64)
    except Exception as error:  # a custom function may raise anything
        raise DataError(
            f"the distribution of {name} has no quantiles: ppf raised "
            f"{type(error).__name__}: {error}"
        ) from error
    if values.shape != uniforms.shape or not np.isfinite(values).all():
        raise DataError(
            f"the distribution of {name} gives values that are not finite numbers; expected one "
            "number for each probability between 0 and 1"
        )
    return values


def _confirm_tails(name: str, frozen: Frozen, draws: int) -> None:
    """Refuse a distribution of scipy.stats of which some draw is probably beyond what a run takes.

    Its quantiles may take longer than anybody waits.
    """
    try:
        its = named_distribution(frozen)
        if its is None or any(map(math.isnan, its.bounds())):
            return
        most, probability = its.excess()
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return  # its arguments are no single numbers: judged by its quantiles
    if probability >= min(RARELY, 1 / draws):
        raise DataError(
            f"the distribution of {name} is {its.name} with {its.arguments}, which gives numbers "
            f"beyond {most:g} with a probability of {probability:.2g}, of {draws:,} draws about "
            f"{probability * draws:,.2g}; expected fewer draws, or a distribution with bounds"
        )


def _initial(
    sampler: Sampler, sampling: Sampling, uniforms: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draw initial conditions between their bounds: persons from 1 on, shares below.

    A draw whose shares add up to more than 1 shrinks towards their lower bounds until they are 1.
    """
    bounds = [sampling.compartments[name] for name in sampler.compartments]
    low = np.array([bound.min for bound in bounds])
    above = uniforms * np.array([bound.max - bound.min for bound in bounds])
    are_shares = low + above < 1
    room = np.maximum(0.0, 1.0 - np.where(are_shares, low, 0.0).sum(axis=1, keepdims=True))
    total = np.where(are_shares, above, 0.0).sum(axis=1, keepdims=True)
    shrink = np.divide(room, total, out=np.ones_like(total), where=total > room)
    # Rounding must not turn a share into one person.
    shares = np.minimum(low + above * shrink, np.nextafter(1.0, 0.0))
    return np.asarray(np.where(are_shares, shares, low + above))


def _start(sampling: Sampling, days: float) -> date | None:
    if sampling.start_date is None:
        return None
    try:
        return sampling.start_date.reference_date + timedelta(days=round(days))
    except OverflowError:
        raise DataError(
            f"the distribution of start_date gives {days:g} days; expected days within the calendar"
        ) from None
