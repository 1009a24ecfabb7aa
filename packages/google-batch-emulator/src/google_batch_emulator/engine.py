"""Move jobs through their states: queue, schedule, run, retry, finish, cancel, delete."""

from collections.abc import Callable

from google_batch_emulator import exit_codes, status_events
from google_batch_emulator.errors import failed_precondition
from google_batch_emulator.fault_injection import FaultInjector
from google_batch_emulator.fault_state import Faults
from google_batch_emulator.faults import JobFault, TaskFault
from google_batch_emulator.job_store import Store
from google_batch_emulator.machines import is_spot, vm_for
from google_batch_emulator.messages import JobState, TaskState
from google_batch_emulator.records import (
    ENDING_JOB,
    FINAL_TASK,
    Attempt,
    Executor,
    JobRecord,
    Outcome,
    TaskRecord,
)
from google_batch_emulator.retries import is_retried
from google_batch_emulator.settings import Settings
from google_batch_emulator.timers import Timers, once

_INFO = "OPERATIONAL_INFO"


class Engine:
    """Moves jobs through their states; the API reads them from the store.

    Every change is made under the store's lock: by a timer, by a call of the API, or by the thread
    of an attempt.

    Parameters
    ----------
    store
        The jobs.
    settings
        Delays and limits.
    faults
        What goes wrong.
    executor
        Runs the attempts.
    timers
        Runs what is due later.
    """

    def __init__(
        self, store: Store, settings: Settings, faults: Faults, executor: Executor, timers: Timers
    ) -> None:
        self._store = store
        self._settings = settings
        self._faults = faults
        self._executor = executor
        self._timers = timers
        self._injector = FaultInjector(store, timers)
        self._running = 0
        self._stopped = False

    def admit(self, job: JobRecord) -> None:
        """Take in a new job, which is QUEUED."""
        waits: dict[JobState, list[JobFault]] = {JobState.QUEUED: [], JobState.SCHEDULED: []}
        for fault in self._faults.of_job(job.job_id):
            if fault.action in status_events.WAITS_IN:
                waits[status_events.WAITS_IN[fault.action]].append(fault)
            else:
                self._timers.after(fault.seconds or 0, self._outside(job, fault))
        limits = self._settings.limits
        self._timers.after(limits.queue_seconds, lambda: self._expire(job, JobState.QUEUED))
        delay = self._settings.queue_seconds
        self._wait(job, waits[JobState.QUEUED], delay, lambda: self._schedule(job, waits))

    def cancel(self, job: JobRecord, done: Callable[[], None]) -> None:
        """Stop a job and keep it.

        Parameters
        ----------
        job
            The job.
        done
            Called when it is CANCELLED.

        Raises
        ------
        ApiError
            FAILED_PRECONDITION, if the job is over already.
        """
        with self._store.lock:
            if job.over or job.state == JobState.DELETION_IN_PROGRESS:
                raise failed_precondition(
                    f'Job "{job.name}" is {job.state.name} and cannot be cancelled.'
                )
            self._end(job, JobState.CANCELLATION_IN_PROGRESS, done)

    def delete(self, job: JobRecord, done: Callable[[], None]) -> None:
        """Stop a job and forget it; ``done`` is called when it is gone."""
        with self._store.lock:
            self._end(job, JobState.DELETION_IN_PROGRESS, done)

    def stop(self) -> None:
        """Start nothing more, and cut every attempt that is under way."""
        with self._store.lock:
            self._stopped = True
            for job in self._store.all():
                self._cut_all(job, "the emulator is stopping")

    def _wait(
        self, job: JobRecord, faults: list[JobFault], delay: float, then: Callable[[], None]
    ) -> None:
        """Go on after a delay and after everything that delays the job in its state."""
        if not faults:
            self._timers.after(delay, then)
            return
        first, *rest = faults
        with self._store.lock:
            if job.over or job.state in ENDING_JOB:
                return
            job.note(status_events.waiting_text(first.action, job), _INFO)
            if first.action == "reject":
                self._finish(job, JobState.FAILED)
                return
        if first.seconds is not None:
            self._timers.after(first.seconds, lambda: self._wait(job, rest, delay, then))

    def _schedule(self, job: JobRecord, waits: dict[JobState, list[JobFault]]) -> None:
        with self._store.lock:
            if job.state != JobState.QUEUED:
                return
            job.enter(JobState.SCHEDULED)
            if text := status_events.rejection(job):
                job.note(text, _INFO)
                self._finish(job, JobState.FAILED)
                return
        delay = self._settings.start_seconds
        self._wait(job, waits[JobState.SCHEDULED], delay, lambda: self._allocate(job))

    def _allocate(self, job: JobRecord) -> None:
        with self._store.lock:
            job.admitted = job.state == JobState.SCHEDULED
            self._fill()

    def _fill(self) -> None:
        """Start what there is room for, the highest priority first."""
        waiting_jobs = [job for job in self._store.all() if job.admitted and job.pending]
        for job in sorted(waiting_jobs, key=lambda job: (-job.definition.priority, job.serial)):
            while job.pending and len(job.attempts) < job.group.parallelism and self._room(job):
                self._start(job, job.tasks[job.pending.popleft()])

    def _room(self, job: JobRecord) -> bool:
        if self._stopped:
            return False
        # The tasks of a job with barriers wait for one another: all must run at once.
        free = self._settings.stub or job.has_barrier
        return free or self._running < self._settings.max_processes

    def _start(self, job: JobRecord, task: TaskRecord) -> None:
        attempt = Attempt(job, task, vm_for(job))
        attempt.vm.attempts.add(attempt)
        job.attempts.add(attempt)
        self._running += 1
        job.enter_task(task, TaskState.ASSIGNED, str(attempt.vm))
        faults = self._faults.of_attempt(job.job_id, job.uid, task.index, is_spot(job.definition))
        self._injector.arm(attempt, [fault for fault in faults if fault.stage == "assigned"])
        later = [fault for fault in faults if fault.stage == "running"]
        delay = sum(fault.after_seconds for fault in faults if fault.action == "delay")

        launch = once(
            lambda: self._executor.start(
                attempt,
                lambda: self._begun(attempt, later),
                lambda outcome: self._over(attempt, outcome),
            )
        )
        if delay:
            self._timers.after(delay, launch)
            attempt.when_cut(lambda: self._timers.after(0, launch))
        else:
            launch()

    def _begun(self, attempt: Attempt, faults: list[TaskFault]) -> None:
        with self._store.lock:
            job, task = attempt.job, attempt.task
            if task.state == TaskState.ASSIGNED:
                job.enter_task(task, TaskState.RUNNING, str(attempt.vm))
            if job.state == JobState.SCHEDULED:
                job.enter(JobState.RUNNING)
                limit = self._settings.limits.run_seconds
                self._timers.after(limit, lambda: self._expire(job, JobState.RUNNING))
        self._injector.arm(attempt, faults)

    def _over(self, attempt: Attempt, outcome: Outcome) -> None:
        with self._store.lock:
            job, task = attempt.job, attempt.task
            self._running -= 1
            attempt.vm.attempts.discard(attempt)
            job.attempts.discard(attempt)
            self._judge(job, task, str(attempt.vm), (attempt.verdict or outcome).code)
            if job.state in ENDING_JOB:
                self._end_if_idle(job)
            else:
                self._finish_if_done(job)
            self._fill()

    def _judge(self, job: JobRecord, task: TaskRecord, where: str, code: int) -> None:
        if code == 0:
            job.enter_task(task, TaskState.SUCCEEDED, where)
            return
        ending = exit_codes.explanation(code)
        description = job.enter_task(task, TaskState.FAILED, where, ending, code)
        if job.state not in ENDING_JOB and is_retried(job.spec, code, task.retries):
            task.retries += 1
            job.enter_task(task, TaskState.PENDING, where)
            job.pending.append(task.index)
        elif not job.first_failure:
            job.first_failure = (
                "Job failed due to task failure. Specifically, task with index "
                f'{task.index} failed due to the following task event: "{description}"'
            )

    def _finish_if_done(self, job: JobRecord) -> None:
        if sum(job.counts[state] for state in FINAL_TASK) == len(job.tasks) and not job.over:
            failed = job.counts[TaskState.FAILED] > 0
            self._finish(job, JobState.FAILED if failed else JobState.SUCCEEDED)

    def _finish(self, job: JobRecord, state: JobState) -> None:
        self._drop_pending(job)
        job.enter(state, job.first_failure if state == JobState.FAILED else "")
        job.vms.clear()

    def _drop_pending(self, job: JobRecord) -> None:
        """Mark what was never started."""
        job.pending.clear()
        for task in job.tasks:
            if task.state == TaskState.PENDING:
                job.enter_task(task, TaskState.UNEXECUTED)

    def _cut_all(self, job: JobRecord, why: str) -> None:
        for attempt in list(job.attempts):
            attempt.cut(Outcome(exit_codes.OTHER, why))

    def _end(self, job: JobRecord, state: JobState, done: Callable[[], None]) -> None:
        job.when_ended.append(done)
        if job.state == state:
            return
        was_over = job.over
        job.enter(state)
        if not was_over:
            self._drop_pending(job)
            self._cut_all(job, state.name)
        self._end_if_idle(job)

    def _end_if_idle(self, job: JobRecord) -> None:
        if not job.attempts:
            state = job.state
            self._timers.after(self._settings.delete_seconds, lambda: self._ended(job, state))

    def _ended(self, job: JobRecord, state: JobState) -> None:
        with self._store.lock:
            if job.state != state:
                return
            if state == JobState.CANCELLATION_IN_PROGRESS:
                job.enter(JobState.CANCELLED)
            else:
                self._store.remove(job)
            calls, job.when_ended = job.when_ended, []
        for call in calls:
            call()

    def _expire(self, job: JobRecord, state: JobState) -> None:
        """Fail a job that has been too long in a state."""
        with self._store.lock:
            if job.state == state:
                self._cut_all(job, f"the job was too long {state.name}")
                self._finish(job, JobState.FAILED)

    def _outside(self, job: JobRecord, fault: JobFault) -> Callable[[], None]:
        def act() -> None:
            with self._store.lock:
                if fault.action == "delete":
                    self.delete(job, lambda: None)
                elif not job.over and job.state not in ENDING_JOB:
                    self.cancel(job, lambda: None)

        return act
