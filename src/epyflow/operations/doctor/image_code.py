"""Compare the code of another commit of this clone with the code that runs here."""

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.operations.doctor.this_machine import installed, locked_versions
from epyflow.operations.secret_variables import without_secrets
from epyflow.provenance import code_version
from epyflow.stages import STAGES

_PLUGINS = (
    "packages/snakemake-executor-plugin-googlebatch-array/src",
    "packages/snakemake-storage-plugin-gcs-indexed/src",
)
"""Packages of this repository that run on workers."""

_WORKERS = ("snakemake", "google-cloud-storage")
"""Prefixes of packages that move files and jobs and compute nothing."""


@dataclass(frozen=True)
class Differences:
    """Differences between a commit and the code here.

    Attributes
    ----------
    stages
        Stages whose code or packages differ: a worker refuses their jobs.
    around
        Differences of Snakemake, its plugins and their libraries: a worker may fail.
    """

    stages: tuple[str, ...]
    around: tuple[str, ...]


@cache
def differences(commit: str, folder: Path) -> Differences | None:
    """Compare a commit with the code that runs here.

    Parameters
    ----------
    commit
        Its 40 digits.
    folder
        A clone.

    Returns
    -------
    differences
        None where the commit is not in the clone, or there is no git.
    """
    git = shutil.which("git")
    if git is None:
        return None
    archive = _run(git, ("archive", "--format=zip", commit, "src/epyflow", "uv.lock"), folder)
    if archive.returncode != 0:
        return None
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary)
        with zipfile.ZipFile(BytesIO(archive.stdout)) as files:
            files.extractall(top)
        locked = locked_versions((top / "uv.lock").read_text(encoding="utf-8"))
        stages = [stage for stage in STAGES if not _is_same(stage, top / "src/epyflow", locked)]
    around = [
        f"{name} {' or '.join(sorted(locked[name]))} (here {here})"
        for name, here in sorted(installed().items())
        if name.startswith(_WORKERS) and here not in locked.get(name, {here})
    ]
    edited = _run(git, ("diff", "--name-only", commit, "--", *_PLUGINS), folder)
    if edited.stdout.strip():
        around.append("the plugins in packages/")
    return Differences(tuple(stages), tuple(around))


def _run(git: str, arguments: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[bytes]":
    command = [git, *arguments]
    return subprocess.run(  # noqa: S603 - no shell; what is not fixed is 40 digits
        command, cwd=folder, capture_output=True, check=False, env=without_secrets()
    )


def _is_same(stage: str, root: Path, locked: Mapping[str, set[str]]) -> bool:
    try:
        same = code_version(stage, root) == code_version(stage)
    except EpyflowError:
        return False
    return same and all(version(each) in locked.get(each, ()) for each in STAGES[stage].packages)
