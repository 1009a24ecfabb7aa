"""Read submissions and target data for scoring."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from forecast_hub.config.hub import NA, STANDARD_COLUMNS
from forecast_hub.config.submission_file import FileName, parse_name, read_submission
from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.suggestions import listed

MODEL = "model"

_OUTCOME_COLUMNS = (("date", "target_end_date"), ("location",), ("value", "observation"))
"""Names of the columns of target data; the first name that the file has is used."""


def read_forecasts(paths: Sequence[Path]) -> pd.DataFrame:
    """Read submissions of any models into one frame.

    Parameters
    ----------
    paths
        ``<round>-<team>-<model>`` with suffix ``.csv``, ``.csv.gz`` or ``.parquet``.

    Returns
    -------
    pandas.DataFrame
        Columns: ``model`` (``<team>-<model>``), then those of the files, as text; ``value`` is
        float64.

    Raises
    ------
    UnreadableError
        If a file is missing or is not a table, or its name has no model.
    DataError
        If a column is missing, a value is not a finite number, or a reference date is no date.
    """
    if not paths:
        raise UnreadableError("there are no forecasts; expected at least one file")
    return pd.concat([_read(Path(path)) for path in paths], ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    name = parse_submission_name(path)
    frame = _gzipped(path) if path.suffix == ".gz" else read_submission(path).frame.copy()
    if missing := [column for column in STANDARD_COLUMNS if column not in frame]:
        raise DataError(f"{path}: no column {listed(missing)}; expected a hub's model output")
    frame["value"] = _numbers(frame["value"], path)
    _check_reference_dates(frame, path)
    frame.insert(0, MODEL, name.model_id)
    return frame


def _check_reference_dates(frame: pd.DataFrame, path: Path) -> None:
    """Refuse dates that are not of the form that scoring reads and orders by its text."""
    for text in frame.get("reference_date", pd.Series(dtype=str)).unique():
        try:
            standard = date.fromisoformat(text).isoformat() == text
        except (TypeError, ValueError):
            standard = False
        if not standard:
            raise DataError(f"{path}: reference_date {text!r} is no date; expected YYYY-MM-DD")


def parse_submission_name(path: Path) -> FileName:
    """Split the name of a submission, which may be gzipped.

    Raises
    ------
    UnreadableError
        If it is not ``<round>-<team>-<model>.<format>``.
    """
    name = parse_name(path.with_suffix("") if path.suffix == ".gz" else path)
    if name is None:
        raise UnreadableError(
            f"{path}: the name tells no model; expected <round>-<team>-<model>.csv"
        )
    return name


def _gzipped(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, compression="gzip")
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
    return frame.mask(frame == "", NA)


def _numbers(column: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = ~np.isfinite(numbers.to_numpy())
    if wrong.any():
        text = column.iloc[int(wrong.argmax())]
        raise DataError(f"{path}: value {text!r} is no number; expected a finite one")
    return numbers


def read_outcomes(path: Path) -> pd.DataFrame:
    """Read the latest version of target data.

    Parameters
    ----------
    path
        A csv file, may be gzipped, or a parquet file, with the columns ``location``, ``date`` or
        ``target_end_date``, and ``value`` or ``observation``; with ``target`` where it holds
        several targets, and ``as_of`` where it holds several versions. Source of the second
        names: hubverse documentation, "Target data", "Time series"
        (https://docs.hubverse.io/en/latest/user-guide/target-data.html).

    Returns
    -------
    pandas.DataFrame
        Columns ``location``, ``target_end_date`` (text, YYYY-MM-DD) and ``observed`` (float64),
        preceded by ``target`` if there are several; weeks without a value are left out.

    Raises
    ------
    UnreadableError
        If the file is missing or is not a table.
    DataError
        If a column is missing, or a location has a week twice.
    """
    frame = _observations(path)
    named = [_first(frame, names) for names in _OUTCOME_COLUMNS]
    if missing := [
        names[0] for names, name in zip(_OUTCOME_COLUMNS, named, strict=True) if name is None
    ]:
        expected = listed(" or ".join(names) for names in _OUTCOME_COLUMNS)
        raise DataError(f"{path}: no column {listed(missing)}; expected {expected}")
    day, location, value = map(str, named)
    frame = frame[~frame[value].isin(["", NA])]
    found = pd.DataFrame(
        {
            "location": frame[location],
            "target_end_date": frame[day],
            "observed": _numbers(frame[value], path),
        }
    )
    keys = ["location", "target_end_date"]
    if "target" in frame and len(frame["target"].unique()) > 1:
        found.insert(0, "target", frame["target"])
        keys = ["target", *keys]
    if "as_of" in frame:
        order = frame["as_of"].sort_values(kind="stable").index
        found = found.loc[order].drop_duplicates(keys, keep="last").sort_index()
    if found.duplicated(keys).any():
        first = found[found.duplicated(keys)].iloc[0]
        raise DataError(
            f"{path}: {first['target_end_date']} stands twice for location {first['location']}; "
            "expected it once"
        )
    return found.reset_index(drop=True)


def _observations(path: Path) -> pd.DataFrame:
    """Read a table as text."""
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            return frame.astype("string").fillna("").astype(object)
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None


def _first(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in frame), None)
