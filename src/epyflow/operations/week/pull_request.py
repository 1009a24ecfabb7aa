"""Open a pull request for a branch on GitHub.

Source: docs.github.com, REST API, "Pull requests" and "Repositories", version 2022-11-28.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from epyflow.errors import DataError, EpyflowError
from epyflow.operations.runs.stored_records import Record
from epyflow.operations.secret_variables import GITHUB
from epyflow.operations.web import ask, confirm_encrypted, confirm_token
from epyflow.operations.week.hub_branch import HubBranch

API = "https://api.github.com"

_LARGEST = 2**24
"""Bytes of an answer; that about a hundred pull requests has two million."""
_LONGEST = 500
"""Characters of a text of the server that are repeated."""
_OK, _CREATED, _UNPROCESSABLE = 200, 201, 422
_ADVICE = {
    401: f"the token in {GITHUB} is wrong or has expired",
    403: f"the token in {GITHUB} may not open pull requests there",
    404: f"there is no such repository, or the token in {GITHUB} may not read it",
}

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Host:
    """The repository of a hub on GitHub, and the token for it.

    Attributes
    ----------
    repository
        ``<owner>/<name>``.
    api
        Address of the API.
    token
        It is in no message and no environment of another process.
    """

    repository: str
    api: str
    token: str = field(repr=False)

    def without_token(self, text: str) -> str:
        """Return as much of a server's text as is printed, without the token if it is in there."""
        return text.replace(self.token, "***")[:_LONGEST]


@dataclass(frozen=True)
class PullRequest:
    """A pull request: its address, its state, and whether it was opened now."""

    url: str
    state: str
    is_new: bool


class _Repository(Record):
    default_branch: str


class _Head(Record):
    label: str
    sha: str


class _Pull(Record):
    html_url: str
    state: str
    head: _Head


class _Reason(Record):
    message: str = ""


class _Refusal(_Reason):
    errors: list[_Reason | str] = Field(default_factory=list)


def read_host(repository: str, api: str, tokens: Mapping[str, str]) -> Host:
    """Check the repository of a hub, the address of the API and the token for it.

    Parameters
    ----------
    repository
        ``<owner>/<name>`` of the hub.
    api
        Address of the API; HTTPS, or HTTP to this machine.
    tokens
        ``EPYFLOW_GITHUB_TOKEN`` is the token.

    Raises
    ------
    EpyflowError
        If there is no token, or the repository or the address is wrong.
    """
    token = tokens.get(GITHUB, "").strip()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.{1,2}$)[\w.-]+", repository, re.ASCII):
        raise EpyflowError(
            f"--pull-request {repository}: expected <owner>/<name> of the hub's repository, such "
            "as cdcepi/FluSight-forecast-hub"
        )
    confirm_encrypted(api)
    if not token:
        raise EpyflowError(f"{GITHUB} is not set; expected a token for pull requests")
    confirm_token(token, GITHUB)
    return Host(repository, api.rstrip("/"), token)


def open_pull_request(host: Host, branch: HubBranch, owner: str) -> PullRequest:
    """Open a pull request to the default branch, unless there is one.

    Parameters
    ----------
    host
        The hub.
    branch
        What was pushed.
    owner
        Of the repository that it was pushed to.

    Returns
    -------
    request
        The one that is open for the branch, or was open for its commit; else a new one.

    Raises
    ------
    EpyflowError
        If GitHub refuses; the message contains no token, even if the answer does.
    UnreachableError
        If it does not answer.
    """
    found = _find(host, branch, owner)
    if found is not None:
        return _shown(host, found, is_new=False)
    path, head = f"/repos/{host.repository}", f"{owner}:{branch.name}"
    base = _read(_Repository, host, path, _ask(host, path)[1]).default_branch
    text = f"The forecast was made, and its submission checked, by epyflow.\n\n{branch.commit}"
    asked = {"title": f"Add {branch.name}", "head": head, "base": base, "body": text}
    status, body = _ask(host, f"{path}/pulls", asked)
    if status == _CREATED:
        made = _read(_Pull, host, f"{path}/pulls", body)
        return _shown(host, made, is_new=True)
    found = _find(host, branch, owner)  # Another process may have been faster.
    if found is None:
        raise _refusal(host, f"{path}/pulls", status, body)
    return _shown(host, found, is_new=False)


def _shown(host: Host, found: _Pull, *, is_new: bool) -> PullRequest:
    url, state = (host.without_token(text) for text in (found.html_url, found.state))
    return PullRequest(url, state, is_new)


def _find(host: Host, branch: HubBranch, owner: str) -> _Pull | None:
    """Return the pull request of the branch that is open, or that has its commit."""
    head = f"{owner}:{branch.name}"
    path = f"/repos/{host.repository}/pulls"
    query = urlencode({"head": head, "state": "all", "per_page": 100})
    _, body = _ask(host, f"{path}?{query}")
    try:
        listed = TypeAdapter(list[_Pull]).validate_json(body)
    except ValidationError:
        raise DataError(f"{host.api}{path}: expected a list of pull requests") from None
    own = [each for each in listed if each.head.label.lower() == head.lower()]
    own.sort(key=lambda each: each.state != "open")
    return next(
        (each for each in own if each.state == "open" or each.head.sha == branch.commit), None
    )


def _ask(host: Host, path: str, asked: dict[str, str] | None = None) -> tuple[int, bytes]:
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {host.token}",
        "Content-Type": "application/json",
        "User-Agent": "epyflow",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    sent = None if asked is None else json.dumps(asked).encode()
    status, body = ask(f"{host.api}{path}", headers, _LARGEST, sent)
    if status != _OK and (asked is None or status not in (_CREATED, _UNPROCESSABLE)):
        raise _refusal(host, path, status, body)
    return status, body


def _read(kind: type[M], host: Host, path: str, body: bytes) -> M:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        key = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise DataError(f"{host.api}{path}: not an answer of GitHub: {key or 'no JSON'}") from None


def _refusal(host: Host, path: str, status: int, body: bytes) -> EpyflowError:
    """Return the error about a refusal, with the reason that GitHub gives."""
    try:
        said = _Refusal.model_validate_json(body)
        causes = (each if isinstance(each, str) else each.message for each in said.errors)
        reasons = [said.message, *causes]
    except ValidationError:
        reasons = []
    reason = host.without_token("; ".join(each for each in reasons if each))
    advice = _ADVICE.get(status, "look at the branch on the page of the fork")
    address = f"{host.api}{path.partition('?')[0]}"
    return EpyflowError(f"{address}: GitHub answers {status} ({reason or 'no reason'}); {advice}")
