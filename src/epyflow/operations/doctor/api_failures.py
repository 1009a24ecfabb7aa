"""Turn errors of Google's libraries into results of checks.

An account may be allowed to start runs and not to read everything that is checked. A check that is
not permitted is a warning, never a failure.
"""

from google.api_core import exceptions as api
from google.auth import exceptions as auth
from requests.exceptions import RequestException

from epyflow.google.api_errors import LOG_IN
from epyflow.google.rest import reason, said
from epyflow.operations.doctor.check import Check, CheckResult, failed, warning

NETWORK = "check the network and the settings of a proxy (HTTPS_PROXY), then try again"


def explain(check: Check, error: Exception) -> CheckResult:
    """Return the result of a check that raised an error."""
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
        f"the check itself failed: {type(error).__name__}: {error}",
        "report this as an error in epyflow",
    )


def not_allowed(check: Check, error: api.Forbidden) -> tuple[str, str]:
    """Return the text and the remedy for a check without permission."""
    if reason(error) == "SERVICE_DISABLED":
        return f"cannot be checked: {check.service} is not enabled", enable(check.service)
    wanted = f"the role {check.role}" if check.role else "the permission"
    return (
        f"cannot be checked: {said(error)}",
        f"runs do not need this permission; to check it, ask for {wanted}",
    )


def enable(*services: str) -> str:
    """Return the command that enables services."""
    return f"gcloud services enable {' '.join(services)}"
