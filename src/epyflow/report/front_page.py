"""Write the texts of the report's front page as reStructuredText."""

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from epyflow.figures.wording import change_in_words
from epyflow.report.forecast_warnings import (
    Coverage,
    by_target,
    forecasts,
    read_coverage,
    replayed,
    short,
)
from epyflow.report.quantity_words import describe_quantities
from epyflow.report.recent_scores import Week, compare_in_words, read_weeks, warn_of_recent
from epyflow.report.sentences import count, interval, share, short_day
from epyflow.submission.verdict import verdict_in_words
from epyflow.suggest import counted
from forecast_hub.config.flusight import CLASSES

ROWS, MOST = 12, 100
"""Most populations with a table that is open, and that can be opened; ``headline.csv`` has all."""

_NO_LABELS: Mapping[str, str] = MappingProxyType({})

# Characters that reStructuredText may read as markup.
_MARKUP = re.compile(r"([\\*`_|<>\[\]:])")
_MARKUP_AT_THE_START = tuple(".-+#=~^\"'!$%&,;/?@{}")


def front_page(
    about: Mapping[str, Any],
    summary: bytes | None,
    later: bytes | None = None,
    weeks: bytes | None = None,
    priors: bytes | None = None,
    outcomes: bytes | None = None,
    findings: Sequence[bytes] = (),
    labels: Mapping[str, str] = _NO_LABELS,
    *,
    is_replay: bool = False,
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
    weeks
        The content of ``scores_by_week.csv``; likewise.
    priors
        The content of ``priors.json``; None without custom priors.
    outcomes
        The content of ``outcomes.json``; None with a fit.
    findings
        The content of each submission's ``.findings.json``.
    labels
        Series, or target of a hub, to its name for readers.
    is_replay
        Whether there are several reference dates, so that no table of a calibration is there.

    Returns
    -------
    page
        ``warnings``, ``looked_for`` (checks that were made and passed; empty if nothing was
        checked), ``checks`` (what the hub finds: a sentence and a table), ``outcomes`` (of
        simulations without a fit: sentences, headings, and rows of each location), ``later``
        (coverage and scores of the forecasts, sentences of each target), ``headline`` (sentence
        and tables of each population), ``open`` (number of tables that are open),
        ``without_table`` (number of populations), ``unit``, ``simulations`` (number that
        succeeded), ``text``,
        ``series`` (names of transitions that have one), ``quantities`` (name and distribution),
        ``scipy`` (whether distributions are named as there),
        ``forcing``, ``fit``, ``dates`` (relative ones), ``without_curves``,
        ``without_reproduction``, ``newest``.
    """
    found = json.loads(summary) if summary else {"warnings": [], "headline": []}
    looked = look_for_warnings(about, found, later, weeks, labels, is_replay=is_replay)
    page = {
        "warnings": looked.warnings,
        "looked_for": looked.passed,
        "later": _later(looked.held) + compare_in_words(looked.scored),
        "checks": _checks([json.loads(each) for each in findings]) if findings else None,
        "outcomes": _outcomes(json.loads(outcomes)) if outcomes else None,
        "unit": found.get("unit"),
        "simulations": found.get("simulations"),
        "newest": found.get("newest"),
        **_headline([] if about["fit"] is None else found["headline"]),
        **_experiment(about, labels),
        **describe_quantities(about["quantities"], priors),
    }
    escaped: dict[str, Any] = escape(page)
    return escaped


class Looked(NamedTuple):
    """What the checks of a run's results say, and the scores they read, with labels of targets."""

    warnings: list[str]
    passed: list[str]
    held: list[Coverage]
    scored: list[Week]


def look_for_warnings(
    about: Mapping[str, Any],
    found: Mapping[str, Any],
    later: bytes | None,
    weeks: bytes | None,
    labels: Mapping[str, str],
    *,
    is_replay: bool,
) -> Looked:
    """Return the warnings of the first page; ``found`` is what ``summary.json`` says.

    The other parameters are those of :func:`front_page`.
    """
    held = [
        row._replace(target=labels.get(row.target, row.target))
        for row in (read_coverage(later) if later else ())
    ]
    scored = [
        row._replace(target=labels.get(row.target, row.target))
        for row in (read_weeks(weeks) if weeks else ())
    ]
    warnings = [
        *(f"{each[:1].upper()}{each[1:]}." for each in about.get("warnings", ())),
        *found["warnings"],
        *(replayed(about["fit"]["particles"]) if is_replay else ()),
        *forecasts(held),
        *warn_of_recent(scored),
    ]
    passed = [*found.get("passed", ()), *_held(held), *_no_worse(scored)]
    return Looked(warnings, passed, held, scored)


def _headline(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sentences and tables of the populations."""
    headline = [_place(row, whole=n < MOST) for n, row in enumerate(rows)]
    return {
        "headline": headline,
        "headline_columns": {
            name for each in headline for table in each["tables"] for name in table["columns"]
        },
        "open": ROWS,
        "without_table": max(0, len(rows) - MOST),
    }


def _experiment(about: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known of the experiment before it runs."""
    return {
        "text": about["text"],
        "series": [
            words for name, words in labels.items() if "_to_" in name and name.endswith("_total")
        ],
        "forcing": about["forcing"],
        "fit": about["fit"],
        "dates": [
            f"{key}: {day} ({written})"
            for key, (written, day) in about.get("dates", {"keys": {}})["keys"].items()
        ],
        "without_curves": about["without_curves"],
        "without_reproduction": about["without_reproduction"],
    }


def _held(held: Sequence[Coverage]) -> list[str]:
    if not held or any(map(short, held)):
        return []
    return ["no interval of the forecasts misses more observations than chance allows"]


def _no_worse(weeks: Sequence[Week]) -> list[str]:
    if not weeks or warn_of_recent(weeks):
        return []
    return [f"forecasts of the last four weeks are no worse than {weeks[0].baseline}"]


def _later(held: Sequence[Coverage]) -> list[str]:
    """Describe the coverage of each target's forecasts."""
    said = []
    for target, levels in by_target(held):
        shares = ", ".join(
            f"{row.coverage:.0%}{_in_brackets(row)} in their {100 * row.nominal:.4g}% intervals"
            for row in levels
        )
        said.append(
            f"{target}: of {counted(levels[0].observations, 'later observation')} of "
            f"{counted(levels[0].forecasts, 'forecast')}, {shares}.{_shortfall(levels)}"
        )
    return said


def _shortfall(levels: Sequence[Coverage]) -> str:
    """Say that intervals held too little where too few forecasts are there for a warning."""
    if not any(map(short, levels)) or forecasts(levels):
        return ""
    return " That is fewer than they should hold, but so few forecasts can miss by chance."


def _in_brackets(row: Coverage) -> str:
    if row.low is None or row.high is None:
        return ""
    return f" ({100 * row.low:.0f}–{row.high:.0%})"


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


def _outcomes(found: dict[str, Any]) -> dict[str, Any] | None:
    """Keep the first locations; nothing is shown if there are none."""
    places = found["places"]
    return {**found, "places": places[:MOST]} if places else None


def _place(row: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return the sentence of a population, and its tables: numbers, and classes of the hub."""
    said = row.get("sentence") or f"{row['location']}: {row.get('status', 'failed')}."
    ahead = row.get("ahead", ()) if whole else ()
    return {
        "sentence": said,
        "tables": [
            _table([cells(each) for each in ahead])
            for cells in (_cells, _classes)
            if ahead and (cells is _cells or _has_classes(ahead[0]))
        ],
    }


def _table(cells: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {
        "columns": list(dict.fromkeys(name for each in cells for name in each)),
        "rows": [list(each.values()) for each in cells],
    }


def _checks(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the hub's checks find: an answer, and a row of each finding or submission."""
    said = verdict_in_words(found)
    if len(found) == 1:
        rows = [[one["severity"], one["message"]] for one in found[0]["findings"]]
        return {"sentence": said, "columns": ["Finding", "Message"], "rows": rows}
    rows = [
        [each["file"], "accepted" if each["accepted"] else "refused", count(each["rows"])]
        for each in found
    ]
    return {"sentence": said, "columns": ["Submission", "Result", "Rows"], "rows": rows}


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a week ahead by their headings."""
    cells = {"Week to": short_day(row["date"])}
    if "median" in row:
        cells["Median"] = count(row["median"])
    for level in (50, 95):
        if ends := interval(row, level=level):
            cells[f"{level}% interval"] = ends
    if "change_percent" in row:
        cells["Change"] = change_in_words(row["change_percent"])
    if "rate_per_100000" in row:
        cells["Per 100,000"] = f"{row['rate_per_100000']:.2g}"
    if not _has_classes(row):
        cells |= {"Fall": share(row["p_fall"]), "Rise": share(row["p_rise"])}
    return cells


def _classes(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the probability of each class of rate trends."""
    cells = {"Week to": short_day(row["date"])}
    for name in CLASSES:
        if f"p_{name}" in row:
            cells[name.replace("_", " ").capitalize()] = share(row[f"p_{name}"])
    return cells


def _has_classes(row: Mapping[str, Any]) -> bool:
    return f"p_{CLASSES[0]}" in row
