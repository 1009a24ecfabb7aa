"""Explain exit codes, status events and API errors, with what to do about each.

Sources: https://cloud.google.com/batch/docs/troubleshooting,
https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation,
https://cloud.google.com/apis/design/errors, https://docs.docker.com/engine/containers/run/
"exit-status".
"""

import re
from typing import NamedTuple

from google.api_core import exceptions as google
from google.auth import exceptions as auth


class Explanation(NamedTuple):
    """What happened, and what helps."""

    meaning: str
    remedy: str


_RETRY = "Give the rule retries, or raise --googlebatch-array-retry-count."
_MEMORY = "Raise the rule's mem_mb, for instance with the attempt, and give it retries."

_EXIT_CODES = {
    50001: Explanation(
        "the Spot VM was preempted",
        "Raise --preemptible-retries, leave the fall-back to standard VMs on, or take the rule "
        "out of --preemptible-rules.",
    ),
    50002: Explanation("the VM stopped reporting: it failed or lost its network", _RETRY),
    50003: Explanation("the VM was rebooted while the task ran", _RETRY),
    50004: Explanation("the task stopped answering and could not be ended", _RETRY),
    50005: Explanation(
        "the task reached its time limit",
        "Raise the rule's runtime, or googlebatch_max_run_duration.",
    ),
    50006: Explanation("the VM was recreated while the task ran", _RETRY),
    125: Explanation(
        "the container could not be started",
        "Check the image's name and digest, and that the VMs' service account may read it "
        "(roles/artifactregistry.reader).",
    ),
    126: Explanation(
        "the image's bash or python cannot be executed",
        "Check that the image is built for the machine type's processor (x86 or Arm).",
    ),
    127: Explanation(
        "the image has no bash or python",
        "Tasks need bash, Python, Snakemake and the storage plugin in the image.",
    ),
    137: Explanation("the task was killed, most likely out of memory (SIGKILL)", _MEMORY),
    139: Explanation("a program crashed (SIGSEGV)", "Read the log; try with more memory."),
    143: Explanation(
        "the task was asked to stop (SIGTERM)",
        "The VM was shut down or the job was cancelled; give the rule retries.",
    ),
}

_OUT_OF_MEMORY = Explanation("the task ran out of memory", _MEMORY)
_OUT_OF_DISK = Explanation(
    "the VM's disk is full",
    "Raise googlebatch_boot_disk_gb or --googlebatch-array-boot-disk-gb where one is set. "
    "Otherwise raise the rule's disk_mb, which has no effect beside them. Let it grow with the "
    "attempt, and give the rule retries.",
)
_NO_OUTPUT = Explanation(
    "the command ended without an error and did not write all files of the rule's output",
    "The log below names them. Compare them with the paths that the command writes to; paths are "
    "relative to the working directory.",
)
_OWN_FAILURE = Explanation("the task's command failed", "Read the log below.")

_TEXTS: tuple[tuple[str, Explanation], ...] = (
    (
        r"manifest.*(not found|unknown)|image.*not found|not found: manifest|"
        r"repository does not exist|pull access denied|failed to (pull|resolve)",
        Explanation(
            "the image was not found, or may not be pulled",
            "Check its name and digest, and that the VMs' service account has "
            "roles/artifactregistry.reader. Without an external address, images outside Artifact "
            "Registry need Cloud NAT.",
        ),
    ),
    (
        r"QUOTA_EXCEEDED|inadequate quota|Quota '[^']*' exceeded|Quota exceeded",
        Explanation(
            "a quota is used up",
            "Wait, lower --googlebatch-array-parallelism, or ask for more at "
            "https://console.cloud.google.com/iam-admin/quotas.",
        ),
    ),
    (
        r"RESOURCE_POOL_EXHAUSTED|does not have enough resources",
        Explanation(
            "the region has no such VMs at the moment (stock-out)",
            "Wait, or choose another machine type or region; standard VMs are easier to get than "
            "Spot VMs.",
        ),
    ),
    (
        r"IP_SPACE_EXHAUSTED|IN_USE_ADDRESSES",
        Explanation(
            "addresses are used up",
            "Leave external addresses off, or use a larger subnetwork.",
        ),
    ),
    (
        r"agent reporting|no VM has agent",
        Explanation(
            "VMs started but did not report to Google Batch",
            "Their service account needs roles/batch.agentReporter, and a subnetwork without "
            "external addresses needs Private Google Access.",
        ),
    ),
    (
        r"PERMISSION|does not have .*permission|Permission '[^']*' denied|forbidden",
        Explanation(
            "a permission is missing",
            "The VMs' service account needs roles/batch.agentReporter, roles/logging.logWriter "
            "and access to the bucket; you need roles/iam.serviceAccountUser on it.",
        ),
    ),
    (
        r"INVALID_FIELD_VALUE|No zone supports|MACHINE_TYPE|acceleratorType",
        Explanation(
            "the VMs asked for cannot exist",
            "Check machine type, disk type and region against "
            "https://cloud.google.com/compute/docs/regions-zones.",
        ),
    ),
)

_LOGIN = (
    "Log in with `gcloud auth application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS "
    "name a service account's key."
)

_ANSWERS: tuple[tuple[type[Exception], Explanation], ...] = (
    (
        google.NotFound,
        Explanation(
            "404: the project, the region or the job does not exist",
            "Check --googlebatch-array-project and --googlebatch-array-region.",
        ),
    ),
    (
        google.Conflict,
        Explanation(
            "409: a job of that name exists, or something else changed it",
            "Run again; set --googlebatch-array-run-id where several runs share a folder.",
        ),
    ),
    (
        google.TooManyRequests,
        Explanation(
            "429: too many requests, or a quota is used up",
            "Wait, or ask for more at https://console.cloud.google.com/iam-admin/quotas; "
            "a longer --seconds-between-status-checks asks less often.",
        ),
    ),
    (
        google.BadRequest,
        Explanation(
            "400: Google Batch refuses the job's definition",
            "The text above names the field; check the rule's googlebatch_* resources.",
        ),
    ),
    (
        google.ServerError,
        Explanation(
            "Google's service has a problem",
            "See https://status.cloud.google.com and run again; finished tasks are kept.",
        ),
    ),
)


def explain_exit(code: int | None, events: str, log: str) -> Explanation:
    """Explain why a task failed.

    Parameters
    ----------
    code
        Exit code of the last try, if there is one.
    events
        Texts of the task's status events.
    log
        End of the task's log.
    """
    if re.search(r"\[googlebatch-array\] out of memory|MemoryError|Cannot allocate memory", log):
        return _OUT_OF_MEMORY
    if re.search(r"No space left on device|\bENOSPC\b|Disk quota exceeded", log):
        return _OUT_OF_DISK
    # Codes of our runner and of Docker are the same numbers; only Docker leaves no log.
    ours = "[googlebatch-array] exit status" in log
    if code in _EXIT_CODES and not (ours and code in {125, 126, 127}):
        # Why a container does not start is said by Docker, or by the VM.
        found = explain_text(log) or explain_text(events) if code == 125 else None
        return found or _EXIT_CODES[code]
    if "MissingOutputException" in log:
        return _NO_OUTPUT
    if re.search(r"SIGKILL|exit code 137|\bKilled\b", log):
        return Explanation(
            "a program of the task was killed (SIGKILL), most likely out of memory", _MEMORY
        )
    if code is None:
        return explain_text(events) or Explanation(
            "Google Batch gave no exit code", "See the events below."
        )
    return (explain_text(events) if not log else None) or _OWN_FAILURE


def explain_text(text: str) -> Explanation | None:
    """Explain a status event, if it is one that we know."""
    for pattern, explanation in _TEXTS:
        if re.search(pattern, text, re.IGNORECASE):
            return explanation
    return None


def explain_api(error: BaseException) -> Explanation:
    """Explain a refusal of Google's API, by its HTTP status."""
    if isinstance(error, (auth.DefaultCredentialsError, auth.RefreshError)):
        return Explanation("no valid Google credentials", _LOGIN)
    if isinstance(error, google.Unauthorized):
        return Explanation("401: Google does not know who is asking", _LOGIN)
    if isinstance(error, google.Forbidden):
        return _forbidden(str(error))
    for kind, explanation in _ANSWERS:
        if isinstance(error, kind):
            return explanation
    return Explanation(f"{type(error).__name__}", "Read the text above.")


def _forbidden(text: str) -> Explanation:
    """Explain a 403: the API is off, or a role is missing."""
    if re.search(r"SERVICE_DISABLED|has not been used|is disabled", text):
        return Explanation(
            "403: the Batch API is not enabled in the project",
            "Run `gcloud services enable batch.googleapis.com`.",
        )
    return Explanation(
        "403: you lack a permission",
        "You need roles/batch.jobsEditor on the project and roles/iam.serviceAccountUser on the "
        "VMs' service account. Check project and region too: Google answers the same for one "
        "that does not exist.",
    )
