"""From a particle's values to a model, and from its trajectory to what is compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow import engine
from epyflow.calibration.distances import weighted_distance
from epyflow.calibration.kernels import Kernel, kernel
from epyflow.calibration.observations import positions
from epyflow.calibration.sampler import Priors, Simulated
from epyflow.engine.resample import Resampling
from epyflow.experiment.calibration import Calibration
from epyflow.experiment.distributions import Distribution, ScipyDistribution
from epyflow.experiment.model import Model
from epyflow.model.assemble import Assembler
from epyflow.tasks import Member, Observations

START = "start_date_days"


def initial_name(compartment: str) -> str:
    """Return what the initial condition of a compartment is called among the particles."""
    return f"init_{compartment}"


def priors(calibration: Calibration) -> Priors:
    """Return the priors in the order of the particles: parameters, compartments, start date."""
    found = {name: _frozen(given.prior) for name, given in calibration.parameters.items()}
    found |= {
        initial_name(name): _frozen(given.prior) for name, given in calibration.compartments.items()
    }
    if calibration.start_date is not None:
        found[START] = _frozen(calibration.start_date.prior)
    return Priors(found)


def kernels(calibration: Calibration, given: Priors, named: Mapping[str, str]) -> list[Kernel]:
    """Return the kernel of each calibrated quantity, in the order of the priors.

    Parameters
    ----------
    calibration
        Its names: parameters, compartments and ``start_date``.
    given
        From :func:`priors`.
    named
        Kernels that the experiment names; the others suit their priors.

    Raises
    ------
    ValueError
        Naming the quantity, if it cannot be moved by its kernel.
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


def _frozen(distribution: Distribution) -> Any:
    if not isinstance(distribution, ScipyDistribution):
        raise ValueError(f"the prior {distribution.name} was not resolved when the task was built")
    return distribution.frozen()


def member(calibration: Calibration, base: Member, values: Sequence[float]) -> Member:
    """Return the member with the values of a particle.

    Raises
    ------
    ValueError
        If an initial condition is not a share of the population.
    """
    rest = iter(values)
    parameters = {name: float(next(rest)) for name in calibration.parameters}
    compartments = {name: float(next(rest)) for name in calibration.compartments}
    for name, share in compartments.items():
        if not 0 <= share <= 1:
            raise ValueError(
                f"the prior of compartment {name} gave {share:g}; expected shares of the "
                "population, 0 to 1: use a prior without others"
            )
    start: date | None = None
    if calibration.start_date is not None:
        start = calibration.start_date.reference_date + timedelta(days=round(next(rest)))
    return Member(base.primary_id, base.index, parameters, compartments, start)


@dataclass(frozen=True)
class Comparer:
    """Adds up simulated transitions to what was observed.

    Attributes
    ----------
    terms
        For each comparison, its series as (transition, age group or None for the total).
    """

    terms: tuple[tuple[tuple[int, int | None], ...], ...]

    @classmethod
    def of(cls, calibration: Calibration, model: Model) -> "Comparer":
        """Find the series that the comparisons name."""
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

    def compared(
        self, transitions: NDArray[np.float64], at: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the compared series at the observed dates.

        Parameters
        ----------
        transitions
            Shape (R, K, G).
        at
            Shape (dates,). Positions among the R periods; -1 before the simulation began.

        Returns
        -------
        series
            Shape (dates, comparisons).
        """
        columns = []
        for terms in self.terms:
            summed = np.zeros(len(transitions))
            for row, column in terms:
                chosen = transitions[:, row]
                summed += chosen.sum(axis=1) if column is None else chosen[:, column]
            columns.append(np.where(at >= 0, summed[at], 0.0))
        return np.stack(columns, axis=1)


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
        What is added up.
    observations
        What is compared with.
    engine_name
        What simulates.
    """

    calibration: Calibration
    model: Model
    assembler: Assembler
    base: Member
    comparer: Comparer
    observations: Observations
    engine_name: str

    def __call__(self, values: Sequence[float], rng: np.random.Generator) -> Simulated:
        """Simulate once; see :class:`epyflow.calibration.sampler.Simulator`."""
        built = self.assembler.build(member(self.calibration, self.base, values))
        trajectory = engine.simulate(built, rng, self.engine_name)
        resampling = Resampling.of(built.dates, self.model.simulation.resample_frequency)
        at = positions(self.observations.dates, resampling.dates)
        series = self.comparer.compared(resampling.transitions(trajectory.transitions), at)
        weights = np.array([each.weight for each in self.calibration.comparison])
        distance = weighted_distance(
            self.calibration.distance_function, self.observations.values, series, weights
        )
        return Simulated(distance, series)


def ending(model: Model, last: date) -> Model:
    """Return the model with another last day."""
    timespan = model.timespan.model_copy(update={"end_date": last})
    return model.model_copy(update={"timespan": timespan})
