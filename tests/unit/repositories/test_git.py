"""Report failures of git, and tell the user what to do."""

import shlex

import pytest

from epyflow.errors import EpyflowError, UnreachableError
from epyflow.repositories.address import parse_address
from epyflow.repositories.git import Git

ADDRESS = parse_address("git+https://example.org/lab/flu.git@main")
TOKEN = "a-token"  # noqa: S105 - of no server


def failure(folder, said: str, token: str | None = None) -> EpyflowError:
    """Return the error if git says something and fails."""
    program = folder / "git"
    program.write_text(f"#!/bin/sh\necho {shlex.quote(said)} >&2\nexit 128\n")
    program.chmod(0o700)
    with pytest.raises(EpyflowError) as caught:
        Git(ADDRESS, token, {"PATH": str(folder)}).run("fetch")
    return caught.value


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("The requested URL returned error: 401", "the server asks for a token (401)"),
        ("fatal: Authentication failed for 'https://example.org'", "asks for a token (401)"),
        ("fatal: could not read Username for 'https://example.org'", "asks for a token (401)"),
        ("The requested URL returned error: 403", "the token may not read this repository (403)"),
        ("The requested URL returned error: 404", "no such repository (404)"),
        ("fatal: repository 'https://example.org' not found", "no such repository (404)"),
        ("fatal: '/flu' does not appear to be a git repository", "no such repository (404)"),
        ("The requested URL returned error: 301", "the repository has moved"),
        ("fatal: unable to update url base from redirection", "the repository has moved"),
        ("fatal: remote error: upload-pack: not our ref 1234", "no such commit"),
        ("Server does not allow request for unadvertised object 1234", "no such commit"),
        ("fatal: early EOF", "git failed; its message gives the reason"),
    ],
)
def test_each_message_of_git_is_explained_and_repeated(tmp_path, said, meaning):
    error = failure(tmp_path, said)

    assert not isinstance(error, UnreachableError)
    assert meaning in str(error)
    assert str(error).endswith(f"(git: {said})")


def test_a_token_that_was_given_is_what_may_be_wrong_and_is_not_repeated(tmp_path):
    refused = str(failure(tmp_path, f"Authentication failed with {TOKEN}", TOKEN))
    absent = str(failure(tmp_path, "The requested URL returned error: 404", TOKEN))

    assert "does not accept the token (401)" in refused
    assert "Authentication failed with ***" in refused
    assert "whether the token may read it" in absent


@pytest.mark.parametrize(
    "said",
    [
        "fatal: Could not resolve host: example.org",
        "Failed to connect to example.org port 443",
        "fatal: Couldn't connect to server",
        "Connection timed out",
        "Connection reset by peer",
        "Operation too slow",
        "The requested URL returned error: 503",
        "Empty reply from server",
    ],
)
def test_a_server_that_does_not_answer_is_told_apart(tmp_path, said):
    assert isinstance(failure(tmp_path, said), UnreachableError)
