"""Download files of a run from a bucket, or copy them from a folder."""

import errno
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISDIR
from typing import Literal

from epyflow.errors import EpyflowError
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.unplanned_files import submissions_first
from epyflow.run.layout import HUB
from epyflow.run.output_names import is_output_name, is_partition
from epyflow.run.path_patterns import split_date
from epyflow.storage.disk import Disk, Storage
from epyflow.storage.stored_file import Stored
from forecast_hub.atomic_files import replacing

WHAT = ("outputs/*", "hub/*", "scores/*")
"""Default globs of files to download; run_metadata.json is among the outputs."""

Names = Literal["tree", "flat"]

_Became = Literal["fetched", "unchanged", "kept"]

_OF_A_NAME = frozenset(
    {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ}
)
"""Errors of a name that this file system does not take; another file may be written."""

_SUBMISSION = re.compile(r"(?:\d{4}-\d\d-\d\d_)?\d{4}-\d\d-\d\d-.+")
"""The end of a flat name of a submission, in a replay after the date of its run."""

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
        ``fetched``; ``unchanged`` if the copy was there; ``kept`` if the local file is newer;
        ``left`` if it cannot be copied; ``unplanned`` if it is of an earlier plan; ``stale`` for
        a local file that the run does not have, or that is of an earlier plan; ``removed`` for
        one that was deleted, as it made the table that it is in a wrong one.
    problem
        Why it was left.
    """

    source: str
    target: Path
    size: int
    became: Literal[_Became, "left", "unplanned", "stale", "removed"]
    problem: str = ""


class _LeftError(EpyflowError):
    """A file cannot be copied, such as one whose name cannot be that of a local file."""


def fetch(
    storage: Storage,
    run: Run,
    to: Path,
    *,
    what: Sequence[str] = WHAT,
    names: Names = "tree",
    force: bool = False,
    unplanned: bool = False,
) -> list[Copy]:
    """Copy files of a run. Each copy is complete, and has the time of the original.

    A file whose name cannot be that of a local file is left, and the others are copied: a bucket
    takes longer names, a file ``a`` beside ``a/b``, and names that differ in case only. So is a
    file that was removed meanwhile. Local files that an earlier call copied, and that are not, or
    no longer, of the run's plan, are among the copies as ``stale``; of flat names, submissions.
    Those in a folder that is copied as one table are deleted, unless they are newer.

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
    unplanned
        Also copy files of an earlier plan.

    Raises
    ------
    EpyflowError
        If no file matches, a link leads out of ``to``, or two files would have the same name:
        nothing is copied then. If a file cannot be written.
    """
    folder = run.layout.results
    files = {path: its for path, its in storage.below(folder).items() if run.owns(path)}
    wanted = {path: its for path, its in sorted(files.items()) if _matches(path, what)}
    if not wanted:
        raise EpyflowError(f"{folder} has no file that matches {' or '.join(what)}")
    planned = files.keys() if unplanned else files.keys() - set(run.unplanned)
    earlier = [path for path in run.unplanned if path in wanted.keys() - planned]
    targets: dict[str, Path] = {}
    problems: dict[str, str] = {}
    for path in sorted(wanted.keys() - set(earlier)):
        try:
            targets[path] = _target(to, run, path, names)
        except _LeftError as problem:
            problems[path] = str(problem)
    _check_distinct(targets)
    copies, written = [], dict[tuple[int, int] | None, str]()
    for path, target in targets.items():
        its = wanted[path]
        try:
            if other := written.get(_identity(target)):
                raise _LeftError(f"{target} is the copy of {other} on this file system")
            became = _copy(storage, f"{folder}/{path}", target, its, force=force)
            copies.append(Copy(path, target, its.size, became))
            written[_identity(target)] = path
        except _LeftError as problem:
            problems[path] = str(problem)
    left = [Copy(path, to, wanted[path].size, "left", why) for path, why in problems.items()]
    apart = [Copy(path, to, wanted[path].size, "unplanned") for path in earlier]
    # Without a target the run's own name may be none of a local folder.
    stale = _stale(to, run, planned, names) if targets else []
    stale = [copy for copy in stale if _identity(copy.target) not in written]
    copied = {path: wanted[path] for path in targets}
    return [*copies, *left, *apart, *_without_partitions(stale, copied)]


def _stale(to: Path, run: Run, planned: Collection[str], names: Names) -> list[Copy]:
    """Return the local files that look like copies of outputs of a run, and are not planned."""
    if names == "tree":
        local = Disk(to).below(run.folder)
        outputs = filter(run.owns, filter(is_output_name, local))
        found = [path for path in outputs if path not in planned]
        paths = sorted(found, key=submissions_first)
        return [Copy(path, to / run.folder / path, local[path].size, "stale") for path in paths]
    # Names of other outputs may be those of a run whose id begins with this one.
    submitted = [path for path in planned if split_date(path)[1].startswith(f"{HUB}/")]
    own = {_flat(to, run, path) for path in submitted}
    start = f"{_flat_run(run.folder)}_"
    return [
        Copy(file.name, file, file.stat().st_size, "stale")
        for file in sorted({file for file in to.glob(f"{start}*") if file.is_file()} - own)
        if _SUBMISSION.fullmatch(file.name.removeprefix(start))
    ]


def _without_partitions(stale: list[Copy], copied: Mapping[str, Stored]) -> list[Copy]:
    """Delete the stale files in folders of tables, if an earlier copy of the table had them."""
    made: dict[str, float] = {}
    for path in filter(is_partition, copied):
        folder, modified = path.rpartition("/")[0], copied[path].modified.timestamp()
        made[folder] = max(modified, made.get(folder, modified))
    found = []
    for copy in stale:
        newest = made.get(copy.source.rpartition("/")[0]) if is_partition(copy.source) else None
        removed = newest is not None and copy.target.stat().st_mtime <= newest
        if removed:
            copy.target.unlink()
        found.append(replace(copy, became="removed") if removed else copy)
    return found


def _copy(storage: Storage, source: str, target: Path, its: Stored, *, force: bool) -> _Became:
    became = _before(target, its, force)
    if became == "fetched":
        data = storage.read(source)
        if data is None:
            raise _LeftError(f"{source} was removed while it was fetched; try again")
        _write(target, data, its)
    return became


def _matches(path: str, what: Sequence[str]) -> bool:
    names = {path, split_date(path)[1]}
    return any(fnmatchcase(name, pattern) for name in names for pattern in what)


def _target(to: Path, run: Run, path: str, names: Names) -> Path:
    """Return the local path of a file. Names in a bucket are not trusted, so they are checked."""
    parts = [*run.folder.split("/"), *path.split("/")]
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise _LeftError(f"{f'{run.folder}/{path}'!r} is not a valid name for a local file")
    if names == "flat":
        return _flat(to, run, path)
    target = to / run.folder / path
    if not target.parent.resolve().is_relative_to(to.resolve()):
        raise EpyflowError(f"{target} leads out of {to} through a link; nothing was fetched")
    return target


def _flat(to: Path, run: Run, path: str) -> Path:
    date, name = split_date(path)
    rest = name.split("/")
    return to / "_".join([_flat_run(run.layout.dated(date).name), *(rest[1:] or rest)])


def _flat_run(folder: str) -> str:
    return folder.replace("/", "_")


def _identity(file: Path) -> tuple[int, int] | None:
    """Return what two names of one file have in common; None without a file."""
    try:
        its = file.stat()
    except (OSError, ValueError):
        return None
    return its.st_dev, its.st_ino


def _check_distinct(targets: dict[str, Path]) -> None:
    seen: dict[Path, str] = {}
    for path, target in targets.items():
        other = seen.setdefault(target, path)
        if other != path:
            raise EpyflowError(
                f"{other} and {path} would both be {target}; nothing was fetched. Fetch them with "
                "--names tree, or one by one into two folders"
            )


def _before(target: Path, its: Stored, force: bool) -> _Became:
    """Compare a file with its local copy, and return what to do."""
    try:
        there = target.stat()
    except (OSError, ValueError):
        return "fetched"
    if S_ISDIR(there.st_mode):
        raise _LeftError(f"{target} is a folder, of other files")
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
    except UnicodeError:
        raise _LeftError(f"{target} is not a valid name for a local file") from None
    except OSError as error:
        kind = _LeftError if error.errno in _OF_A_NAME else EpyflowError
        raise kind(f"{target} cannot be written: {error.strerror}") from None
