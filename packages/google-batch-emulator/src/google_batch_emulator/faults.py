"""Define the plan of faults, read from a file, a program or the admin API.

Names are shell patterns (``*``, ``?``, ``[ab]``). Each fault counts the calls, tasks or objects
that it has applied to.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

import grpc
from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from google_batch_emulator.documents import read_json
from google_batch_emulator.errors import ApiError, EmulatorError
from google_batch_emulator.project_state import Project
from google_batch_emulator.settings import Strict

# Source: google/rpc/code.proto, "HTTP Mapping"; where several codes share a number, the usual one.
_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


_TEXTS = {
    "RESOURCE_EXHAUSTED": "Quota exceeded for quota metric 'Requests' (injected fault).",
    "UNAVAILABLE": "The service is currently unavailable.",
    "INTERNAL": "Internal error encountered.",
    "DEADLINE_EXCEEDED": "Deadline expired before operation could complete.",
    "PERMISSION_DENIED": "Permission '{permission}' denied on resource '{resource}' "
    "(or it may not exist).",
    "NOT_FOUND": 'Resource "{resource}" was not found',
    "ALREADY_EXISTS": 'Resource "{resource}" already exists',
    "UNAUTHENTICATED": "Request had invalid authentication credentials.",
}


def _name(code: object) -> object:
    return _NAMES.get(code, code) if isinstance(code, int) else code


Code = Annotated[
    Literal[
        "ABORTED",
        "ALREADY_EXISTS",
        "CANCELLED",
        "DEADLINE_EXCEEDED",
        "FAILED_PRECONDITION",
        "INTERNAL",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "UNAUTHENTICATED",
        "UNAVAILABLE",
        "UNIMPLEMENTED",
        "UNKNOWN",
    ],
    BeforeValidator(_name),
]


# Compute Engine gives a Spot VM up to 30 seconds. Source:
# cloud.google.com/compute/docs/instances/spot#preemption-process. Batch's documentation does not
# say that a runnable gets a signal.
Notice = Annotated[
    float,
    Field(ge=0, le=30, description="SIGTERM so long before the runnable is killed; 0: no SIGTERM."),
]


class Repeated(Strict):
    """How often a fault strikes."""

    skip: NonNegativeInt = Field(default=0, description="What passes before the first strike.")
    times: PositiveInt | None = Field(default=1, description="Strikes; null: for ever.")
    seconds: NonNegativeFloat | None = Field(
        default=None, description="No strike later than this after the first."
    )


class ApiFault(Repeated):
    """An answer of any service but Storage that is wrong, late or lost."""

    method: str = Field(default="*", description="CreateJob, GetJob, ListLogEntries, ...")
    resource: str = Field(default="*", description="Name or id of the job, task or operation.")
    code: Code | None = Field(default=None, description="A name, or an HTTP number. Null: late.")
    message: str = Field(default="", description="Text of the error; default: by the code.")
    effect: Literal["before", "after"] = Field(
        default="before", description="After: the request takes effect, and the answer is lost."
    )
    latency_seconds: NonNegativeFloat = Field(default=0, description="Delay of the answer.")


class StorageFault(Repeated):
    """An answer of the storage service that is wrong, late or lost, or a transfer that breaks."""

    kind: str = Field(
        default="*", description="upload, download, list, get, delete, copy, patch, bucket, ..."
    )
    object: str = Field(default="*", description="Name of the object, or prefix of a listing.")
    action: Literal["refuse", "cut", "truncate", "lose-reply"] = Field(
        default="refuse",
        description="refuse: answer with `status`. cut: close the connection half-way. truncate: "
        "half of the content arrives. lose-reply: take effect, then close the connection.",
    )
    status: int = Field(default=503, ge=400, le=599, description="HTTP status of `refuse`.")
    message: str = Field(default="", description="Text of the error; default: by the status.")
    latency_seconds: NonNegativeFloat = Field(default=0, description="Delay of the answer.")


class TaskFault(Strict):
    """Something that happens to attempts at tasks."""

    job: str = Field(default="*", description="Job id.")
    task: NonNegativeInt | None = Field(default=None, description="Index; null: every task.")
    action: Literal[
        "preempt",
        "vm-timeout",
        "vm-reboot",
        "unresponsive",
        "vm-recreated",
        "fail",
        "out-of-memory",
        "delay",
    ] = Field(
        description="preempt befalls Spot VMs alone; it and vm-... befall all tasks of the VM."
    )
    after_seconds: NonNegativeFloat = Field(
        default=0, description="Time after the task started; for `delay`: how long it waits."
    )
    stage: Literal["assigned", "running"] = Field(
        default="running", description="assigned: before the first runnable starts."
    )
    notice_seconds: Notice = 0
    exit_code: int = Field(default=1, ge=1, le=255, description="Exit code of `fail`.")
    times: PositiveInt | None = Field(default=1, description="Attempts per task; null: all.")


class JobFault(Strict):
    """Something that happens to whole jobs."""

    job: str = Field(default="*", description="Job id.")
    action: Literal["quota", "stock-out", "no-agent", "reject", "cancel", "delete"] = Field(
        description="quota, stock-out, no-agent: wait with a status event, for `seconds`. "
        "reject: fail before a VM starts. cancel, delete: as by somebody else."
    )
    seconds: NonNegativeFloat | None = Field(
        default=None, description="How long it waits; null: for ever. cancel, delete: when."
    )
    times: PositiveInt | None = Field(default=1, description="Jobs; null: all.")

    @model_validator(mode="after")
    def _when_is_said(self) -> Self:
        if self.action in ("cancel", "delete") and self.seconds is None:
            raise ValueError(f"{self.action} needs `seconds`: how long after the job was created")
        return self


class FaultPlan(Strict):
    """Everything that goes wrong."""

    latency_seconds: NonNegativeFloat = Field(default=0, description="Delay of every API call.")
    storage_latency_seconds: NonNegativeFloat = Field(
        default=0, description="Delay of every storage call."
    )
    storage_clock_seconds: float = Field(
        default=0,
        description="Lead of the storage service's clock over this machine's.",
    )
    log_delay_seconds: NonNegativeFloat = Field(default=0, description="Until logs can be read.")
    api: tuple[ApiFault, ...] = ()
    storage: tuple[StorageFault, ...] = ()
    tasks: tuple[TaskFault, ...] = ()
    jobs: tuple[JobFault, ...] = ()
    project: Project = Field(default=Project(), description="How the project is set up.")


def read_plan(path: Path) -> FaultPlan:
    """Read a plan from a JSON file.

    Raises
    ------
    EmulatorError
        If the file is absent, is not JSON, or has a key or value that a plan does not have.
    """
    try:
        return FaultPlan.model_validate(read_json(path))
    except ValidationError as error:
        raise EmulatorError(f"{path}: not a fault plan: {error}") from error


def fault_error(fault: ApiFault, permission: str, resource: str) -> ApiError:
    """Return the answer that a fault gives, in the words of the real service."""
    code = fault.code or "UNKNOWN"
    text = fault.message or _TEXTS.get(code, f"Injected fault {code}.")
    message = text.replace("{permission}", permission).replace("{resource}", resource)
    return ApiError(grpc.StatusCode[code], message)
