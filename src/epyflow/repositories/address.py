"""Parse the address of a repository in ``experiments_root``."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from epyflow.errors import EpyflowError

EXAMPLE = "git+https://github.com/my-organisation/my-experiments@main"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Address:
    """A repository, and the branch, tag or commit to read.

    Attributes
    ----------
    url
        URL for git, without user name, token and ref.
    ref
        A branch, a tag, a full name such as ``refs/heads/main``, or a commit's 40 digits;
        ``HEAD`` is the default branch.
    """

    url: str
    ref: str = "HEAD"

    @property
    def is_commit(self) -> bool:
        """Return whether the ref is a commit, which never moves."""
        return _COMMIT.fullmatch(self.ref) is not None

    @property
    def takes_token(self) -> bool:
        """Return whether a server may need a token: a folder is read without one."""
        return not self.url.startswith("file:")

    def __str__(self) -> str:
        return f"git+{self.url}@{self.ref}"


def is_address(text: str) -> bool:
    """Return whether a text is the address of a repository, valid or not; else it is a folder."""
    return text.startswith("git+")


def parse_address(text: str) -> Address:
    """Read ``git+https://host/owner/repo@ref``.

    ``git+file:///folder/repo.git`` is a repository on a mounted disk. ``git+http://`` is accepted
    only for this machine, because a token would not be encrypted.

    Raises
    ------
    EpyflowError
        If it is not valid; the message repeats no part that could be a token.
    """
    try:
        parts = urlsplit(text.removeprefix("git+"))
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refusal("is not a URL") from None
    if "@" in parts.netloc:
        raise _refusal(
            "has a name or token before the host, where logs would show it; set EPYFLOW_GIT_TOKEN "
            "instead"
        )
    if parts.query or parts.fragment:
        raise _refusal("has a part after '?' or '#'")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise _refusal("is not encrypted")
    if parts.scheme not in ("https", "http", "file") or (host is None) == (parts.scheme != "file"):
        raise _refusal("has another scheme than https or file")
    path, _, ref = parts.path.partition("@")
    if not path.strip("/"):
        raise _refusal("names no repository")
    if "@" in parts.path and (not _REF.fullmatch(ref) or ".." in ref or ref.endswith("/")):
        raise _refusal("has no branch, tag or commit after the '@'")
    return Address(f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}", ref or "HEAD")


def _refusal(what: str) -> EpyflowError:
    return EpyflowError(
        f"the address of the repository {what}; expected an address such as {EXAMPLE}"
    )
