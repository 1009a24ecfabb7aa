"""Write rows as a submission."""

from pathlib import Path

import pandas as pd

from forecast_hub.atomic_files import replacing
from forecast_hub.config.column_types import format_value
from forecast_hub.config.submission_file import parse_name
from forecast_hub.dates import parse_date
from forecast_hub.errors import UnreadableError


def round_of(path: Path) -> str:
    """Return the reference date in the name of a submission that is to be written.

    Raises
    ------
    UnreadableError
        If the name is not ``<date>-<team>-<model>.csv``.
    """
    name = parse_name(path)
    if path.suffix != ".csv" or name is None or parse_date(name.round_id) is None:
        raise UnreadableError(
            f"{path}: cannot be the file of a submission; expected <date>-<team>-<model>.csv"
        )
    return name.round_id


def write_rows(rows: pd.DataFrame, path: Path) -> None:
    """Write rows as csv, atomically; equal rows give equal bytes.

    Raises
    ------
    UnreadableError
        If the file cannot be written.
    """
    texts = rows.assign(value=[format_value(float(value)) for value in rows["value"]])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            texts.to_csv(partial, index=False, lineterminator="\n")
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be written ({error.strerror})") from None
