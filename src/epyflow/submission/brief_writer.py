"""Write the brief of a submission: one text file with the input besides the results.

Workers need it because they have neither the experiment nor the hub's folder.
"""

import json
from dataclasses import astuple
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from epyflow.data.observations import Column, read_observations
from epyflow.data.vintages import data_key, vintage_of
from epyflow.errors import EpyflowError, NoObservationsError, PopulationError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.experiment.format.hub_formats import HubTarget, RateTrends
from epyflow.experiment.format.series_names import counted_groups
from epyflow.files import write_bytes_atomically
from epyflow.population.locations import Location
from epyflow.population.store import PopulationStore
from epyflow.submission.destination import Destination
from epyflow.submission.hub_definitions import define_tasks
from epyflow.submission.target_units import find_comparison

_LONG_AGO = date(1900, 1, 1)


def write_brief(
    experiment: Experiment, destination: Destination, store: PopulationStore, path: Path
) -> None:
    """Write the brief of a submission.

    Raises
    ------
    EpyflowError
        If the calibration compares several series and the targets do not name theirs.
    """
    calibration = experiment.calibration
    if calibration is None:
        raise EpyflowError(
            f"output.{destination.format}: nothing is calibrated, so nothing projected"
        )
    if len(calibration.comparison) > 1 and not all(each.simulation for each in destination.targets):
        raise EpyflowError(
            f"output.{destination.format}.targets: the calibration compares "
            f"{len(calibration.comparison)} series; expected targets that say which is submitted: "
            "{target: ..., simulation: [...]}"
        )
    places = experiment.populations
    section = experiment.output.hub
    content = {
        "reference_date": str(destination.reference_date),
        "targets": [each.model_dump(mode="json", exclude={"unit"}) for each in destination.targets],
        "scenario_ids": dict(section[1].scenario_ids) if section else {},
        "spellings": {place.name: place.spellings for place in places},
        "observed": {
            place.name: [
                _series(experiment, calibration, place, target) for target in destination.targets
            ]
            for place in places
        },
        "files": _files(destination, places, store),
        "horizon_0_days": dict(destination.horizon_0_days),
    }
    if any(each.source != each.target for each in destination.units):
        content["conversions"] = {
            place.name: found
            for place in places
            if (found := _conversions(experiment, destination, place, store)) is not None
        }
    write_bytes_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def _files(
    destination: Destination, places: tuple[Location, ...], store: PopulationStore
) -> dict[str, str]:
    if destination.files:
        return {name: path.read_text("utf-8-sig") for name, path in destination.files.items()}
    rows = ["abbreviation,location,location_name,population"]
    for place in places:
        persons = round(float(store.fine(place.name).sizes.sum()))
        rows.append(f"{place.postal or _code(place)},{_code(place)},{place.label},{persons}")
    codes = [_code(place) for place in places]
    document = define_tasks(destination.format, destination.reference_date, codes)
    return {"tasks.json": json.dumps(document, indent=1), "locations.csv": "\n".join(rows) + "\n"}


def _conversions(
    experiment: Experiment, destination: Destination, place: Location, store: PopulationStore
) -> list[dict[str, Any]] | None:
    """Return the conversion of each target with a place's numbers; None if one is not known."""
    calibration = experiment.calibration
    ages = experiment.model.population.age_groups
    found = []
    for target, each in zip(destination.targets, destination.units, strict=True):
        comparison = find_comparison(calibration, target)
        simulation = target.simulation or (comparison.simulation if comparison else ())
        wholes = {each.source.whole, each.target.whole}
        population, visits = None, None
        if len(wholes) > 1 and "population" in wholes:
            try:
                sizes = store.load(place.name, ages).sizes
            except PopulationError:
                return None
            population = int(sizes[counted_groups(simulation, ages)].sum())
        if len(wholes) > 1 and "visits" in wholes:
            visits = _visits(experiment, calibration, place, comparison)
            if visits is None:
                return None
        units = {"source": astuple(each.source), "target": astuple(each.target)}
        in_source = _rate_trends(experiment, target) is None
        found.append(
            {**units, "population": population, "visits": visits, "observed_in_source": in_source}
        )
    return found


def _visits(
    experiment: Experiment,
    calibration: Calibration | None,
    place: Location,
    comparison: Comparison | None,
) -> dict[str, Any] | None:
    if calibration is None or comparison is None or comparison.observed_visits_column is None:
        return None
    column = Column(comparison.observed_visits_column, comparison.observed_date_column)
    return _read(experiment, calibration, place, column, calibration.fitting_window.end_date)


def _code(place: Location) -> str:
    return place.fips or place.iso or place.name


def _series(
    experiment: Experiment, calibration: Calibration, place: Location, target: HubTarget
) -> dict[str, Any] | None:
    """Return a target's observations as known before the reference date."""
    hub = experiment.output.hub
    if hub is None or hub[1].reference_date is None:
        return None
    trends = _rate_trends(experiment, target)
    if trends is not None:
        before = hub[1].reference_date - timedelta(days=1)
        return _read(experiment, trends, place, _column(trends), before)
    for comparison in calibration.comparison:
        if target.simulation in ((), comparison.simulation):
            column = Column(comparison.observed_value_column, comparison.observed_date_column)
            last = min(calibration.fitting_window.end_date, hub[1].reference_date)
            return _read(experiment, calibration, place, column, last)
    return None


def _rate_trends(experiment: Experiment, target: HubTarget) -> RateTrends | None:
    """Return the file of admissions that a target's observations are read from, if there is one."""
    section = experiment.output.flusight_format
    return None if section is None or target.simulation else section.rate_trends


def _column(section: RateTrends) -> Column:
    return Column(section.observed_value_column, section.observed_date_column)


def _read(
    experiment: Experiment,
    section: RateTrends | Calibration,
    place: Location,
    column: Column,
    last: date,
) -> dict[str, Any] | None:
    day = section.observed_data_vintage
    path = experiment.data[data_key(section.observed_data_path, day)]
    try:
        dates, values = read_observations(
            path,
            place.spellings,
            section.observed_location_column,
            [column],
            (_LONG_AGO, last),
            vintage_of(path, day, section.observed_as_of_column),
            section.observed_rows,
        )
    except NoObservationsError:
        return None  # no data of this place: parts that need them are left out and reported
    counts = [None if np.isnan(each) else each for each in values[:, 0].tolist()]
    return {"dates": [str(each) for each in dates], "counts": counts}
