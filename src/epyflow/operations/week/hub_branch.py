"""Put a submission on a branch of a local clone of a hub, beside what is checked out there."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from epyflow.errors import EpyflowError, UnreadableError, user_errors
from epyflow.operations.secret_variables import without_secrets
from epyflow.repositories.git import KEPT_VARIABLES
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import HubError

_METADATA = "model-metadata"
_OUTPUT = "model-output"
_TASKS = Path("hub-config/tasks.json")
_LONGEST_S = 600
_OWN = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSH")
"""Begin of variables that say who commits, and how to reach a remote."""
_CREDENTIALS = re.compile(r"//\S+@")


@dataclass(frozen=True)
class Forecast:
    """A submission and where it belongs.

    Attributes
    ----------
    model
        ``<team>-<model>``, the folder of the submission in the hub.
    file
        ``<reference date>-<model><suffix>``.
    content
        Its bytes.
    """

    model: str
    file: str
    content: bytes


@dataclass(frozen=True)
class HubBranch:
    """The branch of a submission.

    Attributes
    ----------
    name
        ``<model>-<reference date>``.
    commit
        Its commit.
    is_new
        Whether a commit was made; not if the branch holds the same submission.
    """

    name: str
    commit: str
    is_new: bool


def check_clone(clone: Path, remote: str | None) -> None:
    """Refuse a folder that is no clone of a hub, or has no such remote, before a run.

    Raises
    ------
    EpyflowError
        Saying what is expected.
    """
    if not (clone / ".git").exists():
        raise EpyflowError(f"{clone}: is not a clone of a hub; expected the folder of one")
    if remote is not None and remote not in _git(clone, "remote").split():
        raise EpyflowError(f"{clone}: has no remote {remote!r}; expected one of git remote")


def check_branch(clone: Path, model: str, file: str) -> str:
    """Return the name of a submission's branch, unless it is checked out.

    A commit on that branch would leave the files there as they are, and git would show the
    submission as deleted.

    Raises
    ------
    EpyflowError
        If the clone, or another worktree of it, has the branch checked out.
    """
    name = f"{model}-{file.partition(f'-{model}')[0]}"
    place = _git(clone, "for-each-ref", "--format=%(worktreepath)", f"refs/heads/{name}")
    if place and Path(place).is_dir():
        raise EpyflowError(
            f"{place}: has the branch {name} checked out, which the forecast is committed on; "
            "switch to another branch there"
        )
    return name


def has_configuration(clone: Path) -> bool:
    """Return whether a clone has the configuration of a hub, which submissions are made with."""
    return (clone / _TASKS).is_file()


@user_errors(HubError)
def _output_folder(hub: Path) -> str:
    """Return the folder of submissions, which is below the hub."""
    return read_hub(hub).model_output if has_configuration(hub) else _OUTPUT


def commit_submission(clone: Path, forecast: Forecast, metadata: Path | None = None) -> HubBranch:
    """Commit a submission on its branch, which begins at the commit that the clone has checked out.

    Parameters
    ----------
    clone
        A clone of the hub.
    forecast
        The submission.
    metadata
        The model's metadata; None: the hub has them.

    Raises
    ------
    EpyflowError
        If the branch is checked out, the hub lacks the metadata, its folders lead elsewhere or are
        none, or git fails.
    """
    model = forecast.model
    name = check_branch(clone, model, forecast.file)
    ref = f"refs/heads/{name}"
    start = _git(clone, "for-each-ref", "--format=%(objectname)", ref)
    with tempfile.TemporaryDirectory(prefix="epyflow-week-") as folder:
        tree = Path(folder).resolve() / "hub"
        _git(clone, "worktree", "add", "--quiet", "--detach", str(tree), start or "HEAD")
        try:
            files = {f"{_output_folder(tree)}/{model}/{forecast.file}": forecast.content}
            known = [tree / _METADATA / f"{model}{suffix}" for suffix in (".yml", ".yaml")]
            if metadata is not None:
                files[f"{_METADATA}/{model}.yml"] = _read(metadata)
            elif not any(each.is_file() for each in known):
                raise EpyflowError(
                    f"{clone}: {_METADATA}/{model}.yml is missing; give the file with --metadata"
                )
            _write(files, tree)
            _git(tree, "add", "--", *files)
            is_new = bool(_git(tree, "status", "--porcelain", "--untracked-files=no"))
            if is_new:
                message = f"Add the forecast of {model}\n\n{forecast.file}"
                _git(tree, "commit", "--quiet", "--no-verify", f"--message={message}")
            commit = _git(tree, "rev-parse", "HEAD")
            _git(clone, "update-ref", ref, commit, start or "0" * len(commit))
        finally:
            _git(clone, "worktree", "remove", "--force", str(tree))
    return HubBranch(name, commit, is_new)


def push_branch(clone: Path, branch: HubBranch, remote: str) -> None:
    """Push the branch to a remote of the clone, such as the team's fork; never by force.

    Raises
    ------
    EpyflowError
        If it refuses, or has other commits on the branch.
    """
    ref = f"refs/heads/{branch.name}"
    _git(clone, "push", "--quiet", "--no-verify", "--", remote, f"{ref}:{ref}")


def owner_of(clone: Path, remote: str) -> str:
    """Return the owner of a remote's repository, the last folder but one of its address.

    Raises
    ------
    EpyflowError
        If the address has none; it is not repeated, since it may have a password.
    """
    address = _git(clone, "remote", "get-url", "--push", remote)
    found = re.search(r"(?:^|[/:])([\w.-]+)/[\w.-]+/?$", address, re.ASCII)
    if found is None:
        raise EpyflowError(
            f"{clone}: the address of the remote {remote} names no owner; expected one that ends "
            "in <owner>/<repository>"
        )
    return found[1]


def _read(metadata: Path) -> bytes:
    try:
        return metadata.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{metadata}: cannot be read: {error.strerror}") from None


def _write(files: Mapping[str, bytes], tree: Path) -> None:
    for name, content in files.items():
        target = tree / name
        for above in (tree / each for each in Path(name).parents):
            if os.path.lexists(above) and not above.is_dir():
                where = above.relative_to(tree).as_posix()
                raise EpyflowError(f"{where}: is no folder in the hub; expected one")
        if target.is_symlink() or not target.parent.resolve().is_relative_to(tree):
            raise EpyflowError(f"{name}: a link in the hub leads elsewhere; expected a folder")
        if target.is_dir():
            raise EpyflowError(f"{name}: is a folder in the hub; expected a file or nothing")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _git(folder: Path, *arguments: str) -> str:
    """Run git without the hooks of the repository; return its output."""
    own = {
        name: value
        for name, value in without_secrets().items()
        if not name.startswith("GIT_") or name in KEPT_VARIABLES or name.startswith(_OWN)
    }
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [*command, *arguments],
            cwd=folder,
            env=own | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_LONGEST_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EpyflowError(f"{folder}: git cannot be run: {error}") from None
    if done.returncode != 0:
        said = _CREDENTIALS.sub("//***@", " ".join(done.stderr.decode(errors="replace").split()))
        raise EpyflowError(f"{folder}: git {arguments[0]} failed: {said}")
    return done.stdout.decode(errors="replace").strip()
