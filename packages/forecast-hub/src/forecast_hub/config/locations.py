"""Read the hub's table of locations: code, abbreviation, population."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast_hub.errors import HubError
from forecast_hub.suggestions import did_you_mean, listed
from forecast_hub.tables import read_table


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
    table = read_table(path)
    for name in (column, field):
        if name not in table.columns:
            raise HubError(
                f"{path}: no column {name!r}{did_you_mean(name, table.columns)}; the columns are "
                f"{listed(table.columns)}"
            )
    codes, texts = table.columns[column], table.columns[field]
    numbers = pd.to_numeric(pd.Series(texts, dtype="str"), errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers > 0)))
    if len(wrong):
        _, line = table.place(int(wrong[0]))
        raise HubError(
            f"{path}, line {line}: {field} is {texts[wrong[0]]!r}; expected a positive number"
        )
    if twice := [code for code, times in Counter(codes).items() if times > 1]:
        _, line = table.place([row for row, code in enumerate(codes) if code == twice[0]][1])
        raise HubError(
            f"{path}, line {line}: {column} {twice[0]!r} is there twice; expected it once"
        )
    return dict(zip(codes, numbers.tolist(), strict=True))


def read_places(path: Path) -> dict[str, Place]:
    """Read the locations by code.

    Raises
    ------
    UnreadableError, HubError
        As :func:`read_locations`.
    """
    persons = read_locations(path)
    columns = read_table(path).columns
    short = columns.get("abbreviation", columns["location"])
    long = columns.get("location_name", [""] * len(persons))
    return {
        code: Place(code, abbreviation, round(number), name)
        for (code, number), abbreviation, name in zip(persons.items(), short, long, strict=True)
    }
