"""Create the work folder of a coordinator in the cloud, and save and restore its state.

The state is what a restart in the same folder needs: Snakemake's provenance records, its marks of
unfinished jobs, and the plan. Locks are left out, since their owner has ended.
"""

import base64
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from epyflow.archives import Limits, extract_archive
from epyflow.errors import ArtifactError
from epyflow.operations.detached.job_request import (
    MANIFEST,
    Submission,
    digest_of,
    read_submission,
)
from epyflow.operations.detached.supervisor import HeldFile
from epyflow.run.layout import plan_path
from epyflow.storage.disk import Storage

_METADATA = ".snakemake/metadata"
_SAVED = (_METADATA, ".snakemake/incomplete")
"""Folders of a state. The plan of the run is in it, too."""

_LIMITS = Limits(members=500_000, size=1 << 30)
"""Of a state: a run of 10,000 tasks has some 50,000 records of 2 kB."""

_LARGEST = 2**28
"""Bytes of a packed state, which is held in memory."""

_SOURCES = ("the sources of a coordinator", "submit again")
_STATE = (
    "the state of a coordinator",
    "nothing of it is used, and the run continues with the files that are in the bucket. Jobs that "
    "were being made are made again",
)

_UPLOAD_SECONDS = 60.0
"""Largest difference between the recorded time of an output and that of its upload."""

Signature = dict[str, tuple[int, int]]


def unpack_sources(path: str, storage: Storage, folder: Path) -> Submission:
    """Unpack the sources of a coordinator.

    The files get the time of the sources in the bucket. So outputs are not made again because a
    machine was lost, and they are if the sources have changed.

    Parameters
    ----------
    path
        Path of the sources in the storage; the name contains their SHA-256.
    storage
        The files under the storage prefix.
    folder
        The folder to create.

    Raises
    ------
    ArtifactError
        If they are not there, or not those that were submitted.
    """
    data, expected = storage.read(path), digest_of(path)
    if data is None:
        raise ArtifactError(f"{path}: not found; submit again")
    if (actual := hashlib.sha256(data).hexdigest()) != expected:
        where = f"{storage.uri}/{path}" if storage.uri else path
        raise ArtifactError(
            f"{where}: its SHA-256 is {actual}; expected {expected}, as the definition of this job "
            "says. Somebody has replaced it, and nothing of it was used: find out who may write "
            f"{path.rpartition('/')[0]} (`epyflow doctor --check bucket-tasks`), and submit again"
        )
    folder.mkdir(parents=True)
    extract_archive(io.BytesIO(data), folder, *_SOURCES, path=path)
    parent, _, name = path.rpartition("/")
    written = storage.below(parent)[name].modified.timestamp()
    for each in folder.rglob("*"):
        os.utime(each, (written, written))
    return read_submission((folder / MANIFEST).read_bytes())


class State:
    """Saves the state of the folder, and restores it on another machine.

    Parameters
    ----------
    folder
        The work folder.
    submission
        Manifest of the sources.
    storage
        The files under the storage prefix.
    confirm
        Raises RunningError if another coordinator has the run.
    """

    def __init__(
        self,
        folder: Path,
        submission: Submission,
        storage: Storage,
        confirm: Callable[[], object] = lambda: None,
    ) -> None:
        self._folder = folder
        self._results = submission.layout.results
        self._path = submission.layout.coordinator_state
        self._plan = plan_path(submission.exp_id, submission.run_id).as_posix()
        self._storage, self._there = storage, HeldFile(self._path, storage, confirm)
        self._saved: Signature = {}

    def restore(self) -> bool:
        """Restore the last saved state; return False if there is none.

        The state is not trusted, although tasks may not write it: a state that holds anything else
        than files that are saved, or more than any of a run, is refused as a whole. The plan is
        written anew before it is used.

        Raises
        ------
        ArtifactError
            If the state is refused; the folder is as it was.
        """
        parent, _, name = self._path.rpartition("/")
        listed = self._storage.below(parent).get(name)
        if listed is not None and listed.size > _LARGEST:
            use, remedy = _STATE
            reason = f"it has more than {_LARGEST:,} bytes"
            raise ArtifactError(f"{self._path}: not usable as {use}: {reason}; {remedy}")
        data = self._storage.read(self._path)
        if data is None:
            return False
        path = f"{self._storage.uri}/{self._path}" if self._storage.uri else self._path
        with tempfile.TemporaryDirectory(prefix=".state-", dir=self._folder.parent) as temporary:
            restored = Path(temporary)
            # Snakemake takes the time of a mark as the start of its job.
            extract_archive(
                *(io.BytesIO(data), restored, *_STATE, _LIMITS, self._is_saved),
                path=path,
                times=True,
            )
            # If one of the two is missing, Snakemake takes the other for an old version's.
            for part in _SAVED:
                (restored / part).mkdir(parents=True, exist_ok=True)
            for name in (*_SAVED, self._plan):
                _replace(self._folder / name, restored / name)
        self._forget_what_was_made_again()
        self._saved = self._signature()
        return True

    def _is_saved(self, name: str) -> bool:
        """Return whether a file of this name is part of the state that is saved."""
        path = PurePosixPath(name)
        inside = any(path.is_relative_to(part) and path != PurePosixPath(part) for part in _SAVED)
        return name == self._plan or (inside and name.isascii() and not path.name.startswith("."))

    def _forget_what_was_made_again(self) -> None:
        """Remove records of files that another coordinator has made again since.

        Snakemake would compare them with outdated records, and make them once more.
        """
        there = self._storage.below(self._results)
        for path in (self._folder / _METADATA).rglob("*"):
            below = _target(path.relative_to(self._folder / _METADATA), self._results)
            if below is None or below not in there or not path.is_file():
                continue
            recorded = _end_of(path)
            if recorded is None or there[below].modified.timestamp() > recorded + _UPLOAD_SECONDS:
                path.unlink()

    def save(self) -> bool:
        """Save the state if it has changed; return whether it has."""
        now = self._signature()
        if now == self._saved:
            return False
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=4) as archive:
            for name in now:
                self._add(archive, name)
        self._there.write(packed.getvalue())
        self._saved = now
        return True

    def _add(self, archive: tarfile.TarFile, name: str) -> None:
        path = self._folder / name
        try:
            content, its = path.read_bytes(), path.stat()
        except FileNotFoundError:
            return  # Snakemake is at work
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime = len(content), its.st_mtime
        archive.addfile(entry, io.BytesIO(content))

    def _signature(self) -> Signature:
        """Return the saved files by name, with their time and size."""
        return dict(sorted(self._files()))

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for part in _SAVED:
            for where, _, names in os.walk(self._folder / part):
                # Texts, not paths: this is done every two seconds, for up to 50,000 files.
                below = os.path.relpath(where, self._folder)
                yield from self._stats(f"{below}/{name}" for name in names if name[:1] != ".")
        yield from self._stats([self._plan])

    def _stats(self, names: Iterable[str]) -> Iterator[tuple[str, tuple[int, int]]]:
        for name in names:
            try:
                its = os.stat(f"{self._folder}/{name}")  # noqa: PTH116 - see above
            except FileNotFoundError:
                continue
            yield name, (its.st_mtime_ns, its.st_size)


def _replace(target: Path, source: Path) -> None:
    """Move a file or folder, if there is one, to where another one may be."""
    if not source.exists():
        return
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _target(name: Path, results: str) -> str | None:
    """Return the file of a record, below the run's results; None for another file.

    Snakemake names records by what they are of, in base64, in parts that fit a file's name.
    """
    encoded = "".join(part.removeprefix("@") for part in name.parts)
    try:
        of = base64.urlsafe_b64decode(encoded).decode()
    except ValueError:  # no base64, or no text
        return None
    return of.rpartition(f"/{results}/")[2] if f"/{results}/" in of else None


def _end_of(record: Path) -> float | None:
    """Return the recorded time of an output; None if the record is damaged."""
    try:
        return float(json.loads(record.read_bytes())["endtime"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
