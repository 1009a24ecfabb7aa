"""Compare a run's forecasts with the baseline in words, and warn if the last weeks were worse."""

import csv
import math
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

RECENT = timedelta(weeks=4)
"""The last four weeks: reference dates less than this before the last one that is scored."""

_SCALES = {"natural": "counts", "log": "logarithms"}
_TARGET = attrgetter("target")


class Week(NamedTuple):
    """A row of ``scores_by_week.csv``: see :func:`epyflow.report.season_tables.compare_by`."""

    model: str
    target: str
    scale: str
    day: date
    forecasts: int
    wis: float
    baseline_wis: float
    baseline: str


def read_weeks(table: bytes) -> tuple[Week, ...]:
    """Read the content of ``scores_by_week.csv``; rows without a baseline are left out."""
    return tuple(
        Week(
            *(row["model"], row["target"], row["scale"], date.fromisoformat(row["reference_date"])),
            *(int(row["forecasts"]), float(row["wis"]), float(row["baseline_wis"])),
            row["baseline"],
        )
        for row in csv.DictReader(table.decode().splitlines())
        if row["baseline_wis"]
    )


def own_weeks(weeks: Sequence[Week]) -> list[Week]:
    """Return the weeks of the run's model, which is the first of the table."""
    return [week for week in weeks if week.model == weeks[0].model]


def recent(weeks: Sequence[Week]) -> list[Week]:
    """Return the weeks of the last four. They depend on dates alone, not on the scores."""
    last = max(week.day for week in weeks)
    return [week for week in weeks if last - week.day < RECENT]


def warn_of_recent(weeks: Sequence[Week]) -> list[str]:
    """Warn of targets with a worse score than the baseline's in the last four weeks.

    The score is the mean WIS over the forecasts that both models made. A warning needs one scale
    alone, so none disappears if scores grow on any scale.

    Parameters
    ----------
    weeks
        See :func:`read_weeks`.
    """
    found = []
    for target, its in groupby(own_weeks(weeks), key=_TARGET):
        late = recent(list(its))
        if any(ratio > 1 for ratio in _ratios(late).values()):
            days = sorted({week.day.isoformat() for week in late})
            found.append(
                f"{target}: in the last four weeks (reference date{'s' * (len(days) > 1)} "
                f"{' to '.join(dict.fromkeys((days[0], days[-1])))}) the forecasts were worse "
                f"than {late[0].baseline}: WIS {_times(late)} the baseline's, over "
                f"{_observations(late)}."
            )
    return found


def compare_in_words(weeks: Sequence[Week]) -> list[str]:
    """Say how large the scores are beside the baseline's, a sentence for each target.

    Parameters
    ----------
    weeks
        See :func:`read_weeks`.
    """
    said = []
    for target, its in groupby(own_weeks(weeks), key=_TARGET):
        rows = list(its)
        late = recent(rows)
        others = [week for week in weeks if week.target == target]
        also = "".join(
            f"; that of {model} {_times([week for week in others if week.model == model])}"
            for model in dict.fromkeys(week.model for week in others)
            if model not in (rows[0].model, rows[0].baseline)
        )
        more = "" if late == rows else f"; in the last four weeks the run's {_times(late)}"
        said.append(
            f"{target}: over {_observations(rows)}, WIS {_times(rows)} that of "
            f"{rows[0].baseline}{also}{more}."
        )
    return said


def _ratios(weeks: Sequence[Week]) -> dict[str, float]:
    """Return the ratio of the mean scores on each scale."""
    found = {}
    for scale in _SCALES:
        rows = [week for week in weeks if week.scale == scale]
        own = sum(week.forecasts * week.wis for week in rows)
        base = sum(week.forecasts * week.baseline_wis for week in rows)
        if rows:
            found[scale] = own / base if base else 1.0 if own == 0 else math.inf
    return found


def _times(weeks: Sequence[Week]) -> str:
    ratios = _ratios(weeks).items()
    return " and ".join(f"{ratio:.2f} times (on {_SCALES[scale]})" for scale, ratio in ratios)


def _observations(weeks: Sequence[Week]) -> str:
    number = sum(week.forecasts for week in weeks if week.scale == weeks[0].scale)
    return f"{number} later observation{'s' * (number > 1)}"
