"""Put a submission on a branch of a local clone of a hub, beside what is checked out there."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from epyflow.errors import EpyflowError, UnreadableError, user_errors
from epyflow.operations.secret_variables import without_secrets
from epyflow.repositories.git import KEPT_VARIABLES
from epyflow.suggest import listed
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
    """Refuse a folder that is no clone of a hub, or lacks its tasks, a remote, or who commits.

    Raises
    ------
    EpyflowError
        Saying what is expected.
    """
    if not (clone / ".git").exists():
        raise EpyflowError(f"{clone}: is not a clone of a hub; expected the folder of one")
    if (top := _git(clone, "rev-parse", "--show-prefix")) != "":
        raise EpyflowError(f"{clone}: git takes it for {top} of a repository; expected a clone")
    if remote is not None and remote not in (remotes := _git(clone, "remote").split()):
        known = f"one of {listed(remotes)}" if remotes else "one; git remote add adds it"
        raise EpyflowError(f"{clone}: has no remote {remote!r}; expected {known}")
    for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        _git(clone, "var", name)
    if not has_configuration(clone) and _git(clone, "ls-files", "--", str(_TASKS)):
        raise EpyflowError(
            f"{clone}: {_TASKS} of the hub is not checked out; expected it: git sparse-checkout "
            f"add {_TASKS.parent}, or git restore {_TASKS.parent} where it was deleted"
        )


@dataclass(frozen=True)
class _Place:
    """The branch of a submission, its commit ("" without one), where it begins, and the path."""

    branch: str
    commit: str
    base: str
    path: str


def check_branch(clone: Path, model: str, file: str, metadata: Path | None = None) -> _Place:
    """Find where a submission is committed, unless that cannot be done.

    A commit on a branch that is checked out would leave the files there as they are, and git would
    show the submission as deleted.

    Parameters
    ----------
    clone
        A clone of the hub.
    model, file
        See :class:`Forecast`.
    metadata
        See :func:`commit_submission`.

    Raises
    ------
    EpyflowError
        If the clone, or another worktree of it, has the branch checked out; if there is no commit,
        the hub lacks the metadata, or paths of it are used otherwise.
    """
    name = f"{model}-{file.partition(f'-{model}')[0]}"
    ref = f"refs/heads/{name}"
    place = _git(clone, "for-each-ref", "--format=%(worktreepath)", ref)
    if place and Path(place).is_dir():
        raise EpyflowError(
            f"{place}: has the branch {name} checked out, which the forecast is committed on; "
            "switch to another branch there"
        )
    commit = _git(clone, "for-each-ref", "--format=%(objectname)", ref)
    base = commit or _checked_out(clone)
    known = [f"{_METADATA}/{model}{suffix}" for suffix in (".yml", ".yaml")]
    path = f"{_output_folder(clone)}/{model}/{file}"
    _check_path(clone, base, path)
    if metadata is not None:
        _check_path(clone, base, known[0])
        if not metadata.is_file():
            raise UnreadableError(f"{metadata}: is no file; expected the model's metadata")
    elif not _git(clone, "ls-tree", base, "--", *known):
        raise EpyflowError(f"{clone}: {known[0]} is missing; give the file with --metadata")
    return _Place(name, commit, base, path)


def _checked_out(clone: Path) -> str:
    try:
        return _git(clone, "rev-parse", "--verify", "HEAD^{commit}")
    except EpyflowError:
        raise EpyflowError(f"{clone}: has no commit; expected a clone of the hub") from None


def _check_path(clone: Path, base: str, path: str) -> None:
    """Refuse a path of a commit that is a link or a folder, or below a link or a file."""
    above = [str(each) for each in PurePosixPath(path).parents][:-1]
    for entry in _git(clone, "ls-tree", "-z", base, "--", path, *above).split("\0"):
        found, _, where = entry.partition("\t")
        if found.startswith("120000"):
            raise EpyflowError(f"{where}: is a link in the hub; expected none")
        if where == path and " tree " in found:
            raise EpyflowError(f"{where}: is a folder in the hub; expected a file or nothing")
        if where in above and " tree " not in found:
            raise EpyflowError(f"{where}: is no folder in the hub; expected one")


def has_configuration(clone: Path) -> bool:
    """Return whether a clone has the configuration of a hub, which submissions are made with."""
    return (clone / _TASKS).is_file()


@user_errors(HubError)
def _output_folder(hub: Path) -> str:
    """Return the folder of submissions, which is below the hub."""
    return read_hub(hub).model_output if has_configuration(hub) else _OUTPUT


def commit_submission(clone: Path, forecast: Forecast, metadata: Path | None = None) -> HubBranch:
    """Commit a submission on its branch, which begins at the commit that the clone has checked out.

    No file of the hub is written to a folder: hubs have gigabytes, and a clone may have a part.

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
        See :func:`check_branch`; also if git fails.
    """
    place = check_branch(clone, forecast.model, forecast.file, metadata)
    files = {place.path: forecast.content}
    if metadata is not None:
        files[f"{_METADATA}/{forecast.model}.yml"] = _read(metadata)
    with tempfile.TemporaryDirectory(prefix="epyflow-week-") as folder:
        index = Path(folder).resolve() / "index"
        _git(clone, "read-tree", place.base, index=index)
        for path, content in files.items():
            blob = _git(clone, "hash-object", "-w", "--stdin", f"--path={path}", given=content)
            entry = f"100644,{blob},{path}"
            _git(clone, "update-index", "--add", "--cacheinfo", entry, index=index)
        tree = _git(clone, "write-tree", index=index)
    is_new = tree != _git(clone, "rev-parse", f"{place.base}^{{tree}}")
    commit = place.base
    if is_new:
        sign = _git(clone, "config", "--type=bool", "--default=false", "commit.gpgsign") == "true"
        message = f"Add the forecast of {forecast.model}\n\n{forecast.file}"
        options = (*(["-S"] if sign else []), "-p", place.base, "-m", message)
        commit = _git(clone, "commit-tree", tree, *options)
    before = place.commit or "0" * len(commit)
    _git(clone, "update-ref", f"refs/heads/{place.branch}", commit, before)
    return HubBranch(place.branch, commit, is_new)


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


def _git(folder: Path, *arguments: str, index: Path | None = None, given: bytes = b"") -> str:
    """Run git without the hooks of the repository; return its output.

    ``index`` is used in place of that of the clone, and ``given`` is its standard input.
    """
    own = {
        name: value
        for name, value in without_secrets().items()
        if not name.startswith("GIT_") or name in KEPT_VARIABLES or name.startswith(_OWN)
    }
    if index is not None:
        own["GIT_INDEX_FILE"] = str(index)
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [*command, *arguments],
            cwd=folder,
            env=own | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            input=given,
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
