"""Run checks in the order of their dependencies."""

from collections.abc import Iterator, Sequence

from epyflow.errors import EpyflowError
from epyflow.operations.doctor.check import SERVICES_CHECK, Check, CheckResult, failed
from epyflow.operations.doctor.context import Context


class Examination:
    """Makes checks, each once and after those that it depends on.

    Parameters
    ----------
    checks
        In the order in which they are reported. What they depend on may come later, or be absent.
    context
        What is looked at.
    """

    def __init__(self, checks: Sequence[Check], context: Context) -> None:
        self._checks = {check.id: check for check in checks}
        self._case = context
        self._found: dict[str, CheckResult] = {}

    def __iter__(self) -> Iterator[tuple[Check, CheckResult]]:
        """Make the checks that are left, one after another."""
        for check in self._checks.values():
            yield check, self._finding(check)

    def _finding(self, check: Check) -> CheckResult:
        if check.id not in self._found:
            self._found[check.id] = self._hindrance(check) or _looked(check, self._case)
        return self._found[check.id]

    def _hindrance(self, check: Check) -> CheckResult | None:
        for needed in check.after:
            if needed not in self._checks:
                continue
            before = self._finding(self._checks[needed])
            # What was skipped for want of anything to look at hinders nobody.
            if before.state == "failed" or before.because:
                cause = before.because or needed
                return CheckResult("skipped", f"not looked at, as {cause} failed", because=cause)
        if check.service and SERVICES_CHECK in self._checks:
            # It fills disabled_services; other services may be enabled though it failed.
            self._finding(self._checks[SERVICES_CHECK])
        if check.service in self._case.disabled_services:
            found = f"not looked at, as {check.service} is not enabled"
            return CheckResult("skipped", found, because=SERVICES_CHECK)
        return None


def _looked(check: Check, context: Context) -> CheckResult:
    """Look; whatever is raised becomes a finding, so that the other checks are made."""
    try:
        return check.look(context)
    except EpyflowError as error:
        return failed(str(error), check.remedy)
    except Exception as error:
        # Imported here: without Google's libraries, a run on one machine is looked at all the same.
        from epyflow.operations.doctor.api_failures import explain

        return explain(check, error)
