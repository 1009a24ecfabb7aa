"""What Google's libraries raise, as findings.

An account that may start runs need not be allowed to look at everything: what it may not look at
is a warning, never a failure.
"""

from google.api_core import exceptions as api
from google.auth import exceptions as auth
from requests.exceptions import RequestException

from epyflow.google.api_errors import LOG_IN
from epyflow.google.rest import reason, said
from epyflow.operations.doctor.check import Check, CheckResult, failed, warning

NETWORK = "check the network, and a proxy's settings (HTTPS_PROXY); then try again"


def explain(check: Check, error: Exception) -> CheckResult:
    """Return the finding of a check that could not be made."""
    match error:
        case api.RetryError() | RequestException() | auth.TransportError():
            cause = getattr(error, "cause", None) or error
            return failed(f"no answer ({type(cause).__name__}: {cause})", NETWORK)
        case auth.GoogleAuthError() | api.Unauthorized():
            return failed(str(error), LOG_IN)
        case api.Forbidden():
            return warning(*not_allowed(check, error))
        case api.GoogleAPICallError():
            found = f"{error.code} {said(error)}"
            return failed(found, check.remedy or "try again later")
    return failed(
        f"the check itself went wrong: {type(error).__name__}: {error}",
        "report this as a mistake of epyflow",
    )


def not_allowed(check: Check, error: api.Forbidden) -> tuple[str, str]:
    """Return what to say where a look is refused, and the remedy."""
    if reason(error) == "SERVICE_DISABLED":
        return f"cannot be checked: {check.service} is not enabled", enable(check.service)
    wanted = f"the role {check.role}" if check.role else "the permission"
    return (
        f"cannot be checked: {said(error)}",
        f"runs do not need it; to have it checked, ask for {wanted}",
    )


def enable(*services: str) -> str:
    """Return the command that enables services."""
    return f"gcloud services enable {' '.join(services)}"
