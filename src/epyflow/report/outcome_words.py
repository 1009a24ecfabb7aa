"""Write outcomes of simulations for the front page."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, TypedDict

from epyflow.experiment.format.forcing import CONTACT_STRENGTH
from epyflow.figures.wording import change_in_words, series_in_words
from epyflow.report.sentences import count, estimate, short_day

ON_CONTACTS = ("school closures", "changes of contacts")
"""Forcing that acts on contacts."""

FEW = 4
"""Most locations that a sentence names."""


class OutcomePage(TypedDict):
    """What the front page shows: sentences, headings, and tables of a location and an outcome.

    ``of_medians`` names the outcomes whose numbers are those of the medians of each period, and
    have no interval.
    """

    title: str
    sentences: list[str]
    columns: list[str]
    of_medians: list[str]
    places: list[dict[str, Any]]


@dataclass(frozen=True)
class Effect:
    """The effect of closures in a place: changes in per cent with the names of an estimate."""

    location: str
    transition: str
    pairs: int
    changes: Mapping[str, float]


def page_of(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> OutcomePage:
    """Return the changes by parameter, and a table for each location and outcome.

    There are no rows of initial conditions and start dates, which ``outcomes.csv`` has.
    """
    initial = {name for name, given in about["quantities"].items() if "initial" in given}
    hidden = initial | {"start_date_days"}
    shown = [row for row in rows if row["quantity"] not in hidden]
    labels, period = about["labels"], about["time"]["period"]
    tables: dict[tuple[str, str], list[list[str]]] = {}
    for row in shown:
        name = value_in_words(row["quantity"], row["value"], about["forcing"])
        tables.setdefault((row["location"], row["transition"]), []).append([name, *_cells(row)])
    of_medians = {row["transition"] for row in shown if row["source"] != "trajectories"}
    varied = any(len(lines) > 1 for lines in tables.values())
    columns = ["Total", f"Peak, persons per {period}", f"Peak {period}"]
    return {
        "title": "Outcomes by parameter" if varied else "Totals and peaks",
        "sentences": list(_changes(shown, labels)),
        "columns": ["Parameter" if varied else "Simulations", *columns],
        "of_medians": [outcome_in_words(name, labels) for name in sorted(of_medians)],
        "places": [
            {"location": location, "outcome": outcome_in_words(name, labels), "rows": lines}
            for (location, name), lines in tables.items()
        ],
    }


def value_in_words(quantity: str, value: str, forcing: Collection[str]) -> str:
    """Write a value of a quantity: ``R0 1.5``, or ``Without school closures``."""
    if quantity == "all":
        return "All"
    if quantity != CONTACT_STRENGTH:
        return f"{quantity} {value}"
    forced = forced_contacts(forcing)
    known = {"0": f"Without {forced}", "1": f"With {forced}"}
    return known.get(value, f"{forced.capitalize()} at a strength of {value}")


def outcome_in_words(name: str, labels: Mapping[str, str]) -> str:
    """Write a transition of all ages in words."""
    return series_in_words(name, labels).removesuffix(", all ages")


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        total_in_words(row),
        estimate(row, "peak_size_", _persons, words=""),
        estimate(row, "peak_week_", short_day, words="", dash=" – "),
    ]


def _persons(value: float) -> str:
    return count(round(value))


def percent(value: float) -> str:
    """Write a share that is given in per cent."""
    return f"{value:.3g}%"


def total_in_words(row: Mapping[str, Any]) -> str:
    """Write a total with its 95% interval; of infections, as a share of the population."""
    if "attack_percent_median" in row:
        return estimate(row, "attack_percent_", percent, words="")
    return estimate(row, "total_", _persons, words="")


def effects_in_words(effects: Sequence[Effect], about: Mapping[str, Any]) -> list[str]:
    """Say how closures change the totals and peaks of each transition, in the first places."""
    by_transition: dict[str, list[Effect]] = {}
    for each in effects:
        by_transition.setdefault(each.transition, []).append(each)
    said = []
    for name, its in by_transition.items():
        places = "; ".join(
            f"{each.location} {estimate(each.changes, 'total_', change_in_words, dash=' to ')} "
            f"in total, {estimate(each.changes, 'peak_', change_in_words, dash=' to ')} at the peak"
            for each in its[:FEW]
        )
        more = f"; {len(its) - FEW} more locations" if len(its) > FEW else ""
        said.append(
            f"{outcome_in_words(name, about['labels'])} with "
            f"{forced_contacts(about['forcing'])}, against none: {places}{more}. Medians over "
            f"{its[0].pairs} pairs of parameter sets that differ in nothing else."
        )
    return said


def forced_contacts(forcing: Collection[str]) -> str:
    """Name the forcing that acts on contacts."""
    return " and ".join(each for each in ON_CONTACTS if each in forcing)


def closures_in_words(
    deepest: Mapping[str, Sequence[tuple[str, Mapping[str, float]]]], *, everywhere: bool
) -> list[str]:
    """Say how far R falls under closures.

    Parameters
    ----------
    deepest
        End of the period (ISO 8601) to its locations, and the fall of R there in per cent: its
        median and interval over parameter sets.
    everywhere
        Whether every simulation has the closures.
    """
    compare = (
        " Every simulation here has them. To see their effect on totals, sample "
        f"{CONTACT_STRENGTH} with the values 0 and 1."
    )
    said = []
    for day, falls in deepest.items():
        medians = sorted(fall["median"] for _, fall in falls)
        each = [f"{estimate(fall, form=percent)} in {location}" for location, fall in falls]
        ends = _from_to([percent(medians[0]), percent(medians[-1])])
        shown = " and ".join(each) if len(each) <= FEW else ends
        said.append(
            f"Contacts are reduced by closures or holidays. In the period to {short_day(day)}, "
            f"R is {shown} below the mean of the periods that end two weeks earlier and "
            f"two weeks later (intervals over parameter sets).{compare if everywhere else ''}"
        )
    return said


Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


def _changes(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> Iterable[str]:
    """Compare the highest with the lowest values of each parameter, over all locations."""
    groups: dict[str, dict[tuple[str, str], list[Mapping[str, Any]]]] = {}
    for row in rows:
        if row["quantity"] not in ("all", CONTACT_STRENGTH):  # see effects_in_words
            of_quantity = groups.setdefault(row["quantity"], {})
            of_quantity.setdefault((row["transition"], row["location"]), []).append(row)
    for quantity, series in groups.items():
        pairs: dict[str, list[Pair]] = {}
        for (name, _), its in series.items():
            if its[0]["value"] != its[-1]["value"]:
                pairs.setdefault(name, []).append((its[0], its[-1]))
        each = chain.from_iterable(pairs.values())
        ends = {f"{high['value']} against {low['value']}" for low, high in each}
        said = [f"{outcome_in_words(name, labels)} {_change(pairs[name])}" for name in pairs]
        # The values that are drawn may differ between locations.
        compared = ends.pop() if len(ends) == 1 else "highest against lowest values"
        yield from [f"{quantity} {compared}: {'; '.join(said)}."] if said else []


def _change(pairs: Sequence[Pair]) -> str:
    """Write the changes of medians from the first to the second of each pair."""
    totals, peaks = (
        _from_to([change_in_words(each) for each in sorted(_percents(pairs, f"{stem}_median"))])
        for stem in ("total", "peak_size")
    )
    return f"{totals} in total and {peaks} at the peak, {_moved(pairs)}"


def _moved(pairs: Sequence[Pair]) -> str:
    """Write how much later or earlier peaks are."""
    days = sorted(
        (
            date.fromisoformat(high["peak_week_median"])
            - date.fromisoformat(low["peak_week_median"])
        ).days
        for low, high in pairs
    )
    if days[0] < 0 < days[-1]:
        return "which is earlier or later"
    if not any(days):
        return "which is at the same time"
    least, most = sorted((abs(days[0]), abs(days[-1])))
    span = _from_to([f"{least / 7:.2g}", f"{most / 7:.2g}"]) if least else f"up to {most / 7:.2g}"
    way = "earlier" if days[0] < 0 else "later"
    return f"which is {span} {'week' if most == 7 else 'weeks'} {way}"


def _percents(pairs: Sequence[Pair], name: str) -> Iterable[float]:
    for low, high in pairs:
        yield 100 * (high[name] / low[name] - 1) if low[name] else math.nan


def _from_to(words: Sequence[str]) -> str:
    return words[0] if words[0] == words[-1] else f"{words[0]} to {words[-1]}"
