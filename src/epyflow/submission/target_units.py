"""Find the unit of each target of a submission, and convert its series to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epyflow.data.observations import expected_visits
from epyflow.errors import EpyflowError
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.experiment.format.hub_formats import HubTarget
from epyflow.submission.computable_targets import are_numbers
from forecast_hub.config import flusight
from forecast_hub.config.hub import ModelTask, Round, Target
from forecast_hub.config.units import COUNT, EXAMPLES, Unit, convert, parse_unit, read_unit

if TYPE_CHECKING:
    from epyflow.submission.projected_series import Observed, Projection  # slow to import


@dataclass(frozen=True)
class Conversion:
    """The conversion of a series to the unit of its target, for one place.

    Attributes
    ----------
    source, target
        The units.
    population
        Number of persons in the age groups that the series counts; None if it is not needed.
    visits
        All visits; None if they are not needed.
    observed_in_source
        Whether the observations are in ``source``; else they are in ``target`` already.
    """

    source: Unit = COUNT
    target: Unit = COUNT
    population: float | None = None
    visits: "Observed | None" = None
    observed_in_source: bool = True

    def apply(self, projection: "Projection") -> "Projection":
        """Convert trajectories and observations."""
        if self.source == self.target:
            return projection
        observed = projection.observed
        if observed is not None and self.observed_in_source:
            counts = self._convert(observed.counts, observed.dates)
            observed = replace(observed, counts=counts)
        trajectories = self._convert(projection.trajectories, projection.dates)
        return replace(projection, trajectories=trajectories, observed=observed)

    def _convert(self, values: NDArray[np.float64], dates: Sequence[date]) -> NDArray[np.float64]:
        visits = None
        if self.visits is not None:
            visits = expected_visits(dates, self.visits.dates, self.visits.counts)
        return convert(values, self.source, self.target, self.population, visits)


def find_comparison(calibration: Calibration | None, target: HubTarget) -> Comparison | None:
    """Return the comparison whose series a target is made from; None if it is another series."""
    compared = calibration.comparison if calibration else ()
    named = (each for each in compared if target.simulation in ((), each.simulation))
    return next(named, None)


def find_units(
    here: str, round_: Round | None, target: HubTarget, calibration: Calibration | None
) -> Conversion:
    """Return the unit of the series of a target and that of the target.

    Parameters
    ----------
    here
        Key of the targets, for messages.
    round_
        The hub's round; None for a definition shipped here, whose targets count persons.
    target
        A target of the round.
    calibration
        Its comparisons say what a series counts; other series count persons.

    Raises
    ------
    EpyflowError
        If the hub's unit is not known, or the series cannot be converted to it.
    """
    comparison = find_comparison(calibration, target)
    source = COUNT if comparison is None else parse_unit(comparison.unit) or COUNT
    unit = COUNT if round_ is None else _hub_unit(here, round_, target, source)
    has_visits = comparison is not None and comparison.observed_visits_column is not None
    if source.whole != unit.whole and "visits" in (source.whole, unit.whole) and not has_visits:
        raise EpyflowError(
            f"{here}: {target.target!r} is a {unit} in the hub, and its series is a {source}; "
            f"expected a comparison with unit: {unit} and a scale, or one with "
            "observed_visits_column, which says how many visits there are"
        )
    return Conversion(source, unit)


def _hub_unit(here: str, round_: Round, target: HubTarget, source: Unit) -> Unit:
    found = {
        _unit_of(here, task, each, target, source)
        for task, each in round_.targets()
        if each.id == target.target
    }
    if len(found) > 1:
        units = " and ".join(sorted(map(str, found)))
        raise EpyflowError(f"{here}: tasks.json gives {target.target!r} the units {units}")
    return found.pop()


def _unit_of(here: str, task: ModelTask, each: Target, target: HubTarget, source: Unit) -> Unit:
    said, given = read_unit(each), None if target.unit is None else parse_unit(target.unit)
    if _has_classes(task):
        return COUNT  # changes of admissions, whose rates and thresholds are the hub's
    if said is not None and given not in (None, said):
        raise EpyflowError(
            f"{here}: {target.target!r} has unit: {target.unit}, but is a {said} in tasks.json; "
            "expected no unit, or that one"
        )
    unit = said or given
    if unit is not None:
        return unit
    if not _has_values(task):
        return source  # only dates or classes are submitted
    raise EpyflowError(
        f"{here}: the unit of {each.id!r} in tasks.json is {each.units!r} ({each.name}), which is "
        f"none of those known: {', '.join(EXAMPLES)}; expected another target, or the unit that "
        "it means: {target: ..., unit: ...}"
    )


def _has_classes(task: ModelTask) -> bool:
    pmf = task.output_types.get("pmf")
    return pmf is not None and set(pmf.ids.permitted) == set(flusight.CLASSES)


def _has_values(task: ModelTask) -> bool:
    """Whether values, or ids of bins, are in the unit of the target."""
    probabilities = {"pmf", "cdf"}
    return any(
        name not in probabilities or are_numbers(output.ids.permitted)
        for name, output in task.output_types.items()
    )
