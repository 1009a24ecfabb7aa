"""Pack files into gzipped tar archives, and extract them without leaving a folder.

Equal files give equal archives. An archive of others is read within limits, and what it claims is
compared with them before anything is allocated or written.
"""

import contextlib
import gzip
import io
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from epyflow.errors import ArtifactError, EpyflowError
from epyflow.files import CONTROL_CHARACTERS, GZIP_LEVEL, RATIO, most_content
from forecast_hub.atomic_files import gzip_writer


def write_archive(path: Path, members: Mapping[str, Path | bytes]) -> None:
    """Pack files: equal files give equal bytes.

    Parameters
    ----------
    path
        The archive to write or replace.
    members
        Name in the archive, with forward slashes, to the file or its bytes.

    Raises
    ------
    ArtifactError
        If a name has control characters: no archive with it is extracted.
    """
    for name in filter(CONTROL_CHARACTERS.search, members):
        raise ArtifactError(f"{path}: the name {name!r} has control characters; rename the file")
    with gzip_writer(path, GZIP_LEVEL) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, source in sorted(members.items()):
            # A new TarInfo has the same time, owner and mode on every machine.
            entry = tarfile.TarInfo(name)
            if isinstance(source, bytes):
                entry.size = len(source)
                archive.addfile(entry, io.BytesIO(source))
                continue
            entry.size = source.stat().st_size
            with source.open("rb") as content:
                archive.addfile(entry, content)


_LONGEST_HEADER, _LONGEST_PATH, _LONGEST_NAME, _DEEPEST = 2**13, 2_048, 255, 64
"""Bytes of an extended header, of a path and of a name in it; folders in one another."""

_LATEST = 2.0**33
"""Seconds since 1970 that every file system can keep."""

_BLOCK = tarfile.BLOCKSIZE
_RECORD = re.compile(rb"([1-9][0-9]{0,4}) (path|size|mtime)=")
_SIZE = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True)
class Limits:
    """The most files with their folders, and the most bytes, that an archive may hold."""

    members: int = 100_000
    size: int = 16 * 2**30


EXPERIMENT = Limits()
"""An experiment with all its data files is far smaller."""


@dataclass(frozen=True)
class Member:
    """A regular file in an archive: its name below the folder, bytes, seconds since 1970."""

    name: str
    size: int
    mtime: float


class _RefusedError(Exception):
    """Why an archive is refused, as the end of a sentence about it."""


def extract_archive(
    source: Path | BinaryIO,
    folder: Path,
    use: str,
    remedy: str,
    limits: Limits = EXPERIMENT,
    admits: Callable[[str], bool] = bool,
    *,
    path: str | None = None,
    named: Path | None = None,
    times: bool = False,
) -> None:
    """Extract an archive into a folder that has none of its files.

    Parameters
    ----------
    source
        The archive, or its bytes to read.
    folder
        The folder; it need not exist.
    use, remedy
        For the message: what the archive is for, and what to do.
    limits
        What is too large.
    admits
        Whether a name is one that such an archive may hold.
    path, named
        For the message: where the archive is, if ``source`` is no path, and what the folder will
        be, if ``folder`` is temporary.
    times
        Whether the files get the times that the archive has; otherwise they are new.

    Raises
    ------
    ArtifactError
        If it is damaged, holds something else than admitted regular files below the folder, or
        exceeds a limit; files before that are in the folder.
    EpyflowError
        If the folder cannot be written, for lack of space for instance.
    """
    where = path or str(source)
    with _refusing(where, named or folder, use, remedy), contextlib.ExitStack() as stack:
        packed = stack.enter_context(_opened(source)) if isinstance(source, Path) else source
        size, members = packed.seek(0, io.SEEK_END), 0
        packed.seek(0)
        for member, content in _members(packed, size, limits):
            if not admits(member.name):
                raise _RefusedError(f"{member.name!r} is no file of such an archive")
            target = folder / member.name
            members += 1 + _make_folders(target.parent, folder)
            if members > limits.members:
                raise _RefusedError(f"it holds more than {limits.members:,} files and folders")
            with _created(target, member) as file:
                _copy(content, member, file)
            if times:
                os.utime(target, (member.mtime, member.mtime))


@contextmanager
def _refusing(path: str, folder: Path, use: str, remedy: str) -> Iterator[None]:
    """Turn errors in what an archive holds, and those of the disk, into ours."""
    try:
        yield
    except (EOFError, ValueError, gzip.BadGzipFile, tarfile.TarError, zlib.error) as problem:
        raise ArtifactError(f"{path}: not usable as {use}: {problem}; {remedy}") from None
    except _RefusedError as problem:
        raise ArtifactError(f"{path}: not usable as {use}: {problem}; {remedy}") from None
    except OSError as problem:
        raise EpyflowError(
            f"{folder}: {problem.strerror}, while {path} was extracted there. The archive may be "
            "in order: make room on that disk, or get permission to write there, and try again"
        ) from None


def _opened(path: Path) -> BinaryIO:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise _RefusedError("it is not a regular file")  # a pipe would wait for ever
    try:
        return path.open("rb")
    except OSError as problem:
        raise _RefusedError(problem.strerror) from None


def _make_folders(folder: Path, top: Path) -> int:
    """Make a folder and those above it, up to ``top``; return how many are new below ``top``."""
    missing = []
    while folder != top and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    top.mkdir(parents=True, exist_ok=True)
    for each in reversed(missing):
        try:
            each.mkdir()
        except FileExistsError:
            raise _RefusedError(f"it holds {each.name!r} as a file and as a folder") from None
    return len(missing)


def _created(target: Path, member: Member) -> BinaryIO:
    try:
        return target.open("xb")
    except FileExistsError:
        raise _RefusedError(f"it holds {member.name!r} more than once") from None


def _members(packed: BinaryIO, size: int, limits: Limits) -> Iterator[tuple[Member, BinaryIO]]:
    """Yield regular files, each before its content is read; refuse every other archive.

    tarfile itself follows chains of headers by recursion, and allocates what sparse files claim.
    So it decodes single headers here, of the two kinds that :func:`write_archive` writes.
    """
    most = min(limits.size, most_content(size))
    count = 0
    with gzip.GzipFile(fileobj=packed) as file:
        while (member := _next_member(file)) is not None:
            count, most = count + 1, most - member.size
            if count > limits.members or most < 0:
                raise _RefusedError(
                    f"it holds more than {limits.members:,} files, or more than {limits.size:,} "
                    f"bytes, or is {RATIO} times smaller than its content"
                )
            end = file.tell() + -(-member.size // _BLOCK) * _BLOCK
            yield member, cast("BinaryIO", file)
            file.seek(end)
        # Reading on confirms the checksum of gzip, too.
        if file.read(tarfile.RECORDSIZE).strip(b"\0") or file.read(1):
            raise _RefusedError("there is data after its end")


def _next_member(file: gzip.GzipFile) -> Member | None:
    """Read the headers of the next file; None at the end."""
    entry, extended = _header(file), {}
    if entry is not None and entry.type == tarfile.XHDTYPE:
        if not 0 < entry.size <= _LONGEST_HEADER:
            raise _RefusedError(f"it has a header of {entry.size:,} bytes")
        extended = _extended(file.read(-(-entry.size // _BLOCK) * _BLOCK)[: entry.size])
        entry = _header(file)
        if entry is None:
            raise _RefusedError("it is cut short")
    if entry is None:
        return None
    name, size = extended.get("path", entry.name), extended.get("size", str(entry.size))
    if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise _RefusedError(f"{name[:200]!r} in it is not a regular file")
    mtime = float(extended.get("mtime", entry.mtime))
    if not (_SIZE.fullmatch(size) and 0 <= mtime <= _LATEST):
        raise _RefusedError(f"{name[:200]!r} in it has an impossible size or time")
    return Member(_checked(name), int(size), mtime)


def _header(file: gzip.GzipFile) -> tarfile.TarInfo | None:
    block = file.read(_BLOCK)
    if len(block) < _BLOCK:
        raise _RefusedError("it is cut short")
    return tarfile.TarInfo.frombuf(block, "utf-8", "strict") if block.strip(b"\0") else None


def _extended(data: bytes) -> dict[str, str]:
    """Return the records of an extended header: ``<length> <key>=<value>`` and a line's end."""
    found, start = {}, 0
    while start < len(data):
        record = _RECORD.match(data, start)
        end = start + int(record[1]) if record else 0
        if record is None or end <= record.end() or data[end - 1 : end] != b"\n":
            raise _RefusedError("it has a header that epyflow does not write")
        found[record[2].decode()] = data[record.end() : end - 1].decode()
        start = end
    return found


def _checked(name: str) -> str:
    path = PurePosixPath(name)
    if CONTROL_CHARACTERS.search(name):
        raise _RefusedError(f"the name {name[:200]!r} in it has control characters")
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise _RefusedError(f"{name[:200]!r} is not a file below the folder")
    encoded = [len(part.encode()) for part in path.parts]
    if max(encoded) > _LONGEST_NAME or sum(encoded) > _LONGEST_PATH or len(encoded) > _DEEPEST:
        raise _RefusedError(f"{name[:200]!r}... is longer or deeper than a path may be")
    return path.as_posix()


def _copy(content: BinaryIO, member: Member, file: BinaryIO) -> None:
    left = member.size
    while left:
        block = content.read(min(left, 2**20))
        if not block:
            raise _RefusedError("it is cut short")
        file.write(block)
        left -= len(block)
