"""Write the brief of a submission: one text file with the input besides the results.

Workers need it because they have neither the experiment nor the hub's folder.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from epyflow.data.observations import Column, read_observations
from epyflow.data.vintages import data_key, vintage_of
from epyflow.errors import DataError, EpyflowError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.output import HubTarget, RateTrends
from epyflow.files import write_bytes_atomically
from epyflow.population.locations import Location
from epyflow.population.store import PopulationStore
from epyflow.submission.destination import Destination
from epyflow.submission.hub_definitions import define_tasks

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
    calibration = experiment.modelset.calibration if experiment.modelset else None
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
        "targets": [each.model_dump(mode="json") for each in destination.targets],
        "scenario_ids": dict(section[1].scenario_ids) if section else {},
        "spellings": {place.name: place.spellings for place in places},
        "observed": {
            place.name: [
                _series(experiment, calibration, place, target) for target in destination.targets
            ]
            for place in places
        },
        "files": _files(destination, places, store),
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


def _code(place: Location) -> str:
    return place.fips or place.iso or place.name


def _series(
    experiment: Experiment, calibration: Calibration, place: Location, target: HubTarget
) -> dict[str, Any] | None:
    """Return a target's observations as known before the reference date."""
    hub = experiment.output.hub
    trends = experiment.output.flusight_format
    if hub is None or hub[1].reference_date is None:
        return None
    if trends is not None and trends.rate_trends is not None and not target.simulation:
        before = trends.reference_date - timedelta(days=1)
        return _read(experiment, trends.rate_trends, place, _column(trends.rate_trends), before)
    for comparison in calibration.comparison:
        if target.simulation in ((), comparison.simulation):
            column = Column(comparison.observed_value_column, comparison.observed_date_column)
            last = min(calibration.fitting_window.end_date, hub[1].reference_date)
            return _read(experiment, calibration, place, column, last)
    return None


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
        )
    except DataError:
        return None  # no data of this place: parts that need them are left out and reported
    counts = [None if np.isnan(each) else each for each in values[:, 0].tolist()]
    return {"dates": [str(each) for each in dates], "counts": counts}
