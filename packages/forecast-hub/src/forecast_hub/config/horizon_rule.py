"""Find the rule by which a hub counts horizons: the period that horizon 0 is.

Hubs differ. Horizon 0 is the week that ends on the round's date (FluSight: a Saturday), the week
before the round's date (Flu Scenario Modeling Hub: horizon 1 begins on a Sunday, the origin date),
or an earlier one (RespiCast: with an origin date on Wednesday, horizon 1 is the last whole week).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from forecast_hub.config.hub import NA, STANDARD_COLUMNS, Hub, ModelTask, Round, Target
from forecast_hub.config.own_submissions import MOST_FILES, find_own_submissions
from forecast_hub.dates import parse_date, parse_dates
from forecast_hub.errors import HubError, UnreadableError

if TYPE_CHECKING:
    import pandas as pd

HORIZON = "horizon"

END_COLUMNS = ("target_end_date", "target_date")
"""Task ids of the hubverse for the end of a horizon's period."""

NO_RULES: Mapping[str, int] = MappingProxyType({})

_STEPS = {"week": 7, "day": 1}
_MOST_ROWS = 2_000_000
_NEAR = range(-14, 7)
"""Days from the round's date to the end of horizon 0: up to two weeks before, or six days after."""


@dataclass(frozen=True)
class HorizonRule:
    """The period of each horizon of a target.

    Attributes
    ----------
    days
        Days from the round's date to the end of horizon 0's period; 0 if the period ends on the
        round's date, negative if before.
    step
        Days of a period: 7 or 1.
    source
        How the rule is known, for messages.
    is_custom
        Whether it is only the custom of hubs, of which this hub says nothing.
    """

    days: int
    step: int
    source: str
    is_custom: bool = False

    def end(self, origin: date, horizon: int) -> date:
        """Return the end of a horizon's period in the round of ``origin``."""
        return origin + timedelta(days=self.days + self.step * horizon)


def find_end_column(task: ModelTask) -> str | None:
    """Return the column with the end of a horizon's period; None if there is none."""
    return next((name for name in END_COLUMNS if name in task.columns), None)


def period_days(target: Target) -> int:
    """Return the days of a target's period.

    Raises
    ------
    HubError
        If the time unit of the target is neither a week nor a day.
    """
    if target.time_unit not in _STEPS:
        raise HubError(
            f"target {target.id!r} is in steps of a {target.time_unit}; projections are weekly or "
            "daily"
        )
    return _STEPS[target.time_unit]


def find_horizon_rule(
    hub: Hub,
    round_: Round,
    task: ModelTask,
    target: Target,
    weekday: int | None = None,
    known: Mapping[str, int] = NO_RULES,
) -> HorizonRule:
    """Find the rule of a target.

    These are asked in turn: the files of the hub's ensemble and baseline, and the dates that
    ``tasks.json`` lists, if they are those of its rounds and horizons, no more and no fewer. Else a
    custom of hubs is followed, unless it leads to a date that is not listed: a round's date on
    which weeks end is the end of horizon 0 (FluSight-forecast-hub, model-output/README.md), and a
    round's date on the first or second day of a week is in the week of horizon 1
    (reichlab/covid19-forecast-hub, data-processed/README.md; flu-scenario-modeling-hub,
    model-output/README.md).

    Parameters
    ----------
    hub, round_, task, target
        The configuration. The round has the dates of all its rounds.
    weekday
        Weekday on which the weeks of the projections end, Monday is 0; used where ``tasks.json``
        lists no dates of ends.
    known
        Target to the days from the round's date to the end of horizon 0; nothing is asked for a
        target that is a key.

    Raises
    ------
    HubError
        If the rule is not known: no file and no list decides, and no custom exists. Also if the
        hub's own files disagree, or the time unit is neither a week nor a day.
    """
    step = period_days(target)
    if target.id in known:
        return HorizonRule(known[target.id], step, "the rule that was given")
    found = _in_submissions(hub, round_, task, target, step)
    if found is not None:
        return found
    ends, fitting, exact = _in_lists(round_, task, step)
    if len(exact) == 1:
        return HorizonRule(exact[0], step, f"the dates in {hub.folder.tasks.name}")
    origins = parse_dates(round_.ids) or []
    last = ends[-1].weekday() if ends else weekday
    usual = 0 if step == 1 else _usual(origins, last)
    if usual is not None and (not fitting or usual in fitting):
        return HorizonRule(usual, step, "the custom of hubs", is_custom=True)
    raise HubError(
        f"{hub.folder.tasks}: which {target.time_unit} is horizon 1 of {target.id!r} is not known: "
        f"{_described(origins, last)}; expected a file of the hub's ensemble in "
        f"{hub.model_output}/"
    )


def _described(origins: Sequence[date], last: int | None) -> str:
    if not origins:
        return "rounds have no dates"
    ends = "" if last is None else f", weeks end on a {date(2024, 1, 1 + last):%A}"
    return f"the round's date is a {origins[-1]:%A}{ends}"


def _usual(origins: Sequence[date], last: int | None) -> int | None:
    """Return the days to the end of horizon 0 that are the custom; None if there is none."""
    if not origins or last is None or len({day.weekday() for day in origins}) > 1:
        return None
    until_end = (last - origins[0].weekday()) % 7
    return {0: 0, 6: -1, 5: -2}.get(until_end)


def _in_lists(round_: Round, task: ModelTask, step: int) -> tuple[list[date], list[int], list[int]]:
    """Return the listed ends, and the days of horizon 0 that lead to listed ends only.

    The last list has those days that lead to all listed ends. Others may fit by chance: lists may
    go on for years, or end too early.
    """
    column = find_end_column(task)
    ends = [] if column is None else (parse_dates(_known(task, column)) or [])
    origins, horizons = parse_dates(round_.ids) or [], list_numbers(task)
    listed = {day.toordinal() for day in ends}
    due = {day.toordinal() + step * number for day in origins for number in horizons}
    if not due or not listed:
        return ends, [], []
    fitting = [days for days in _NEAR if all(day + days in listed for day in due)]
    return ends, fitting, fitting if len(due) == len(listed) else []


def _known(task: ModelTask, column: str) -> list[str]:
    return [text for text in task.columns[column].permitted if text != NA]


def list_numbers(task: ModelTask) -> list[int]:
    """Return the horizons that a model task permits, ascending."""
    return sorted(map(int, _known(task, HORIZON))) if HORIZON in task.columns else []


def _in_submissions(
    hub: Hub, round_: Round, task: ModelTask, target: Target, step: int
) -> HorizonRule | None:
    """Find the rule in the newest files of the hub's ensemble and baseline; None if there are none.

    Files that cannot be read, and those of other columns, say nothing.
    """
    end = find_end_column(task)
    if end is None or round_.id_column is None:
        return None
    said: dict[int, Path] = {}
    for path in find_own_submissions(hub.folder.root / hub.model_output):
        frame = _read_tasks(path, path.stat().st_mtime_ns)
        if frame is None:
            continue
        columns = {round_.id_column, HORIZON, end, *target.keys}
        if columns <= set(frame.columns):
            for days in find_days(frame, target, round_.id_column, end, step):
                said.setdefault(days, path)
    if len(said) > 1:
        where = "; ".join(f"{days} days in {path}" for days, path in sorted(said.items()))
        raise HubError(
            f"{hub.folder.tasks}: files of the hub disagree about the end of horizon 0 of "
            f"{target.id!r}, counted from the round's date: {where}; expected one rule"
        )
    return next((HorizonRule(days, step, path.name) for days, path in said.items()), None)


@lru_cache(maxsize=MOST_FILES)
def _read_tasks(path: Path, changed: int) -> "pd.DataFrame | None":
    """Return the tasks of a file's first rows, each once, as text; None if it cannot be read.

    Every target of a hub is looked for in the same files. ``changed`` is the file's time.
    """
    # Imported here because pandas is slow to import, and most plans read no submission.
    import pandas as pd

    from forecast_hub.config.submission_file import read_submission
    from forecast_hub.limited_files import open_table

    try:
        if path.suffix == ".parquet":
            frame = read_submission(path).frame
        else:
            with open_table(path) as file:
                frame = pd.read_csv(file, dtype=str, keep_default_na=False, nrows=_MOST_ROWS)
    except (UnreadableError, OSError, ValueError, EOFError):
        return None
    return frame.drop(columns=[*STANDARD_COLUMNS], errors="ignore").drop_duplicates()


def find_days(
    frame: "pd.DataFrame", target: Target, origin: str, end: str, step: int
) -> dict[int, list[int]]:
    """Return the days from the round's date to the end of horizon 0 that rows of a target imply.

    Parameters
    ----------
    frame
        Rows of a submission, as text.
    target
        Rows of other targets, and rows without a horizon, are left out.
    origin, end
        Columns of the round's date and of the period's end.
    step
        Days of a period.

    Returns
    -------
    days
        Each number of days, with the positions of the rows that imply it.
    """
    positions: dict[int, list[int]] = {}
    rows = frame.reset_index(drop=True)
    for column, value in target.keys.items():
        rows = rows[rows[column] == value]
    for (first, number, last), group in rows.groupby([origin, HORIZON, end], sort=False):
        began, ended = parse_date(str(first)), parse_date(str(last))
        if began is None or ended is None or not str(number).lstrip("-").isdecimal():
            continue
        days = (ended - began).days - step * int(str(number))
        positions.setdefault(days, []).extend(group.index.tolist())
    return positions
