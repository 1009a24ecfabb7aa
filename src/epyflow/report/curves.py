"""Gather the curves of the first page: medians, intervals and observations by place and series."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from epyflow.figures.bands import at_level, bands_of
from epyflow.figures.course import Course
from epyflow.figures.fan_chart import range_of_members
from epyflow.figures.observations import read_observed
from epyflow.figures.read_tables import KEYS, Place, comparisons_of, dated, rows_by_population
from epyflow.figures.wording import series_in_words
from epyflow.files import write_bytes_atomically

MOST_ROWS = 20_000
"""Most rows that the page holds, about 1 MB; series beyond them are in the figures alone."""

OBSERVED, LATER, SIMULATION = "Observed", "Observed later", "Simulation"
ENDS = ("low", "inner_low", "median", "inner_high", "high")
MEMBERS = "90% of the medians of parameter sets"


@dataclass(frozen=True)
class Curve:
    """A series of one place, of the fit, the projection, a scenario or the simulation.

    Attributes
    ----------
    series, part
        Words for both.
    rows
        ``date``, and some of :data:`ENDS`.
    bands
        What the wider and the narrower band hold; empty if there are none.
    """

    series: str
    part: str
    rows: pd.DataFrame
    bands: tuple[str, ...] = ()


def write_curves(
    files: Mapping[str, Path], places: Sequence[Place], about: Mapping[str, Any], path: Path
) -> None:
    """Write the curves as JSON.

    Parameters
    ----------
    files
        ``quantiles_calibration``, ``quantiles_projection_comparison`` and ``observed`` of a
        calibration; else ``quantiles_transitions`` and ``quantiles_compartments``.
    places
        Populations of the run.
    about
        Description of the experiment, with ``labels`` of series.
    path
        The JSON: ``places`` (labels), ``series``, ``parts``, ``bands`` (what the wider and the
        narrower band hold) and ``rows``: positions of place, series and part, the date, and the
        values of :data:`ENDS`, or the observation as ``median``.
    """
    names = {place.name: place.label for place in places}
    curves = _fitted(files, about) if about["fit"] else _simulated(files, about)
    found: dict[str, list[Any]] = {
        key: [] for key in ("places", "series", "parts", "bands", "rows")
    }
    for name, curve in sorted(curves, key=lambda each: _rank(each[0], names)):
        if name not in names:
            continue
        keys = (names[name], curve.series, curve.part)
        if len(found["rows"]) + len(curve.rows) > MOST_ROWS:
            continue
        position = [_position(found[key], word) for key, word in zip(found, keys, strict=False)]
        found["bands"] = found["bands"] or list(curve.bands)
        for row in curve.rows.to_dict("records"):
            values = [_number(row.get(end)) for end in ENDS]
            found["rows"].append([*position, row["date"].date().isoformat(), *values])
    write_bytes_atomically(path, json.dumps(found, separators=(",", ":")).encode())


def _rank(name: str, names: Mapping[str, str]) -> int:
    return [*names].index(name) if name in names else len(names)


def _position(known: list[Any], word: str) -> int:
    if word not in known:
        known.append(word)
    return known.index(word)


def _number(value: Any) -> float | None:
    """Return four digits of a value, which is more than a chart shows."""
    return None if value is None or math.isnan(value) else float(f"{value:.4g}")


def _fitted(files: Mapping[str, Path], about: Mapping[str, Any]) -> Iterator[tuple[str, Curve]]:
    ahead = dict(rows_by_population(files["quantiles_projection_comparison"]))
    seen = read_observed(files["observed"])
    units = about["fit"]["units"]
    for name, rows in rows_by_population(files["quantiles_calibration"]):
        course = Course.of(rows, ahead.get(name, rows.iloc[:0]), seen.get(name, {}))
        for comparison, unit in zip(comparisons_of(rows), units, strict=False):
            series = _with_unit(comparison, about, unit)
            drawn = [(each.table, each.name) for each in course.parts]
            drawn += [(each.table, each.name) for each in course.futures]
            for table, part in drawn:
                yield name, _curve(table, comparison, series, part)
            seen_of = course.seen[comparison]
            for part, known in ((OBSERVED, seen_of.then), (LATER, seen_of.later)):
                values = known.sort_values("date").dropna().rename(columns={"value": "median"})
                yield name, Curve(series, part, values)


def _simulated(files: Mapping[str, Path], about: Mapping[str, Any]) -> Iterator[tuple[str, Curve]]:
    units = {"transitions": f"Persons per {about['time']['period']}", "compartments": "Persons"}
    for kind, unit in units.items():
        if (table := files.get(f"quantiles_{kind}")) is None:
            continue
        for name, rows in rows_by_population(table):
            quantiles = dated(rows)
            for column in map(str, rows.columns):
                if column not in KEYS and column.endswith("_total"):
                    series = _with_unit(column, about, unit)
                    yield name, _curve(quantiles, column, series, SIMULATION)


def _with_unit(series: str, about: Mapping[str, Any], unit: str) -> str:
    words = series_in_words(series, about["labels"]).removesuffix(", all ages")
    return f"{words} ({unit[:1].lower()}{unit[1:]})"


def _curve(table: pd.DataFrame, column: str, series: str, part: str) -> Curve:
    """Take the median and the bands of a series; of several members, the range of their medians."""
    if (table["primary_id"] != table["primary_id"].iloc[0]).any():
        return Curve(series, part, range_of_members(table, column), (MEMBERS,))
    levels = {"median": 0.5}
    bands = bands_of(table)
    for stem, band in zip(("", "inner_"), [*bands[-1:], *bands[:-1][:1]], strict=False):
        levels |= {f"{stem}low": band.low, f"{stem}high": band.high}
    ends = [
        at_level(table, level).set_index("date")[column].rename(end)
        for end, level in levels.items()
    ]
    rows = pd.concat(ends, axis=1).sort_index().rename_axis("date").reset_index()
    return Curve(series, part, rows, tuple(band.label for band in (*bands[-1:], *bands[:-1][:1])))
