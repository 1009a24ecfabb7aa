"""Pack the files that a coordinator needs into one archive. Equal files give equal bytes.

submission.json                        the manifest: run, git checkout, versions of code
workflow/  envs/  profiles/gcp/config.yaml  uv.lock
config/config.yaml                     the settings in force, in one file
experiments/                           the experiment, as a bundle: see run/bundle.py
experiments/common-data/hub/           files of the hub that submissions are made with
experiments/against/                   final observations, to score against

It contains no token and no repository address that needs one: experiments have been fetched.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from epyflow import provenance
from epyflow.archives import write_archive
from epyflow.errors import UnreadableError
from epyflow.inputs.observation_history import Final
from epyflow.operations.detached.job_request import EXPERIMENTS, MANIFEST, PackedFrom, Submission
from epyflow.operations.secret_variables import without_secrets
from epyflow.provenance.record import git_state
from epyflow.run import forecast_plan
from epyflow.run.bundle import bundle_members
from epyflow.run.hub_choice import choose_destination
from epyflow.run.layout import RunLayout
from epyflow.run.settings import Settings
from epyflow.run.sources import Gathered
from epyflow.submission.destination import Destination

_PROJECT = ("workflow/Snakefile", "profiles/gcp/config.yaml")
_FOLDERS = ("workflow", "envs")
_FILES = ("profiles/gcp/config.yaml", "uv.lock")
_HUB = f"{EXPERIMENTS}/common-data/hub"
_AGAINST = f"{EXPERIMENTS}/against"

_TRAVELS = {"experiment", "experiments_root", "run_id", "hub", "hub_locations", "target_data"}
_LEFT_BEHIND = {"population_data", "school_calendar", "allowed_data_roots"}
"""Settings with paths of files that the bundle contains."""
_NOTIFY = "notify_"
"""Begin of settings that are for this machine: a coordinator notifies the receivers of its site."""

Members = dict[str, Path | bytes]


@dataclass(frozen=True)
class Packed:
    """The packed sources of a coordinator.

    Attributes
    ----------
    data
        The archive.
    path
        Its path below the storage prefix; the name contains its SHA-256.
    plan, origin
        Checksum of the plan that the sources give, and the place of the experiment.
    """

    data: bytes
    path: str
    plan: str
    origin: str = ""


def find_members(found: Gathered, arguments: Sequence[str], project: Path = Path()) -> Members:
    """Return the files of the archive by their names in it.

    Parameters
    ----------
    found
        A valid experiment and the settings of its run.
    arguments
        Arguments for Snakemake besides those of the profile.
    project
        The folder with ``workflow/`` and ``profiles/``.

    Raises
    ------
    UnreadableError
        If it is not the project's folder.
    EpyflowError
        If the hub, or a file to score against, is missing.
    """
    members: Members = {}
    for name, path in _of_the_project(project):
        members[name] = path
    experiments = [found.experiment, *found.runs.values()]
    experiment = bundle_members(experiments, found.sources, found.repository)
    members |= {f"{EXPERIMENTS}/{name}": each for name, each in experiment.items()}
    hub, values = _hub_of(found)
    members |= hub
    settings = _settings(found) | values
    members["config/config.yaml"] = yaml.safe_dump(settings, allow_unicode=True).encode()
    members[MANIFEST] = _manifest(found, arguments, project).encode()
    return members


def pack(members: Members, exp_id: str, run_id: str, plan: str, origin: str = "") -> Packed:
    """Pack the sources of a coordinator. Equal files give equal bytes and one name."""
    with tempfile.TemporaryDirectory(prefix="epyflow-submit-") as folder:
        path = Path(folder) / "sources.tar.gz"
        write_archive(path, members)
        data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Packed(data, RunLayout(exp_id, run_id).coordinator_sources(digest), plan, origin)


def _of_the_project(project: Path) -> Iterator[tuple[str, Path]]:
    missing = [name for name in _PROJECT if not (project / name).is_file()]
    if missing:
        raise UnreadableError(
            f"{' and '.join(missing)}: not found; run epyflow submit in the folder of the project"
        )
    for folder in _FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            below = path.relative_to(project)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in below.parts)
            if path.is_file() and not hidden:
                yield below.as_posix(), path
    for name in _FILES:
        if (project / name).is_file():
            yield name, project / name


def _settings(found: Gathered) -> dict[str, Any]:
    """Return the settings that differ from the defaults, with the paths of the archive."""
    settings = found.settings.model_dump(mode="json", exclude_defaults=True)
    left = _TRAVELS | _LEFT_BEHIND | {name for name in settings if name.startswith(_NOTIFY)}
    kept = {k: v for k, v in settings.items() if k not in left}
    return kept | {
        "experiment": found.experiment.files.exp_id,
        "experiments_root": EXPERIMENTS,
        "run_id": found.settings.run_id,
    }


def _hub_of(found: Gathered) -> tuple[Members, dict[str, str]]:
    """Return the files of hub and scores by their names, and the settings that name them."""
    settings, values = found.settings, dict[str, str]()
    members: Members = {}
    choices = [choose_destination(experiment, settings) for experiment in found.runs.values()]
    made = [choice for choice in choices if choice is not None and choice.folder is not None]
    for choice in made:
        members |= _hub_files(choice, settings)
    if made and settings.hub is not None:
        values["hub"] = _HUB
    if made and settings.hub_locations is not None:
        values["hub_locations"] = _locations(settings)
    _, against = forecast_plan.plan_scores(found.runs, settings)
    if against:
        truth = Path(against["target_data"])
        values["target_data"] = f"{_AGAINST}/{truth.name}"
        for path in Final(truth).files:
            below = path.relative_to(truth.parent).as_posix()
            members[f"{_AGAINST}/{below}"] = path
        members |= {_below_hub(made[0], Path(each)): Path(each) for each in against["others"]}
    return members, values


def _hub_files(choice: Destination, settings: Settings) -> Mapping[str, Path]:
    given = None if settings.hub_locations is None else Path(settings.hub_locations)
    return {
        _locations(settings) if path == given else _below_hub(choice, path): path
        for path in choice.files.values()
    }


def _locations(settings: Settings) -> str:
    return f"{_AGAINST}/locations/{Path(str(settings.hub_locations)).name}"


def _below_hub(choice: Destination, path: Path) -> str:
    """Return the name of a hub's file in the archive; a link does not pack another file."""
    hub = Path(str(choice.folder))
    if not path.resolve().is_relative_to(hub.resolve()):
        raise UnreadableError(
            f"{path} leads out of the hub {hub} through a link; expected a file of the hub: remove "
            "the link, and submit again"
        )
    return f"{_HUB}/{path.relative_to(hub).as_posix()}"


def _manifest(found: Gathered, arguments: Sequence[str], project: Path) -> str:
    git = git_state(project.resolve(), without_secrets())
    submission = Submission(
        exp_id=found.experiment.files.exp_id,
        run_id=found.settings.run_id,
        checkout=None if git is None else PackedFrom(**git),
        code=provenance.code_versions(),
        arguments=tuple(arguments),
    )
    return submission.model_dump_json(indent=1) + "\n"
