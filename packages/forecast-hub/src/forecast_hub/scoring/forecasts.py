"""Predictions and outcomes, as the scores need them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from forecast_hub.config.hub import NA, STANDARD_COLUMNS
from forecast_hub.config.submission_file import parse_name, read_submission
from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.suggestions import listed

MODEL = "model"


def read_forecasts(paths: Sequence[Path]) -> pd.DataFrame:
    """Read submissions of any models into one frame.

    Parameters
    ----------
    paths
        ``<round>-<team>-<model>`` with suffix ``.csv``, ``.csv.gz`` or ``.parquet``.

    Returns
    -------
    pandas.DataFrame
        Columns: ``model`` (``<team>-<model>``), then those of the files: text, with ``value`` as
        float64.

    Raises
    ------
    UnreadableError
        If a file is not there, is no table, or its name tells no model.
    DataError
        If a file lacks a column, or a value is no number.
    """
    if not paths:
        raise UnreadableError("there are no forecasts; expected at least one file")
    return pd.concat([_read(Path(path)) for path in paths], ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    name = parse_name(plain)
    if name is None:
        raise UnreadableError(
            f"{path}: the name tells no model; expected <round>-<team>-<model>.csv"
        )
    frame = _gzipped(path) if path.suffix == ".gz" else read_submission(path).frame.copy()
    if missing := [column for column in STANDARD_COLUMNS if column not in frame]:
        raise DataError(f"{path}: no column {listed(missing)}; expected a hub's model output")
    frame["value"] = _numbers(frame["value"], path)
    frame.insert(0, MODEL, name.model_id)
    return frame


def _gzipped(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, compression="gzip")
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
    return frame.mask(frame == "", NA)


def _numbers(column: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        place = int(numbers.isna().to_numpy().argmax())
        raise DataError(f"{path}: value {column.iloc[place]!r} is no number; expected one")
    return numbers.astype("float64")


def read_outcomes(path: Path) -> pd.DataFrame:
    """Read a series of surveillance as it was known in the end.

    Parameters
    ----------
    path
        A csv file, may be gzipped, with columns ``date``, ``location`` and ``value``.

    Returns
    -------
    pandas.DataFrame
        Columns ``location``, ``target_end_date`` (text, YYYY-MM-DD) and ``observed`` (float64);
        weeks without a value are left out.

    Raises
    ------
    UnreadableError
        If the file is not there or is no table.
    DataError
        If a column is missing, or a week stands twice for a location.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
    wanted = ("date", "location", "value")
    if missing := [name for name in wanted if name not in frame]:
        raise DataError(f"{path}: no column {listed(missing)}; expected {listed(wanted)}")
    frame = frame[~frame["value"].isin(["", NA])]
    found = pd.DataFrame(
        {
            "location": frame["location"],
            "target_end_date": frame["date"],
            "observed": _numbers(frame["value"], path),
        }
    )
    keys = ["location", "target_end_date"]
    if found.duplicated(keys).any():
        first = found[found.duplicated(keys)].iloc[0]
        raise DataError(
            f"{path}: {first['target_end_date']} stands twice for location {first['location']}; "
            "expected it once"
        )
    return found.reset_index(drop=True)
