"""The part of a Kubernetes cluster that the executor plugin uses; a job is a process here."""

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import yaml


class Cluster:
    """Secrets and jobs of a cluster.

    Parameters
    ----------
    folder
        For the working directories of jobs.
    environment
        That of an image and of the account of the tasks.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self.secrets: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []
        self.namespaces: set[str] = set()
        self.printed = ""
        self._exit_codes: dict[str, int] = {}

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request as the API of a cluster does."""
        parts = path.partition("?")[0].strip("/").removesuffix("/status").split("/")
        self.namespaces.add(parts[parts.index("namespaces") + 1])
        kind, name = parts[-2:]
        known = self.secrets if "secrets" in (kind, name) else self.jobs
        if method == "POST":
            known[body["metadata"]["name"]] = body
            if name == "jobs":
                self._run(body)
            return 201, body
        if name == "pods":
            return 200, {"kind": "PodList", "items": []}
        if name not in known:
            return 404, {"message": f"{name} not found"}
        if method == "DELETE":
            return 200, known.pop(name)
        ended = "failed" if self._exit_codes[name] else "succeeded"
        return 200, known[name] | {"status": {ended: 1}}

    def _run(self, job: dict[str, Any]) -> None:
        self.created.append(job)
        (container,) = job["spec"]["template"]["spec"]["containers"]
        given = {
            each["name"]: base64.b64decode(
                self.secrets[each["valueFrom"]["secretKeyRef"]["name"]]["data"][
                    each["valueFrom"]["secretKeyRef"]["key"]
                ]
            ).decode()
            for each in container["env"]
        }
        with TemporaryDirectory(dir=self._folder) as working:
            done = subprocess.run(
                [*container["command"], *container["args"]],
                cwd=working,
                env={**self._environment, **given},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        self.printed += done.stdout
        self._exit_codes[job["metadata"]["name"]] = done.returncode


@contextmanager
def kubernetes_api(cluster: Cluster, folder: Path) -> Iterator[None]:
    """Serve a cluster, and name it to clients whose home is the folder.

    The variable KUBECONFIG would be read when the client is imported, which is before a run starts.
    """

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            code, content = cluster.answer(self.command, self.path, body)
            data = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        named = {"name": "rehearsal"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "rehearsal",
            "contexts": [named | {"context": {"cluster": "rehearsal", "user": "rehearsal"}}],
            "clusters": [
                named | {"cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}
            ],
            "users": [named | {"user": {}}],
        }
        (folder / ".kube").mkdir()
        (folder / ".kube" / "config").write_text(yaml.safe_dump(config))
        yield
        server.shutdown()
