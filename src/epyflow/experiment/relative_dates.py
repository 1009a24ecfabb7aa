"""Replace relative dates of an experiment by days of the calendar, before it is validated.

The days depend on the files, on the day that counts as today, and on the last observation alone.
A season begins on 1 August.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from epyflow.data import vintages
from epyflow.data.observed_table import read_observed
from epyflow.errors import DataError, UnreadableError
from epyflow.experiment.checks.data_files import NamedFile, find_data_file
from epyflow.experiment.format.base import as_date
from epyflow.experiment.reading.experiment_files import ExperimentFiles
from epyflow.experiment.reading.problems import Problem, dotted, problem_at
from epyflow.experiment.reading.yaml_source import Document, KeyPath
from forecast_hub.errors import HubError
from forecast_hub.tables import NO_VALUE

KEYS = frozenset(
    {
        "end_date",
        "observed_data_vintage",
        "reference_date",
        "seasonality_max_date",
        "seasonality_min_date",
        "start_date",
    }
)
"""Keys whose dates may be relative."""

LAST_OBSERVATION = "last observation"
FORMS = (
    "today, next, next Wednesday, reference date, last observation or season MM-DD, and after it "
    "+ or - a number of days or weeks, such as: reference date - 2 weeks"
)
_DATE = re.compile(r"(?<![\w-])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\w-])")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SEASON_BEGINS = 8
_FIRST_WORDS = ("today", "next", "reference", "last", "season")
_FORM = re.compile(
    rf"(?:(?P<anchor>today|reference date|{LAST_OBSERVATION})"
    rf"|next(?: (?P<weekday>{'|'.join(_WEEKDAYS)}))?"
    r"|season (?P<month>[0-9]{2})-(?P<day>[0-9]{2}))"
    r"(?: (?P<sign>[+-]) (?P<count>[0-9]{1,3}) (?P<unit>day|week)s?)?"
)

Resolved = Mapping[str, tuple[str, date]]
"""Key path, such as ``output.flusight_format.reference_date``, to the text and its day."""


def resolve_dates(
    documents: Mapping[str, Sequence[Document]], output: Document | None, files: ExperimentFiles
) -> tuple[Resolved, "Calendar", list[Problem]]:
    """Replace relative dates in documents that were read.

    Parameters
    ----------
    documents
        Role to the files with that key; their data are changed.
    output
        The output file of the run: its reference date is that of the experiment.
    files
        Where data files are, and what ``today`` and ``last observation`` stand for.

    Returns
    -------
    resolved
        The dates that were replaced.
    calendar
        What they are relative to.
    problems
        Dates that have no day, with the reason.
    """
    resolved: dict[str, tuple[str, date]] = {}
    problems: list[Problem] = []
    calendar = Calendar(files, next(iter(documents["modelset"]), None))
    calendar.reference = None if output is None else _reference(output, calendar)
    for document in (each for found in documents.values() for each in found):
        for location, written in sorted(_relative(document.data, ()), key=_turn):
            try:
                day = calendar.day(written)
            except (ValueError, DataError, UnreadableError, HubError) as error:
                problems.append(problem_at(document, location, f"{written!r}: {error}"))
                continue
            _mapping(document.data, location)[location[-1]] = day
            if location[0] != "output" or document is output:
                resolved[dotted(location)] = (written, day)
    return resolved, calendar, problems


def _turn(found: tuple[KeyPath, str]) -> bool:
    """Order dates: the last observation depends on the vintage."""
    return found[0][-1] != "observed_data_vintage"


def _relative(data: Any, location: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield the key paths of relative dates, and of texts that begin like one."""
    parts = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in parts:
        if isinstance(value, dict | list):
            yield from _relative(value, (*location, key))
        elif key in KEYS and isinstance(value, str) and value.split(" ")[0] in _FIRST_WORDS:
            yield (*location, key), value


def _mapping(data: Any, location: KeyPath) -> Any:
    for part in location[:-1]:
        data = data[part]
    return data


def _reference(output: Document, calendar: "Calendar") -> date | None:
    """Return the reference date of a hub; None without one, or where it is wrong."""
    section = output.data["output"]
    for hub in section.values() if isinstance(section, dict) else ():
        written = hub.get("reference_date") if isinstance(hub, dict) else None
        if written is not None:
            try:
                is_relative = isinstance(written, str) and _FORM.fullmatch(written)
                return calendar.day(written) if is_relative else as_date(written)
            except (ValueError, DataError, UnreadableError, HubError):
                return None
    return None


class Calendar:
    """The days that relative dates stand for.

    Attributes
    ----------
    reference
        The reference date of the experiment; None before it is known.
    last
        The last observation; None where no date depends on it.
    """

    def __init__(self, files: ExperimentFiles, modelset: Document | None) -> None:
        self._files = files
        self._modelset = modelset
        self.last = files.last_observation
        self.reference: date | None = None

    def day(self, written: str) -> date:
        """Return the day of a relative date.

        Raises
        ------
        ValueError
            If the text has none of the forms, or what it is relative to is missing.
        DataError, UnreadableError, HubError
            If the observations cannot be read.
        """
        found = _FORM.fullmatch(written)
        if found is None:
            raise ValueError(f"is not a date; expected YYYY-MM-DD, or one of {FORMS}")
        steps = int(found["count"] or 0) * (7 if found["unit"] == "week" else 1)
        try:
            return self._anchor(found) + timedelta(days=-steps if found["sign"] == "-" else steps)
        except OverflowError:
            raise ValueError("is outside the calendar; expected another day") from None

    def explain(self, problem: Problem, resolved: Resolved) -> Problem:
        """Name what is written in YAML for the dates in a message that are not in the files."""
        dates = dict.fromkeys(_DATE.findall(problem.message))
        said = [
            f"{date} is {text!r}"
            for date in dates
            for text, day in resolved.values()
            if str(day) == date and text not in problem.message
        ]
        if not said:
            return problem
        bases = {"the reference date": self.reference, "today": self._files.today}
        said += [f"{base} is {day}" for base, day in bases.items() if day and str(day) not in dates]
        known = dict.fromkeys(said)
        return replace(problem, message=f"{problem.message} ({', '.join(known)})")

    def _anchor(self, found: re.Match[str]) -> date:
        if found["month"]:
            start = self.reference or self._today()
            month = int(found["month"])
            year = start.year - (start.month < _SEASON_BEGINS) + (month < _SEASON_BEGINS)
            try:
                return date(year, month, int(found["day"]))
            except ValueError:
                raise ValueError(f"is no day of {year}; expected another MM-DD") from None
        if found["anchor"] == LAST_OBSERVATION:
            return self._last_observation()
        if found["anchor"] == "reference date":
            if self.reference is None:
                raise ValueError("the output file has no reference_date of a hub; expected one")
            return self.reference
        today = self._today()
        if found["anchor"] == "today":
            return today
        weekday = _WEEKDAYS.index(found["weekday"] or "Saturday")
        return today + timedelta(days=(weekday - today.weekday()) % 7)

    def _today(self) -> date:
        if self._files.today is None:
            raise ValueError("nothing says which day is today; expected today: YYYY-MM-DD")
        return self._files.today

    def _last_observation(self) -> date:
        if self.last is None:
            if self._modelset is None:
                raise ValueError("there is no modelset file with a calibration; expected one")
            self.last = find_last_observation(self._modelset, self._files)
        return self.last


def find_last_observation(modelset: Document, files: ExperimentFiles) -> date:
    """Return the latest date on which any location has a value that was known.

    Raises
    ------
    ValueError, DataError, UnreadableError, HubError
        If the file is missing or cannot be read, or has no value.
    """
    try:
        section = modelset.data["modelset"]["calibration"]
        written = section["observed_data_path"]
        names = ("observed_date_column", "observed_value_column")
        pairs = [[str(each[name]) for name in names] for each in section["comparison"]]
    except (KeyError, TypeError):
        raise ValueError("the calibration does not say where observations are") from None
    known = section.get("observed_data_vintage")
    day = None if known is None else as_date(known)
    named = NamedFile((), str(written), vintage=day, observed=True)
    path = find_data_file(named, files, modelset.path)
    vintage = vintages.vintage_of(path, day, section.get("observed_as_of_column"))
    as_of = None if vintage is None else vintage.column
    columns = [name for pair in pairs for name in pair] + ([] if as_of is None else [as_of])
    table = read_observed(path, columns, section.get("observed_rows"))
    if as_of is not None:
        table = table.choose(table.days(as_of) <= str(day))
    dated = [
        text
        for days, values in pairs
        for text, value in zip(table.days(days), table.columns[values], strict=True)
        if value not in NO_VALUE and (day is None or text <= str(day))
    ]
    if not dated:
        raise ValueError(f"{path}: no date has a value{'' if day is None else f' as of {day}'}")
    return date.fromisoformat(max(dated))
