"""The address of a repository, as ``experiments_root`` has it."""

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
    """A repository and what of it is wanted.

    Attributes
    ----------
    url
        For git; without name, token or ref.
    ref
        A branch, a tag, a full name such as ``refs/heads/main``, or a commit's 40 digits;
        ``HEAD`` is the default branch.
    """

    url: str
    ref: str = "HEAD"

    @property
    def is_commit(self) -> bool:
        """Whether the ref is a commit, which never moves."""
        return _COMMIT.fullmatch(self.ref) is not None

    @property
    def takes_token(self) -> bool:
        """Whether there is a server to ask: a folder is read without a token."""
        return not self.url.startswith("file:")

    def __str__(self) -> str:
        return f"git+{self.url}@{self.ref}"


def is_address(text: str) -> bool:
    """Whether a text is the address of a repository, right or wrong; else it is a folder."""
    return text.startswith("git+")


def parse_address(text: str) -> Address:
    """Read ``git+https://host/owner/repo@ref``.

    ``git+file:///folder/repo.git`` is a repository on a mounted disk. ``git+http://`` is for this
    machine alone: elsewhere, a token would travel in the clear.

    Raises
    ------
    EpyflowError
        If it is not one; the message repeats nothing that could be a token.
    """
    try:
        parts = urlsplit(text.removeprefix("git+"))
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refusal("is no address") from None
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
        raise _refusal("is of another kind")
    path, _, ref = parts.path.partition("@")
    if not path.strip("/"):
        raise _refusal("names no repository")
    if "@" in parts.path and (not _REF.fullmatch(ref) or ".." in ref or ref.endswith("/")):
        raise _refusal("has no branch, tag or commit after the '@'")
    return Address(f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}", ref or "HEAD")


def _refusal(what: str) -> EpyflowError:
    return EpyflowError(f"the address of the repository {what}; expected such as {EXAMPLE}")
