"""Write the texts of the report's front page as reStructuredText."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from epyflow.figures.wording import change_in_words, quantity_in_words, with_named
from epyflow.report.forecast_warnings import Coverage, by_target, forecasts, read_coverage

ROWS = 12
"""Most populations in the table of the front page; ``headline.csv`` has all."""

# Characters that reStructuredText may read as markup.
_MARKUP = re.compile(r"([\\*`_|<>\[\]:])")
_MARKUP_AT_THE_START = tuple(".-+#=~^\"'!$%&,;/?@{}")


def front_page(
    about: Mapping[str, Any],
    summary: bytes | None,
    later: bytes | None = None,
    priors: bytes | None = None,
) -> dict[str, Any]:
    """Return the values that ``workflow/report/workflow.rst`` fills in, with markup escaped.

    Parameters
    ----------
    about
        Description of the experiment: see :func:`epyflow.run.description.describe`.
    summary
        The content of ``summary.json``; None before it is written, and in a replay.
    later
        The content of ``forecast_coverage.csv``; None if no forecast is scored.
    priors
        The content of ``priors.json``; None without custom priors.

    Returns
    -------
    page
        ``warnings``, ``looked_for`` (checks without a warning; empty if nothing was checked),
        ``later`` (coverage of the forecasts, a sentence per target), ``headline`` (rows of cells),
        ``columns`` (their headings), ``more`` (number of rows left out), ``text``, ``quantities``
        (name and distribution), ``forcing``, ``fit``, ``without_reproduction``, ``newest``.
    """
    found = json.loads(summary) if summary else {"warnings": [], "headline": [], "newest": None}
    held = read_coverage(later) if later else None
    fitted = about["fit"] is not None
    rows = found["headline"] if fitted else []
    page = {
        "warnings": found["warnings"] + forecasts(held or ()),
        "looked_for": _looked_for(summary is not None, fitted, held),
        "later": _later(held or ()),
        "columns": _columns(rows),
        "headline": [_cells(row) for row in rows[:ROWS]],
        "more": max(0, len(rows) - ROWS),
        "newest": found["newest"],
        "text": about["text"],
        "forcing": about["forcing"],
        "fit": about["fit"],
        "without_reproduction": about["without_reproduction"],
        "quantities": [
            (quantity_in_words(name, about["quantities"]), distribution_in_words(given))
            for name, given in with_named(about["quantities"], priors).items()
        ],
    }
    escaped: dict[str, Any] = escape(page)
    return escaped


def _looked_for(summed_up: bool, fitted: bool, held: Sequence[Coverage] | None) -> list[str]:
    said = ["every task gave a result"] if summed_up else []
    if summed_up and fitted:
        said.append("no fit misses more observations than chance allows")
        said.append("the data are up to date")
    if held:
        said.append("no interval of the forecasts misses more observations than chance allows")
    return said


def _later(held: Sequence[Coverage]) -> list[str]:
    """Describe the coverage of each target's forecasts."""
    said = []
    for target, levels in by_target(held):
        shares = ", ".join(
            f"{row.coverage:.0%} in their {100 * row.nominal:.4g}% intervals" for row in levels
        )
        said.append(
            f"{target}: of {levels[0].observations} later observations of "
            f"{levels[0].forecasts} forecasts, {shares}."
        )
    return said


def escape(value: Any) -> Any:
    """Escape every text in a nested value, as one line of plain reStructuredText."""
    if isinstance(value, str):
        line = _MARKUP.sub(r"\\\1", " ".join(value.split()))
        return f"\\{line}" if line[:1] in _MARKUP_AT_THE_START else line
    if isinstance(value, Mapping):
        return {key: escape(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escape(item) for item in value]
    return value


def distribution_in_words(given: Mapping[str, Any]) -> str:
    """Write a prior or a sampled distribution: ``uniform(1, 1)``, ``one of 0.8, 1.5``."""
    if "values" in given:
        return "one of " + ", ".join(f"{value:g}" for value in given["values"])
    if "range" in given:
        return f"from {given['range'][0]:g} to {given['range'][1]:g}"
    own = (
        f"{given['function']}(), a custom function of the experiment" if "function" in given else ""
    )
    if "name" not in given:
        return own
    arguments = [f"{value:g}" for value in given["args"]]
    arguments += [f"{key}={value:g}" for key, value in given["kwargs"].items()]
    words = f"{given['name']}({', '.join(arguments)})"
    return f"{words}, from {own}" if own else words


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    ends = {row["to"] for row in rows if row.get("to")}
    # Non-breaking hyphens, so that a heading is not broken within a date.
    ahead = f"Median {min(ends)}".replace("-", "\u2011") if len(ends) == 1 else "Median ahead"
    levels = {row["interval"] for row in rows if "interval" in row}
    return ["Location", "Last observed", ahead, "Change", _inside(levels), "Accepted"]


def _inside(levels: set[float]) -> str:
    return f"In {100 * min(levels):.4g}% interval" if len(levels) == 1 else "In interval"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    if "observed" not in row:
        return [row["location"], "failed", "–", "–", "–", "–"]
    change = row.get("change_percent")
    return [
        row["location"],
        _count(row["observed"]),
        _count(row["median_to"]) if "median_to" in row else "–",
        "–" if change is None or math.isnan(change) else change_in_words(change),
        f"{row['coverage']:.0%}" if "coverage" in row else "–",
        f"{row['acceptance']:.2g}" if row["acceptance"] < 0.01 else f"{row['acceptance']:.0%}",
    ]
