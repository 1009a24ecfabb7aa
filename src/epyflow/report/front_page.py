"""The front page's words, ready for reStructuredText."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from epyflow.figures.change_map import in_words
from epyflow.figures.quantities import in_words as quantity_in_words

ROWS = 12
"""Populations in the table of the front page; the file beside it has all."""

# What reStructuredText may take for markup.
_MARKUP = re.compile(r"([\\*`_|<>\[\]:])")
_MARKUP_AT_THE_START = tuple(".-+#=~^\"'!$%&,;/?@{}")


def front_page(plan: Mapping[str, Any], summary: bytes | None) -> dict[str, Any]:
    """Return what ``workflow/report/workflow.rst`` fills in; all text is safe to put into it.

    Parameters
    ----------
    plan
        From :mod:`epyflow.run_plan`.
    summary
        The content of ``summary.json``; None where the run has not come so far.

    Returns
    -------
    page
        ``warnings`` (None without a summary), ``headline`` (rows of cells), ``columns`` (their
        heads), ``more`` (rows left out), ``text``, ``quantities`` (name and distribution),
        ``forcing``, ``fit``, ``without_reproduction``, ``newest``.
    """
    about = plan["about"]
    found = json.loads(summary) if summary else {"warnings": [], "headline": [], "newest": None}
    fitted = about["fit"] is not None
    rows = found["headline"] if fitted else []
    page = {
        "warnings": found["warnings"] if summary else None,
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
            for name, given in about["quantities"].items()
        ],
    }
    escaped: dict[str, Any] = escape(page)
    return escaped


def escape(value: Any) -> Any:
    """Return the value with every text in it, however deep, as one line of plain rst."""
    if isinstance(value, str):
        line = _MARKUP.sub(r"\\\1", " ".join(value.split()))
        return f"\\{line}" if line[:1] in _MARKUP_AT_THE_START else line
    if isinstance(value, Mapping):
        return {key: escape(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escape(item) for item in value]
    return value


def distribution_in_words(given: Mapping[str, Any]) -> str:
    """Write a prior or a sampled distribution: ``uniform(1, 1)``, ``0.8 or 1.5``."""
    if "values" in given:
        return "one of " + ", ".join(f"{value:g}" for value in given["values"])
    if "range" in given:
        return f"from {given['range'][0]:g} to {given['range'][1]:g}"
    if "function" in given:
        return f"{given['function']}(), a function of the experiment's own"
    arguments = [f"{value:g}" for value in given["args"]]
    arguments += [f"{key}={value:g}" for key, value in given["kwargs"].items()]
    return f"{given['name']}({', '.join(arguments)})"


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    ends = {row["to"] for row in rows if row.get("to")}
    ahead = f"Median {min(ends)}" if len(ends) == 1 else "Median ahead"
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
        "–" if change is None or math.isnan(change) else in_words(change),
        f"{row['coverage']:.0%}" if "coverage" in row else "–",
        f"{row['acceptance']:.2g}" if row["acceptance"] < 0.01 else f"{row['acceptance']:.0%}",
    ]
