"""Simulate a particle of a calibration, and compare its trajectory with the observations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow import engine
from epyflow.artifacts.task import Member, Observations
from epyflow.calibration.distances import WeightedDistance
from epyflow.calibration.kernels import Kernel, kernel
from epyflow.calibration.marginals import LogUniform, Uniform, WholeNumbers
from epyflow.calibration.sampler import Priors, Simulated
from epyflow.data.observations import positions
from epyflow.engine.resample import Resampling
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.distributions import Distribution, ScipyDistribution
from epyflow.experiment.format.model import Model
from epyflow.model.assembler import Assembler
from epyflow.strategies.observed_units import ObservedUnits
from epyflow.strategies.per_start import PerStart, plan_resampling

START = "start_date_days"


def initial_name(compartment: str) -> str:
    """Return the name of a compartment's initial condition among the quantities of particles."""
    return f"init_{compartment}"


def priors(calibration: Calibration) -> Priors:
    """Return the priors in the order of the particles: parameters, compartments, start date."""
    found = {name: _prior(given.prior) for name, given in calibration.parameters.items()}
    found |= {
        initial_name(name): _prior(given.prior) for name, given in calibration.compartments.items()
    }
    if calibration.start_date is not None:
        found[START] = _prior(calibration.start_date.law)
    return Priors(found)


def kernels(calibration: Calibration, given: Priors, named: Mapping[str, str]) -> list[Kernel]:
    """Return the kernel of each calibrated quantity, in the order of the priors.

    Parameters
    ----------
    calibration
        Its parameters, compartments and ``start_date`` name the quantities.
    given
        From :func:`priors`.
    named
        Kernels that the experiment names; other quantities get the kernel of their prior.

    Raises
    ------
    ValueError
        If a kernel does not suit its quantity; the message names the quantity.
    """
    names = [*calibration.parameters, *calibration.compartments]
    names += ["start_date"] if calibration.start_date is not None else []
    if unknown := sorted(set(named) - set(names)):
        raise ValueError(
            f"perturbations name {', '.join(unknown)}; expected some of {', '.join(names)}"
        )
    found = []
    for name, prior in zip(names, given.distributions.values(), strict=True):
        try:
            found.append(kernel(named.get(name), prior))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found


def _prior(distribution: Distribution) -> Any:
    """Return the prior for the sampler; the usual families need no scipy.stats, slow to import."""
    if not isinstance(distribution, ScipyDistribution):
        raise ValueError(f"the prior {distribution.name} was not resolved when the task was built")
    args, kwargs = distribution.args, distribution.kwargs
    if distribution.name == "uniform":
        return Uniform(*args, **kwargs)
    if distribution.name == "loguniform" and len(args) == 2 and not kwargs:
        return LogUniform(*args)
    if distribution.name == "randint" and all(
        value == int(value) for value in (*args, *kwargs.values())
    ):
        return WholeNumbers(*map(int, args), **{key: int(value) for key, value in kwargs.items()})
    return distribution.frozen()


def member(calibration: Calibration, base: Member, values: Sequence[float]) -> Member:
    """Return the member with the values of a particle."""
    rest = iter(values)
    parameters = {name: float(next(rest)) for name in calibration.parameters}
    compartments = {name: float(next(rest)) for name in calibration.compartments}
    start: date | None = None
    if calibration.start_date is not None:
        start = calibration.start_date.reference_date + timedelta(days=round(next(rest)))
    return Member(base.primary_id, base.index, parameters, compartments, start)


@dataclass(frozen=True)
class Comparer:
    """Sums simulated transitions to the observed series.

    Attributes
    ----------
    terms
        The terms of each comparison: (transition, age group or None for all).
    """

    terms: tuple[tuple[tuple[int, int | None], ...], ...]

    @classmethod
    def of(cls, calibration: Calibration, model: Model) -> "Comparer":
        """Find the transitions that the comparisons name."""
        groups = model.population.age_groups
        where = {
            f"{name}_{group}": (row, column)
            for row, name in enumerate(model.transition_names)
            for column, group in [*enumerate(groups), (None, "total")]
        }
        return cls(
            tuple(
                tuple(where[name] for name in comparison.simulation)
                for comparison in calibration.comparison
            )
        )

    def totals(self, transitions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the series of each comparison.

        Parameters
        ----------
        transitions
            Shape (T, K, G). Persons: whole numbers, so that their order does not matter.

        Returns
        -------
        totals
            Shape (T, comparisons).
        """
        totals = np.zeros((len(transitions), len(self.terms)))
        for comparison, terms in enumerate(self.terms):
            for row, column in terms:
                chosen = transitions[:, row]
                totals[:, comparison] += chosen.sum(axis=1) if column is None else chosen[:, column]
        return totals


@dataclass(frozen=True)
class _Compared:
    """The periods that are compared, for simulations that start on one day.

    Attributes
    ----------
    resampling
        Resampling of their steps.
    began
        Shape (dates,). Whether they had begun on each observed date.
    at
        Positions of those dates among the periods.
    """

    resampling: Resampling
    began: NDArray[np.bool_]
    at: NDArray[np.int64]

    def series(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum steps to periods and select the observed ones: (T, comparisons) to (dates, ...)."""
        series = np.zeros((len(self.began), totals.shape[1]))
        series[self.began] = self.resampling.transitions(totals)[self.at]
        return series


@dataclass(frozen=True)
class ParticleSimulator:
    """Simulates particles up to the end of the fitting window and compares them.

    Attributes
    ----------
    calibration, model
        Sections of the experiment; the model's timespan ends with the window.
    assembler
        Builds the particles' models.
    base
        The member that is calibrated.
    comparer
        Sums the simulated transitions.
    observations
        The observations to compare with.
    engine_name
        Name of the engine that simulates.
    units
        Units of the observations; None if all compare persons.
    """

    calibration: Calibration
    model: Model
    assembler: Assembler
    base: Member
    comparer: Comparer
    observations: Observations
    engine_name: str
    units: ObservedUnits | None = None

    def __call__(self, values: Sequence[float], rng: np.random.Generator) -> Simulated:
        """Simulate once; see :class:`epyflow.calibration.sampler.Simulator`."""
        built = self.assembler.build(member(self.calibration, self.base, values))
        trajectory = engine.simulate(built, rng, self.engine_name)
        totals = self.comparer.totals(trajectory.transitions)
        series = self._compared(built.dates).series(totals)
        if self.units is not None:
            series = self.units.express(series, built.parameters, self.observations.dates)
        return Simulated(self._distance(series), series)

    @cached_property
    def _distance(self) -> WeightedDistance:
        weights = np.array([each.weight for each in self.calibration.comparison])
        return WeightedDistance(
            self.calibration.distance_function, self.observations.values, weights
        )

    @cached_property
    def _compared(self) -> PerStart[_Compared]:
        return PerStart(self._find)

    def _find(self, steps: NDArray[np.datetime64]) -> _Compared:
        # Nothing has happened before a calibrated start, so its week counts from there on.
        from_start = self.calibration.start_date is not None
        resampling = plan_resampling(self.model, steps, from_start=from_start)
        at = positions(self.observations.dates, resampling.dates)
        return _Compared(resampling, at >= 0, at[at >= 0])


def ending(model: Model, last: date) -> Model:
    """Return the model with another end date."""
    timespan = model.timespan.model_copy(update={"end_date": last})
    return model.model_copy(update={"timespan": timespan})
