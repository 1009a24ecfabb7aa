"""Keep fetched observations as dated vintages, with their checksums and sources.

A folder holds ``<name>_<YYYY-MM-DD><suffix>`` for each vintage, and ``vintages.json``. No file is
written twice, and data that are stale or have shrunk are refused, because a forecast would take
them for a fall of the epidemic.

A vintage is recorded as ``pending`` before its file gets its name. If a fetch is killed then, the
next one finds whose file it is, and keeps it: a run may have used it.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from epyflow.errors import DataError, UnreadableError
from epyflow.experiment.format.base import Date
from epyflow.files import sha256_of, write_bytes_atomically
from epyflow.operations.target_data.repeated_rows import refuse_odd_weekdays, refuse_repeats
from epyflow.strict import Many, Strict
from epyflow.suggest import listed
from forecast_hub import errors
from forecast_hub.errors import HubError
from forecast_hub.limited_files import open_data
from forecast_hub.scoring.outcomes import AS_OF, DATE_COLUMNS, VALUE_COLUMNS
from forecast_hub.tables import SUFFIXES, Table, read_table

MANIFEST = "vintages.json"
LARGEST = 256 * 2**20
"""Bytes of a vintage; a season of all states takes some hundred thousand."""
_LARGEST_MANIFEST = 2**22
_LOCATION = "location"


class Vintage(Strict):
    """The record of one vintage.

    Attributes
    ----------
    day
        The day as of which the data are known.
    sha256
        Checksum of the file.
    source
        Where the data are from.
    last_observation
        The latest date with a value.
    values
        How many values there are.
    locations
        How many locations have a value.
    """

    day: Date
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: Annotated[str, Field(max_length=2000)]
    last_observation: Date
    values: Annotated[int, Field(ge=1)]
    locations: Annotated[int, Field(ge=1)]


class _Manifest(Strict):
    vintages: dict[str, Many[Vintage]] = Field(default_factory=dict)
    pending: dict[str, Vintage] = Field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """A series of vintages: the files of one name in a folder."""

    folder: Path
    name: str
    suffix: str

    def path(self, day: date) -> Path:
        """Return the file of a day's vintage."""
        return self.folder / f"{self.name}_{day}{self.suffix}"

    def vintages(self) -> tuple[Vintage, ...]:
        """Return the records of the vintages, in the order of their days."""
        return _read_manifest(self.folder).vintages.get(self.name, ())

    def kept(self, day: date) -> Vintage | None:
        """Return the record of a day's vintage, if a file of any suffix is what was kept."""
        records = [*self.vintages(), *filter(None, [self.unrecorded()])]
        return next((each for each in records if each.day == day and self.file(each)), None)

    def unrecorded(self) -> Vintage | None:
        """Return the vintage whose fetch was killed after its file had got its name."""
        pending = _read_manifest(self.folder).pending.get(self.name)
        return pending if pending is not None and self.file(pending) else None

    def file(self, vintage: Vintage) -> Path | None:
        """Return the file, of any suffix, that is what was kept; None without one."""
        paths = [replace(self, suffix=each).path(vintage.day) for each in (self.suffix, *SUFFIXES)]
        same = (path for path in paths if path.is_file() and sha256_of(path) == vintage.sha256)
        return next(same, None)


def keep_vintage(
    series: Series, content: bytes, day: date, source: str, max_age: int
) -> tuple[Vintage, bool]:
    """Keep observations as the vintage of a day.

    Parameters
    ----------
    series
        The folder and the name; the folder is made.
    content
        The file: a table with a date, a location and a value in each row.
    day
        The day as of which they are known.
    source
        Where they are from; without secrets.
    max_age
        Most days from the last observation to ``day``.

    Returns
    -------
    vintage
        Its record.
    is_new
        Whether it was written; an equal one of the same day is kept as it is, and so is one from
        this source whose fetch was killed before it was recorded.

    Raises
    ------
    DataError
        If the data are stale, hold several versions or a later one than of the day, repeat a date
        or have one of another weekday, have fewer values or locations than the vintage before, or
        differ from a vintage of the same day; nothing is written then.
    UnreadableError
        If the table or the manifest cannot be read, or a kept file is not what was written.
    """
    series.folder.mkdir(parents=True, exist_ok=True)
    if (unrecorded := series.unrecorded()) is not None:
        _record(series, unrecorded)
        if (unrecorded.day, _address(unrecorded.source)) == (day, _address(source)):
            return unrecorded, False
    descriptor, name = tempfile.mkstemp(dir=series.folder, prefix=".fetch-", suffix=series.suffix)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        vintage = _describe(temporary, day, source)
        known = series.vintages()
        _check(vintage, known, series, max_age)
        if vintage not in known and not series.path(day).exists():
            _write_manifest(series, pending=vintage)
        is_new = _place(temporary, series.path(day), vintage)
        if vintage not in known:
            _record(series, vintage)
    finally:
        temporary.unlink(missing_ok=True)
    return vintage, is_new


def _describe(path: Path, day: date, source: str) -> Vintage:
    try:
        table = read_table(path)
        day_column, value_column = _column(table, DATE_COLUMNS), _column(table, VALUE_COLUMNS)
        days, values = table.days(day_column).tolist(), table.numbers(value_column).notna()
        places = table.columns[_column(table, (_LOCATION,))].tolist()
        versions = sorted(set(table.days(AS_OF))) if AS_OF in table.columns else []
    except HubError as error:
        raise UnreadableError(str(error).replace(str(path), source)) from None
    if len(versions) > 1 or versions > [str(day)]:
        raise DataError(
            f"{source}: its column {AS_OF} has versions from {versions[0]} to {versions[-1]}; "
            f"expected what is known on {day} alone: a file of several versions need not be "
            "fetched; name it in observed_data_path"
        )
    refuse_repeats(table, (day_column, _LOCATION), value_column, source)
    refuse_odd_weekdays(table, day_column, _LOCATION, source)
    known = [
        (each, place) for each, place, value in zip(days, places, values, strict=True) if value
    ]
    if not known:
        raise DataError(f"{source}: no row has a value; expected observations")
    try:
        return Vintage(
            day=day,
            sha256=sha256_of(path),
            source=source,
            last_observation=date.fromisoformat(max(each for each, _ in known)),
            values=len(known),
            locations=len({place for _, place in known}),
        )
    except ValidationError as error:
        raise DataError(f"{source}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """Return the first problem: its key, if it has one, and what is wrong."""
    first = error.errors(include_url=False)[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def _column(table: Table, names: tuple[str, ...]) -> str:
    for name in names:
        if name in table.columns:
            return name
    raise errors.DataError(
        f"{table.path}: no column {' or '.join(names)}; it has {listed(table.columns)}"
    )


def _check(new: Vintage, known: tuple[Vintage, ...], series: Series, max_age: int) -> None:
    """Refuse data of a day that is kept, stale data, and those that have shrunk since the last."""
    same = series.kept(new.day)
    if same is not None and same.sha256 != new.sha256:
        raise _another(series.file(same) or series.path(new.day), new.day)
    if new.last_observation > new.day:
        raise DataError(
            f"{new.source}: the last observation is of {new.last_observation}, after {new.day}, as "
            "of which it would be kept; expected a later day in --as-of"
        )
    if (new.day - new.last_observation).days > max_age:
        raise DataError(
            f"{new.source}: the data are stale: the last observation is of {new.last_observation}, "
            f"more than {max_age} days before {new.day}; expected newer data: fetch later; "
            "--max-age of epyflow data fetch admits older ones"
        )
    before = max((each for each in known if each.day < new.day), key=_day, default=None)
    if before is None:
        return
    if series.file(before) is None:
        raise UnreadableError(
            f"{series.path(before.day)}: is missing, or not the file that was kept; expected the "
            f"SHA-256 {before.sha256}: restore it, or remove its entry from {MANIFEST}"
        )
    for field in ("last_observation", "values", "locations"):
        words = field.replace("_", " ")
        now, then = getattr(new, field), getattr(before, field)
        if now < then:
            raise DataError(
                f"{new.source}: the data have shrunk: {words} {now} as of {new.day}, and {then} as "
                f"of {before.day}; expected no less: look at the source, and fetch again"
            )


def _day(vintage: Vintage) -> date:
    return vintage.day


def _place(temporary: Path, path: Path, vintage: Vintage) -> bool:
    """Give the file its name unless there is one; return whether it was given."""
    temporary.chmod(0o644)
    try:
        os.link(temporary, path)  # fails if the name is taken, unlike a rename
    except FileExistsError:
        if sha256_of(path) == vintage.sha256:
            return False
        raise _another(path, vintage.day) from None
    return True


def _another(path: Path, day: date) -> DataError:
    return DataError(
        f"{path}: there is another vintage of {day}, which is never overwritten; expected another "
        "day in --as-of, or another --name"
    )


def _address(source: str) -> str:
    """Return a source without the commit, which may differ between two fetches."""
    return source.partition(", commit ")[0]


def _record(series: Series, vintage: Vintage) -> None:
    others = [each for each in series.vintages() if each.day != vintage.day]
    _write_manifest(series, sorted([*others, vintage], key=_day))


def _write_manifest(
    series: Series, vintages: Sequence[Vintage] | None = None, pending: Vintage | None = None
) -> None:
    """Replace what is pending of a series, and its records if there are new ones."""
    manifest = _read_manifest(series.folder)
    records = dict(manifest.vintages)
    if vintages is not None:
        records[series.name] = tuple(vintages)
    waiting = {name: each for name, each in manifest.pending.items() if name != series.name}
    if pending is not None:
        waiting[series.name] = pending
    content = _Manifest(vintages=dict(sorted(records.items())), pending=waiting)
    text = content.model_dump_json(indent=1, exclude=None if waiting else {"pending"}) + "\n"
    write_bytes_atomically(series.folder / MANIFEST, text.encode())


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        with open_data(path, _LARGEST_MANIFEST) as file:
            return _Manifest.model_validate_json(file.read())
    except FileNotFoundError:
        return _Manifest()
    except ValidationError as error:
        why = _first(error)
    except (OSError, HubError, ValueError) as error:
        why = str(error)
    raise UnreadableError(f"{path}: not a manifest of vintages: {why}; restore it")
