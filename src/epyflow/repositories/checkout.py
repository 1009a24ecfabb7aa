"""Fetch the files of a repository at one commit, once.

The files of a commit are in ``<cache>/repositories/<host>/<path>/<commit>/``. They are written
under a temporary name and renamed, so that a copy is whole or absent. They are read-only, because
a run records the commit that it read. A copy has no ``.git`` folder, so no configuration with a
secret.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from epyflow.errors import EpyflowError, UnreachableError
from epyflow.files import write_bytes_atomically
from epyflow.repositories.address import Address
from epyflow.repositories.git import Git
from epyflow.repositories.token import read_token

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkout:
    """The files of a repository at one commit.

    Attributes
    ----------
    url, ref
        As in the address.
    commit
        Its 40 digits.
    folder
        The folder of the files on this machine.
    """

    url: str
    ref: str
    commit: str
    folder: Path

    def recorded(self) -> dict[str, str]:
        """Return the values that the start of a run records."""
        found = {"repository": self.url, "ref": self.ref, "commit": self.commit}
        return found | {"folder": str(self.folder)}


def fetch(address: Address, cache: Path | None = None, token: str | None = None) -> Checkout:
    """Fetch a repository, unless this machine has the commit.

    The server is asked each time for the commit of a ref. If it does not answer, the commit of the
    last time is used, with a warning.

    Parameters
    ----------
    address
        Address of the repository.
    cache
        Folder for copies; None for the cache folder of the user.
    token
        For the server; None for that of :func:`epyflow.repositories.token.read_token`.

    Raises
    ------
    EpyflowError
        If the repository, ref or commit does not exist, permission or git is missing, or there is
        neither an answer nor a copy. The message says what to do.
    """
    home = (cache or platformdirs.user_cache_path("epyflow")) / "repositories" / _name(address)
    if address.is_commit and (home / address.ref).is_dir():
        return _checkout(address, address.ref, home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    git = Git(address, token or (read_token() if address.takes_token else None))
    known = _Known(home / "refs.json")
    try:
        commit = address.ref if address.is_commit else _resolve(git, address)
        if not (home / commit).is_dir():
            _download(git, address, commit, home)
    except UnreachableError as error:
        last = known.read().get(address.ref)
        if last is None or not (home / last).is_dir():
            raise
        log.warning("%s; using commit %s, which was fetched before", error, last)
        return _checkout(address, last, home)
    known.write(address.ref, commit)
    return _checkout(address, commit, home)


def _checkout(address: Address, commit: str, home: Path) -> Checkout:
    return Checkout(address.url, address.ref, commit, home / commit)


def _name(address: Address) -> str:
    """Return the folder name of the repository: readable and unique."""
    parts = urlsplit(address.url)
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{parts.netloc}{parts.path}").strip("-.")
    return f"{readable[-80:]}-{hashlib.sha256(address.url.encode()).hexdigest()[:12]}"


def _resolve(git: Git, address: Address) -> str:
    """Ask the server for the commit of a ref."""
    ref = address.ref
    full = ref == "HEAD" or ref.startswith("refs/")
    names = [ref] if full else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    tags = [f"{name}^{{}}" for name in names if name.startswith("refs/tags/")]
    answer = git.run("ls-remote", "--", address.url, *names, *tags)
    # A pattern of ls-remote also matches longer names that end in it.
    found = {
        name: commit
        for commit, _, name in (line.partition("\t") for line in answer.splitlines())
        if name in (*names, *tags)
    }
    # An annotated tag is an object of its own; its commit has "^{}" after the name.
    commits = {name: found.get(f"{name}^{{}}", found[name]) for name in names if name in found}
    if not commits:
        raise EpyflowError(
            f"{address}: the repository has no branch or tag {ref!r}; check its spelling; a commit "
            "needs all of its 40 digits"
        )
    if len(set(commits.values())) > 1:
        raise EpyflowError(
            f"{address}: {ref!r} is a branch and a tag, at different commits; expected "
            f"{' or '.join(commits)}"
        )
    return next(iter(commits.values()))


def _download(git: Git, address: Address, commit: str, home: Path) -> None:
    """Write a commit's files to ``home/commit``."""
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=home) as temporary:
        folder = Path(temporary) / commit
        git.run("init", "--quiet", "--template=", str(folder))
        git.run("fetch", "--quiet", "--depth=1", "--no-tags", address.url, commit, folder=folder)
        git.run("checkout", "--quiet", "--detach", commit, folder=folder)
        shutil.rmtree(folder / ".git")
        _refuse_links_out(address, folder)
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.chmod(0o444)
        try:
            folder.rename(home / commit)
        except OSError:
            # Another process was faster, with the same files.
            if not (home / commit).is_dir():
                raise


def _refuse_links_out(address: Address, folder: Path) -> None:
    """Refuse a repository whose links name files of this machine."""
    inside = os.path.realpath(folder)
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(inside):
            name = path.relative_to(folder).as_posix()
            raise EpyflowError(
                f"{address}: {name} is a link that leads out of the repository; expected the file "
                "itself, or a link to a file of the repository"
            )


class _Known:
    """The commits of refs when the server was last asked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, str]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def write(self, ref: str, commit: str) -> None:
        known = self.read()
        if known.get(ref) != commit:
            text = json.dumps({**known, ref: commit}, indent=1, sort_keys=True)
            write_bytes_atomically(self._path, text.encode())
