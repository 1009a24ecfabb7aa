"""The order of checks, and what becomes of errors."""

import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from epyflow.errors import EpyflowError
from epyflow.operations.doctor.check import Check, failed, ok, warning
from epyflow.operations.doctor.context import Context, account_of
from epyflow.operations.doctor.examination import Examination


def found(*checks: Check, context: Context | None = None) -> dict[str, object]:
    return {check.id: finding for check, finding in Examination(checks, context or Context())}


def raising(error: Exception, **fields: object):
    def look(context: Context):
        del context
        raise error

    return found(Check("x", "x", look, **fields))["x"]


def test_a_check_is_made_once_and_after_those_that_it_depends_on():
    made = []

    def look(name, finding):
        return lambda context: made.append(name) or finding

    checks = (
        Check("c", "", look("c", ok("")), after=("b",)),
        Check("b", "", look("b", warning("", "")), after=("a",)),
        Check("a", "", look("a", ok("")), after=("elsewhere",)),
    )

    assert list(found(*checks)) == ["c", "b", "a"]
    assert made == ["a", "b", "c"]


def test_what_was_skipped_names_the_check_that_failed_first():
    checks = (
        Check("a", "", lambda context: failed("", "")),
        Check("b", "", lambda context: ok(""), after=("a",)),
        Check("c", "", lambda context: ok(""), after=("b",)),
    )

    its = found(*checks)

    assert [(its[name].state, its[name].because) for name in "bc"] == [("skipped", "a")] * 2


def test_services_are_looked_at_before_what_asks_them():
    def services(context: Context):
        context.disabled_services.add("batch.googleapis.com")
        return failed("", "")

    checks = (
        Check("jobs", "", lambda context: ok(""), service="batch.googleapis.com"),
        Check("disks", "", lambda context: ok(""), service="compute.googleapis.com"),
        Check("services", "", services),
    )

    its = found(*checks)

    assert (its["jobs"].state, its["jobs"].because) == ("skipped", "services")
    assert its["disks"].state == "ok"


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (EpyflowError("x is wrong"), "failed", ("x is wrong", "look here")),
        (api.Forbidden("no"), "warning", ("cannot be checked: ", "the role roles/viewer")),
        (api.NotFound("gone"), "failed", ("404 gone", "look here")),
        (api.RetryError("late", ConnectionError("refused")), "failed", ("refused", "proxy")),
        (auth.RefreshError("expired"), "failed", ("expired", "gcloud auth application-default")),
        (auth.TransportError("no way"), "failed", ("no way", "check the network")),
        (KeyError("metric"), "failed", ("KeyError: 'metric'", "report this")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_becomes_a_finding_with_a_remedy(error, state, words):
    finding = raising(error, remedy="look here", role="roles/viewer")

    assert finding.state == state
    assert all(word in f"{finding.found} {finding.remedy}" for word in words)


def test_a_service_that_is_not_enabled_is_named_with_its_command():
    info = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]
    error = api.Forbidden("no", error_info=info[0])

    finding = raising(error, service="iam.googleapis.com")

    assert finding.found == "cannot be checked: iam.googleapis.com is not enabled"
    assert finding.remedy == "gcloud services enable iam.googleapis.com"


@pytest.mark.parametrize(
    ("attributes", "email"),
    [
        ({"service_account_email": "a@p.iam.gserviceaccount.com"}, "a@p.iam.gserviceaccount.com"),
        ({"service_account_email": "default", "signer_email": None}, ""),
        ({"account": "ada@example.org"}, "ada@example.org"),
        ({}, ""),
    ],
)
def test_who_is_logged_in_is_told_where_the_login_says(attributes, email):
    login = type("Login", (), attributes)()

    assert account_of(login) == email
