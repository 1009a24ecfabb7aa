"""Run the checks that a hub adds in ``validations.yml``.

Two functions are known: dates that follow from horizons, and counts below the population.

Source: hubValidations, "Deploying custom validation functions"
(https://hubverse-org.github.io/hubValidations/articles/deploying-custom-functions.html). The file
may have R expressions after ``!expr``. They are read as text and never evaluated; two forms are
understood: a list of targets and a period.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from forecast_hub.checks.row_tasks import Rows
from forecast_hub.config.hub import NA
from forecast_hub.config.locations import read_locations
from forecast_hub.errors import HubError, UnreadableError, YamlError
from forecast_hub.findings import Finding, cap_findings
from forecast_hub.yaml_loader import LimitedLoader, load, read_text

DATES = "opt_check_tbl_horizon_timediff"
PERSONS = "opt_check_tbl_counts_lt_popn"

_ENTRY = re.compile(r"""(?<![\w.])([\w.]+)["']?\s*=\s*["']([^"']*)["']""")
_PERIOD = re.compile(r"(?:lubridate::)?(days|weeks)\(\s*(?:x\s*=\s*)?(\d{0,6})\s*\)")

_MOST_DAYS = 1_000_000
"""Days of a horizon that are added to a date."""


class _Loader(LimitedLoader):
    """Read ``!expr`` as text."""

    tags = LimitedLoader.tags | {"!expr"}


def _as_text(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    return str(node.value)


_Loader.add_constructor("!expr", _as_text)


@dataclass(frozen=True)
class CustomCheck:
    """A check in ``validations.yml``: its name, its R function and the arguments."""

    name: str
    function: str
    arguments: Mapping[str, Any]


def read_custom_checks(path: Path | None, round_id: str) -> list[CustomCheck]:
    """Read the checks of model output that apply to a round.

    Raises
    ------
    UnreadableError
        If the file is not YAML.
    HubError
        If a check has no function.
    """
    if path is None:
        return []
    try:
        data = load(read_text(path), _Loader)
    except YamlError as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
    found: dict[str, CustomCheck] = {}
    for section in ("default", round_id):
        group = _mapping(path, _mapping(path, data, "").get(section), section)
        checks = _mapping(path, group.get("validate_model_data"), f"{section}.validate_model_data")
        for name, given in checks.items():
            key = f"{section}.validate_model_data.{name}"
            entry = _mapping(path, given, key)
            function = str(entry.get("fn", "")).rpartition("::")[2]
            if not function:
                raise HubError(f"{path}: {key}.fn: is missing; expected the name of a function")
            arguments = _mapping(path, entry.get("args"), f"{key}.args")
            found[str(name)] = CustomCheck(str(name), function, arguments)
    return list(found.values())


def _mapping(path: Path, value: Any, key: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise HubError(f"{path}: {key or 'the file'}: is no mapping; expected key: value")
    return {str(name): each for name, each in value.items()}


def check_custom(rows: Rows, checks: list[CustomCheck], locations: Path | None) -> list[Finding]:
    """Run the hub's own checks, and add a note for each function that is not known here."""
    findings: list[Finding] = []
    for check in checks:
        if check.function == DATES:
            findings += cap_findings(list(_dates(rows, check)))
        elif check.function == PERSONS:
            findings += cap_findings(list(_persons(rows, check, locations)))
        else:
            message = f"the hub's own check {check.name!r} ({check.function}) is not made here"
            findings.append(Finding(check.name, message, "note"))
    return findings


def _dates(rows: Rows, check: CustomCheck) -> Iterator[Finding]:
    """Check ``t1 = t0 + horizon * period`` in rows that have all three."""
    start, end = str(check.arguments.get("t0_colname")), str(check.arguments.get("t1_colname"))
    horizon = str(check.arguments.get("horizon_colname", "horizon"))
    frame = rows.file.frame
    if missing := [name for name in (start, end, horizon) if name not in frame]:
        raise HubError(f"validations.yml: {check.name}: there is no column {missing[0]!r}")
    period = _period(check)
    there = (frame[[start, end, horizon]] != NA).all(axis=1)
    first = pd.to_datetime(frame[start].where(there), format="%Y-%m-%d", errors="coerce")
    last = pd.to_datetime(frame[end].where(there), format="%Y-%m-%d", errors="coerce")
    days = pd.to_numeric(frame[horizon].where(there), errors="coerce") * period
    # Texts that are not dates or whole numbers are reported with the permitted values.
    known = there & first.notna() & last.notna() & (days.abs() <= _MOST_DAYS) & (days % 1 == 0)
    later = days[known].to_numpy(np.int64).astype("timedelta64[D]")
    due = first[known].to_numpy("datetime64[D]") + later
    wrong = due != last[known].to_numpy("datetime64[D]")
    expected = pd.Series(np.datetime_as_string(due), index=frame.index[known])
    for values, group in frame[known][wrong].groupby([start, horizon, end], sort=False):
        yield Finding(
            check.name,
            f"{end} is {values[2]} at {horizon} {values[1]} from {values[0]}; expected "
            f"{expected[group.index[0]]}",
            rows=rows.lines(group.index),
            unit=rows.file.unit,
        )


def _period(check: CustomCheck) -> int:
    """Return the number of days of one horizon."""
    given = check.arguments.get("timediff")
    if given is None:
        return 7
    match = _PERIOD.fullmatch(str(given).strip())
    if match is None:
        raise HubError(
            f"validations.yml: {check.name}: timediff {given!r} is not understood; expected a "
            "period such as lubridate::weeks(1) or lubridate::days(1)"
        )
    return (7 if match[1] == "weeks" else 1) * int(match[2] or 1)


def _persons(rows: Rows, check: CustomCheck, locations: Path | None) -> Iterator[Finding]:
    """Check that counts are below the population of their location."""
    column = str(check.arguments.get("location_col", "location"))
    if locations is None:
        message = "the hub has no table of locations, so values were not compared with populations"
        yield Finding(check.name, message, "warning")
        return
    if column not in rows.file.frame:
        raise HubError(f"validations.yml: {check.name}: there is no column {column!r}")
    field = str(check.arguments.get("popn_col", "population"))
    persons = read_locations(locations, column, field)
    mine = _of_targets(rows.file.frame, check)
    place = rows.file.frame[column]
    limit = place.map(persons).to_numpy(dtype=np.float64)
    unknown = mine & np.isnan(limit) & place.isin(_places(rows, column)).to_numpy()
    for name, group in place[unknown].groupby(place[unknown], sort=False):
        message = f"{locations.name} has no population of {column} {name}"
        lines = rows.lines(group.index)
        yield Finding(check.name, message, "warning", lines, rows.file.unit)
    over = mine & (rows.value >= limit)
    for name, group in place[over].groupby(place[over], sort=False):
        largest = rows.value[np.asarray(group.index)].max()
        yield Finding(
            check.name,
            f"values for {column} {name} reach {largest:,.0f}; expected fewer than its population "
            f"of {persons[str(name)]:,.0f}",
            rows=rows.lines(group.index),
            unit=rows.file.unit,
        )


def _places(rows: Rows, column: str) -> set[str]:
    return {
        name
        for task in rows.round.model_tasks
        if column in task.columns
        for name in task.columns[column].permitted
    }


def _of_targets(frame: pd.DataFrame, check: CustomCheck) -> NDArray[np.bool_]:
    """Return the rows of the targets that the check names; without a name, all rows."""
    given = check.arguments.get("targets")
    if given is None:
        return np.ones(len(frame), dtype=bool)
    entries = list(given.items()) if isinstance(given, Mapping) else _ENTRY.findall(str(given))
    if not entries:
        raise HubError(
            f"validations.yml: {check.name}: targets {given!r} is not understood; expected a list "
            "such as list(target = 'wk inc flu hosp')"
        )
    found = np.zeros(len(frame), dtype=bool)
    for column, value in entries:
        if column in frame:
            found |= (frame[column] == value).to_numpy()
    return found
