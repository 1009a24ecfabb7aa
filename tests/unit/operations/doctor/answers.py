"""Settings, site and APIs for checks, without a network."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from google.api_core import exceptions as api

from epyflow.operations.cost.profile import Profile, Shape
from epyflow.operations.doctor.context import Context

HOST = "europe-docker.pkg.dev"
IMAGE = f"{HOST}/p/r/epyflow@sha256:" + "1" * 64
VM = Shape("c4d-standard-2", 30, 4096, 1, 100)


class Answers:
    """In place of the APIs: documents, or errors, by path."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self._documents = documents
        self.dates: list[str] = []
        self.posted: list[Mapping[str, object]] = []

    def _found(self, path: str) -> Any:
        found = self._documents.get(path, api.NotFound(path))
        if isinstance(found, Exception):
            raise found
        return found

    def get(self, service: str, path: str, **query: object) -> Any:
        return self._found(f"{service}/{path}")

    def post(self, service: str, path: str, body: Mapping[str, object]) -> Any:
        self.posted.append(body)
        return self._found(f"{service}/{path}")

    def of_host(self, host: str, path: str, accept: str) -> Any:
        assert "application/vnd.oci.image.index.v1+json" in accept
        return self._found(f"{host}/{path}")


def context(documents: Mapping[str, Any] | None = None, shape: Shape = VM, **site: Any) -> Context:
    made = Context(environment={})
    fields = {"project": "p", "region": "europe-west1", "image": IMAGE, "zones": None} | site
    # Cached properties: what they would read is given.
    made.__dict__["site"] = SimpleNamespace(**fields)
    made.__dict__["apis"] = Answers(documents or {})
    made.__dict__["profile"] = Profile({"run_task": (shape,)}, frozenset())
    made.__dict__["credentials"] = SimpleNamespace(account="ada@example.org")
    return made
