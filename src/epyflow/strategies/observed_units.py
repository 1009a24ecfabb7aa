"""Express simulated persons in the units of the observed series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import Observations, Population
from epyflow.data.observations import expected_visits
from epyflow.errors import ExpressionError
from epyflow.experiment.format.base import parsed
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.experiment.format.expressions import Expression
from epyflow.experiment.format.series_names import counted_groups
from forecast_hub.config.units import COUNT, Unit, convert, parse_unit

Array = NDArray[np.float64]
Values = Mapping[str, float | tuple[float, ...]]


@dataclass(frozen=True)
class _Series:
    """How one comparison's persons are expressed.

    Attributes
    ----------
    unit
        Of its observations.
    scale
        Factor of the simulated series.
    persons
        Number of persons in the age groups that it counts.
    visits
        Dates, ascending, and all visits; None if they are not observed.
    """

    unit: Unit
    scale: Expression
    persons: float
    visits: tuple[tuple[date, ...], Array] | None

    @property
    def is_plain(self) -> bool:
        return self.unit == COUNT and self.scale.text == "1"

    def factors(self, values: Values, dates: Sequence[date]) -> tuple[float, Array]:
        """Return the factor of the reported persons, and that from them to the unit: shape (T,).

        Without observed visits, the scale says how many visits there are; else how many of the
        simulated persons are reported.
        """
        scale, one = self._scale(values), np.ones(len(dates))
        if self.unit.whole != "visits":
            return scale, convert(one, COUNT, self.unit, self.persons)
        if self.visits is None:
            return 1.0, one * scale * self.unit.per / self.persons
        visits = expected_visits(dates, *self.visits)
        return scale, convert(one, COUNT, self.unit, self.persons, visits)

    def _scale(self, values: Values) -> float:
        given = {name: values[name] for name in self.scale.names}
        numbers = {
            name: np.array(value) if isinstance(value, tuple) else value
            for name, value in given.items()
        }
        try:
            scale = np.asarray(self.scale.compute(numbers), dtype=np.float64)
        except ExpressionError as error:
            raise ValueError(f"scale {error}") from None
        if scale.ndim or not 0 < scale < np.inf:
            raise ValueError(
                f"the scale {self.scale.text} is {scale.tolist()}; expected one positive number: "
                "use a prior above 0"
            )
        return float(scale)


@dataclass(frozen=True)
class ObservedUnits:
    """Units of the observed series of a calibration, one per comparison."""

    series: tuple[_Series, ...]

    @classmethod
    def of(
        cls, calibration: Calibration, population: Population, observations: Observations
    ) -> "ObservedUnits | None":
        """Return the units of a calibration; None if all compare the persons simulated."""
        found = tuple(
            _read(each, population, observations, position)
            for position, each in enumerate(calibration.comparison)
        )
        return None if all(each.is_plain for each in found) else cls(found)

    @property
    def names(self) -> tuple[str, ...]:
        """The units in words."""
        return tuple(str(each.unit) for each in self.series)

    def factors(self, values: Values, dates: Sequence[date]) -> tuple[Array, Array]:
        """Return what simulated persons are multiplied by.

        Parameters
        ----------
        values
            Every parameter of the model by name.
        dates
            T ends of periods.

        Returns
        -------
        reported
            Shape (comparisons,). Reported persons per simulated person.
        unit
            Shape (T, comparisons). From reported persons to the unit.

        Raises
        ------
        ValueError
            If a scale is not one positive number.
        """
        both = [each.factors(values, dates) for each in self.series]
        return np.array([scale for scale, _ in both]), np.column_stack([unit for _, unit in both])

    def express(self, persons: Array, values: Values, dates: Sequence[date]) -> Array:
        """Express simulated persons, shape (T, comparisons), in the units."""
        reported, unit = self.factors(values, dates)
        expressed: Array = persons * reported * unit
        return expressed


def _read(
    comparison: Comparison, population: Population, observations: Observations, position: int
) -> _Series:
    groups = counted_groups(comparison.simulation, population.age_groups)
    visits = None
    if comparison.observed_visits_column is not None and observations.visits is not None:
        visits = (observations.dates, observations.visits[:, position])
    return _Series(
        unit=parse_unit(comparison.unit) or COUNT,
        scale=parsed(1 if comparison.scale is None else comparison.scale),
        persons=float(population.sizes[groups].sum()),
        visits=visits,
    )
