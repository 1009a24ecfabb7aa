import logging
import os
import shutil
import sys
from pathlib import Path

import pytest

from epyflow.errors import EpyflowError
from epyflow.repositories.address import parse_address
from epyflow.repositories.checkout import Checkout, fetch
from tests.unit.repositories.serving import BASIC, TOKEN, Server, served


def fetched(address: str, cache: Path, token: str | None = None) -> Checkout:
    return fetch(parse_address(address), cache, token)


def files(checkout: Checkout) -> set[str]:
    found = checkout.folder.rglob("*")
    return {path.relative_to(checkout.folder).as_posix() for path in found if path.is_file()}


def test_the_whole_repository_is_there_without_gits_own_folder(repository, tmp_path):
    checkout = fetched(f"{repository.address}@main", tmp_path)

    assert files(checkout) == {
        "experiments/small/config/basemodel.yaml",
        "experiments/small/functions/mine.py",
        "common-data/doses.csv",
    }
    assert checkout.commit == checkout.folder.name


@pytest.mark.parametrize("leads_to", ["/etc/passwd", "../../../../x", "a"])
def test_a_link_that_leads_out_of_the_repository_is_refused(repository, tmp_path, leads_to):
    (repository.work / "experiments" / "z.yaml").symlink_to(leads_to)
    repository.commit({"experiments/a": ""})

    if leads_to == "a":
        assert "experiments/z.yaml" in files(fetched(repository.address, tmp_path))
        return
    with pytest.raises(EpyflowError, match=r"experiments/z\.yaml is a link that leads out of the"):
        fetched(repository.address, tmp_path)
    kept = [path for path in tmp_path.rglob("z.yaml") if not path.is_relative_to(repository.work)]
    assert kept == []


def test_a_copy_cannot_be_edited_by_mistake(repository, tmp_path):
    checkout = fetched(repository.address, tmp_path)

    assert (checkout.folder / "common-data" / "doses.csv").stat().st_mode & 0o777 == 0o444


def test_other_users_of_the_machine_cannot_look_into_the_copies(repository, tmp_path):
    checkout = fetched(repository.address, tmp_path)

    assert checkout.folder.parent.stat().st_mode & 0o077 == 0


def test_a_ref_is_a_branch_a_tag_a_full_name_a_commit_or_the_default_branch(repository, tmp_path):
    first = repository.commit({"a": "1"})
    repository.tag("v1")
    repository.tag("v1-signed", annotated=True)
    repository.branch("season/2026")
    last = repository.commit({"a": "2"})

    at = {
        ref: fetched(f"{repository.address}@{ref}", tmp_path).commit
        for ref in ("v1", "v1-signed", "season/2026", "refs/tags/v1", first, "main", "HEAD")
    }

    assert at == dict.fromkeys(list(at)[:5], first) | {"main": last, "HEAD": last}
    assert fetched(repository.address, tmp_path).commit == last


def test_a_branch_whose_name_ends_like_another_is_not_taken_for_it(repository, tmp_path):
    first = repository.commit({"a": "1"})
    repository.branch("round")
    repository.commit({"a": "2"})
    repository.branch("x/refs/heads/round")

    assert fetched(f"{repository.address}@round", tmp_path).commit == first


def test_a_branch_and_a_tag_of_one_name_are_refused_if_they_differ(repository, tmp_path):
    repository.tag("next")
    repository.commit({"a": "2"})
    repository.branch("next")

    with pytest.raises(EpyflowError, match="expected refs/heads/next or refs/tags/next"):
        fetched(f"{repository.address}@next", tmp_path)


def test_a_ref_that_moved_is_seen_at_the_next_start(repository, tmp_path):
    before = fetched(f"{repository.address}@main", tmp_path)
    moved = repository.commit({"common-data/doses.csv": "other\n"})

    after = fetched(f"{repository.address}@main", tmp_path)

    assert after.commit == moved
    assert (after.folder / "common-data" / "doses.csv").read_text() == "other\n"
    assert (before.folder / "common-data" / "doses.csv").read_text() == "dates\n"


def test_a_commit_that_is_here_is_used_without_asking_anybody(repository, tmp_path):
    commit = fetched(repository.address, tmp_path).commit
    shutil.rmtree(repository.bare)

    assert fetched(f"{repository.address}@{commit}", tmp_path).commit == commit


def test_what_a_fetch_leaves_behind_is_the_copy_and_nothing_half_done(repository, tmp_path):
    checkout = fetched(f"{repository.address}@main", tmp_path)
    repository.commit({"a": "1"})
    shutil.rmtree(repository.bare / "objects")

    with pytest.raises(EpyflowError):
        fetched(f"{repository.address}@main", tmp_path)

    left = {path.name for path in checkout.folder.parent.iterdir()}
    assert left == {checkout.commit, "refs.json"}


def test_an_unknown_ref_is_named(repository, tmp_path):
    with pytest.raises(EpyflowError, match=r"@mian: the repository has no branch or tag 'mian'"):
        fetched(f"{repository.address}@mian", tmp_path)


def test_an_unknown_commit_is_named(repository, tmp_path):
    with pytest.raises(EpyflowError, match="has no such commit; check its 40 digits"):
        fetched(f"{repository.address}@{'1' * 40}", tmp_path)


def test_a_repository_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EpyflowError, match="there is no such repository"):
        fetched(f"git+file://{tmp_path}/nowhere.git@main", tmp_path)


def test_without_git_the_message_says_so(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EpyflowError, match="git is not installed on this machine"):
        fetched(repository.address, tmp_path)


def test_the_token_opens_a_private_repository(server: Server, tmp_path):
    checkout = fetched(f"{server.address}@main", tmp_path, TOKEN)

    assert (checkout.folder / "common-data" / "doses.csv").is_file()
    assert set(server.seen) == {f"Basic {BASIC}"}


def test_without_a_token_the_message_says_how_to_give_one(server, tmp_path, monkeypatch):
    for name in ("EPYFLOW_GIT_TOKEN", "EPYFLOW_GIT_TOKEN_FILE", "EPYFLOW_GIT_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(EpyflowError, match=r"asks for a token \(401\); set one of EPYFLOW_GIT_TOK"):
        fetched(f"{server.address}@main", tmp_path)


def test_a_token_that_is_refused_is_said_to_be(server, tmp_path):
    with pytest.raises(EpyflowError, match=r"does not accept the token \(401\); it may have exp"):
        fetched(f"{server.address}@main", tmp_path, "another")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, r"may not read this repository \(403\); give it the permission"),
        (404, r"no such repository \(404\); check the address, and whether the token may read it"),
    ],
)
def test_what_the_server_refuses_is_explained_even_where_there_is_a_copy(
    server, tmp_path, status, said
):
    fetched(f"{server.address}@main", tmp_path, TOKEN)
    server.answer = status

    with pytest.raises(EpyflowError, match=said):
        fetched(f"{server.address}@main", tmp_path, TOKEN)


def test_without_an_answer_the_last_commit_is_used_and_a_warning_says_so(
    repository, tmp_path, caplog
):
    with served(repository.bare.parent) as server:
        address = f"{server.address}@main"
        known = fetched(address, tmp_path, TOKEN)
    caplog.set_level(logging.WARNING)

    offline = fetched(address, tmp_path, TOKEN)

    assert offline == known
    assert "does not answer" in caplog.text
    assert f"using commit {known.commit}, which was fetched before" in caplog.text


def test_a_fault_of_the_server_is_no_answer(server, tmp_path):
    server.answer = 503

    with pytest.raises(EpyflowError, match="the server does not answer"):
        fetched(f"{server.address}@main", tmp_path, TOKEN)


def test_a_token_does_not_follow_to_another_server(server: Server, repository, tmp_path):
    with served(repository.bare.parent) as other:
        server.redirect = other.url

        with pytest.raises(EpyflowError, match="has moved; give its new address"):
            fetched(f"{server.address}@main", tmp_path, TOKEN)

    assert server.seen == [f"Basic {BASIC}"]
    assert other.seen == []


@pytest.fixture
def watched(tmp_path, monkeypatch) -> Path:
    """A git that notes every argument and prints all that it is told, before it does its work."""
    notes, folder, real = tmp_path / "notes", tmp_path / "bin", shutil.which("git")
    notes.mkdir()
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"with open({str(notes / 'argv')!r}, 'a') as file:\n"
        "    print(*sys.argv, file=file)\n"
        f"os.execv({real!r}, ['git', *sys.argv[1:]])\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return notes


def test_a_planted_token_is_in_no_argument_file_log_or_message(
    server, tmp_path, watched, monkeypatch, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN", TOKEN)
    monkeypatch.setenv("GIT_TRACE_CURL", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_TRACE_REDACT", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    cache, said = tmp_path / "cache", []

    fetched(f"{server.address}@main", cache)
    for status in (401, 403, 404, 503):
        server.answer = status
        try:
            fetched(f"{server.address}@v{status}", cache)
        except EpyflowError as error:
            said.append(str(error))

    assert len(said) == 4
    assert f"Basic {BASIC}" in server.seen
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert "ls-remote" in (watched / "argv").read_text()
    told = "".join([*said, caplog.text, *capfd.readouterr()]).encode()
    for secret in (TOKEN.encode(), BASIC.encode()):
        assert not any(secret in text for text in [*written, told])
