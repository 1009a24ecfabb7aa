"""Read the hub's table of locations: code, abbreviation, population."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from forecast_hub.errors import HubError, UnreadableError
from forecast_hub.limited_files import open_table
from forecast_hub.suggestions import did_you_mean, listed


@dataclass(frozen=True)
class Place:
    """A location of a hub.

    Attributes
    ----------
    code
        Its value in the column ``location``, such as ``06`` or ``US``.
    abbreviation
        Such as ``CA``; the code if the table has no abbreviations.
    population
        Number of persons.
    name
        Such as ``California``; empty if the table has no names.
    """

    code: str
    abbreviation: str
    population: int
    name: str = ""


def read_locations(
    path: Path, column: str = "location", field: str = "population"
) -> dict[str, float]:
    """Read one number for each location.

    Raises
    ------
    UnreadableError
        If the file is not a table.
    HubError
        If a column is missing, or a value is not a positive number.
    """
    table = _table(path)
    for name in (column, field):
        if name not in table:
            raise HubError(
                f"{path}: no column {name!r}{did_you_mean(name, table.columns)}; the columns are "
                f"{listed(table.columns)}"
            )
    numbers = pd.to_numeric(table[field], errors="coerce")
    wrong = table[~(numbers > 0)]
    if len(wrong):
        line = int(wrong.index[0]) + 2
        raise HubError(
            f"{path}, line {line}: {field} is {wrong[field].iloc[0]!r}; expected a positive number"
        )
    if table[column].duplicated().any():
        name = table[column][table[column].duplicated()].iloc[0]
        raise HubError(f"{path}: {column} {name!r} is there twice; expected it once")
    return dict(zip(table[column].astype(str), numbers.astype(float), strict=True))


def read_places(path: Path) -> dict[str, Place]:
    """Read the locations by code.

    Raises
    ------
    UnreadableError, HubError
        As :func:`read_locations`.
    """
    persons = read_locations(path)
    table = _table(path)
    short = table["abbreviation"] if "abbreviation" in table else table["location"]
    long = table["location_name"] if "location_name" in table else [""] * len(table)
    names = dict(zip(table["location"], zip(short, long, strict=True), strict=True))
    return {
        code: Place(code, str(names[code][0]), round(number), str(names[code][1]))
        for code, number in persons.items()
    }


def _table(path: Path) -> pd.DataFrame:
    try:
        with open_table(path) as file:
            return pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
