"""List the files of a folder of a storage. Links that lead out of the storage are left out."""

import os
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG

from epyflow.storage.regular_file import unreadable, warn_of_link
from epyflow.storage.stored_file import Stored, moment_of

Holds = Callable[[Path], bool]
"""Whether a file or folder, its links followed, belongs to the storage."""


def list_names(folder: Path, holds: Holds) -> list[str]:
    """Return the names of the files directly in a folder; none if it does not exist.

    Raises
    ------
    UnreadableError
        If it may not be listed.
    """
    try:
        files = filter(Path.is_file, folder.iterdir() if _is_held(folder, holds) else ())
        return [path.name for path in files if not path.is_symlink() or _is_held(path, holds)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(folder, error) from None


def list_below(folder: Path, wanted: Callable[[str], bool], holds: Holds) -> dict[str, Stored]:
    """Return the files in a folder and those below it whose name is wanted, by relative path."""
    found = {}
    for where, _, names in os.walk(folder) if _is_held(folder, holds) else ():
        for path in (Path(where) / name for name in names if wanted(name)):
            try:
                its = path.stat()
            except OSError:
                continue  # removed since it was listed, a link to itself, or not ours to see
            if not S_ISREG(its.st_mode) or (path.is_symlink() and not _is_held(path, holds)):
                continue
            modified = moment_of(its.st_mtime)
            found[path.relative_to(folder).as_posix()] = Stored(its.st_size, modified)
    return found


def _is_held(path: Path, holds: Holds) -> bool:
    if held := holds(path):
        return held
    warn_of_link(path)
    return False
