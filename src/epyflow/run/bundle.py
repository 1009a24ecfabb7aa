"""Pack all files that inputs are built from into one archive, for a job on another machine.

bundle.json                      the manifest: which file is where
experiments/<exp_id>/config/     the YAML files in use
experiments/<exp_id>/functions/  custom functions of the experiment, and files beside them
data/                            data files below the experiments' root
elsewhere/<n>/                   data files from other allowed folders
calendar/                        the table of school breaks
populations/                     the experiment's part of the population store
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, ValidationError

from epyflow.archives import extract_archive, write_archive
from epyflow.data.observed_table import observed_files
from epyflow.errors import ArtifactError, UnreadableError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.reading.experiment_files import ExperimentFiles, is_exp_id, locate
from epyflow.files import LEADS_OUT
from epyflow.population.store import PopulationStore
from epyflow.strict import Strict, refuse

_FORMAT = 1
_MANIFEST = "bundle.json"


@dataclass(frozen=True)
class Sources:
    """The places that inputs are built from.

    Attributes
    ----------
    place
        The experiment.
    store
        Where populations come from.
    calendar
        School breaks, or None for the default calendar.
    """

    place: ExperimentFiles
    store: PopulationStore
    calendar: Path | None


def write_bundle(experiment: Experiment, sources: Sources, path: Path) -> None:
    """Write the bundle of an experiment. Equal files give equal bytes.

    Parameters
    ----------
    experiment
        A valid experiment.
    sources
        Where it was loaded from.
    path
        The file to write or replace, a gzipped tar archive.
    """
    write_archive(path, bundle_members([experiment], sources))


def bundle_members(
    experiments: Sequence[Experiment],
    sources: Sources,
    repository: Mapping[str, str] | None = None,
) -> dict[str, Path | bytes]:
    """Return the files of a bundle by their names in it.

    Parameters
    ----------
    experiments
        The experiment; for a replay, as it is written and as of each of its dates.
    sources
        Where it was loaded from.
    repository
        ``repository``, ``ref`` and ``commit`` of an experiment from a repository.
    """
    first = experiments[0]
    found = {written: path for each in experiments for written, path in each.data.items()}
    data = _data_members(found, first.files)
    home = f"experiments/{first.files.exp_id}"
    members: dict[str, Path | bytes] = {
        f"{home}/config/{path.name}": path for each in experiments for path in each.sources
    }
    members |= {f"{home}/{name}": each for name, each in _functions(first.files)}
    members |= data_files(found, data)
    calendar = None
    if sources.calendar is not None:
        calendar = f"calendar/{sources.calendar.name}"
        members[calendar] = sources.calendar
    names = dict.fromkeys(place.name for each in experiments for place in each.populations)
    parts = sources.store.parts(names)
    members |= {f"populations/{name}": each for name, each in parts.items()}
    manifest = {
        "format": _FORMAT,
        "experiment": first.files.exp_id,
        "data": data,
        "calendar": calendar,
    }
    if repository is not None:
        manifest["repository"] = dict(repository)
    members[_MANIFEST] = json.dumps(manifest, sort_keys=True).encode()
    return members


def _data_members(found: Mapping[str, Path], place: ExperimentFiles) -> dict[str, str]:
    """Map each path, as written in YAML, to its name in the bundle; in a new one, the same."""
    members, root = {}, place.root.resolve()
    for number, (written, path) in enumerate(sorted(found.items())):
        inside = path.is_relative_to(root)
        below = path.relative_to(root).as_posix() if inside else ""
        if written in place.bundled:
            members[written] = below
        else:
            members[written] = f"data/{below}" if inside else f"elsewhere/{number}/{path.name}"
    return members


def data_files(found: Mapping[str, Path], names: Mapping[str, str]) -> dict[str, Path]:
    """Return the files of data by their names in the bundle; of a partitioned folder, each one.

    Parameters
    ----------
    found
        Path as written in YAML to the file or folder.
    names
        Path as written in YAML to its name in the bundle.
    """
    return {
        f"{name}/{each.relative_to(found[written]).as_posix()}".removesuffix("/."): each
        for written, name in names.items()
        for each in observed_files(found[written])
    }


def _functions(place: ExperimentFiles) -> Iterator[tuple[str, Path]]:
    for path in (place.folder / "functions").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(place.folder).as_posix(), path


@contextmanager
def unpack_bundle(path: Path) -> Iterator[Sources]:
    """Unpack a bundle into a temporary folder while the block runs.

    Raises
    ------
    ArtifactError
        If it is damaged, of another version, or has files outside its own folder.
    """
    with tempfile.TemporaryDirectory(prefix="epyflow-bundle-") as name:
        folder = Path(name).resolve()
        extract_archive(path, folder, _USE, _REMEDY)
        yield open_bundle(folder, path, _REMEDY)


_USE, _REMEDY = "a bundle of an experiment", "delete it and run again"
_UNPACKED = "unpack it again (`epyflow unpack`), or set experiments_root to another folder"

_LARGEST_MANIFEST = 2**24
"""Bytes; a file of data takes some hundred."""


def is_bundle(folder: Path) -> bool:
    """Return whether a folder is an unpacked bundle."""
    return (folder / _MANIFEST).is_file()


def open_bundle(folder: Path, archive: Path | None = None, remedy: str = _UNPACKED) -> Sources:
    """Open an unpacked bundle.

    Parameters
    ----------
    folder
        The folder.
    archive
        For messages: the file that it was unpacked from, if the folder is temporary.
    remedy
        For messages: what to do.

    Raises
    ------
    ArtifactError
        If it is damaged, or of another version.
    """
    path = archive or folder
    manifest = _manifest(folder, path, remedy)
    try:
        return _sources(folder.resolve(), manifest)
    except UnreadableError:
        raise ArtifactError(
            f"{path}: not usable as {_USE}: it has no folder experiments/{manifest.experiment}; "
            f"{remedy}"
        ) from None


def repository_of_bundle(folder: Path) -> dict[str, str] | None:
    """Return ``repository``, ``ref`` and ``commit`` of an unpacked bundle, if it has them.

    Raises
    ------
    ArtifactError
        If it is damaged, or of another version.
    """
    return _manifest(folder, folder, _UNPACKED).repository


def _inside(name: str) -> str:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name:
        raise refuse(f"{name!r} leads out of the bundle")
    return name


def _exp_id(name: str) -> str:
    if not is_exp_id(name):
        raise refuse(f"{name!r} is not the id of an experiment")
    return name


class _Manifest(Strict):
    """The manifest of a bundle. Others may have written it, so that paths are checked."""

    format: int
    experiment: Annotated[str, AfterValidator(_exp_id)]
    data: dict[str, Annotated[str, AfterValidator(_inside)]]
    calendar: Annotated[str, AfterValidator(_inside)] | None = None
    repository: dict[str, str] | None = None


def _manifest(folder: Path, path: Path, remedy: str) -> _Manifest:
    try:
        with (folder / _MANIFEST).open("rb") as file:
            text = file.read(_LARGEST_MANIFEST + 1)
        if len(text) > _LARGEST_MANIFEST:
            raise ValueError(f"{_MANIFEST} has more than {_LARGEST_MANIFEST:,} bytes")
        manifest = dict(json.loads(text))
        if manifest.get("format") != _FORMAT:
            raise ArtifactError(
                f"{path}: written by another version of epyflow; use that version, or make the run "
                "again with this one"
            )
        return _Manifest.model_validate(manifest)
    except FileNotFoundError:
        reason = f"it has no {_MANIFEST}"
    except ValidationError as invalid:
        first = invalid.errors()[0]
        reason = f"{_MANIFEST}: {'.'.join(map(repr, first['loc']))}: {first['msg']}"
    except (OSError, ValueError, TypeError, RecursionError) as problem:
        reason = f"{_MANIFEST}: {problem}"
    raise ArtifactError(f"{path}: not usable as {_USE}: {reason}; {remedy}")


def _sources(folder: Path, manifest: _Manifest) -> Sources:
    place = locate(manifest.experiment, folder)
    files = {written: folder / name for written, name in manifest.data.items()}
    calendar = None if manifest.calendar is None else folder / manifest.calendar
    if calendar is not None and not place.holds(calendar):
        raise ArtifactError(f"{calendar} {LEADS_OUT}")
    return Sources(
        place=replace(place, bundled=files),
        store=PopulationStore.open_copy(folder / "populations", place.holds),
        calendar=calendar,
    )
