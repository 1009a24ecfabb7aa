"""Read target data: what was observed, to score forecasts against."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecast_hub.config.locations import Place
from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.limited_files import SUFFIXES
from forecast_hub.mixed_series import find_mixed_series
from forecast_hub.suggestions import find_code_with_zeros, listed
from forecast_hub.tables import Table, read_table

TARGET = "target"
DATE_COLUMNS = ("date", "target_end_date", "truth_date")
VALUE_COLUMNS = ("value", "observation", "oracle_value")
FOLDER = "target-data"
"""The folder of target data in a hub: hubverse documentation, "Target data"."""

KINDS = ("time-series", "oracle-output")
"""Names of target data, the first that a hub has is read; without suffix a partitioned folder."""

_OF_HUBS = ("hub-config", "tasks.json", "model-output", "model-metadata", "auxiliary-data")
"""What a hub holds besides target data: hubverse documentation, "Hub repository structure"."""

AS_OF = "as_of"
_REQUIRED = (DATE_COLUMNS, ("location",), VALUE_COLUMNS)
_OF_CLASSES = ("pmf", "cdf")
_OF_OUTPUTS = ("output_type", "output_type_id")
_BUCKET = re.compile(r"[a-z0-9]{2,}:/")


def find_target_data(path: Path) -> Path:
    """Return the file or partitioned folder of target data that a path names.

    Parameters
    ----------
    path
        A file, a partitioned folder, or a hub's folder, which has ``target-data/``.

    Raises
    ------
    UnreadableError
        If there is none, or if it is the address of a bucket.
    """
    if _BUCKET.match(str(path)):
        raise UnreadableError(
            f"{path}: target data are not read from a bucket; expected a file or folder on this "
            "machine: copy the hub's hub-config/ and target-data/ by 'gcloud storage cp -r' or "
            "'aws s3 cp --recursive'"
        )
    if not path.exists():
        raise UnreadableError(f"{path}: no such file; expected target data")
    folder = path / FOLDER
    if not folder.is_dir():
        folder = path
    if path.is_file():
        return path
    if not (folder == path / FOLDER or path.name == FOLDER or _named(folder)):
        _refuse_hub(path)
        return path
    if not _named(folder):
        raise UnreadableError(
            f"{folder}: has no {' or '.join(KINDS)} with {listed(SUFFIXES)}, and no folder of "
            "this name; expected one, or the path of the file that the hub calls otherwise"
        )
    return _named(folder)[0]


def _refuse_hub(folder: Path) -> None:
    """Refuse a hub's folder, whose tables are no target data, if it has no folder of them."""
    parts = [name for name in _OF_HUBS if (folder / name).exists()]
    if parts:
        raise UnreadableError(
            f"{folder}: is a hub's folder ({listed(parts)}) without {FOLDER}/; expected "
            f"{folder / FOLDER}/{KINDS[0]}{SUFFIXES[0]} or another of its forms, or the path of a "
            "file of target data: a copy of a part of a hub may lack the folder"
        )


def _named(folder: Path) -> list[Path]:
    names = [f"{kind}{suffix}" for kind in KINDS for suffix in (*SUFFIXES, "")]
    return [folder / name for name in names if (folder / name).exists()]


def read_outcomes(
    path: Path,
    task_ids: Collection[str] = (),
    locations: Collection[str] = (),
    names: Iterable[Sequence[str]] = (),
    known_on: str | None = None,
    at: Callable[[str], str] | None = None,
) -> pd.DataFrame:
    """Read the latest version of target data.

    Parameters
    ----------
    path
        A csv file, may be gzipped, a parquet file, a folder partitioned by columns, or a hub's
        folder. It has the columns ``location``, a date (``date``, ``target_end_date`` or
        ``truth_date``) and a value (``value``, ``observation`` or ``oracle_value``); with
        ``target`` where it says what is observed, ``as_of`` where it holds several versions.
        Source of the names: hubverse documentation, "Target data"
        (https://docs.hubverse.io/en/latest/user-guide/target-data.html).
    task_ids
        Columns of the forecasts, which identify outcomes where target data have them, too.
    locations
        Locations of the forecasts; rows of other places are left out. Empty: all are read.
    names
        The names of each place, in any letter case: see :func:`names_of_places`.
    known_on
        Rows with a later ``as_of`` are left out; None: all are read.
    at
        Names the file where a location of the forecasts is, for the message that it has lost its
        zeros. None: locations are spellings of places, of which one may be without zeros.

    Returns
    -------
    pandas.DataFrame
        Columns ``location``, ``target_end_date`` (text, YYYY-MM-DD), further task ids that the
        file has, such as ``target`` and ``age_group``, and ``observed`` (float64). Weeks without
        a value are left out.

    Raises
    ------
    UnreadableError
        If the file is missing or is not a table.
    DataError
        If a column is missing, a date or value is wrong, a location has lost its zeros, here or in
        the forecasts, an outcome is there twice, rows are of several series, or all became known
        later.
    """
    table = read_table(find_target_data(path))
    if "output_type" in table.frame:
        table = table.choose(~table.frame["output_type"].isin(_OF_CLASSES))
    if TARGET not in table.frame:
        written = [name for name in table.frame if str(name).casefold() == TARGET]
        if written:
            raise DataError(
                f"{path}: the column {written[0]} is not read; expected its name target"
            )
    day, location, value = _columns(table)
    found = pd.DataFrame(
        {
            "location": _locations(table, location, locations, names, at),
            "target_end_date": table.days(day),
        }
    )
    kept = [
        name for name in table.frame if name in (TARGET, *task_ids) and name not in (day, value)
    ]
    found = found.assign(**{name: table.frame[name] for name in kept if name not in found})
    keys = [str(name) for name in found]
    if AS_OF in table.frame:
        found[AS_OF] = table.days(AS_OF)
        if known_on is not None:
            found = _known(found, known_on, path)
    found = found[found["location"].notna()]
    chosen = table.choose(np.isin(table.index, found.index))
    _refuse_mixed(chosen, [location, *kept], day, value)
    found["observed"] = chosen.numbers(value)
    # The latest version counts, with a value or without: what was withdrawn is no outcome.
    found = _latest(found, keys)
    found = found[found["observed"].notna()]
    _refuse_repeats(found, keys, table, day)
    return found[[*keys, "observed"]].reset_index(drop=True)


def _known(found: pd.DataFrame, day: str, path: Path) -> pd.DataFrame:
    known = found[found[AS_OF] <= day]
    if known.empty and len(found):
        raise DataError(
            f"{path}: its first version is of {found[AS_OF].min()}, after {day}; expected what was "
            "known then, or a file without as_of"
        )
    return known


def _refuse_mixed(table: Table, keys: list[str], day: str, value: str) -> None:
    as_of = AS_OF if AS_OF in table.frame else None
    mixed = find_mixed_series(table, list(dict.fromkeys(keys)), day, as_of, [value, *_OF_OUTPUTS])
    if mixed is not None:
        raise table.error(
            mixed.row,
            mixed.column,
            f"the outcomes of one place and target have several values: {listed(mixed.values)}",
            f"one, or a task id of the forecasts of this name: keep the rows of {mixed.usual}",
        )


def _columns(table: Table) -> list[str]:
    found = [next((name for name in names if name in table.frame), None) for names in _REQUIRED]
    if missing := [names[0] for names, name in zip(_REQUIRED, found, strict=True) if name is None]:
        expected = listed(" or ".join(names) for names in _REQUIRED)
        raise DataError(f"{table.path}: no column {listed(missing)}; expected {expected}")
    return [str(name) for name in found]


def _latest(found: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the latest version of each outcome; equal rows are one."""
    if AS_OF in found:
        last = found.groupby(keys, sort=False)[AS_OF].transform("max")
        found = found[found[AS_OF] == last]
    return found.drop_duplicates([*keys, "observed"])


def _refuse_repeats(found: pd.DataFrame, keys: list[str], table: Table, day: str) -> None:
    repeated = found[found.duplicated(keys)]
    if len(repeated):
        first = repeated.iloc[0]
        told = ", ".join(f"{name} {first[name]}" for name in keys if name != "target_end_date")
        raise table.error(
            int(repeated.index[0]),
            day,
            f"{first['target_end_date']} stands twice for {told}",
            "it once, or a column as_of that tells the versions apart",
        )


def _locations(
    table: Table,
    column: str,
    wanted: Collection[str],
    names: Iterable[Sequence[str]],
    at: Callable[[str], str] | None,
) -> pd.Series:
    """Return the forecasts' names of locations; missing where there are no forecasts."""
    texts = table.frame[column]
    if not len(wanted):
        return texts
    spellings = [*names]
    other = {
        name.casefold(): code
        for each in spellings
        for code in each
        if code in wanted
        for name in each
    }
    codes = {
        text: text if text in wanted else other.get(text.casefold()) for text in texts.unique()
    }
    if at is not None:
        there = [*codes, *(name for each in spellings for name in each)]
        _refuse_lost_zeros({*wanted}.difference(codes.values()), there, table.path, at)
    for text, code in codes.items():
        if code is None and (whole := find_code_with_zeros(text, wanted)):
            row = int(texts.index[texts == text][0])
            problem = f"{text!r} is no location of the forecasts"
            raise table.error(row, column, problem, f"{whole}; spreadsheets drop leading zeros")
    return texts.map(codes)


def _refuse_lost_zeros(
    lacking: Iterable[str], there: Sequence[str], path: Path, at: Callable[[str], str]
) -> None:
    """Refuse a location without an outcome that is written with more zeros elsewhere."""
    for code in sorted(lacking):
        whole = find_code_with_zeros(code, there)
        if whole is not None and len(whole) >= len(code.removesuffix(".0")) and whole != code:
            raise DataError(
                f"{at(code)}: location {code!r} is no location of {path}; expected {whole!r}: "
                "spreadsheets drop leading zeros"
            )


def names_of_places(places: Mapping[str, Place]) -> list[tuple[str, ...]]:
    """Return the names of each place of a hub: code, abbreviation and name."""
    return [
        tuple(name for name in (code, place.abbreviation, place.name) if name)
        for code, place in places.items()
    ]
