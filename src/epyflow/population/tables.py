"""Read populations from two small tables, in age groups of the user's choice.

population.csv    population,age_group,persons; optionally locations
contacts.csv      population,layer,age_group,contact_age_group,contacts_per_day
"""

import csv
import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import Population
from epyflow.errors import PopulationError
from epyflow.population.age_groups import MOST, AgeGroup, as_number, parse_age_groups
from epyflow.population.aggregate import (
    FineContacts,
    FineGroups,
    aggregate,
    layers_in_order,
    round_persons,
)
from epyflow.population.locations import Location, canonical_name, is_plausible_name
from forecast_hub.errors import HubError
from forecast_hub.limited_files import csv_rows

SIZES_FILE = "population.csv"
CONTACTS_FILE = "contacts.csv"
_SIZES_COLUMNS = ("population", "age_group", "persons")
_LOCATIONS = "locations"
_CONTACTS_COLUMNS = ("population", "layer", "age_group", "contact_age_group", "contacts_per_day")


class Tables:
    """The populations of a folder that holds ``population.csv`` and ``contacts.csv``."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self._sizes_path = folder / SIZES_FILE
        self._contacts_path = folder / CONTACTS_FILE

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Return the name in the table of every population, by canonical name, in its order."""
        return {canonical_name(name): name for name in self._sizes}

    @cached_property
    def further_names(self) -> dict[str, tuple[str, ...]]:
        """Return the names in the column ``locations`` of every population that has some."""
        found: dict[str, tuple[str, ...]] = {}
        owners = {name: name for name in self._sizes}
        for line, row in _rows(self._sizes_path, _SIZES_COLUMNS, (_LOCATIONS,)):
            name, text = row["population"], row.get(_LOCATIONS, "")
            names = tuple(each for part in text.split(";") if (each := part.strip()))
            if not names:
                continue
            if found.setdefault(name, names) != names:
                message = f"locations of {name} are {text}; expected {';'.join(found[name])}"
                raise _wrong(self._sizes_path, line, f"{message}, as before")
            for each in names:
                if owners.setdefault(each, name) != name:
                    message = f'location "{each}" of {name} is a name of {owners[each]}, too'
                    raise _wrong(self._sizes_path, line, f"{message}; expected it once")
        return {canonical_name(name): names for name, names in found.items()}

    @property
    def index(self) -> tuple[Path, ...]:
        """Return the files that list the populations."""
        return (self._sizes_path, self._contacts_path)

    def files(self, name: str) -> tuple[Path, ...]:
        """Return the files that every population is read from."""
        del name
        return self.index

    def fine(self, name: str) -> FineGroups:
        """Return the age groups of the table."""
        return self._sizes[name]

    def outline(self, name: str) -> tuple[FineGroups, tuple[str, ...]]:
        """Return age groups and layers of the contacts."""
        return self._sizes[name], tuple(self._contacts[name])

    def load(self, location: Location, name: str, target: Sequence[AgeGroup]) -> Population:
        """Return the population, aggregated if the age groups are not those of the table."""
        groups, contacts = self._sizes[name], self._contacts[name]
        source = f"tables {SIZES_FILE} and {CONTACTS_FILE}"
        if groups.age_groups != tuple(target):
            return aggregate(FineContacts(groups, contacts, source), location, target)
        sizes = round_persons(location.name, target, groups.sizes)
        labels = tuple(group.label for group in target)
        copies = {layer: matrix.copy() for layer, matrix in contacts.items()}
        return Population(location.name, location.iso, labels, sizes, copies, source)

    @cached_property
    def _sizes(self) -> dict[str, FineGroups]:
        persons: dict[str, dict[str, float]] = {}
        for line, row in _rows(self._sizes_path, _SIZES_COLUMNS, (_LOCATIONS,)):
            name, label = row["population"], row["age_group"]
            if not is_plausible_name(name):
                raise _wrong(
                    self._sizes_path,
                    line,
                    f'"{name}" cannot be a population\'s name; expected a name such as Utah',
                )
            groups = persons.setdefault(name, {})
            if label in groups:
                raise _wrong(self._sizes_path, line, f"{name}, {label} occurs twice")
            groups[label] = _number(self._sizes_path, line, row, "persons", whole=True)
        return {name: self._fine_groups(name, groups) for name, groups in persons.items()}

    def _fine_groups(self, name: str, persons: dict[str, float]) -> FineGroups:
        try:
            groups = parse_age_groups(tuple(persons))
        except ValueError as error:
            raise PopulationError(f"{self._sizes_path}: {name}: {error}") from error
        return FineGroups(groups, np.array(list(persons.values())))

    @cached_property
    def _contacts(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return population to layer to matrix; refuse cells without a row."""
        found: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in self._sizes}
        places = {
            name: {group.label: k for k, group in enumerate(fine.age_groups)}
            for name, fine in self._sizes.items()
        }
        for line, row in _rows(self._contacts_path, _CONTACTS_COLUMNS):
            name, layer = row["population"], row["layer"]
            if name not in places:
                message = f'population "{name}" is not in {SIZES_FILE}'
                raise _wrong(self._contacts_path, line, message)
            if layer in ("", "overall"):
                message = f'layer "{layer}"; expected a name such as home ("overall" is reserved)'
                raise _wrong(self._contacts_path, line, message)
            cell = self._cell(line, row, places[name])
            count = len(places[name])
            matrix = found[name].setdefault(layer, np.full((count, count), np.nan))
            if not np.isnan(matrix[cell]):
                message = f"{', '.join(row[key] for key in _CONTACTS_COLUMNS[:-1])} occurs twice"
                raise _wrong(self._contacts_path, line, message)
            matrix[cell] = _number(self._contacts_path, line, row, "contacts_per_day")
        return {name: self._complete(name, layers) for name, layers in found.items()}

    def _cell(self, line: int, row: dict[str, str], places: dict[str, int]) -> tuple[int, int]:
        for column in ("age_group", "contact_age_group"):
            if row[column] not in places:
                message = f'{column} "{row[column]}"; expected one of {", ".join(places)}'
                raise _wrong(self._contacts_path, line, message)
        return places[row["age_group"]], places[row["contact_age_group"]]

    def _complete(
        self, name: str, layers: dict[str, NDArray[np.float64]]
    ) -> dict[str, NDArray[np.float64]]:
        if not layers:
            raise PopulationError(
                f"{self._contacts_path}: no contacts of {name}; expected one row for "
                "every pair of age groups"
            )
        groups = self._sizes[name].age_groups
        for layer, matrix in layers.items():
            for row, column in np.argwhere(np.isnan(matrix)):
                raise PopulationError(
                    f"{self._contacts_path}: {name}, {layer}: there is no row for the contacts of "
                    f"{groups[row].label} with {groups[column].label}; expected one row for every "
                    "pair of age groups (0 where there are no contacts)"
                )
        return {layer: layers[layer] for layer in layers_in_order(tuple(layers))}


def _rows(
    path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line numbers and rows; each row has ``columns``, and the optional ones or not."""
    expected = ",".join(columns) + "".join(f" (and {name}, if you like)" for name in optional)
    try:
        rows = csv_rows(path)
        _, header = next(rows, (1, []))
        given = [name for name in header if name not in optional]
        if sorted(given) != sorted(columns) or len(set(header)) < len(header):
            raise _wrong(path, 1, f'columns are "{",".join(header[:12])}"; expected {expected}')
        for line, row in rows:
            if len(row) != len(header):
                raise _wrong(path, line, f"{len(row)} values; expected {len(header)}: {expected}")
            yield line, dict(zip(header, row, strict=True))
    except HubError as error:
        raise PopulationError(str(error)) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PopulationError(f"{path}: cannot be read ({error}); expected {expected}") from error


def _number(
    path: Path, line: int, row: dict[str, str], column: str, *, whole: bool = False
) -> float:
    kind, text = "a whole number" if whole else "a number", row[column]
    value = as_number(text)
    if math.isnan(value) or (whole and not value.is_integer()):
        raise _wrong(path, line, f'{column} is "{text}"; expected {kind} from 0 to {MOST:,}')
    return value


def _wrong(path: Path, line: int, message: str) -> PopulationError:
    return PopulationError(f"{path}, line {line}: {message}")
