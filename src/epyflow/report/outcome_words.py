"""Write outcomes of simulations for the front page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from epyflow.figures.wording import series_in_words
from epyflow.report.sentences import count, short_day


class OutcomePage(TypedDict):
    """What the front page shows: sentences, headings, and a table for each location.

    ``of_medians`` names the transitions whose numbers are those of the medians of each period, and
    have no interval.
    """

    sentences: list[str]
    columns: list[str]
    of_medians: list[str]
    places: list[dict[str, Any]]


def page_of(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> OutcomePage:
    """Return sentences and tables of the parameters, for each location.

    The tables have no rows of initial conditions and start dates, which ``outcomes.csv`` has.
    """
    initial = {name for name, given in about["quantities"].items() if "initial" in given}
    hidden = initial | {"start_date_days"}
    shown = [row for row in rows if row["quantity"] not in hidden]
    labels = about["labels"]
    transitions = list(dict.fromkeys(row["transition"] for row in shown))
    columns = ["Parameter"]
    for name in transitions:
        said = outcome_in_words(name, labels)
        columns += [f"{said}: total", f"{said}: most in a period", f"{said}: peak, period to"]
    places = []
    sentences: list[str] = []
    for location in dict.fromkeys(row["location"] for row in shown):
        its = [row for row in shown if row["location"] == location]
        lines: dict[tuple[str, str], list[str]] = {}
        for row in its:
            name = "All" if row["quantity"] == "all" else f"{row['quantity']} {row['value']}"
            lines.setdefault((row["quantity"], row["value"]), [name]).extend(_cells(row))
        places.append({"location": location, "rows": list(lines.values())})
        sentences += _answers(location, its, labels)
    of_medians = {row["transition"] for row in shown if row["source"] != "trajectories"}
    return {
        "sentences": sentences,
        "columns": columns,
        "of_medians": [outcome_in_words(name, labels) for name in sorted(of_medians)],
        "places": places,
    }


def outcome_in_words(name: str, labels: Mapping[str, str]) -> str:
    """Write a transition of all ages in words."""
    return series_in_words(name, labels).removesuffix(", all ages")


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        total_in_words(row),
        _with_interval(row, "peak_size", _persons),
        _with_interval(row, "peak_week", short_day, " – "),
    ]


def _with_interval(
    row: Mapping[str, Any], stem: str, form: Callable[[Any], str], dash: str = "–", unit: str = ""
) -> str:
    """Write a median, and its 95% interval where there is one."""
    middle = f"{form(row[f'{stem}_median'])}{unit}"
    if f"{stem}_low_95" not in row:
        return middle
    return f"{middle} ({form(row[f'{stem}_low_95'])}{dash}{form(row[f'{stem}_high_95'])}{unit})"


def _persons(value: float) -> str:
    return count(round(value))


def _percent(value: float) -> str:
    return f"{value:.3g}"


def total_in_words(row: Mapping[str, Any]) -> str:
    """Write a total with its 95% interval; of infections, as a share of the population."""
    if "attack_percent_median" in row:
        return _with_interval(row, "attack_percent", _percent, unit="%")
    return _with_interval(row, "total", _persons)


def _with_unit(row: Mapping[str, Any]) -> str:
    unit = "of people" if "attack_percent_median" in row else "persons"
    middle, _, interval = total_in_words(row).partition(" (")
    return f"{middle} {unit}" + (f" (95% interval {interval}" if interval else "")


def _answers(
    location: str, rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]
) -> list[str]:
    """Compare the lowest and the highest values of each parameter."""
    said = []
    for quantity in dict.fromkeys(row["quantity"] for row in rows if row["quantity"] != "all"):
        values = list(dict.fromkeys(row["value"] for row in rows if row["quantity"] == quantity))
        if len(values) < 2:
            continue
        low, high = (
            {row["transition"]: row for row in rows if row["value"] == value}
            for value in (values[0], values[-1])
        )
        parts = [
            f"{outcome_in_words(name, labels)} {_with_unit(low[name])} and {_with_unit(high[name])}"
            for name in low
            if name in high
        ]
        ends = f"{quantity} {values[0]} and {quantity} {values[-1]}"
        said.append(f"{location}, totals with {ends}: {'; '.join(parts)}.")
    return said
