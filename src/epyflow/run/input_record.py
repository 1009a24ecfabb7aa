"""Record the hashes that the inputs of a run were built from, beside the inputs.

An input is not built again as long as the hash of its task is the recorded one. The record lies
with the inputs, on disk or in a bucket, so that every coordinator of the run finds it.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from epyflow.errors import ArtifactError, EpyflowError, UnreadableError
from epyflow.run.digests import digest_of
from epyflow.run.layout import RunLayout, task_number
from epyflow.run.plan import RunPlan
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import LARGEST_TEXT

_FORMAT = 1
_THREADS = 10


@dataclass(frozen=True)
class Built:
    """The inputs that were built.

    Attributes
    ----------
    seed
        The random seed of the run.
    digests
        ``<i>`` to the hash of what the input was built from.
    checksums
        ``<i>`` to the MD5 of the file, in base64.
    """

    seed: int
    digests: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)

    def without(self, numbers: Collection[str]) -> "Built":
        """Return the record without some inputs."""
        return Built(
            self.seed,
            {number: each for number, each in self.digests.items() if number not in numbers},
            {number: each for number, each in self.checksums.items() if number not in numbers},
        )


def read_record(storage: Storage, layout: RunLayout) -> Built | None:
    """Read the record of the inputs of a run; None where there is none.

    Raises
    ------
    ArtifactError
        If it is damaged.
    UnreadableError
        If it is too large.
    EpyflowError
        If another run has this folder, too: a date of a replay of ``a``, with the run id ``b``, and
        a run of the experiment ``a/b`` that is named by the date.
    """
    path = layout.input_record
    data = storage.read(path, LARGEST_TEXT)
    if data is None:
        return None
    try:
        content = json.loads(data)
        if content["format"] != _FORMAT:
            return None  # of another version: everything is built anew
        if not 0 <= (seed := int(content["seed"])) < 2**63:
            raise ValueError(f"the seed is {seed}")
        built = Built(seed, dict(content["digests"]), dict(content["checksums"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as problem:
        raise ArtifactError(
            f"{path}: damaged. Delete it and run again, which builds every input again."
        ) from problem
    named = content if "exp_id" in content else _metadata(storage, layout)
    _check_owner(str(named.get("exp_id")), str(named.get("run_id")), layout)
    return built


def _metadata(storage: Storage, layout: RunLayout) -> dict[str, Any]:
    """Return the record of the run, which names it where an earlier version wrote its inputs."""
    try:
        found = json.loads(storage.read(layout.metadata, LARGEST_TEXT) or b"{}")
    except (ValueError, RecursionError, UnreadableError):
        return {}
    return found if isinstance(found, dict) else {}


def _check_owner(exp_id: str, run_id: str, layout: RunLayout) -> None:
    """Refuse the inputs of another run that has the same folder, but not those of a moved one."""
    if exp_id != layout.exp_id and f"{exp_id}/{run_id}" == layout.name:
        raise EpyflowError(
            f"{layout.results}: holds the run {run_id} of the experiment {exp_id}, and the run "
            f"{layout.run_id} of the experiment {layout.exp_id} would replace its files; expected "
            "another name for this run: --config run_id=<name>. If the other run is not needed, "
            "delete this folder instead"
        )


def _write(built: Built, storage: Storage, layout: RunLayout) -> None:
    content = {
        "format": _FORMAT,
        "exp_id": layout.exp_id,
        "run_id": layout.run_id,
        "seed": built.seed,
        "digests": dict(sorted(built.digests.items())),
        "checksums": dict(sorted(built.checksums.items())),
    }
    storage.write(layout.input_record, json.dumps(content, indent=0).encode())


def tasks_to_build(run: RunPlan, built: Built | None, storage: Storage) -> list[int]:
    """Return the tasks whose inputs are missing, or were built from another hash.

    Only these are built. An input that is up to date is a plain file to the workflow: its task
    does not depend on the build job, so adding a population runs that population alone.

    Parameters
    ----------
    run
        Plan of the run.
    built
        The record, from :func:`read_record`.
    storage
        Holds the inputs. Inputs under a storage prefix must have the recorded checksums: a
        coordinator may have ended between the record and the end of its uploads. An input is read
        if its checksum in the listing is not the recorded one.
    """
    layout = run.layout
    there = storage.names(layout.inputs)
    recorded = built or Built(run.seed)

    def up_to_date(task: tuple[int, str]) -> bool:
        index, digest = task
        number, path = task_number(index), layout.input(index)
        name = path.rpartition("/")[2]
        if name not in there or recorded.digests.get(number) != digest:
            return False
        if storage.uri is None or there[name] == recorded.checksums.get(number):
            return True
        # Not every storage lists checksums, and S3 lists others for objects encrypted with KMS.
        data = storage.read(path)
        return data is not None and _md5_of(data) == recorded.checksums.get(number)

    tasks = list(enumerate(_digests(run)))
    with ThreadPoolExecutor(_THREADS) as pool:
        known = pool.map(up_to_date, tasks)
        return [task for (task, _), fresh in zip(tasks, known, strict=True) if not fresh]


def _digests(run: RunPlan) -> list[str]:
    return [digest_of(task, run.code["build"], run.code["run"]) for task in run.tasks]


def forget(run: RunPlan, tasks: Iterable[int], storage: Storage) -> None:
    """Remove tasks from the record, before their inputs are overwritten."""
    built = read_record(storage, run.layout)
    if built is not None:
        _write(built.without({task_number(task) for task in tasks}), storage, run.layout)


def remember(run: RunPlan, inputs: Mapping[int, Path], storage: Storage) -> None:
    """Record the hashes that inputs were built from.

    Parameters
    ----------
    run
        Plan of the run.
    inputs
        Task to its file on disk, without tasks that could not be built: they are built the next
        time.
    storage
        Holds the inputs, or will hold them.
    """
    built = read_record(storage, run.layout) or Built(run.seed)
    digests = _digests(run)
    fresh = {task_number(task): (digests[task], _md5(path)) for task, path in inputs.items()}
    record = Built(
        run.seed,
        {**built.digests, **{number: each[0] for number, each in fresh.items()}},
        {**built.checksums, **{number: each[1] for number, each in fresh.items()}},
    )
    _write(record, storage, run.layout)


def _md5(path: Path) -> str:
    """Return the checksum of a file as Cloud Storage records it."""
    with path.open("rb") as file:
        return _as_text(hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)))


def _md5_of(data: bytes) -> str:
    return _as_text(hashlib.md5(data, usedforsecurity=False))


def _as_text(digest: "hashlib._Hash") -> str:
    return base64.b64encode(digest.digest()).decode()
