"""Implement google.cloud.batch.v1.BatchService."""

import secrets
from collections.abc import Callable, Iterable

from google_batch_emulator.allocation import check_allocation
from google_batch_emulator.engine import Engine
from google_batch_emulator.errors import invalid, not_found
from google_batch_emulator.filters import compile_filter
from google_batch_emulator.job_store import Store
from google_batch_emulator.machines import boot_disk_gb, machine_type
from google_batch_emulator.messages import (
    Job,
    ListJobsResponse,
    ListTasksResponse,
    Message,
    TaskState,
)
from google_batch_emulator.names import GROUP, group_of, job_of, parent_of, task_of
from google_batch_emulator.pagination import page
from google_batch_emulator.records import JobRecord, TaskRecord
from google_batch_emulator.services.filter_fields import JobView, TaskView
from google_batch_emulator.services.operations import Operations
from google_batch_emulator.settings import Settings
from google_batch_emulator.validation import (
    check_job,
    check_job_id,
    check_request_id,
    fill_in,
)

_ORDERS: dict[str, tuple[Callable[[JobRecord], object], bool]] = {
    "": (lambda job: job.serial, True),
    "name": (lambda job: job.name, False),
    "name desc": (lambda job: job.name, True),
    "create_time": (lambda job: job.serial, False),
    "create_time desc": (lambda job: job.serial, True),
}


class BatchService:
    """Creates, shows, cancels and deletes jobs."""

    def __init__(
        self, store: Store, engine: Engine, operations: Operations, settings: Settings
    ) -> None:
        self._store = store
        self._engine = engine
        self._operations = operations
        self._settings = settings
        self._answered: dict[str, Message] = {}

    def create_job(self, request: Message) -> Message:
        """Create a job; a request id that was used before gets the same answer again."""
        parent = parent_of(request.parent)
        job_id = request.job_id or f"job-{secrets.token_hex(8)}"
        check_job_id(job_id)
        check_request_id(request.request_id)
        check_job(request.job, self._settings.limits)
        check_allocation(request.job.allocation_policy, parent.location)
        with self._store.lock:
            if request.request_id in self._answered:
                return self._answered[request.request_id]
            job = self._store.add(parent, job_id, self._definition(request.job))
            job.memory_mib = request.job.task_groups[0].task_spec.compute_resource.memory_mib
            job.boot_disk_gb = boot_disk_gb(job.definition)
            job.machine_type = machine_type(job.definition)
            answer = job.show()
            self._remember(request, answer)
        self._engine.admit(job)
        return answer

    def get_job(self, request: Message) -> Message:
        """Return a job."""
        with self._store.lock:
            return self._store.get(*job_of(request.name)).show()

    def list_jobs(self, request: Message) -> Message:
        """Return the jobs of a region that match a filter, the newest first."""
        parent = parent_of(request.parent, any_region=True)
        if request.order_by not in _ORDERS:
            raise invalid(
                f'Invalid order_by "{request.order_by}": expected one of {list(_ORDERS)}.'
            )
        matches, _ = compile_filter(request.filter)
        key, reverse = _ORDERS[request.order_by]
        query = f"{request.parent}|{request.filter}|{request.order_by}"
        with self._store.lock:
            jobs = [job for job in self._store.within(parent) if matches(JobView(job))]
            jobs.sort(key=key, reverse=reverse)  # type: ignore[arg-type]
            chosen, token = page(
                jobs, request.page_size, request.page_token, self._settings.page_size, query
            )
            shown = [job.show() for job in chosen]
        return ListJobsResponse(jobs=shown, next_page_token=token)

    def delete_job(self, request: Message) -> Message:
        """Stop and forget a job; the operation is done when it is gone."""
        return self._begin(request, "delete", self._engine.delete)

    def cancel_job(self, request: Message) -> Message:
        """Stop a job; the operation is done when nothing of it runs."""
        return self._begin(request, "cancel", self._engine.cancel)

    def get_task(self, request: Message) -> Message:
        """Return a task."""
        parent, job_id, group, task_id = task_of(request.name)
        with self._store.lock:
            job = self._job_with_group(parent, job_id, group)
            if not task_id.isdecimal() or int(task_id) >= len(job.tasks):
                raise not_found(request.name)
            return job.show_task(job.tasks[int(task_id)])

    def list_tasks(self, request: Message) -> Message:
        """Return the tasks of a job that match a filter, by index."""
        parent, job_id, group = group_of(request.parent)
        matches, _ = compile_filter(request.filter)
        with self._store.lock:
            job = self._job_with_group(parent, job_id, group)
            # Tasks exist once the job has been scheduled.
            tasks = [task for task in _scheduled(job) if matches(TaskView(task))]
            chosen, token = page(
                tasks,
                request.page_size,
                request.page_token,
                self._settings.page_size,
                f"{request.parent}|{request.filter}",
            )
            shown = [job.show_task(task) for task in chosen]
        return ListTasksResponse(tasks=shown, next_page_token=token)

    def _definition(self, asked: Message) -> Message:
        job = Job()
        job.CopyFrom(asked)
        job.ClearField("status")
        fill_in(job, self._settings.limits)
        return job

    def _begin(
        self,
        request: Message,
        verb: str,
        act: Callable[[JobRecord, Callable[[], None]], None],
    ) -> Message:
        check_request_id(request.request_id)
        with self._store.lock:
            if request.request_id in self._answered:
                return self._operations.find(self._answered[request.request_id].name)
            job = self._store.get(*job_of(request.name))
            operation = self._operations.begin(job, verb)
            act(job, lambda: self._operations.finish(operation.name))
            self._remember(request, operation)
        return self._operations.find(operation.name)

    def _remember(self, request: Message, answer: Message) -> None:
        if request.request_id:
            self._answered[request.request_id] = answer

    def _job_with_group(self, parent: Message, job_id: str, group: str) -> JobRecord:
        job = self._store.get(parent, job_id)
        if group != GROUP:
            raise not_found(f"{job.name}/taskGroups/{group}")
        return job


def _scheduled(job: JobRecord) -> Iterable[TaskRecord]:
    untouched = job.counts[TaskState.PENDING] == len(job.tasks) and len(job.events) == 0
    return () if untouched else job.tasks
