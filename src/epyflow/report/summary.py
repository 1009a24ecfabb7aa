"""Summarise the tables of a run in warnings and headline numbers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from epyflow.data.comparison_names import split_number
from epyflow.figures.coverage import coverage
from epyflow.figures.observations import last_observations, read_observed
from epyflow.figures.read_tables import Place, comparisons_of, read_table, rows_by_population
from epyflow.files import write_bytes_atomically
from epyflow.report import warnings as warn
from epyflow.report.calibration_checks import check
from epyflow.report.evidence import Evidence
from epyflow.report.headline import peak, weeks_ahead
from epyflow.report.hub_headline import read_hub_headline
from epyflow.report.sentences import counted_in_words, headline_sentence
from forecast_hub.config.flusight import PER


def summarise(
    files: Mapping[str, Path],
    places: Sequence[Place],
    about: Mapping[str, Any],
    *,
    summary: Path,
    numbers: Path,
) -> None:
    """Write the summary of a run, and the headline numbers of every population.

    Parameters
    ----------
    files
        Tables and other files by name, as in :mod:`epyflow.report.contents`; those that the run
        does not have are left out.
    places
        Populations of the run.
    about
        Description of the experiment, with ``fit``, ``quantities``, ``time``,
        ``reference_date``, and ``labels`` of series.
    summary
        The JSON: ``warnings`` (sentences), ``passed`` (checks without one), ``headline`` (a row per
        population), ``unit`` of its numbers, ``newest`` (the last observed date of all, or None),
        ``failed`` (populations without a result) and ``simulations`` (number that succeeded).
    numbers
        The headline numbers as CSV: a row for each population and week ahead.
    """
    labels = {place.name: place.label for place in places}
    members = read_table(files["model_metadata"])
    rows = [{"location": label, "status": _status(members, name)} for name, label in labels.items()]
    failed = warn.failed(members, labels)
    content: dict[str, Any] = {
        "warnings": failed,
        "passed": [] if failed else ["every task gave a result"],
        "headline": rows,
        "unit": None,
        "newest": None,
        "failed": [row["location"] for row in rows if row["status"] == "failed"],
        "simulations": {"fit": 0, "kept": int(pd.to_numeric(members["n_sims"]).fillna(0).sum())},
    }
    if {"quantiles_calibration", "calibration_progress", "observed"} <= {*files}:
        _add_fits(content, _Fitted(files, places, about), members, labels)
    text = pd.DataFrame(_lines(rows)).to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_bytes_atomically(numbers, text.encode())
    write_bytes_atomically(summary, (json.dumps(content, indent=1, default=str) + "\n").encode())


def _status(members: pd.DataFrame, name: str) -> str:
    states = members.loc[members["population"] == name, "status"]
    if states.eq("ok").all() and len(states):
        return "ok"
    return "partial" if states.eq("ok").any() else "failed"


def _lines(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each population and week ahead."""
    lines: list[dict[str, Any]] = []
    for row in rows:
        whole = {key: value for key, value in row.items() if key != "ahead"}
        sentence = {"sentence": whole.pop("sentence")} if "sentence" in whole else {}
        lines += [whole | each | sentence for each in row.get("ahead") or [{}]]
    return lines


class _Fitted:
    """The tables of calibrations, by population."""

    def __init__(
        self, files: Mapping[str, Path], places: Sequence[Place], about: Mapping[str, Any]
    ) -> None:
        self.about = about
        self.progress = _by_population(read_table(files["calibration_progress"]))
        self.fitted = dict(rows_by_population(files["quantiles_calibration"]))
        self.projected = _rows(files, "quantiles_projection_comparison")
        self.posteriors = _rows(files, "posteriors")
        self.trajectories = files.get("trajectories_projection_transitions")
        self.seen = read_observed(files["observed"])
        self.last = last_observations(files["observed"])
        self.hub = read_hub_headline(files.get("hub"), files.get("rows"), places)

    @property
    def unit(self) -> tuple[str, str]:
        """What is counted, and in which period."""
        given = self.about["fit"]["units"][0]
        if not given.startswith("Persons"):
            return given.lower(), ""
        counted = next(iter(self.fitted.values()), pd.DataFrame())
        name = next(iter(comparisons_of(counted)), "")
        words = self.about["labels"].get(split_number(name)[0])
        return counted_in_words(words, self.about["time"]["period"])

    def evidence(self, name: str) -> Evidence:
        """Return what is known of one calibration."""
        return Evidence(
            self.progress[name],
            self.fitted[name],
            self.projected.get(name),
            next(iter(self.seen.get(name, {}).values()), None),
            self.last.get(name),
            self.posteriors.get(name),
            self.about["quantities"],
            self.about["fit"]["strategy"],
        )

    def headline(self, name: str, label: str) -> dict[str, Any]:
        """Return the headline numbers of one population, without its peak."""
        found: dict[str, Any] = {}
        last, projected = self.last.get(name), self.projected.get(name)
        if last is not None:
            found = {"last_observed": last.date, "observed": last.value}
            counts = self.about["fit"]["units"][0].startswith("Persons")
            population = self.hub.populations.get(name) if counts else None
            if population:
                found["observed_rate_per_100000"] = PER * last.value / population
            if projected is not None and not projected.empty:
                trends = self.hub.trends
                classes = trends[trends["location"] == label]
                found["ahead"] = weeks_ahead(projected, last, classes, population)
        covered = coverage(self.fitted[name])
        if not covered.empty:
            widest = covered.iloc[-1]
            found |= {"interval": widest["nominal"], "coverage": widest["coverage"]}
        return found | {"acceptance": float(self.progress[name]["acceptance"].iloc[-1])}

    def peaks(self) -> dict[str, dict[str, Any]]:
        """Return the peak of each population that has one."""
        if self.trajectories is None:
            return {}
        return {
            name: peak(rows, self.projected[name], self.last[name], next(iter(seen.values())))
            for name, rows in rows_by_population(self.trajectories)
            if name in self.projected and name in self.last and (seen := self.seen[name])
        }


def _rows(files: Mapping[str, Path], table: str) -> dict[str, pd.DataFrame]:
    return dict(rows_by_population(files[table])) if table in files else {}


def _by_population(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    ordered = table.sort_values("generation", kind="stable")
    return {str(name): rows for name, rows in ordered.groupby("population", sort=False)}


def _add_fits(
    content: dict[str, Any],
    found: _Fitted,
    members: pd.DataFrame,
    labels: Mapping[str, str],
) -> None:
    """Add the headline of each calibration, the warnings, and the checks that were passed."""
    what, per = found.unit
    peaks = found.peaks()
    given = {name: found.evidence(name) for name in labels if name in found.fitted}
    failed, passed = check(given)
    for row, name in zip(content["headline"], labels, strict=True):
        if name in found.fitted:
            row |= found.headline(name, row["location"]) | peaks.get(name, {})
            row["warnings"] = sum(name in places for places in failed.values())
            row["sentence"] = headline_sentence(row, what, per)
    latest = {name: last.date for name, last in found.last.items() if name in given}
    about = found.about
    stale = warn.stale(latest, about["fit"]["end"], about["reference_date"], labels)
    early = warn.ended(members, labels)
    content["warnings"] += [
        *stale,
        *warn.checks(failed, labels),
        *early,
        *warn.baselines(found.hub.baselines, found.last, labels),
    ]
    content["passed"] += passed
    content["passed"] += [] if stale else ["the data are up to date"]
    content["passed"] += [] if early else ["no calibration stopped early"]
    content["unit"] = f"{what} {per}".strip()
    content["newest"] = max(latest.values(), default=None)
    used = sum(int(rows["simulations"].sum()) for rows in found.progress.values())
    content["simulations"]["fit"] = used
