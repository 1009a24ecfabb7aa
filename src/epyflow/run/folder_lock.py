"""Let Snakemake release its own lock of the folder alone."""

from pathlib import Path
from typing import Any


def keep_locks_of_others() -> None:
    """Let Snakemake keep the locks of other processes in the folder when it releases its own.

    It removes the folder of all locks, so a short start beside a running one, of another run or of
    a part with nothing to do, would let a second process work on the files of the first. All of
    them are removed by ``snakemake --unlock``, as before. The attributes are private: a Snakemake
    without them is left as it is.
    """
    from snakemake.persistence.file import FilePersistence

    delete_all = getattr(FilePersistence, "_delete_locks", None)
    # A second workflow of the process finds it replaced already.
    if delete_all is None or delete_all.__module__ == __name__:
        return

    def delete_own(self: Any) -> None:
        own = getattr(self, "_lockfile", None)
        if not isinstance(own, dict):
            delete_all(self)
            return
        for path in own.values():
            Path(path).unlink(missing_ok=True)
        own.clear()

    FilePersistence._delete_locks = delete_own
    FilePersistence.cleanup_locks = delete_all
