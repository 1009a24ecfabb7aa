"""Read what the headline needs of a submission: rate trends, their baselines, populations."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from epyflow.figures.rate_trends import names_of_codes, rate_trends
from epyflow.figures.read_tables import Place
from epyflow.files import table_reader
from epyflow.submission.brief import Brief, read_brief
from forecast_hub.config.flusight import CLASSES, RATE_CHANGE

_COLUMNS = ["location", "horizon", "target_end_date", *CLASSES]


@dataclass(frozen=True)
class HubHeadline:
    """What a submission says of each population.

    Attributes
    ----------
    trends
        See :func:`epyflow.figures.rate_trends.rate_trends`.
    baselines
        Population to the week that its rate trends count from, and its observation: None if there
        is none, so that they count from the simulated week.
    populations
        Population to its persons in the hub's table of locations.
    """

    trends: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_COLUMNS))
    baselines: Mapping[str, tuple[str, float | None]] = field(default_factory=dict)
    populations: Mapping[str, float] = field(default_factory=dict)


def read_hub_headline(
    brief: Path | None, rows: Path | None, places: Sequence[Place]
) -> HubHeadline:
    """Read ``hub.json`` and the submission; without a submission, nothing is known."""
    if brief is None or rows is None:
        return HubHeadline()
    given = read_brief(brief)
    trends = pd.DataFrame(columns=_COLUMNS)
    # Submissions to other hubs have other columns.
    if any(each.target == RATE_CHANGE for each in given.targets):
        with table_reader(rows) as file:
            submitted = pd.read_csv(file, dtype=str, na_filter=False)
        trends = rate_trends(submitted, names_of_codes(places, given.spellings))
    return HubHeadline(
        trends=trends,
        baselines=_baselines(given, places),
        populations=_populations(given, places),
    )


def _baselines(given: Brief, places: Sequence[Place]) -> dict[str, tuple[str, float | None]]:
    names = [each.target for each in given.targets]
    if RATE_CHANGE not in names:
        return {}
    position = names.index(RATE_CHANGE)
    week: date = given.reference_date - timedelta(weeks=1)
    found: dict[str, tuple[str, float | None]] = {}
    for place in places:
        series = given.observed.get(place.name)
        observed = series[position] if series else None
        value = None if observed is None else observed.on(week)
        found[place.name] = (week.isoformat(), None if value is None else float(value))
    return found


def _populations(given: Brief, places: Sequence[Place]) -> dict[str, float]:
    table = csv.DictReader(io.StringIO(given.files.get("locations.csv", "")))
    persons = {
        row.get(column): row.get("population")
        for row in table
        for column in ("location", "abbreviation")
    }
    found = {}
    for place in places:
        codes = given.spellings.get(place.name, ())
        number = next((persons[code] for code in codes if persons.get(code)), None)
        if number and number.isdigit() and int(number) > 0:
            found[place.name] = float(number)
    return found
