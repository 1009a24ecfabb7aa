"""Download files of a run from a bucket, or copy them from a folder."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from epyflow.errors import EpyflowError
from epyflow.files import replacing
from epyflow.operations.runs.run_list import Run
from epyflow.run.path_patterns import split_date
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import Stored

WHAT = ("outputs/*", "hub/*", "scores/*")
"""Default globs of files to download; run_metadata.json is among the outputs."""

Names = Literal["tree", "flat"]

_SAME = 1e-3
"""Seconds: times in a bucket are in milliseconds."""


@dataclass(frozen=True)
class Copy:
    """A file of a run and its copy.

    Attributes
    ----------
    source
        Path below the run's folder.
    target
        The local file.
    size
        In bytes.
    became
        ``fetched``; ``unchanged`` if the copy was there; ``kept`` if the local file is newer.
    """

    source: str
    target: Path
    size: int
    became: Literal["fetched", "unchanged", "kept"]


def fetch(
    storage: Storage,
    run: Run,
    to: Path,
    *,
    what: Sequence[str] = WHAT,
    names: Names = "tree",
    force: bool = False,
) -> list[Copy]:
    """Copy files of a run. Each copy is complete, and has the time of the original.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.operations.runs.run_lookup.find_run`.
    to
        The local folder, created if missing.
    what
        Globs for paths below the run's folder; ``*`` also matches ``/``. In a replay they also
        apply below each reference date.
    names
        ``tree``: ``<exp_id>/<run_id>/<path>``. ``flat``: ``<exp_id>_<run_id>_<name>``.
    force
        Also replace newer local files.

    Raises
    ------
    EpyflowError
        If no file matches, a path leads out of ``to``, or two files would have the same name:
        nothing is copied then. If a file cannot be written, or was removed meanwhile.
    """
    folder = run.layout.results
    files = storage.below(folder)
    wanted = {path: its for path, its in sorted(files.items()) if _matches(path, what)}
    if not wanted:
        raise EpyflowError(f"{folder} has no file that matches {' or '.join(what)}")
    targets = {path: _target(to, run, path, names) for path in wanted}
    _check_distinct(targets)
    copies = []
    for path, its in wanted.items():
        became = _before(targets[path], its, force)
        if became == "fetched":
            data = storage.read(f"{folder}/{path}")
            if data is None:
                raise EpyflowError(f"{folder}/{path} was removed while it was fetched; try again")
            _write(targets[path], data, its)
        copies.append(Copy(path, targets[path], its.size, became))
    return copies


def _matches(path: str, what: Sequence[str]) -> bool:
    names = {path, split_date(path)[1]}
    return any(fnmatchcase(name, pattern) for name in names for pattern in what)


def _target(to: Path, run: Run, path: str, names: Names) -> Path:
    """Return the local path of a file. Names in a bucket are not trusted, so they are checked."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise EpyflowError(f"{path!r} is not a valid name for a local file; nothing was fetched")
    if names == "flat":
        date, name = split_date(path)
        rest = name.split("/")
        return to / "_".join([*run.layout.dated(date).name.split("/"), *(rest[1:] or rest)])
    target = to / run.folder / path
    if not target.parent.resolve().is_relative_to(to.resolve()):
        raise EpyflowError(f"{target} leads out of {to} through a link; nothing was fetched")
    return target


def _check_distinct(targets: dict[str, Path]) -> None:
    seen: dict[Path, str] = {}
    for path, target in targets.items():
        other = seen.setdefault(target, path)
        if other != path:
            raise EpyflowError(
                f"{other} and {path} would both be {target}; nothing was fetched. Fetch them with "
                "--names tree, or one by one into two folders"
            )


def _before(target: Path, its: Stored, force: bool) -> Literal["fetched", "unchanged", "kept"]:
    """Compare a file with its local copy, and return what to do."""
    try:
        there = target.stat()
    except OSError:
        return "fetched"
    later = there.st_mtime - its.modified.timestamp()
    if force or later < -_SAME:
        return "fetched"
    if abs(later) <= _SAME and there.st_size == its.size:
        return "unchanged"
    return "kept"


def _write(target: Path, data: bytes, its: Stored) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            temporary.write_bytes(data)
            when = its.modified.timestamp()
            os.utime(temporary, (when, when))
    except OSError as error:
        raise EpyflowError(f"{target} cannot be written: {error.strerror}") from None
