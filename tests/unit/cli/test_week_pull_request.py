"""``epyflow week --pull-request`` with a bare repository, and a server that stands for GitHub."""

import json
import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from epyflow.cli import run as cli_run
from epyflow.cli import week as cli_week
from epyflow.errors import RunningError
from epyflow.operations.runs.coordinator_record import this_coordinator, write_record
from epyflow.operations.runs.run_request import Wanted
from epyflow.operations.target_data import vintage_store
from epyflow.operations.week import hub_branch, pull_request
from epyflow.operations.week.hub_branch import owner_of
from epyflow.storage.disk import Disk
from tests.running import running
from tests.unit.cli.test_week import use_fetched
from tests.unit.cli.weekly_hub import branches, git, of
from tests.watching import command_lines

HUB = "/repos/hubs/flu"
TOKEN = "ghp_planted0token0that0nobody0may0see"  # noqa: S105 - made up
BRANCH = "team-model-2025-01-18"


class GitHub(HTTPServer):
    """The pull requests of one repository, for those who have the token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pulls: list[dict[str, Any]] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        """Answers to a method instead of the usual ones."""
        self.asked: list[tuple[str, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, label: str, state: str = "open", sha: str = "") -> dict[str, Any]:
        url = f"https://github.com/hubs/flu/pull/{len(self.pulls) + 1}"
        head = {"label": label, "sha": sha}
        self.pulls.append({"html_url": url, "state": state, "head": head, "number": 1})
        return self.pulls[-1]

    def answer(self, method: str, path: str, sent: dict[str, str]) -> tuple[int, Any]:
        if method in self.answers:
            return self.answers[method]
        parts = urlsplit(path)
        if parts.path == HUB:
            return 200, {"default_branch": "trunk", "id": 1}
        assert parts.path == f"{HUB}/pulls"
        if method == "GET":
            (head,) = parse_qs(parts.query)["head"]
            return 200, [each for each in self.pulls if each["head"]["label"] == head]
        assert sent["base"] == "trunk"
        return 201, self.add(sent["head"])


class _Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, sent: dict[str, str]) -> None:
        self.server.asked.append((self.command, self.path))
        status, content = self.server.answer(self.command, self.path, sent)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status, content = 401, {"message": "Bad credentials"}
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.server.address}/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def github():
    with running(GitHub()) as server:
        yield server


@pytest.fixture
def fork(clone, tmp_path):
    """The fork of somebody, a remote of the clone."""
    bare = tmp_path / "somebody" / "hub.git"
    bare.mkdir(parents=True)
    git(bare, "init", "--quiet", "--bare")
    git(clone, "remote", "add", "fork", str(bare))
    return bare


@pytest.fixture
def ask(github, fork, snakemake, monkeypatch):
    """Call the command with a token in the environment."""

    def call(*options: object, token: str | None = TOKEN):
        if token is not None:
            monkeypatch.setenv("EPYFLOW_GITHUB_TOKEN", token)
        asked = ("--push", "fork", "--pull-request", "hubs/flu", "--api", github.address)
        return of("2025-01-15", *asked, *options)

    return call


def test_a_pull_request_is_opened_once_from_the_pushed_branch(ask, github, fork, clone, tmp_path):
    with command_lines() as started:
        first, again = ask(), ask()

    url = "https://github.com/hubs/flu/pull/1"
    assert (first.exit_code, again.exit_code) == (0, 0), first.stderr
    assert first.stdout == again.stdout == f"{BRANCH}\n"
    assert f"pull request opened: {url}" in first.stderr
    assert f"pull request open: {url}" in again.stderr
    assert [each["head"]["label"] for each in github.pulls] == [f"somebody:{BRANCH}"]
    assert branches(fork) == [BRANCH]
    assert [method for method, _ in github.asked].count("POST") == 1
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    shown = [first.output, again.output, *started]
    assert "EPYFLOW_GITHUB_TOKEN" not in os.environ
    assert not any(TOKEN in text for text in shown)
    assert not any(TOKEN.encode() in content for content in written)


def test_a_merged_one_is_named_and_one_of_another_fork_or_commit_is_not_taken(ask, github, clone):
    label = f"somebody:{BRANCH}"
    github.add(f"other:{BRANCH}")
    github.add(label, "closed", "0" * 40)

    opened = ask()
    github.pulls[-1] |= {"state": "closed"}
    github.pulls[-1]["head"]["sha"] = git(clone, "rev-parse", BRANCH)
    merged = ask()

    assert "pull request opened: https://github.com/hubs/flu/pull/3" in opened.stderr
    assert "pull request closed: https://github.com/hubs/flu/pull/3" in merged.stderr
    assert len(github.pulls) == 3


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"GET": (404, {"message": "Not Found"})}, "404 (Not Found); there is no such repository"),
        ({"GET": (302, b"")}, "GitHub answers 302 (no reason)"),
        ({"GET": (200, {"message": TOKEN})}, "expected a list of pull requests"),
        ({"GET": (200, b"[" * 100_000)}, "expected a list of pull requests"),
        ({"POST": (201, {"url": TOKEN})}, "not an answer of GitHub: html_url"),
        ({"POST": (403, {"message": f"{TOKEN}\x1b[2J"})}, "403 (***\\x1b[2J); the token in"),
        (
            {"POST": (422, {"message": "Failed", "errors": [{"message": "no commits"}, "more"]})},
            "422 (Failed; no commits; more); look at the branch",
        ),
    ],
)
def test_a_refusal_is_told_without_the_token_after_the_push(ask, github, fork, answers, message):
    github.answers = answers

    done = ask()

    assert done.exit_code == 1
    assert message in done.stderr
    assert TOKEN not in done.output
    assert branches(fork) == [BRANCH]
    assert not any("elsewhere" in path for _, path in github.asked)


def test_an_address_that_repeats_the_token_is_printed_without_it(ask, github, fork):
    pull = {"html_url": f"https://x/{TOKEN}", "state": TOKEN, "head": {"label": "", "sha": ""}}
    github.answers = {"POST": (201, pull)}
    opened = ask()
    pull["head"]["label"], pull["state"] = f"somebody:{BRANCH}", f"open{TOKEN}"
    pull["head"]["sha"] = git(fork, "rev-parse", BRANCH)
    github.answers = {"GET": (200, [pull])}
    found = ask()

    assert "pull request opened: https://x/***\n" in opened.stderr
    assert "pull request open***: https://x/***\n" in found.stderr
    assert TOKEN not in opened.output + found.output


@pytest.mark.parametrize(
    ("options", "token", "message"),
    [
        ((), None, "EPYFLOW_GITHUB_TOKEN is not set"),
        ((), "two\nlines", "EPYFLOW_GITHUB_TOKEN does not hold a token"),
        (("--pull-request", "hubs"), TOKEN, "expected <owner>/<name>"),
        (("--pull-request", "hubs/flu/x"), TOKEN, "expected <owner>/<name>"),
        (("--pull-request", "../flu"), TOKEN, "expected <owner>/<name>"),
        (("--pull-request", "hubs/.."), TOKEN, "expected <owner>/<name>"),
        (("--api", "http://example.org"), TOKEN, "begins with https://"),
        (("--api", "https://[::1"), TOKEN, "is no address: Invalid IPv6 URL"),
    ],
)
def test_what_is_wrong_is_told_before_the_run(ask, github, tmp_path, options, token, message):
    done = ask(*options, token=token)

    assert done.exit_code == 1
    assert message in done.stderr
    assert github.asked == []
    assert not (tmp_path / "results").exists()


def test_a_pull_request_needs_a_remote_whose_address_names_its_owner(ask, clone):
    git(clone, "remote", "set-url", "fork", "hub.git")

    done = ask()

    assert done.exit_code == 1
    assert "the address of the remote fork names no owner" in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "git@github.com:somebody/hub.git",
        "https://github.com/somebody/hub",
        "ssh://git@github.com:22/somebody/hub.git/",
    ],
)
def test_the_owner_is_found_in_each_form_of_an_address(clone, address):
    git(clone, "remote", "add", "fork", address)

    assert owner_of(clone, "fork") == "somebody"


# --- a week that is killed ------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the end of the process."""


def killed(real: Callable[..., Any], word: object = None, *, before: bool = False) -> Any:
    """Return a function that ends the process, if it is called with a word."""

    def call(*arguments: Any, **named: Any) -> Any:
        is_meant = word is None or word in arguments
        if is_meant and before:
            raise Killed
        given = real(*arguments, **named)
        if is_meant:
            raise Killed
        return given

    return call


STEPS: tuple[tuple[ModuleType | type, str, Any, bool], ...] = (
    (vintage_store, "record_vintage", None, True),  # the file of today is there
    (cli_week, "plan_week", None, False),
    (Path, "touch", None, True),  # the run has made a submission, and is not complete
    (cli_run, "run_commands", None, False),
    (cli_week, "confirm_accepted", None, False),
    (hub_branch, "_git", "commit-tree", False),
    (hub_branch, "_git", "update-ref", False),
    (hub_branch, "_git", "push", False),
    (cli_week, "push_branch", None, False),
    (pull_request, "_read", pull_request._Pull, True),  # it is open, and nobody was told
    (cli_week, "open_pull_request", None, False),
)
"""What does a step, a word of the arguments it is meant with, and whether it is killed before."""


def once(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose first answer is repeated."""
    known: list[Any] = []

    def call(*arguments: Any) -> Any:
        if not known:
            known.append(real(*arguments))
        return known[0]

    return call


def test_a_week_that_was_killed_at_each_step_ends_as_an_undisturbed_one(
    ask, github, fork, clone, monkeypatch
):
    use_fetched()
    source = clone / "target-data" / "time-series.csv"
    source.parent.mkdir()
    options = ("--fetch", "hub", "--fetch-to", "common-data/fetched")
    texts = [f"date,location,value\n2025-01-11,25,{value}\n" for value in range(len(STEPS))]
    with monkeypatch.context() as quick:  # only the last call plans and runs all anew
        for where, name in ((cli_week, "plan_week"), (cli_run, "run_commands")):
            quick.setattr(where, name, once(getattr(where, name)))
        for text, (where, name, word, before) in zip(texts, STEPS, strict=True):
            source.write_text(text)
            with monkeypatch.context() as patch:
                patch.setattr(where, name, killed(getattr(where, name), word, before=before))
                with pytest.raises(Killed):
                    ask(*options)

    done = ask(*options)

    file = "model-output/team-model/2025-01-18-team-model.csv"
    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n")
    assert git(clone, "rev-list", "--count", f"main..{BRANCH}") == "1"
    assert git(clone, "diff", "--name-status", "main", BRANCH) == f"A\t{file}"
    assert git(clone, "show", f"{BRANCH}:{file}") == "reference_date\n2025-01-18"
    assert branches(clone) == ["main", BRANCH, f"fork/{BRANCH}"]
    assert git(clone, "rev-parse", BRANCH) == git(fork, "rev-parse", BRANCH)
    assert branches(fork) == [BRANCH]
    assert [each["head"]["label"] for each in github.pulls] == [f"somebody:{BRANCH}"]
    (kept,) = Path("common-data/fetched").glob("*.csv")
    assert kept.read_text() == texts[0]


def test_a_week_that_was_killed_after_its_submission_is_submitted_once(
    clone, snakemake, monkeypatch
):
    started: list[Any] = []

    def start(settings: Any, *_: Any) -> Any:
        if started:
            raise RunningError("a coordinator is running")
        started.append(settings)
        raise Killed

    submit = SimpleNamespace(start_detached=start, Machine=SimpleNamespace)
    monkeypatch.setattr(cli_week, "import_module", lambda _: submit)
    monkeypatch.setattr(cli_week, "_place", lambda *_: Disk())
    monkeypatch.setattr(cli_week, "plan_week", once(cli_week.plan_week))
    with pytest.raises(Killed):
        of("2025-01-15", "--submit")

    others: list[int] = []
    running = of("2025-01-15", "--submit")
    snakemake.finish(started[0])
    ended, again = of("2025-01-15", "--submit"), of("2025-01-15", "--submit")

    later = this_coordinator("sample", "2025-01-18", {}, Wanted(whole=True))
    for record in (later, later.after("failed"), later.after("complete")):
        write_record(record, Disk())
        others.append(of("2025-01-15", "--submit").exit_code)

    assert running.exit_code == 3
    assert "a coordinator is running" in running.stderr
    assert others == [3, 3, 0]  # the forecast of an earlier start is not that of a later one
    assert ended.stdout == again.stdout == f"{BRANCH}\n"
    assert git(clone, "rev-list", "--count", f"main..{BRANCH}") == "1"
