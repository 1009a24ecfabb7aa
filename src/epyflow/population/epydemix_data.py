"""Read populations in the layout of epydemix-data.

    locations.csv                                       location,primary_contact_source,...
    data/<name>/demographic/age_distribution.csv        group_name,value
    data/<name>/contact_matrices/<source>/contacts_matrix_<layer>.csv

Source: https://github.com/epistorm/epydemix-data, README.md.
"""

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import Population
from epyflow.errors import PopulationError
from epyflow.files import LEADS_OUT, Holds
from epyflow.population.age_groups import MOST, AgeGroup, as_number, map_groups, parse_age_groups
from epyflow.population.aggregate import (
    LAYERS,
    FineContacts,
    FineGroups,
    aggregate,
    aggregate_sizes,
)
from epyflow.population.locations import Location, canonical_name, is_plausible_name
from forecast_hub.errors import HubError
from forecast_hub.limited_files import csv_rows, open_table

if TYPE_CHECKING:
    import pandas as pd

LOCATIONS_FILE = "locations.csv"
DATA_FOLDER = "data"

# Five-year groups up to 75+. Sources: Prem et al. 2017 and 2021, and Litvinova et al. 2025 in the
# same groups; epydemix.population.population.demographic_grouping_prem.
_PREM_GROUPS = (*(f"{first}-{first + 4}" for first in range(0, 75, 5)), "75+")

# The sources of contact matrices, and their age groups; None means those of the population
# (Mistry et al. 2021: single years to 84+).
_CONTACT_SOURCES: dict[str, tuple[str, ...] | None] = {
    "mistry_2021": None,
    "prem_2021": _PREM_GROUPS,
    "prem_2017": _PREM_GROUPS,
    "litvinova_2025": _PREM_GROUPS,
}


class _Origin(NamedTuple):
    """Sources of the data of one population."""

    contacts: str
    persons: str


class EpydemixData:
    """The populations of one folder.

    Parameters
    ----------
    root
        The folder that holds ``locations.csv``.
    fetch
        Called with the path, relative to ``root``, of a file that is missing; it adds the file
        or raises PopulationError. None if the folder is complete.
    holds
        Says whether a file may be read; others are refused.
    """

    further_names: Mapping[str, tuple[str, ...]] = {}

    def __init__(
        self, root: Path, fetch: Callable[[str], None] | None = None, holds: Holds | None = None
    ) -> None:
        self.root, self._fetch, self._holds = root, fetch, holds
        self.index = (root / LOCATIONS_FILE,)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Return the name in the folder of every population, by canonical name."""
        return {
            canonical_name(name).replace(" ", "_"): name
            for name in self._listed
            if self._fetch is not None or (self.root / DATA_FOLDER / name).is_dir()
        }

    def files(self, name: str) -> tuple[Path, ...]:
        """Return the files that a population is read from."""
        return (self._file(LOCATIONS_FILE), self._sizes_file(name), *self._matrices(name).values())

    def fine(self, name: str) -> FineGroups:
        """Return the age groups of the data, mostly single years."""
        return read_sizes(self._sizes_file(name))

    def outline(self, name: str) -> tuple[FineGroups, tuple[str, ...]]:
        """Return age groups and layers of the contacts, whose tables are counted, not read."""
        groups = self._groups_of_contacts(name)
        for path in self._matrices(name).values():
            _check_shape(path, len(groups.age_groups))
        return groups, LAYERS

    def load(self, location: Location, name: str, target: Sequence[AgeGroup]) -> Population:
        """Return the population, aggregated as epydemix does, equal to the bit."""
        return aggregate(self._fine_contacts(name), location, target)

    def _fine_contacts(self, name: str) -> FineContacts:
        origin, groups = self._origin(name), self._groups_of_contacts(name)
        count = len(groups.age_groups)
        contacts = {layer: read_matrix(path, count) for layer, path in self._matrices(name).items()}
        source = f"epydemix-data: contacts {origin.contacts}; persons {origin.persons}"
        return FineContacts(groups, contacts, source)

    def _groups_of_contacts(self, name: str) -> FineGroups:
        return _in_groups_of(self.fine(name), self._origin(name).contacts, self._sizes_file(name))

    def _sizes_file(self, name: str) -> Path:
        return self._file(f"{DATA_FOLDER}/{name}/demographic/age_distribution.csv")

    def _matrices(self, name: str) -> dict[str, Path]:
        folder = f"{DATA_FOLDER}/{name}/contact_matrices/{self._origin(name).contacts}"
        return {layer: self._file(f"{folder}/contacts_matrix_{layer}.csv") for layer in LAYERS}

    def _origin(self, name: str) -> _Origin:
        origin = self._listed[name]
        if origin.contacts not in _CONTACT_SOURCES:
            raise PopulationError(
                f"{self.root / LOCATIONS_FILE}: primary_contact_source of {name} is "
                f'"{origin.contacts}"; expected one of {", ".join(_CONTACT_SOURCES)}'
            )
        return origin

    def _file(self, relative: str) -> Path:
        path = self.root / relative
        if self._fetch is not None and not path.is_file():
            self._fetch(relative)
        if self._holds is not None and not self._holds(path):
            raise PopulationError(f"{path} {LEADS_OUT}")
        return path

    @cached_property
    def _listed(self) -> dict[str, _Origin]:
        path = self._file(LOCATIONS_FILE)
        rows = _read_rows(path, "a header and one row for each population")
        _require_columns(path, rows[0], ("location", "primary_contact_source"))
        # Text that cannot be a name, such as a path, cannot be asked for.
        return {
            row["location"]: _Origin(
                row["primary_contact_source"], row.get("population_source", "unknown")
            )
            for row in (dict(zip(rows[0], cells, strict=False)) for cells in rows[1:] if cells)
            if is_plausible_name(row["location"])
        }


def _in_groups_of(fine: FineGroups, contact_source: str, path: Path) -> FineGroups:
    """Pool the persons into the age groups of the contact matrices."""
    labels = _CONTACT_SOURCES[contact_source]
    if labels is None:
        return fine
    groups = parse_age_groups(labels)
    try:
        index = map_groups(fine.age_groups, groups)
    except ValueError as error:
        raise PopulationError(f"{path}: {error} ({contact_source})") from error
    return FineGroups(groups, aggregate_sizes(fine.sizes, index, len(groups)))


def read_sizes(path: Path) -> FineGroups:
    """Read ``age_distribution.csv``.

    Raises
    ------
    PopulationError
        If the file cannot be read, its age groups are not contiguous from 0 to an open last one,
        or a value is not a number of at least 0. Names the file and the line.
    """
    header, *rows = _read_rows(path, "the columns group_name and value")
    _require_columns(path, header, ("group_name", "value"))
    label, value = header.index("group_name"), header.index("value")
    values = np.array([as_number(row[value]) for row in rows])
    for line, row in enumerate(rows, start=2):
        if math.isnan(values[line - 2]):
            raise _no_number(path, line, 1, row[value])
    try:
        groups = parse_age_groups([row[label] for row in rows])
    except ValueError as error:
        raise PopulationError(f"{path}: {error}") from error
    return FineGroups(groups, values)


def _check_shape(path: Path, count: int) -> None:
    """Refuse a contact matrix that has not ``count`` rows of as many cells."""
    rows = _read_lines(path)
    wrong = next((row for row in rows if row.count(b",") != count - 1), b"")
    if len(rows) != count or wrong:
        columns = wrong.count(b",") + 1 if wrong else count
        raise _wrong_shape(path, (len(rows), columns), count)


def read_matrix(path: Path, count: int) -> NDArray[np.float64]:
    """Read a contact matrix of shape (count, count).

    The parser is pandas's default, as in epydemix: others differ in the last bit.

    Raises
    ------
    PopulationError
        If the file cannot be read, has another shape, or holds anything but numbers of at least
        0. Names the file and the line.
    """
    frame = _read_csv(path, _expected(count))
    numbers = _numbers(path, frame)
    if numbers.shape != (count, count):
        raise _wrong_shape(path, numbers.shape, count)
    return numbers


def _expected(count: int) -> str:
    return f"{count} rows of {count} numbers"


def _wrong_shape(path: Path, shape: tuple[int, ...], count: int) -> PopulationError:
    rows, columns = shape
    found = f"{rows} rows of {columns} numbers"
    return PopulationError(f"{path}: {found}; expected {_expected(count)}")


def _read_lines(path: Path) -> list[bytes]:
    """Return the lines that are not empty."""
    try:
        return [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise PopulationError(f"{path}: cannot be read ({error})") from error


def _read_csv(path: Path, expected: str) -> "pd.DataFrame":
    # Imported here because this module is imported wherever age groups are checked, also when a
    # worker only parses the workflow, and pandas takes a second to import.
    import pandas as pd

    try:
        with open_table(path) as file:
            frame: pd.DataFrame = pd.read_csv(file, header=None)
    except HubError as error:
        raise PopulationError(str(error)) from None
    except (OSError, ValueError) as error:  # pandas's parser errors are ValueErrors
        cause = str(error).strip()
        raise PopulationError(f"{path}: cannot be read ({cause}); expected {expected}") from error
    return frame


def _read_rows(path: Path, expected: str) -> list[list[str]]:
    """Read a small table of text without pandas: every start of a run reads it."""
    try:
        rows = [row for _, row in csv_rows(path)]
        wrong = next((row for row in rows if len(row) != len(rows[0])), None)
        if not rows or wrong:
            raise ValueError(f"a row of {len(wrong)} cells" if wrong else "no header")
    except HubError as error:
        raise PopulationError(str(error)) from None
    except (OSError, ValueError, csv.Error) as error:
        raise PopulationError(f"{path}: cannot be read ({error}); expected {expected}") from error
    return rows


def _require_columns(path: Path, found: Iterable[str], columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in found]
    if missing:
        raise PopulationError(
            f"{path}, line 1: there is no column {' and no column '.join(missing)}; "
            f"expected {', '.join(columns)}"
        )


def _numbers(path: Path, frame: "pd.DataFrame") -> NDArray[np.float64]:
    """Return the values, shape (rows, columns); refuse all but numbers of at least 0."""
    if all(dtype.kind in "iuf" for dtype in frame.dtypes):
        numbers = frame.to_numpy(dtype=np.float64)
    else:
        numbers = np.array([[as_number(str(value)) for value in row] for row in frame.to_numpy()])
    wrong = ~((numbers >= 0) & (numbers <= MOST))
    if wrong.any():
        row, column = (int(position) for position in np.argwhere(wrong)[0])
        raise _no_number(path, row + 1, column + 1, str(frame.iloc[row, column]))
    return numbers


def _no_number(path: Path, line: int, position: int, text: str) -> PopulationError:
    return PopulationError(
        f'{path}, line {line}: value {position} is "{text}"; expected a number from 0 to {MOST:,}'
    )
