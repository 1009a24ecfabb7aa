"""All that building an experiment's inputs reads, as one file: for a machine that has none of it.

bundle.json                      what is where
experiments/<exp_id>/config/     the YAML files in use
experiments/<exp_id>/functions/  the user's own modules, and what lies beside them
data/                            data files, as they lie below the experiments' root
elsewhere/<n>/                   data files from other folders that are allowed
calendar/                        the table of school breaks
populations/                     a copy of the population store, for the experiment's populations
"""

import io
import json
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from epyflow.errors import ArtifactError
from epyflow.experiment import Experiment
from epyflow.experiment.discovery import Place, locate
from epyflow.files import gzip_writer
from epyflow.population.store import PopulationStore

_FORMAT = 1
_MANIFEST = "bundle.json"


@dataclass(frozen=True)
class Sources:
    """Where the things are that inputs are built from.

    Attributes
    ----------
    place
        The experiment.
    store
        Where populations come from.
    calendar
        School breaks, or None for the default calendar.
    """

    place: Place
    store: PopulationStore
    calendar: Path | None


def write_bundle(experiment: Experiment, sources: Sources, path: Path) -> None:
    """Write the bundle of an experiment: equal files give equal bytes.

    Parameters
    ----------
    experiment
        A valid experiment.
    sources
        Where it was loaded from.
    path
        The file to write or replace, a gzipped tar archive.
    """
    data = _data_members(experiment)
    home = f"experiments/{experiment.place.exp_id}"
    members = {f"{home}/config/{each.name}": each for each in experiment.sources}
    members |= {f"{home}/{name}": each for name, each in _functions(experiment.place)}
    members |= {name: experiment.data[written] for written, name in data.items()}
    calendar = None
    if sources.calendar is not None:
        calendar = f"calendar/{sources.calendar.name}"
        members[calendar] = sources.calendar
    names = [location.name for location in experiment.populations]
    parts = sources.store.parts(names)
    members |= {f"populations/{name}": each for name, each in parts.items()}
    manifest = {
        "format": _FORMAT,
        "experiment": experiment.place.exp_id,
        "data": data,
        "calendar": calendar,
    }
    _pack(path, manifest, members)


def _data_members(experiment: Experiment) -> dict[str, str]:
    """Return path as written in YAML to the name in the bundle."""
    root = experiment.place.root.resolve()
    members = {}
    for number, (written, path) in enumerate(sorted(experiment.data.items())):
        inside = path.is_relative_to(root)
        below = path.relative_to(root).as_posix() if inside else ""
        members[written] = f"data/{below}" if inside else f"elsewhere/{number}/{path.name}"
    return members


def _functions(place: Place) -> Iterator[tuple[str, Path]]:
    for path in (place.folder / "functions").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(place.folder).as_posix(), path


def _pack(path: Path, manifest: Mapping[str, Any], members: Mapping[str, Path]) -> None:
    with gzip_writer(path) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        text = json.dumps(manifest, sort_keys=True).encode()
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
        for name, source in sorted(members.items()):
            # Of a TarInfo made here, time, owner and mode are the same everywhere.
            entry = tarfile.TarInfo(name)
            entry.size = source.stat().st_size
            with source.open("rb") as content:
                archive.addfile(entry, content)


@contextmanager
def unpacked(path: Path) -> Iterator[Sources]:
    """Unpack a bundle into a temporary folder while the block runs.

    Raises
    ------
    ArtifactError
        If it is damaged, of another version, or holds anything but files of its own folder.
    """
    with tempfile.TemporaryDirectory(prefix="epyflow-bundle-") as name:
        folder = Path(name).resolve()
        try:
            with tarfile.open(path, "r:gz") as archive:
                for entry in archive:
                    _extract(archive, entry, folder, path)
            manifest = json.loads((folder / _MANIFEST).read_bytes())
        except (OSError, EOFError, ValueError, tarfile.TarError, zlib.error) as problem:
            raise ArtifactError(f"{path}: {_UNUSABLE} ({problem})") from None
        if manifest.get("format") != _FORMAT:
            raise ArtifactError(f"{path}: made by another version of epyflow; run again")
        yield _sources(folder, manifest)


_UNUSABLE = "not usable as a bundle of an experiment. Delete it and run again"


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path, path: Path) -> None:
    """Write a member below the folder; tarfile's own filters came with Python 3.11.4."""
    name = PurePosixPath(entry.name)
    content = archive.extractfile(entry) if entry.isreg() else None
    if content is None or name.is_absolute() or ".." in name.parts:
        raise ArtifactError(f"{path}: {_UNUSABLE} ({entry.name!r} is not a file of the bundle)")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        shutil.copyfileobj(content, file)


def _sources(folder: Path, manifest: Mapping[str, Any]) -> Sources:
    place = locate(manifest["experiment"], folder)
    files = {written: folder / name for written, name in manifest["data"].items()}
    calendar = manifest["calendar"]
    return Sources(
        place=replace(place, bundled=files),
        store=PopulationStore.open_copy(folder / "populations"),
        calendar=None if calendar is None else folder / calendar,
    )
