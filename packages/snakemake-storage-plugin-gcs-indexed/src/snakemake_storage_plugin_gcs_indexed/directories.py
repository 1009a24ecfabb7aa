"""Store directories in a bucket, which knows only names with slashes.

A directory is all objects whose names start with its own and a slash. One that holds nothing is an
empty object whose name ends in the slash, as the Cloud console makes it.
"""

import os
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from .errors import StorageError
from .indexed_bucket import IndexedBucket
from .prefetch import fetch
from .uploads import store_file


def store(indexed: IndexedBucket, folder: str, local: Path) -> None:
    """Upload everything in a local directory, empty directories too.

    Parameters
    ----------
    folder
        What the objects' names start with; ends in a slash.
    """
    for root, directories, files in os.walk(local):
        below = Path(root).relative_to(local)
        for file in sorted(files):
            store_file(indexed, folder + (below / file).as_posix(), Path(root, file))
        if not files and not directories:
            name = folder if below == Path() else f"{folder}{below.as_posix()}/"
            with TemporaryDirectory() as temporary:
                nothing = Path(temporary, "nothing")
                nothing.touch()
                store_file(indexed, name, nothing)


def retrieve(indexed: IndexedBucket, folder: str, local: Path) -> bool:
    """Download everything below a name into a new local directory; False if there is nothing.

    Raises
    ------
    StorageError
        If an object disappears meanwhile, or its name would lie outside the directory.
    """
    contents = indexed.index.below(folder)
    for name, entry in contents.items():
        target = local / _inside(folder, name)
        if name.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        elif not fetch(indexed, name, target, entry.size):
            raise StorageError(
                f"{indexed.bucket.url(name)} was removed while its directory was downloaded. Is "
                "another run working on the same prefix?"
            )
    return bool(contents)


def _inside(folder: str, name: str) -> PurePosixPath:
    below = PurePosixPath(name.removeprefix(folder))
    if below.is_absolute() or ".." in below.parts:
        raise StorageError(f"The object {name!r} would be written outside of its directory.")
    if "\0" in name:
        raise StorageError(f"The object {name!r} has a name that no local file can have.")
    return below
