"""A check of ``epyflow doctor`` and its result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from epyflow.operations.doctor.context import Context

State = Literal["ok", "warning", "failed", "skipped"]


SERVICES_CHECK = "services"
"""The check that finds which of Google's services are not enabled."""


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes
    ----------
    state
        ``failed``: a run would fail. ``warning``: it may, or it costs more or takes longer; also
        where something cannot be looked at. ``skipped``: another check failed, or there is
        nothing to look at.
    found
        One or more sentences, without a full stop.
    remedy
        What to do; empty where there is nothing to be done.
    because
        Of a check that was skipped, the one that failed.
    """

    state: State
    found: str
    remedy: str = ""
    because: str = ""


def ok(found: str) -> CheckResult:
    """Return that all is well."""
    return CheckResult("ok", found)


def warning(found: str, remedy: str) -> CheckResult:
    """Return something to know."""
    return CheckResult("warning", found, remedy)


def failed(found: str, remedy: str) -> CheckResult:
    """Return what keeps a run from working."""
    return CheckResult("failed", found, remedy)


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes
    ----------
    id
        By which it is chosen, and named in documents.
    title
        What it is, for people.
    look
        Looks.
    remedy
        What to do where ``look`` raises an error whose message does not say so.
    after
        Checks without which it has no meaning: where one failed, it is skipped.
    service
        Google's service that it asks: where :data:`SERVICES_CHECK` finds it not enabled, it is
        skipped.
    role
        What lets an account look; for the remedy where it is refused.
    """

    id: str
    title: str
    look: Callable[[Context], CheckResult]
    remedy: str = ""
    after: tuple[str, ...] = ()
    service: str = ""
    role: str = ""
