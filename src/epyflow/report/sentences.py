"""Write numbers with their uncertainty, and the headline of a place in a sentence."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from forecast_hub.config.flusight import CLASSES

_LIKELY = (
    (0.9, "are very likely to"),
    (0.66, "are likely to"),
    (0.5, "are more likely than not to"),
)

PERSONS = "persons"
"""What is counted by a series without a label."""


def count(value: float) -> str:
    """Write a count, or another value of a series, in few digits."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def day(iso: str) -> str:
    """Write a date as in ``February 1``."""
    found = date.fromisoformat(iso)
    return f"{found:%B} {found.day}"


def short_day(iso: str) -> str:
    """Write a date for a narrow column, as in ``Feb 1``."""
    found = date.fromisoformat(iso)
    return f"{found:%b} {found.day}"


def share(value: float) -> str:
    """Write a probability in per cent; extremes are not written as certain."""
    return "<1%" if 0 < value < 0.005 else ">99%" if 0.995 < value < 1 else f"{value:.0%}"


def interval(
    given: Mapping[str, Any],
    stem: str = "",
    form: Callable[[Any], str] = count,
    *,
    level: int = 95,
    dash: str = "–",
) -> str:
    """Write the ends ``<stem>low_<level>`` and ``<stem>high_<level>``, or nothing without them."""
    names = (f"{stem}low_{level}", f"{stem}high_{level}")
    return dash.join(form(given[name]) for name in names) if given.keys() >= {*names} else ""


def estimate(
    given: Mapping[str, Any],
    stem: str = "",
    form: Callable[[Any], str] = count,
    *,
    unit: str = "",
    words: str = "95% interval ",
    dash: str = "–",
) -> str:
    """Write ``<stem>median`` and its 95% interval if there is one: ``6 (95% interval 3–10)``."""
    middle = f"{form(given[f'{stem}median'])} {unit}".strip()
    ends = interval(given, stem, form, dash=dash)
    return f"{middle} ({words}{ends})" if ends else middle


def counted_in_words(label: str | None, period: str) -> tuple[str, str]:
    """Return what is counted and how often: ``hospital admissions`` and ``a week``.

    A label that says the period, such as ``Weekly admissions``, has no other.
    """
    if label is None:
        return PERSONS, f"a {period}"
    # An abbreviation, such as COVID-19 deaths, keeps its capitals.
    words = label if label[1:2].isupper() else label[:1].lower() + label[1:]
    adverb = {"day": "daily"}.get(period, f"{period}ly")
    return words, "" if adverb in words.lower() else f"a {period}"


def headline_sentence(place: Mapping[str, Any], what: str, per: str) -> str:
    """Write one or two sentences about the forecast of a place.

    Parameters
    ----------
    place
        ``location``, ``observed``, ``last_observed``, ``ahead`` (see
        :func:`epyflow.report.headline.weeks_ahead`), the columns of its peak, and ``warnings``,
        the number of checks that it failed.
    what
        What is counted, such as ``admissions``.
    per
        The period, such as ``a week``; empty if ``what`` says it.
    """
    if "observed" not in place or not place.get("ahead"):
        return f"{place['location']}: no forecast."
    unit = f"{what} {per}".strip()
    row = place["ahead"][-1]
    # Of a series without a label, only the unit is known.
    subject = "numbers" if what == PERSONS else what
    said = (
        f"{place['location']}: {subject} {_outlook(row)}, from {count(place['observed'])} {unit} "
        f"observed to {day(place['last_observed'])}, to {_ahead(row)} {unit} to "
        f"{day(row['date'])}."
    )
    return " ".join(filter(None, (said, _peak(place, unit), _warned(place.get("warnings", 0)))))


def _outlook(row: Mapping[str, Any]) -> str:
    ways = {"fall": row["p_fall"], "rise": row["p_rise"]}
    by_class = {name: row.get(f"p_{name}", 0.0) for name in CLASSES}
    said = ""
    if sum(by_class.values()):
        ways["stay stable"] = by_class["stable"]
        likeliest = max(by_class, key=lambda name: by_class[name])
        words = likeliest.replace("_", " ")
        said = f"; most probable class: {words}, {share(by_class[likeliest])}"
    way = max(ways, key=lambda name: ways[name])
    for least, words in _LIKELY:
        if ways[way] >= least:
            return f"{words} {way} ({share(ways[way])}{said})"
    return f"may fall ({share(ways['fall'])}) or rise ({share(ways['rise'])}{said})"


def _ahead(row: Mapping[str, Any]) -> str:
    return f"a median of {estimate(row)}" if "median" in row else "an unknown number of"


def _peak(place: Mapping[str, Any], unit: str) -> str:
    if "peak_size_median" not in place:
        return ""
    return (
        f"Expected peak: {estimate(place, 'peak_size_', unit=unit)} in the week to "
        f"{estimate(place, 'peak_week_', day, dash=' – ')}; probability that it has passed: "
        f"{share(place['p_peak_passed'])}."
    )


def _warned(number: int) -> str:
    """Return a pointer to the warnings, so that nobody reads the forecast without them."""
    if not number:
        return ""
    return (
        f"{number} of the warnings above {'concerns' if number == 1 else 'concern'} this forecast."
    )
