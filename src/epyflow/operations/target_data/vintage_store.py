"""Keep fetched observations as dated vintages, with their checksums and sources.

A folder holds ``<name>_<YYYY-MM-DD><suffix>`` for each vintage, and ``vintages.json``. No file is
written twice, and data that are stale or have shrunk are refused, because a forecast would take
them for a fall of the epidemic.

A vintage is recorded as ``pending`` before its file gets its name. If a fetch is killed then, the
next one finds whose file it is, and keeps it: a run may have used it.
"""

import os
import tempfile
from datetime import date
from operator import attrgetter
from pathlib import Path

from pydantic import ValidationError

from epyflow.errors import DataError, UnreadableError
from epyflow.files import sha256_of
from epyflow.operations.target_data.repeated_rows import (
    refuse_lost_zeros,
    refuse_odd_weekdays,
    refuse_repeats,
)
from epyflow.operations.target_data.vintage_manifest import (
    MANIFEST,
    TEMPORARY,
    Series,
    Vintage,
    alone_in,
    first_problem,
    record_vintage,
    write_manifest,
)
from epyflow.suggest import listed
from forecast_hub import errors
from forecast_hub.errors import HubError
from forecast_hub.scoring.outcomes import AS_OF, DATE_COLUMNS, VALUE_COLUMNS
from forecast_hub.tables import Table, read_table

LARGEST = 256 * 2**20
"""Bytes of a vintage; a season of all states takes some hundred thousand."""
_LOCATION = "location"


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
        If the data are stale, hold several versions or a later one than of the day, repeat a date,
        have one of another weekday or a code without its zero, have fewer values or locations than
        the vintage before, or differ from a vintage of the same day; nothing is written then.
    UnreadableError
        If the table or the manifest cannot be read, or a kept file is not what was written.
    """
    series.folder.mkdir(parents=True, exist_ok=True)
    with alone_in(series.folder):
        if (unrecorded := series.unrecorded()) is not None:
            record_vintage(series, unrecorded)
            if (unrecorded.day, _address(unrecorded.source)) == (day, _address(source)):
                return unrecorded, False
        descriptor, name = tempfile.mkstemp(
            dir=series.folder, prefix=TEMPORARY, suffix=series.suffix
        )
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            vintage = _describe(temporary, day, source)
            known = series.vintages()
            _check(vintage, known, series, max_age)
            if vintage not in known and not series.path(day).exists():
                write_manifest(series, pending=vintage)
            is_new = _place(temporary, series.path(day), vintage)
            if vintage not in known:
                record_vintage(series, vintage)
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
    refuse_lost_zeros(places, source)
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
        raise DataError(f"{source}: {first_problem(error)}") from None


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
    before = max(
        (each for each in known if each.day < new.day), key=attrgetter("day"), default=None
    )
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
