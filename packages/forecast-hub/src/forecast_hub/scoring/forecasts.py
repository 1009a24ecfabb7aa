"""Read submissions for scoring."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast_hub.config.hub import NA, STANDARD_COLUMNS, Hub
from forecast_hub.config.submission_file import FileName, parse_name, read_submission
from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.scoring.horizon_ends import check_periods
from forecast_hub.scoring.task_ids import END, REFERENCE_DATE, check_forms, check_values
from forecast_hub.suggestions import listed
from forecast_hub.tables import read_table

MODEL = "model"
NEEDED = ("target", "location", REFERENCE_DATE, END)
"""Columns by which forecasts meet what was observed."""
_OTHER_NAMES = {"origin_date": REFERENCE_DATE, "target_date": END}
"""What European and scenario hubs call the column of the round, and others the end of a week."""
_OURS = frozenset(
    (
        *(MODEL, "scale", "observed", "median", "wis", "dispersion", "underprediction", "level"),
        *("overprediction", "ae_median", "covered_50", "covered_90", "covered_95", "pit_low"),
        *("pit_high", "category", "probability", "log_score", "samples", "crps", "horizons"),
        *("energy_score", "forecasts", "count", "met"),
    )
)
"""Columns that scores add to those of the forecasts."""
_ROUNDING = 1e-9
"""How far a probability may be below 0 or above 1, as sums of numbers are."""


def read_forecasts(
    paths: Sequence[Path], hub: Hub | None = None, *, is_named: bool = True
) -> pd.DataFrame:
    """Read submissions of any models into one frame.

    Parameters
    ----------
    paths
        ``<round>-<team>-<model>`` with suffix ``.csv``, ``.csv.gz`` or ``.parquet``.
    hub
        The hub whose targets, locations and ends of periods they have; None if it is not known.
    is_named
        Whether the caller named the files: see
        :func:`forecast_hub.scoring.task_ids.check_values`.

    Returns
    -------
    pandas.DataFrame
        Columns: ``model`` (``<team>-<model>``), then those of the files, as text; ``value`` is
        float64. See :func:`standard_names`.

    Raises
    ------
    UnreadableError
        If a file is missing or is not a table, or its name has no model.
    DataError
        If a column is missing or has a name that scores use, a value is not a finite number, a
        level of a quantile or a probability is not from 0 to 1, a task id is not written as hubs
        write it or contradicts another one or the file's name, or two files are of one model and
        round.
    """
    if not paths:
        raise UnreadableError("there are no forecasts; expected at least one file")
    refuse_same_names(paths)
    found = [_read(Path(path), hub, is_named=is_named) for path in paths]
    return pd.concat(found, ignore_index=True)


def refuse_same_names(paths: Iterable[Path]) -> None:
    """Refuse two files of one model and round: their rows would count twice.

    Raises
    ------
    DataError
        Naming both.
    """
    by_name: dict[FileName, Path] = {}
    for path in paths:
        by_name[refuse_same_name(path, by_name)] = path


def refuse_same_name(path: Path, others: Mapping[FileName, Path]) -> FileName:
    """Return the parts of a file's name; a DataError if another file has the same ones."""
    name = parse_submission_name(path)
    other = others.get(name, path)
    if other is not path:
        raise DataError(
            f"{path}: is of the same model and round as {other}; expected one file of each"
        )
    return name


def standard_names(columns: Iterable[str]) -> list[str]:
    """Return the names of columns, with one for the round, and one for the end of a week."""
    given = list(columns)
    return [
        other if (other := _OTHER_NAMES.get(name, name)) not in given else name for name in given
    ]


def require_columns(forecasts: pd.DataFrame, names: Iterable[str], why: str) -> None:
    """Refuse forecasts some of whose files lack a column.

    Parameters
    ----------
    forecasts
        From :func:`read_forecasts`.
    names
        The columns.
    why
        What they are needed for.

    Raises
    ------
    DataError
        Naming the first model that lacks one, or if there are no rows and no such column.
    """
    for name in names:
        if forecasts.empty and name not in forecasts:
            raise DataError(f"there are no forecasts with a column {name}, {why}; expected some")
        lacking = forecasts[name].isna() if name in forecasts else pd.Series(data=[True])
        if lacking.any():
            model = forecasts[MODEL].iloc[int(lacking.argmax())]
            raise DataError(f"{model}: its forecasts have no column {name}, {why}")


def fill_task_ids(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts of several files with ``NA``, as hubs write it, for columns that some lack.

    Rounds of a hub may have other columns, and a forecast is found by all of them.
    """
    tasks = [name for name in forecasts.columns if name not in (MODEL, *STANDARD_COLUMNS)]
    return forecasts.assign(**{name: forecasts[name].fillna("NA") for name in tasks})


def _read(path: Path, hub: Hub | None, *, is_named: bool) -> pd.DataFrame:
    name = parse_submission_name(path)
    frame = _with_lines(path)
    if missing := [column for column in STANDARD_COLUMNS if column not in frame]:
        raise DataError(f"{path}: no column {listed(missing)}; expected a hub's model output")
    if ours := sorted(_OURS.intersection(frame.columns)):
        raise DataError(f"{path}: the column {ours[0]} has a name that scores use; rename it")
    frame["value"] = _numbers(frame["value"], path)
    frame.columns = pd.Index(standard_names(frame.columns))
    at = partial(_at, path)
    check_forms(frame, at, name.round_id)
    if hub is not None:
        check_values(frame, at, hub, is_named=is_named)
    check_periods(frame, at, hub)
    _check_ranges(frame, path)
    frame.insert(0, MODEL, name.model_id)
    return frame


def find_location(paths: Iterable[Path], location: str) -> str:
    """Return the file and the line where a location of forecasts is first, for messages."""
    for path in paths:
        frame = _with_lines(path)
        lines = frame.index[frame["location"] == location] if "location" in frame else pd.Index([])
        if len(lines):
            return _at(path, lines[0])
    return "the forecasts"


def _check_ranges(frame: pd.DataFrame, path: Path) -> None:
    """Refuse levels and probabilities out of range, and round probabilities into it."""
    kinds = frame["output_type"]
    levels = pd.to_numeric(frame["output_type_id"].where(kinds == "quantile"), errors="coerce")
    wrong = (kinds == "quantile") & ~levels.between(0, 1)
    if wrong.any():
        line, text = next(frame["output_type_id"][wrong].items())
        raise DataError(
            f"{_at(path, line)}: quantile {text!r} is no level; expected a number from 0 to 1"
        )
    given = kinds.isin(("pmf", "cdf"))
    wrong = given & ~frame["value"].between(-_ROUNDING, 1 + _ROUNDING)
    if wrong.any():
        line, value = next(frame["value"][wrong].items())
        raise DataError(
            f"{_at(path, line)}: {float(value)!r} is no probability; expected a number from 0 to 1"
        )
    frame["value"] = frame["value"].mask(given, frame["value"].clip(0, 1))


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


def _with_lines(path: Path) -> pd.DataFrame:
    """Return the cells as text, by their lines or, in a parquet file, their rows."""
    if path.suffix == ".gz":
        table = read_table(path)
        _, _, lines = table.files[0]
        return table.frame.mask(table.frame == "", NA).set_axis(pd.Index(lines))
    file = read_submission(path)
    return file.frame.set_axis(pd.Index(file.numbers))


def _at(path: Path, line: Any) -> str:
    return f"{path}, {'row' if path.suffix == '.parquet' else 'line'} {line}"


def _numbers(column: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = ~np.isfinite(numbers.to_numpy())
    if wrong.any():
        line, text = next(column[wrong].items())
        raise DataError(f"{_at(path, line)}: value {text!r} is no number; expected a finite one")
    return numbers
