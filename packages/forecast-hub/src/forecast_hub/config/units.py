"""Read the unit of a target's values from the words of ``tasks.json``, and convert values.

``target_units`` is free text, of the words that :mod:`forecast_hub.config.unit_words` knows. Hubs
write ``count``, ``Number of new cases``, ``cases per 100,000 population``, ``percentage`` or
``proportion``; whether a proportion is of the population or of visits stands in the target's name.
Source: the ``tasks.json`` of FluSight-forecast-hub, covid19-forecast-hub, rsv-forecast-hub,
flu-metrocast, RespiCast-SyndromicIndicators, RespiCast-Covid19 and flu-scenario-modeling-hub on
GitHub.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast_hub.config.unit_words import (
    COUNTED,
    KNOWN,
    PERCENT,
    RATE,
    SHARE,
    Named,
    Word,
    find_divisor,
    split_words,
    whole_after_number,
    whole_of_share,
)

if TYPE_CHECKING:
    from forecast_hub.config.hub import ModelTask, Target

Value = TypeVar("Value", float, NDArray[np.float64])
Whole = Literal["persons", "population", "visits"]

EXAMPLES = (
    "count",
    "rate per 100,000 population",
    "percent of the population",
    "proportion of the population",
    "percent of visits",
    "proportion of visits",
)
"""Words that name units, for messages."""


@dataclass(frozen=True)
class Unit:
    """A unit of counts of persons, or of their share of a whole.

    Attributes
    ----------
    whole
        What a share is of: the population, or all visits (of an emergency department, a practice);
        ``persons`` for counts.
    per
        Value of the whole: 1 for a proportion, 100 for percent, 100,000 for a rate; 1 for counts.
    """

    whole: Whole
    per: float = 1

    @property
    def highest(self) -> float | None:
        """The largest possible value: that of the whole; None for counts."""
        return None if self.whole == "persons" else self.per

    def __str__(self) -> str:
        """Return words that :func:`parse_unit` reads."""
        if self.whole == "persons":
            return "count"
        of = "visits" if self.whole == "visits" else "the population"
        if self.per == 1:
            return f"proportion of {of}"
        if self.per == 100:
            return f"percent of {of}"
        return f"rate per {self.per:,.0f} {of.removeprefix('the ')}"


COUNT = Unit("persons")

_DERIVED = re.compile(
    r"\b(?:changes?|differences?|growth|ratio|points|average|mean|median|roots?|scores?|log\w*|ln"
    r"|rank|index|percentiles?|doubling|excess|baseline)\b"
)
"""Words in a target's name that make its values something other than counts or shares."""


def read_unit(target: "Target") -> Unit | None:
    """Return the unit of a target's values; None if ``tasks.json`` does not say one of ours.

    ``target_units`` says it. What a share is of, and the number of a rate, may stand in the
    target's id, name or description.
    """
    name = f"{target.id}. {target.name}"
    if _DERIVED.search(name.casefold().replace("_", " ")):
        return None
    return _find_unit(split_words(target.units), [*map(split_words, (name, target.description))])


def read_unit_of_row(task: "ModelTask", row: Mapping[str, str]) -> Unit | None:
    """Return the unit of a row of a model task, whose targets may differ; None if it has none."""
    units = {read_unit(each) for each in task.targets if each.keys.items() <= row.items()}
    return units.pop() if len(units) == 1 else None


def parse_unit(words: str) -> Unit | None:
    """Return the unit that words such as :data:`EXAMPLES` name; None if any word is not known."""
    return _find_unit(split_words(words))


def _find_unit(words: list[Word], more: Sequence[list[Word]] = ()) -> Unit | None:
    """Read a unit from all its words; ``more`` are texts that may complete it."""
    divisor = find_divisor(words)
    if divisor is not None or any(word in RATE for word in words):
        return _find_rate(words, more)
    shares = [word for word in words if word in SHARE]
    if not all(word in KNOWN | SHARE for word in words) or len(shares) > 1:
        return None
    if shares:
        named = (whole_of_share(each) for each in (words, *more))
        return _of_first(named, 100 if shares[0] in PERCENT else 1)
    return COUNT if any(word in COUNTED for word in words) else None


def _find_rate(words: list[Word], more: Sequence[list[Word]]) -> Unit | None:
    """Return a rate: of the population, unless the words after its number name another whole."""
    divided = [(each, divisor) for each in [words, *more] if (divisor := find_divisor(each))]
    if not divided:
        return None
    said, (number, end) = divided[0]
    rest = words if said is not words else [*words[: end - 2], *words[end:]]
    if not all(word in KNOWN | RATE for word in rest):
        return None
    named = (whole_after_number(each[after:]) for each, (_, after) in divided)
    return _of_first(chain(named, ["population"]), number)


def _of_first(wholes: Iterable[Named], per: float) -> Unit | None:
    """Return the share of the first whole that is named, unless it is one of unknown size."""
    whole: Named = next((each for each in wholes if each is not None), "other")
    return None if whole is None or whole == "other" else Unit(whole, per)


def convert(
    values: Value,
    source: Unit,
    target: Unit,
    population: float | None = None,
    visits: Value | None = None,
) -> Value:
    """Convert values from one unit to another.

    Parameters
    ----------
    values
        In ``source``.
    population
        Persons, if one of the units is a share of the population and the other is not.
    visits
        All visits of the period of each value, if only one is a share of visits.

    Raises
    ------
    ValueError
        If the population or the visits are needed and missing.
    """
    if source == target:
        return values
    if source.whole == target.whole:
        return values * target.per / source.per
    sizes = {"persons": 1.0, "population": population, "visits": visits}
    of_source, of_target = sizes[source.whole], sizes[target.whole]
    if of_source is None or of_target is None:
        raise ValueError(f"{source} to {target}: expected the numbers of what they are shares of")
    converted: Value = (values * of_source) * target.per / (of_target * source.per)
    return converted
