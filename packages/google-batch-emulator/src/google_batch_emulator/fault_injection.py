"""End task attempts by the faults of the plan, or on demand."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from google_batch_emulator import exit_codes
from google_batch_emulator.faults import TaskFault
from google_batch_emulator.job_store import Store
from google_batch_emulator.machines import is_spot
from google_batch_emulator.records import Attempt, Outcome
from google_batch_emulator.timers import Timers


class FaultInjector:
    """Cuts attempts.

    Parameters
    ----------
    store
        The jobs.
    timers
        Where harm to come is noted down.
    """

    def __init__(self, store: Store, timers: Timers) -> None:
        self._store = store
        self._timers = timers

    def arm(self, attempt: Attempt, faults: Iterable[TaskFault]) -> None:
        """Let faults befall an attempt, each after its time."""
        for fault in faults:
            if fault.action == "delay":
                continue
            code = exit_codes.OF_FAULT.get(fault.action, fault.exit_code)
            outcome = Outcome(code, f"fault: {fault.action}", fault.notice_seconds)
            blow = self._blow(attempt, outcome, fault.action in exit_codes.OF_VM)
            if fault.after_seconds:
                self._timers.after(fault.after_seconds, blow)
            else:
                blow()

    def strike(self, job_id: str, index: int | None, action: str, notice_seconds: float = 0) -> int:
        """Let something befall tasks that run now.

        Parameters
        ----------
        job_id
            Pattern of job ids.
        index
            The index of the task; None for all.
        action
            As in `TaskFault`, other than "delay" and "fail".
        notice_seconds
            Time between SIGTERM and the end; 0: no SIGTERM.

        Returns
        -------
        int
            How many attempts it met.
        """
        with self._store.lock:
            struck = [
                attempt
                for job in self._store.all()
                for attempt in list(job.attempts)
                if fnmatchcase(job.job_id, job_id)
                and index in (None, attempt.task.index)
                and (action != "preempt" or is_spot(job.definition))
            ]
            outcome = Outcome(exit_codes.OF_FAULT[action], f"fault: {action}", notice_seconds)
            for attempt in struck:
                self._blow(attempt, outcome, action in exit_codes.OF_VM)()
        return len(struck)

    def _blow(self, attempt: Attempt, outcome: Outcome, whole_vm: bool) -> Callable[[], None]:
        def blow() -> None:
            with self._store.lock:
                if attempt not in attempt.vm.attempts:
                    return
                victims = list(attempt.vm.attempts) if whole_vm else [attempt]
                if whole_vm and attempt.vm in attempt.job.vms:
                    attempt.job.vms.remove(attempt.vm)
            for victim in victims:
                victim.cut(outcome)

        return blow
