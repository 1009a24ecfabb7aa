"""Decide which faults of a plan apply to a request or a task."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase

from google_batch_emulator.faults import (
    ApiFault,
    FaultPlan,
    JobFault,
    Repeated,
    StorageFault,
    TaskFault,
)


class _Strikes:
    """Counts what a repeated fault has met."""

    def __init__(self, fault: Repeated, clock: Callable[[], float]) -> None:
        self._fault = fault
        self._clock = clock
        self._met = 0
        self._first: float | None = None

    def strike(self) -> bool:
        """Count one more call; return whether the fault strikes it."""
        fault, met = self._fault, self._met
        self._met += 1
        if met < fault.skip:
            return False
        # A span of time replaces the default count of one.
        counted = fault.seconds is None or "times" in fault.model_fields_set
        if counted and fault.times is not None and met >= fault.skip + fault.times:
            return False
        self._first = self._clock() if self._first is None else self._first
        return fault.seconds is None or self._clock() - self._first <= fault.seconds


class Faults:
    """The faults of the current plan; safe to use from several threads."""

    def __init__(
        self, plan: FaultPlan | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self.replace(plan or FaultPlan())

    @property
    def plan(self) -> FaultPlan:
        """The plan at work."""
        return self._plan

    def replace(self, plan: FaultPlan) -> None:
        """Work by another plan from now on; every count begins at 0."""
        with self._lock:
            self._plan = plan
            self._api = [(fault, _Strikes(fault, self._clock)) for fault in plan.api]
            self._storage = [(fault, _Strikes(fault, self._clock)) for fault in plan.storage]
            self._befallen: Counter[tuple[str, int, str]] = Counter()

    def of_call(self, method: str, resource: str) -> ApiFault | None:
        """Return the fault that strikes this call of the API, and count it."""
        short = resource.rsplit("/", 1)[-1]
        with self._lock:
            for fault, strikes in self._api:
                named = fnmatchcase(resource, fault.resource) or fnmatchcase(short, fault.resource)
                if fnmatchcase(method, fault.method) and named and strikes.strike():
                    return fault
        return None

    def of_storage(self, kind: str, name: str) -> StorageFault | None:
        """Return the fault that strikes this request to the storage service, and count it."""
        with self._lock:
            for fault, strikes in self._storage:
                hit = fnmatchcase(kind, fault.kind) and fnmatchcase(name, fault.object)
                if hit and strikes.strike():
                    return fault
        return None

    def of_attempt(self, job_id: str, uid: str, index: int, spot: bool) -> tuple[TaskFault, ...]:
        """Return what happens to a new attempt at a task, and count it.

        Parameters
        ----------
        job_id, uid
            The job.
        index
            The task.
        spot
            Whether its VM can be preempted.
        """
        with self._lock:
            return tuple(
                fault
                for place, fault in enumerate(self._plan.tasks)
                if fnmatchcase(job_id, fault.job)
                and fault.task in (None, index)
                and (spot or fault.action != "preempt")
                and self._befalls(fault.times, ("task", place, f"{uid}/{index}"))
            )

    def of_job(self, job_id: str) -> tuple[JobFault, ...]:
        """Return what happens to a new job, and count it."""
        with self._lock:
            return tuple(
                fault
                for place, fault in enumerate(self._plan.jobs)
                if fnmatchcase(job_id, fault.job) and self._befalls(fault.times, ("job", place, ""))
            )

    def _befalls(self, times: int | None, whom: tuple[str, int, str]) -> bool:
        self._befallen[whom] += 1
        return times is None or self._befallen[whom] <= times
