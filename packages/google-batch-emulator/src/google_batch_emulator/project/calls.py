"""Read calls of REST APIs, and write errors in Google's format.

Sources: cloud.google.com/apis/design/errors ("HTTP mapping", "Error info") and, for the registry,
the OCI distribution specification, "Error codes".
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import grpc

from google_batch_emulator.errors import ApiError, disabled
from google_batch_emulator.identity import project_number
from google_batch_emulator.project_state import Project

DOMAIN = ".googleapis.com"

_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


@dataclass(frozen=True)
class Call:
    """A request, told apart.

    Parameters
    ----------
    host
        The service that is asked, such as ``compute.googleapis.com``.
    names
        What the path holds: project, region, ...
    query
        Every value of each parameter.
    body
        The document that was sent; empty if there is none.
    project
        How the project is set up.
    """

    host: str
    names: Mapping[str, str]
    query: Mapping[str, list[str]] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    project: Project = field(default_factory=Project)


@dataclass(frozen=True)
class Route:
    """A method of an API.

    Parameters
    ----------
    name
        By which it is counted and broken, such as ``GetProject``.
    host, line
        Patterns of the host, and of ``GET /path``; named groups become ``Call.names``.
    permission
        What the account needs; empty: nothing.
    answer
        Makes the document.
    """

    name: str
    host: str
    line: str
    permission: str
    answer: Callable[[Call], object]

    def match(self, host: str, line: str) -> Mapping[str, str] | None:
        """Return the names in a request; None if it is another method's."""
        found = re.fullmatch(self.line, line) if re.fullmatch(self.host, host) else None
        names = None if found is None else found.groupdict()
        return None if names is None else {key: unquote(value) for key, value in names.items()}


def refused_at_the_door(call: Call, permission: str, project: str) -> ApiError | None:
    """Return why a call is refused before it is looked at, if it is.

    Parameters
    ----------
    call
        What is asked.
    permission
        What it takes; empty: nothing.
    project
        The only one that there is. The real service does not tell a project that is not there
        from one that is somebody else's.
    """
    asked = call.names.get("project", project)
    if asked not in (project, project_number(project), "-"):
        return ApiError(
            grpc.StatusCode.PERMISSION_DENIED,
            f"The caller does not have permission on project {asked} (or it may not exist).",
        )
    if call.project.disables(call.host):
        return disabled(call.host, project)
    if permission and call.project.denies(permission):
        return ApiError(
            grpc.StatusCode.PERMISSION_DENIED,
            f"Permission '{permission}' denied on resource '{asked}' (or it may not exist).",
        )
    return None


def error_document(call: Call | None, error: ApiError) -> tuple[int, bytes]:
    """Return status and body of an error."""
    status = _STATUS.get(error.code.name, 500)
    if call is not None and not call.host.endswith(DOMAIN):
        code = "MANIFEST_UNKNOWN" if error.code.name == "NOT_FOUND" else "DENIED"
        return status, json.dumps({"errors": [{"code": code, "message": error.message}]}).encode()
    document: dict[str, Any] = {
        "code": status,
        "message": error.message,
        "status": error.code.name,
    }
    if call is not None and call.project.disables(call.host):
        document["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"service": call.host},
            }
        ]
    return status, json.dumps({"error": document}).encode()
