"""A check of ``epyflow doctor`` and its result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from epyflow.operations.doctor.context import Context

State = Literal["ok", "warning", "failed", "skipped"]


SERVICES_CHECK = "services"
"""The check that finds the Google services that are not enabled."""


@dataclass(frozen=True)
class CheckResult:
    """The result of a check, also if nothing is wrong.

    Not to be confused with a ``Problem``, a mistake at a line of an experiment's YAML, or a
    ``Finding`` of forecast_hub, a mistake in rows of a submission. They have only the text in
    common, so there is no common base.

    Attributes
    ----------
    state
        ``failed``: a run would fail. ``warning``: a run may fail, or costs more or takes longer;
        also if something cannot be checked. ``skipped``: another check failed, or there is nothing
        to check.
    found
        One or more sentences, without the last full stop.
    remedy
        What to do; empty if there is nothing to do.
    because
        For a skipped check: the check that failed.
    """

    state: State
    found: str
    remedy: str = ""
    because: str = ""


def ok(found: str) -> CheckResult:
    """Return the result of a check that passed."""
    return CheckResult("ok", found)


def warning(found: str, remedy: str) -> CheckResult:
    """Return the result of a check that may need attention."""
    return CheckResult("warning", found, remedy)


def failed(found: str, remedy: str) -> CheckResult:
    """Return the result of a check that failed."""
    return CheckResult("failed", found, remedy)


@dataclass(frozen=True)
class Check:
    """One thing to check.

    Attributes
    ----------
    id
        Its name for ``--check`` and in the JSON output.
    title
        Its name for people.
    look
        The function that checks.
    remedy
        What to do if ``look`` raises an error.
    after
        Checks that it depends on: if one failed, it is skipped.
    service
        The Google service that it asks: if :data:`SERVICES_CHECK` finds it not enabled, the check
        is skipped.
    role
        The role that permits the check; for the remedy if the permission is missing.
    """

    id: str
    title: str
    look: Callable[[Context], CheckResult]
    remedy: str = ""
    after: tuple[str, ...] = ()
    service: str = ""
    role: str = ""
