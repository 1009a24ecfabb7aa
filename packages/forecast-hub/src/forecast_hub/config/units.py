"""Read the unit of a target's values from the words of ``tasks.json``, and convert values.

``target_units`` is free text. Hubs write ``count``, ``Number of new cases``, ``cases per 100,000
population``, ``percentage`` or ``proportion``; whether a proportion is of the population or of
visits stands in the target's name. Source: the ``tasks.json`` of FluSight-forecast-hub,
covid19-forecast-hub, rsv-forecast-hub, flu-metrocast, RespiCast-SyndromicIndicators,
RespiCast-Covid19 and flu-scenario-modeling-hub on GitHub.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from forecast_hub.config.hub import ModelTask, Target

Value = TypeVar("Value", float, NDArray[np.float64])
Whole = Literal["persons", "population", "visits"]

Named = Whole | Literal["other"] | None

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

_OTHER_WHOLES = (
    "tests?|specimens?|samples|sequences|variants?|isolates|cases|infections|deaths|admissions|"
    "hospitali[sz]ations|patients|beds|households"
)
_WHOLE = re.compile(
    r"\b(?:(?P<visits>visits?|consultations?|encounters?|attendances?)"
    r"|(?P<population>population|persons|people|individuals|inhabitants|residents)"
    rf"|(?P<other>{_OTHER_WHOLES}))\b"
)
_PER = re.compile(
    r"(?:\bper|/)\s*(?P<number>\d{1,3}(?:[,. ]\d{3})+|\d+)?\s*"
    r"(?P<times>k\b|thousand\b|m\b|million\b)?"
)
_TIMES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
_SHARE = re.compile(
    r"(?P<percent>\bpercent(?:age)?\b|\bpct\b|%)|\b(?:proportion|fraction|share|prop)\b"
)
_CAPITA = re.compile(r"\bper capita\b")
_DERIVED = re.compile(
    r"\b(?:changes?|differences?|growth|ratio|points|average|mean|median|roots?|sqrt|scores?)\b"
    r"|\b(?:cumulative|cum|ln|log(?:\d+|\b)|per mille\b|[xz]-?scores?\b|person-\w+|patient-\w+)"
    r"|(?<!per )(?<!\d )\b(?:hundreds?|thousands?|millions?)\b"
    r"|\u2030|[x\u00d7*] ?\d"
    r"|(?:\bper|/)\s*(?:\d+\s*weeks?|\d*\s*(?:hours?|days?|months?|years?|seasons?))\b"
)
"""Words of values that are neither counts of a period nor shares of one of our wholes."""

_MARKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "_": " "})
_POWER = re.compile(r"\b(?:(?P<base>\d+)e(?P<tens>\d)|10(?:\^|\*\*)(?P<power>\d))\b")
_QUOTED = re.compile(r"(?<=\d)['\u2019](?=\d{3}\b)")
_RATE = re.compile(r"\b(?:rate|incidence)\b")
_COUNT = re.compile(
    r"\b(?:counts?|number|cases|infections|admissions|hospitali[sz]ations|deaths|persons|people|"
    r"individuals|patients|visits|consultations|encounters)\b"
)


def read_unit(target: "Target") -> Unit | None:
    """Return the unit of a target's values; None if ``tasks.json`` does not say one of ours.

    ``target_units`` says it. What a share is of, and the number of a rate, may stand in the
    target's id, name or description.
    """
    return _find_unit([target.units, f"{target.id}. {target.name}", target.description])


def read_unit_of_row(task: "ModelTask", row: Mapping[str, str]) -> Unit | None:
    """Return the unit of a row of a model task, whose targets may differ; None if it has none."""
    units = {read_unit(each) for each in task.targets if each.keys.items() <= row.items()}
    return units.pop() if len(units) == 1 else None


def parse_unit(words: str) -> Unit | None:
    """Return the unit that words such as :data:`EXAMPLES` name; None if they name none."""
    return _find_unit([words])


def _find_unit(texts: Iterable[str]) -> Unit | None:
    first, *more = map(_plain, texts)
    if _DERIVED.search(first):
        return None
    if _CAPITA.search(first):
        return Unit("population")
    if _number_of(first) is not None or _RATE.search(first):
        return _find_rate([first, *more])
    share = _SHARE.search(first)
    if share is not None:
        whole = _first_named(map(_whole_of_share, [first, *more]))
        if whole is None or whole == "other":
            return None
        return Unit(whole, 100 if share["percent"] else 1)
    return COUNT if _COUNT.search(first) else None


def _plain(text: str) -> str:
    """Write a text in small letters, and numbers in digits: 1e5, 10^5 and 100'000 are 100000."""
    spaced = _QUOTED.sub("", text.casefold().translate(_MARKS))
    return _POWER.sub(
        lambda found: str(int(found["base"] or 1) * 10 ** int(found["tens"] or found["power"])),
        spaced,
    )


def _find_rate(texts: list[str]) -> Unit | None:
    """Return a rate: of the population, unless the words after its number name another whole."""
    found = [(number, text[end:]) for text in texts for number, end in [_number_of(text) or (0, 0)]]
    number = next((number for number, _ in found if number), None)
    whole = _first_named(_whole(after) for each, after in found if each) or "population"
    return None if number is None or whole == "other" else Unit(whole, number)


def _first_named(wholes: Iterable[Named]) -> Named:
    return next((each for each in wholes if each is not None), None)


def _number_of(text: str) -> tuple[float, int] | None:
    """Return the number after ``per``, and where the words after it begin."""
    for match in _PER.finditer(text):
        if match["number"] or match["times"]:
            digits = re.sub(r"\D", "", match["number"] or "1")
            return float(digits) * _TIMES.get(match["times"] or "", 1), match.end()
    return None


def _whole_of_share(text: str) -> Named:
    """Return the whole that is named after the word for the share, else anywhere."""
    share = _SHARE.search(text)
    return _whole(text[share.end() :] if share else text) or _whole(text)


def _whole(text: str) -> Named:
    match = _WHOLE.search(text)
    if match is None:
        return None
    if match["visits"]:
        return "visits"
    return "population" if match["population"] else "other"


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
