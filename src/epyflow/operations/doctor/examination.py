"""Run checks in the order of their dependencies."""

from collections.abc import Iterator, Sequence

from epyflow.errors import EpyflowError
from epyflow.operations.doctor.check import SERVICES_CHECK, Check, CheckResult, failed
from epyflow.operations.doctor.context import Context


class Examination:
    """Run checks, each once and after the checks that it depends on.

    Parameters
    ----------
    checks
        In the order of the report. Checks that they depend on may come later, or be absent.
    context
        Settings, site and APIs to check.
    """

    def __init__(self, checks: Sequence[Check], context: Context) -> None:
        self._checks = {check.id: check for check in checks}
        self._case = context
        self._found: dict[str, CheckResult] = {}

    def __iter__(self) -> Iterator[tuple[Check, CheckResult]]:
        """Run the checks in the order of the report."""
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
            # A check that was skipped because there is nothing to check stops no other.
            if before.state == "failed" or before.because:
                cause = before.because or needed
                return CheckResult("skipped", f"not checked, because {cause} failed", because=cause)
        if check.service and SERVICES_CHECK in self._checks:
            # This check fills disabled_services. Other services may be enabled even if it failed.
            self._finding(self._checks[SERVICES_CHECK])
        if check.service in self._case.disabled_services:
            found = f"not checked, because {check.service} is not enabled"
            return CheckResult("skipped", found, because=SERVICES_CHECK)
        return None


def _looked(check: Check, context: Context) -> CheckResult:
    """Run a check. An error becomes a result, so that the other checks still run."""
    try:
        return check.look(context)
    except EpyflowError as error:
        return failed(str(error), check.remedy)
    except Exception as error:
        # Imported here: the checks of this machine also run without Google's libraries.
        from epyflow.operations.doctor.api_failures import explain

        return explain(check, error)
