"""A git repository on this machine, and a server that gives it to those who have the token."""

import base64
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.running import running

TOKEN = "ghp_planted0token0that0nobody0may0see"  # noqa: S105 - made up
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()

_AUTHOR = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}

MODEL = """\
model:
  random_seed: 3
  timespan: {start_date: "2025-01-05", end_date: "2025-03-02"}
  simulation: {n_sims: 3}
  population: {name: US-MA, age_groups: ["0-17", "18+"]}
  compartments:
    - {id: S, init: default}
    - {id: I, init: 50}
  transitions:
    - {type: mediated, source: S, target: I, mediator: I, rate: beta}
  parameters:
    beta: {type: scalar, value: 0.3}
"""


class Repository:
    """A repository of experiments, and the bare one that it is pushed to."""

    def __init__(self, folder: Path) -> None:
        self.work, self.bare = folder / "work", folder / "served" / "flu.git"
        self.bare.parent.mkdir(parents=True)
        self._git(folder, "init", "--quiet", "--initial-branch=main", str(self.work))
        self._git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        self._git(self.bare, "config", "http.receivepack", "false")
        self.commit(
            {
                "experiments/small/config/basemodel.yaml": MODEL,
                "experiments/small/functions/mine.py": "def one():\n    return 1\n",
                "common-data/doses.csv": "dates\n",
            }
        )

    @property
    def address(self) -> str:
        """The address of the bare repository's folder."""
        return f"git+file://{self.bare}"

    def commit(self, files: dict[str, str]) -> str:
        """Write files, commit and push; returns the commit."""
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self._git(self.work, "add", "--all")
        self._git(self.work, "commit", "--quiet", "--message=change")
        self._git(self.work, "push", "--quiet", str(self.bare), "HEAD:main")
        return self._git(self.work, "rev-parse", "HEAD")

    def tag(self, name: str, *, annotated: bool = False) -> None:
        """Tag what was committed last, and push the tag."""
        self._git(self.work, "tag", *(["--annotate", "--message=x"] if annotated else []), name)
        self._git(self.work, "push", "--quiet", str(self.bare), f"refs/tags/{name}")

    def branch(self, name: str) -> None:
        """Push what was committed last as a branch."""
        self._git(self.work, "push", "--quiet", str(self.bare), f"HEAD:refs/heads/{name}")

    def _git(self, folder: Path, *arguments: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=kept | _AUTHOR,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


class Server(ThreadingHTTPServer):
    """git's own server of repositories behind a check of the token.

    Attributes
    ----------
    answer
        A status to give to everybody, instead of the repository.
    redirect
        A server to send everybody to.
    seen
        The header Authorization of every request.
    """

    daemon_threads = True

    def __init__(self, served: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served = served
        self.answer: int | None = None
        self.redirect: str | None = None
        self.seen: list[str | None] = []

    @property
    def address(self) -> str:
        """The address of the repository."""
        return f"git+{self.url}/flu.git"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, body: bytes) -> None:
        given = self.headers.get("Authorization")
        self.server.seen.append(given)
        if self.server.redirect is not None:
            self.send_response(302)
            self.send_header("Location", self.server.redirect + self.path)
            self.end_headers()
        elif self.server.answer is not None:
            self.send_error(self.server.answer)
        elif given != f"Basic {BASIC}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
        else:
            self._repository(body)

    def _repository(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.server.served),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "CONTENT_LENGTH": str(len(body)),
                "REMOTE_ADDR": "127.0.0.1",
            },
            capture_output=True,
            check=True,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Serve the repositories in a folder."""
    with running(Server(folder)) as server:
        yield server
