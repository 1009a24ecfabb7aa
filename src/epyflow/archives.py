"""Pack files into gzipped tar archives, and extract them without leaving a folder.

Equal files give equal archives.
"""

import gzip
import io
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from epyflow.errors import ArtifactError
from epyflow.files import gzip_writer


def write_archive(path: Path, members: Mapping[str, Path | bytes]) -> None:
    """Pack files: equal files give equal bytes.

    Parameters
    ----------
    path
        The archive to write or replace.
    members
        Name in the archive, with forward slashes, to the file or its bytes.
    """
    with gzip_writer(path) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
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


_MOST_FILES, _MOST_BYTES = 100_000, 16 * 2**30
"""Of an archive that is extracted: an experiment with all its data files is far smaller."""

_LONGEST_HEADER = 2**20


class Decompressed(gzip.GzipFile):
    """A decompressed archive whose headers fit in memory: tarfile reads a header at once."""

    def read(self, size: int | None = -1) -> bytes:
        """Read some bytes."""
        if size is None or not 0 <= size <= _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size or 0:,} bytes")
        return super().read(size)


def extract_archive(path: Path, folder: Path, unusable: str) -> None:
    """Extract an archive into a folder that has none of its files.

    Parameters
    ----------
    path
        The archive.
    folder
        The folder; it need not exist.
    unusable
        For the message, after the path: what is wrong with the archive, and what to do.

    Raises
    ------
    ArtifactError
        If it is damaged, holds something else than files below the folder, or more or larger files
        than any experiment has; files before that are in the folder.
    """
    size = 0
    try:
        with (
            Decompressed(path) as file,
            tarfile.open(fileobj=file, mode="r:") as archive,
        ):
            for number, entry in enumerate(archive, start=1):
                size += entry.size
                if number > _MOST_FILES or size > _MOST_BYTES:
                    raise tarfile.ReadError(
                        f"more than {_MOST_FILES:,} files or {_MOST_BYTES:,} bytes"
                    )
                _extract(archive, entry, folder, f"{path}: {unusable}")
    except (OSError, EOFError, tarfile.TarError, zlib.error) as problem:
        raise ArtifactError(f"{path}: {unusable} ({problem})") from None


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path, wrong: str) -> None:
    """Write a member below the folder; the filters of tarfile need Python 3.11.4."""
    name = PurePosixPath(entry.name)
    content = archive.extractfile(entry) if entry.isreg() else None
    if content is None or name.is_absolute() or ".." in name.parts:
        raise ArtifactError(f"{wrong} ({entry.name!r} is not a file below the folder)")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        shutil.copyfileobj(content, file)
