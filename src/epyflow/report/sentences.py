"""Write the headline of a place in a sentence, with the uncertainty of its numbers."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from forecast_hub.config.flusight import CLASSES

_LIKELY = (
    (0.9, "are very likely to"),
    (0.66, "are likely to"),
    (0.5, "are more likely than not to"),
)


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


def counted_in_words(label: str | None, period: str) -> tuple[str, str]:
    """Return what is counted and how often: ``hospital admissions`` and ``a week``.

    A label that says the period, such as ``Weekly admissions``, has no other.
    """
    if label is None:
        return "persons", f"a {period}"
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
        :func:`epyflow.report.headline.weeks_ahead`) and the columns of its peak.
    what
        What is counted, such as ``admissions``.
    per
        The period, such as ``a week``; empty if ``what`` says it.
    """
    if "observed" not in place or not place.get("ahead"):
        return f"{place['location']}: no forecast."
    unit = f"{what} {per}".strip()
    row = place["ahead"][-1]
    said = (
        f"{place['location']}: {what} {_outlook(row)}, from {count(place['observed'])} {unit} "
        f"observed to {day(place['last_observed'])}, to {_interval(row)} {unit} to "
        f"{day(row['date'])}."
    )
    return f"{said} {_peak(place, unit)}".strip()


def _outlook(row: Mapping[str, Any]) -> str:
    ways = {"fall": row.get("p_fall", 0.0), "rise": row.get("p_rise", 0.0)}
    by_class = {name: row.get(f"p_{name}", 0.0) for name in CLASSES}
    if sum(by_class.values()):
        ways["stay stable"] = by_class["stable"]
        likeliest = max(by_class, key=lambda name: by_class[name])
        said = f"most probable class: {likeliest.replace('_', ' ')}, {share(by_class[likeliest])}"
    else:
        said = f"probability of a fall: {share(ways['fall'])}"
    way = max(ways, key=lambda name: ways[name])
    for least, words in _LIKELY:
        if ways[way] >= least:
            return f"{words} {way} ({share(ways[way])}; {said})"
    return f"may fall ({share(ways['fall'])}) or rise ({share(ways['rise'])}; {said})"


def _interval(row: Mapping[str, Any]) -> str:
    if "median" not in row:
        return "an unknown number of"
    if "low_95" not in row or "high_95" not in row:
        return f"a median of {count(row['median'])}"
    low, high = count(row["low_95"]), count(row["high_95"])
    return f"a median of {count(row['median'])} (95% interval {low}–{high})"


def _peak(place: Mapping[str, Any], unit: str) -> str:
    if "peak_size_median" not in place:
        return ""
    size = f"{count(place['peak_size_median'])} {unit}"
    sizes = f"{count(place['peak_size_low_95'])}–{count(place['peak_size_high_95'])}"
    weeks = f"{day(place['peak_week_low_95'])} – {day(place['peak_week_high_95'])}"
    return (
        f"Expected peak: {size} (95% interval {sizes}) in the week to "
        f"{day(place['peak_week_median'])} (95% interval {weeks}); probability that it has passed: "
        f"{share(place['p_peak_passed'])}."
    )
