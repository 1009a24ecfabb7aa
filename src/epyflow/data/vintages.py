"""Select observations as they were known on a day, from dated files or by a column.

The vintage of a day is the latest one of that day or before. Later data are neither read nor
hashed, so they change no forecast and cause no rerun.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from epyflow.data.observed_table import observed_files, read_observed
from epyflow.data.sheet import Row
from epyflow.errors import DataError, UnreadableError
from epyflow.files import sha256_of
from forecast_hub.errors import HubError

AS_OF = "as_of"
"""The column that says when a row was known, unless the experiment names another."""

_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


@dataclass(frozen=True)
class Vintage:
    """The rows of a file that were known on a day.

    Attributes
    ----------
    day
        The last day whose data are known.
    column
        Column of the date on which a row was known; None if the whole file is one vintage.
    """

    day: date
    column: str | None = None

    def rows(self, rows: Iterable[Row], key: str) -> list[Row]:
        """Return the rows known on the day; of rows with the same date the latest known.

        Parameters
        ----------
        rows
            The rows of one location.
        key
            Column of the dates of observations.

        Raises
        ------
        DataError
            If two rows of one date were known on the same day.
        """
        known = [row for row in rows if row.day(key) <= self.day]
        column = self.column
        if column is None:
            return known
        latest: dict[date, Row] = {}
        for row in known:
            day, said = row.day(key), row.day(column)
            if said > self.day:
                continue
            before = latest.get(day)
            if before is not None and before.day(column) == said:
                raise row.error(key, f"{day} occurs twice as of {said}", "each date once")
            if before is None or before.day(column) < said:
                latest[day] = row
        return list(latest.values())


def data_key(written: str, day: date | None) -> str:
    """Return the key of a data file: its path in the YAML, and the date as of which it is read."""
    return written if day is None else f"{written} as of {day}"


def date_in(name: str) -> date | None:
    """Return the date in a file's name; None if it has no date, or more than one."""
    found = _DATE.findall(name)
    try:
        return date.fromisoformat(found[0]) if len(found) == 1 else None
    except ValueError:
        return None


def vintage_file(path: Path, day: date) -> Path:
    """Find the file that was known on a day.

    Parameters
    ----------
    path
        A folder of dated files; or one of several files whose names differ only in the date; or
        a single file, which is returned.
    day
        The latest file of this day or before is returned.

    Raises
    ------
    UnreadableError
        If there is no such file, there are two of the same date, or files of a folder differ in
        more than the date.
    """
    own = date_in(path.name)
    if (not path.is_dir() and own is None) or is_partitioned(path):
        return path
    folder = path if path.is_dir() else path.parent
    before, after = ("", "") if own is None or path.is_dir() else path.name.split(own.isoformat())
    dated = {
        each: found
        for each in sorted(folder.iterdir())
        if each.is_file()
        and not each.name.startswith(".")
        and (found := date_in(each.name)) is not None
        and (path.is_dir() or each.name == f"{before}{found}{after}")
    }
    if not dated:
        is_empty = all(each.name.startswith(".") for each in folder.iterdir())
        raise UnreadableError(
            f"{folder}: no file has a date in its name; expected YYYY-MM-DD"
            + (". The folder is empty: epyflow data fetch adds a file" if is_empty else "")
        )
    _refuse_several_series(folder, dated)
    known = {each: found for each, found in dated.items() if found <= day}
    if not known:
        raise UnreadableError(
            f"{folder}: no file is dated {day} or earlier; its files are dated "
            f"{min(dated.values())} to {max(dated.values())}: add an earlier file or "
            "choose a later date"
        )
    last = max(known.values())
    if Counter(known.values())[last] > 1:
        names = ", ".join(each.name for each, found in known.items() if found == last)
        raise UnreadableError(f"{folder}: several files are dated {last}: {names}; expected one")
    return next(each for each, found in known.items() if found == last)


def _refuse_several_series(folder: Path, dated: Mapping[Path, date]) -> None:
    """Refuse a folder whose files differ in more than the date."""
    series: dict[str, str] = {}
    for path, day in dated.items():
        name = path.name.removesuffix(".gz")
        series.setdefault(name.replace(day.isoformat(), "DATE"), path.name)
    if len(series) > 1:
        names = sorted(series.values())
        raise UnreadableError(
            f"{folder}: holds several series, or files beside them: {', '.join(names[:6])}; "
            "expected names that differ only in the date: move the others, or name one file of "
            f"the series, such as {names[0]}, whose vintages are those that differ in the date"
        )


def target_data_in(folder: Path) -> Path:
    """Return the target data of a hub's folder; of any other folder, the folder itself.

    Raises
    ------
    UnreadableError
        If the folder ``target-data`` has none that the hubverse names.
    """
    from forecast_hub.scoring.outcomes import find_target_data  # imported here: pandas takes time

    try:
        return find_target_data(folder)
    except HubError as error:
        raise UnreadableError(str(error)) from error


def is_partitioned(path: Path) -> bool:
    """Return whether a folder is one table, of folders named ``column=value``."""
    return path.is_dir() and any(each.is_dir() and "=" in each.name for each in path.iterdir())


def is_whole(path: Path) -> bool:
    """Return whether a whole file is one vintage, by the date in its name."""
    return date_in(path.name) is not None


def vintage_of(path: Path, day: date | None, column: str | None) -> Vintage | None:
    """Return the known rows of a file that was found; None for all rows."""
    if day is None:
        return None
    return Vintage(day, None if is_whole(path) else column or AS_OF)


def digest(path: Path, vintage: Vintage | None) -> str:
    """Hash the known rows of a file; rows that became known later do not change the hash.

    Raises
    ------
    UnreadableError, DataError
        If the file cannot be read, or its vintage column holds values that are not dates.
    """
    if vintage is None or vintage.column is None:
        return hash_file(path)
    table = read_observed(path, [vintage.column])
    seen = hashlib.sha256(",".join(table.columns).encode())
    try:
        known = table.days(vintage.column) <= vintage.day.isoformat()
    except HubError as error:
        raise DataError(str(error)) from error
    for cells in zip(*table.choose(known).columns.values(), strict=True):
        seen.update(("\n" + "\0".join(cells)).encode())
    return seen.hexdigest()


def hash_file(path: Path) -> str:
    """Hash a file, or the names and content of all files of a partitioned folder."""
    if not path.is_dir():
        return sha256_of(path)
    seen = hashlib.sha256()
    for each in observed_files(path):
        seen.update(f"{each.relative_to(path).as_posix()}\0{sha256_of(each)}\n".encode())
    return seen.hexdigest()


def check_column(header: Iterable[str], path: Path, column: str | None) -> None:
    """Refuse a single file that does not tell when its rows were known.

    Raises
    ------
    DataError
        If it has neither a date in its name nor the column.
    """
    wanted = column or AS_OF
    if not is_whole(path) and wanted not in header:
        raise DataError(
            f"{path} has neither a date in its name nor a column {wanted!r}; expected a folder of "
            "dated files, a file YYYY-MM-DD among others, or the column in observed_as_of_column"
        )
