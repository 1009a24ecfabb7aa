"""Find and load populations: persons by age and their contacts, for any location."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

from epyflow.artifacts.task import Population
from epyflow.errors import PopulationError
from epyflow.files import LEADS_OUT, Holds
from epyflow.population import locations
from epyflow.population.age_groups import AgeGroup, parse_age_groups
from epyflow.population.aggregate import FineGroups
from epyflow.population.epydemix_data import DATA_FOLDER, LOCATIONS_FILE, EpydemixData
from epyflow.population.locations import Location
from epyflow.population.remote import remote_data
from epyflow.population.tables import CONTACTS_FILE, SIZES_FILE, Tables
from epyflow.suggest import listed


class _Source(Protocol):
    """A source of populations, with its own spelling of their names."""

    root: Path

    @property
    def index(self) -> tuple[Path, ...]: ...

    @property
    def spellings(self) -> Mapping[str, str]: ...

    @property
    def further_names(self) -> Mapping[str, tuple[str, ...]]: ...

    def files(self, name: str) -> tuple[Path, ...]: ...

    def fine(self, name: str) -> FineGroups: ...

    def outline(self, name: str) -> tuple[FineGroups, tuple[str, ...]]: ...

    def load(self, location: Location, name: str, target: Sequence[AgeGroup]) -> Population: ...


_GIVEN, _DOWNLOADED = "given", "downloaded"


class PopulationStore:
    """Populations of a folder; those that it lacks come from epydemix-data on GitHub.

    Every method that takes ``code_or_name`` accepts what :func:`locations.find` accepts, and the
    names that the sources hold.
    """

    def __init__(self, folder: Path | None, local: _Source | None, remote: _Source | None) -> None:
        self._folder = folder
        self._local = local
        self._remote = remote

    @classmethod
    def open(
        cls,
        folder: Path | None,
        *,
        remote: bool = True,
        cache: Path | None = None,
        holds: Holds | None = None,
    ) -> Self:
        """Open the store without downloading.

        Parameters
        ----------
        folder
            Two tables (``population.csv``, ``contacts.csv``), or the layout of epydemix-data
            (``locations.csv``, ``data/``). None for the remote data alone; without these, the
            store is empty.
        remote
            Whether populations that the folder lacks are downloaded.
        cache
            Folder that keeps what was downloaded; None for the user's cache folder.
        holds
            Says whether a file of the folder may be read; None: each may.

        Raises
        ------
        PopulationError
            If the folder is neither of the two; if a file that it is read from may not be read.
        """
        local = None if folder is None else _open_folder(folder, holds)
        return cls(folder, local, remote_data(cache) if remote else None)

    @classmethod
    def open_copy(cls, folder: Path, holds: Holds | None = None) -> Self:
        """Open a copy made of :meth:`parts` without downloading; ``holds`` as in :meth:`open`.

        Raises
        ------
        PopulationError
            If it is not a copy of a store.
        """
        given = folder / _GIVEN if (folder / _GIVEN).is_dir() else None
        local = None if given is None else _open_folder(given, holds)
        return cls(given, local, EpydemixData(folder / _DOWNLOADED, _refuse, holds))

    def parts(self, wanted: Iterable[str]) -> dict[str, Path]:
        """Return the files to copy for some populations.

        Parameters
        ----------
        wanted
            Arguments of later calls of :meth:`load`. Files that are missing here are left out.

        Returns
        -------
        parts
            Name in the copy, with forward slashes, to the file.
        """
        names = tuple(wanted)
        return {
            f"{part}/{path.relative_to(source.root).as_posix()}": path
            for part, source in ((_GIVEN, self._local), (_DOWNLOADED, self._remote))
            if source is not None
            for path in (*source.index, *self._files_from(source, names))
            if path.is_file()
        }

    def _files_from(self, source: _Source, names: Iterable[str]) -> Iterator[Path]:
        for name in names:
            try:
                holder, spelling, _ = self._resolve(name)
                if holder is source:
                    yield from source.files(spelling)
            except PopulationError:
                continue

    @property
    def folders(self) -> dict[str, Path]:
        """The folders of the sources, by names that are the same on every machine."""
        sources = {"population_data": self._local, "epydemix-data": self._remote}
        return {name: source.root for name, source in sources.items() if source is not None}

    def names(self) -> tuple[str, ...]:
        """Return the names in the folder; without a folder, those of the remote data.

        Raises
        ------
        PopulationError
            If the remote list is needed and cannot be downloaded.
        """
        source = self._local or self._remote
        return () if source is None else tuple(source.spellings)

    def known(self) -> dict[str, tuple[str, ...]]:
        """Return :meth:`names`, each with the further names that the folder gives it."""
        further = {} if self._local is None else self._local.further_names
        return {name: further.get(name, ()) for name in self.names()}

    def find(self, code_or_name: str) -> Location:
        """Return the location, also if the store has it and the codebook does not.

        Raises
        ------
        PopulationError
            If neither does. The message offers the nearest names.
        """
        known = {} if self._local is None else self.known()
        try:
            return locations.find(code_or_name, known)
        except PopulationError as unknown:
            if self._remote is None or not locations.is_plausible_name(code_or_name):
                raise
            try:
                more = tuple(self._remote.spellings)
            except PopulationError as unreachable:
                message = f"{unknown}. The list of remote populations is unavailable: {unreachable}"
                raise PopulationError(message) from unreachable
        return locations.find(code_or_name, dict.fromkeys(more, ()) | known)

    def load(self, code_or_name: str, age_groups: Sequence[str]) -> Population:
        """Return a population in the age groups asked for.

        If epydemix can load the population too, the arrays are bit-identical to those of
        ``epydemix.population.population.load_epydemix_population``.

        Parameters
        ----------
        code_or_name
            See the class.
        age_groups
            G labels, each made of whole age groups of the data.

        Returns
        -------
        population
            Sizes in persons (estimates are rounded to the nearest person) and, for each layer,
            contacts per person and day, shape (G, G); layers in the order school, work, home,
            community.

        Raises
        ------
        PopulationError
            If the place is unknown or no source holds it; if the data's age groups cannot make
            up those asked for, or one of these has no persons; if a file is damaged (names the
            file and the line); if the remote data are needed and out of reach.
        """
        try:
            target = parse_age_groups(age_groups)
        except ValueError as error:
            raise PopulationError(str(error)) from error
        source, name, location = self._resolve(code_or_name)
        return source.load(location, name, target)

    def fine(self, code_or_name: str) -> FineGroups:
        """Return the finest age groups in the data of the location.

        Raises
        ------
        PopulationError
            As :meth:`load`.
        """
        source, name, _ = self._resolve(code_or_name)
        return source.fine(name)

    def outline(self, code_or_name: str) -> tuple[FineGroups, tuple[str, ...]]:
        """Return the age groups of the contact data, with persons, and the names of the layers.

        The numbers of contacts are not read.

        Raises
        ------
        PopulationError
            As :meth:`load`.
        """
        source, name, _ = self._resolve(code_or_name)
        return source.outline(name)

    def files(self, code_or_name: str) -> tuple[Path, ...]:
        """Return the local files that a population is read from; download missing ones.

        Raises
        ------
        PopulationError
            As :meth:`load`.
        """
        source, name, _ = self._resolve(code_or_name)
        return source.files(name)

    def _resolve(self, code_or_name: str) -> tuple[_Source, str, Location]:
        """Return the first source that has the location, and its spelling of the name."""
        location = self.find(code_or_name)
        if self._local is not None and location.name in self._local.spellings:
            return self._local, self._local.spellings[location.name], location
        lacking = f"there is no population {location.name} in {self._holdings()}"
        if self._remote is None:
            raise PopulationError(f"{lacking}, and remote data are not allowed")
        try:
            spellings = self._remote.spellings
        except PopulationError as error:
            raise PopulationError(f"{lacking}; {error}") from error
        if location.name not in spellings:
            raise PopulationError(f"{lacking}, nor in the remote data")
        return self._remote, spellings[location.name], location

    def _holdings(self) -> str:
        if self._local is None:
            return "a folder (none is given as population_data)"
        return f"{self._folder} (which holds {listed(self._local.spellings)})"


def _refuse(relative: str) -> None:
    raise PopulationError(
        f"{relative} of epydemix-data is not in this copy: it was not available where the copy was "
        "made"
    )


def _open_folder(folder: Path, holds: Holds | None) -> _Source:
    has_tables = (folder / SIZES_FILE).is_file() and (folder / CONTACTS_FILE).is_file()
    has_layout = (folder / LOCATIONS_FILE).is_file() and (folder / DATA_FOLDER).is_dir()
    expected = (
        f"expected either the two tables {SIZES_FILE} and {CONTACTS_FILE}, or the layout of "
        f"epydemix-data with {LOCATIONS_FILE} and the folder {DATA_FOLDER}"
    )
    if not folder.is_dir():
        raise PopulationError(f"there is no folder {folder} of population data; {expected}")
    if has_tables and has_layout:
        raise PopulationError(f"{folder} holds two kinds of population data; {expected}")
    if not has_tables and not has_layout:
        raise PopulationError(f"{folder} holds no population data; {expected}")
    source = Tables(folder) if has_tables else EpydemixData(folder, holds=holds)
    for path in source.index:
        if holds is not None and not holds(path):
            raise PopulationError(f"{path} {LEADS_OUT}")
    return source
