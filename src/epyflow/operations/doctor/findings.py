"""What a check finds, and the order in which checks are made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from epyflow.errors import EpyflowError
from epyflow.operations.doctor.case import Case

State = Literal["ok", "warning", "failed", "skipped"]


SERVICES_CHECK = "services"
"""The check that finds which of Google's services are not enabled."""


@dataclass(frozen=True)
class Finding:
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


def ok(found: str) -> Finding:
    """Return that all is well."""
    return Finding("ok", found)


def warning(found: str, remedy: str) -> Finding:
    """Return something to know."""
    return Finding("warning", found, remedy)


def failed(found: str, remedy: str) -> Finding:
    """Return what keeps a run from working."""
    return Finding("failed", found, remedy)


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
    look: Callable[[Case], Finding]
    remedy: str = ""
    after: tuple[str, ...] = ()
    service: str = ""
    role: str = ""


class Examination:
    """Makes checks, each once and after those that it depends on.

    Parameters
    ----------
    checks
        In the order in which they are reported. What they depend on may come later, or be absent.
    case
        What is looked at.
    """

    def __init__(self, checks: Sequence[Check], case: Case) -> None:
        self._checks = {check.id: check for check in checks}
        self._case = case
        self._found: dict[str, Finding] = {}

    def __iter__(self) -> Iterator[tuple[Check, Finding]]:
        """Make the checks that are left, one after another."""
        for check in self._checks.values():
            yield check, self._finding(check)

    def _finding(self, check: Check) -> Finding:
        if check.id not in self._found:
            self._found[check.id] = self._hindrance(check) or _looked(check, self._case)
        return self._found[check.id]

    def _hindrance(self, check: Check) -> Finding | None:
        for needed in check.after:
            if needed not in self._checks:
                continue
            before = self._finding(self._checks[needed])
            # What was skipped for want of anything to look at hinders nobody.
            if before.state == "failed" or before.because:
                cause = before.because or needed
                return Finding("skipped", f"not looked at, as {cause} failed", because=cause)
        if check.service and SERVICES_CHECK in self._checks:
            # It fills disabled_services; other services may be enabled though it failed.
            self._finding(self._checks[SERVICES_CHECK])
        if check.service in self._case.disabled_services:
            found = f"not looked at, as {check.service} is not enabled"
            return Finding("skipped", found, because=SERVICES_CHECK)
        return None


def _looked(check: Check, case: Case) -> Finding:
    """Look; whatever is raised becomes a finding, so that the other checks are made."""
    try:
        return check.look(case)
    except EpyflowError as error:
        return failed(str(error), check.remedy)
    except Exception as error:
        # Imported here: without Google's libraries, a run on one machine is looked at all the same.
        from epyflow.operations.doctor.refusals import explain

        return explain(check, error)
