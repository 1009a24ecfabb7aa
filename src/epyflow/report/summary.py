"""Summarise the tables of a run in warnings and headline numbers."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from epyflow.figures.change_map import change
from epyflow.figures.coverage import coverage
from epyflow.figures.observations import LastObservation, last_observations
from epyflow.figures.read_tables import Place, read_table, rows_by_population
from epyflow.files import write_bytes_atomically
from epyflow.report import warnings as warn


@dataclass(frozen=True)
class Tables:
    """The tables that a summary is made from; None for a table that the run does not have.

    Attributes
    ----------
    members
        ``model_metadata.csv.gz``.
    calibration, projection, progress
        ``quantiles_calibration``, ``quantiles_projection_comparison`` and
        ``calibration_progress``.
    observed
        ``observed.csv``.
    """

    members: Path
    calibration: Path | None = None
    projection: Path | None = None
    progress: Path | None = None
    observed: Path | None = None


def summarise(
    tables: Tables,
    places: Iterable[Place],
    about: Mapping[str, Any],
    *,
    summary: Path,
    numbers: Path,
) -> None:
    """Write the summary of a run, and the headline numbers of every population.

    Parameters
    ----------
    tables
        The tables of the run.
    places
        Populations of the run.
    about
        Description of the experiment, with ``fit`` and ``reference_date``.
    summary
        The JSON: ``warnings`` (sentences), ``headline`` (a row per population), ``newest`` (the
        last observed date of all, or None) and ``failed`` (populations without a result).
    numbers
        The headline numbers as CSV.
    """
    labels = {place.name: place.label for place in places}
    members = read_table(tables.members)
    warnings = warn.failed(members, labels)
    rows = [{"location": label, "status": _status(members, name)} for name, label in labels.items()]
    newest = None
    if tables.calibration and tables.progress and tables.observed:
        progress, ahead = read_table(tables.progress), _projected(tables.projection)
        last = last_observations(tables.observed)
        found, more, newest = _fitted(tables.calibration, progress, ahead, last, about, labels)
        rows = [row | found.get(name, {}) for row, name in zip(rows, labels, strict=True)]
        warnings += more + warn.ended(members, labels)
    content = {
        "warnings": warnings,
        "headline": rows,
        "newest": newest,
        "failed": [row["location"] for row in rows if row["status"] == "failed"],
    }
    text = pd.DataFrame(rows).to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_bytes_atomically(numbers, text.encode())
    write_bytes_atomically(summary, (json.dumps(content, indent=1, default=str) + "\n").encode())


def _status(members: pd.DataFrame, name: str) -> str:
    states = members.loc[members["population"] == name, "status"]
    if states.eq("ok").all() and len(states):
        return "ok"
    return "partial" if states.eq("ok").any() else "failed"


def _projected(projection: Path | None) -> dict[str, pd.DataFrame]:
    return dict(rows_by_population(projection)) if projection is not None else {}


def _fitted(
    calibration: Path,
    progress: pd.DataFrame,
    ahead: Mapping[str, pd.DataFrame],
    observed: Mapping[str, LastObservation],
    about: Mapping[str, Any],
    labels: Mapping[str, str],
) -> tuple[dict[str, dict[str, Any]], list[str], str | None]:
    """Return the headline by population, the warnings, and the last date observed."""
    last = progress.sort_values("generation").groupby("population", sort=False).last()
    covered: dict[str, pd.DataFrame] = {}
    found: dict[str, dict[str, Any]] = {}
    for name, rows in rows_by_population(calibration):
        covered[name] = coverage(rows)
        found[name] = {}
        if name in observed:
            found[name] = {"last_observed": observed[name].date, "observed": observed[name].value}
        if name in observed and name in ahead and not ahead[name].empty:
            its = change(ahead[name], observed[name])
            found[name] |= {key: its[key] for key in ("to", "median_to", "change_percent")}
        if not covered[name].empty:
            widest = covered[name].iloc[-1]
            found[name] |= {"interval": widest["nominal"], "coverage": widest["coverage"]}
        found[name]["acceptance"] = float(str(last.loc[name, "acceptance"]))
    latest = {name: observed[name].date for name in found if name in observed}
    warnings = [
        *warn.stale(latest, about["fit"]["end"], about["reference_date"], labels),
        *warn.acceptance(progress, labels),
        *warn.coverage(covered, labels),
    ]
    return found, warnings, max(latest.values(), default=None)
