"""Define the errors of the emulator, in one tree."""

import grpc

from google_batch_emulator.identity import project_number

_LONGEST, _START, _END = 2_000, 1_200, 600
"""Characters of a message, and of what is left of a longer one, which repeats long values."""


class EmulatorError(Exception):
    """Base class. Raised itself if a setting is wrong or the emulator cannot start."""

    def __init__(self, message: str = "") -> None:
        cut = f"{message[:_START]} [...] {message[-_END:]}"
        super().__init__(message if len(message) <= _LONGEST else cut)


class TaskStartError(EmulatorError):
    """A runnable of a task cannot be started."""


class NoImageError(TaskStartError):
    """A container names an image that does not exist."""


class SecretError(TaskStartError):
    """A task names a secret that does not exist."""


class SetUpError(TaskStartError):
    """The namespaces or the file system of a runnable cannot be made."""


class ApiError(EmulatorError):
    """An answer of the API other than OK.

    Parameters
    ----------
    code
        The gRPC status.
    message
        What the client reads; in the style of the real service.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = str(self)


def invalid(message: str) -> ApiError:
    """Return the answer to a request that breaks a rule."""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(name: str) -> ApiError:
    """Return the answer to a request for something that is not there."""
    return ApiError(grpc.StatusCode.NOT_FOUND, f'Resource "{name}" was not found')


def already_exists(name: str) -> ApiError:
    """Return the answer to the creation of something that is there."""
    return ApiError(grpc.StatusCode.ALREADY_EXISTS, f'Resource "{name}" already exists')


def denied(message: str) -> ApiError:
    """Return the answer to a request that the caller may not make."""
    return ApiError(grpc.StatusCode.PERMISSION_DENIED, message)


def not_emulated(what: str) -> ApiError:
    """Return the answer to a request that the real service could serve and this one cannot."""
    return ApiError(grpc.StatusCode.UNIMPLEMENTED, f"google-batch-emulator does not emulate {what}")


def exhausted(message: str) -> ApiError:
    """Return the answer to a request over a quota."""
    return ApiError(grpc.StatusCode.RESOURCE_EXHAUSTED, message)


def failed_precondition(message: str) -> ApiError:
    """Return the answer to a request that the state of its object forbids."""
    return ApiError(grpc.StatusCode.FAILED_PRECONDITION, message)


def disabled(service: str, project: str) -> ApiError:
    """Return the answer of a service that is not enabled."""
    number = project_number(project)
    return ApiError(
        grpc.StatusCode.PERMISSION_DENIED,
        f"{service} has not been used in project {number} before or it is disabled. Enable it by "
        f"visiting https://console.developers.google.com/apis/api/{service}/overview?project="
        f"{number} then retry.",
    )
