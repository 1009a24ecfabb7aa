"""Store jobs, and the request ids that created them."""

import itertools
import threading
import uuid

from google_batch_emulator.errors import already_exists, not_found
from google_batch_emulator.messages import Message
from google_batch_emulator.names import GROUP, Parent
from google_batch_emulator.records import JobRecord, TaskRecord


class Store:
    """Jobs by name. ``lock`` guards them and everything in them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._jobs: dict[str, JobRecord] = {}
        self._serial = itertools.count()

    def add(self, parent: Parent, job_id: str, definition: Message) -> JobRecord:
        """Add a job whose definition is complete.

        Raises
        ------
        ApiError
            ALREADY_EXISTS, if a job has this name, finished or not.
        """
        with self.lock:
            key = f"{parent.numbered}/jobs/{job_id}"
            if key in self._jobs:
                raise already_exists(key)
            # A label has at most 63 characters, and the uid is one.
            uid = f"{job_id[:26].rstrip('-')}-{uuid.uuid4()}"
            count = definition.task_groups[0].task_count
            tasks = [TaskRecord(index) for index in range(count)]
            job = JobRecord(parent, job_id, uid, definition, tasks, next(self._serial))
            definition.name, definition.uid = job.name, uid
            definition.create_time.CopyFrom(job.created)
            definition.task_groups[0].name = f"{job.numbered_name}/taskGroups/{GROUP}"
            self._jobs[key] = job
            return job

    def get(self, parent: Parent, job_id: str) -> JobRecord:
        """Return a job.

        Raises
        ------
        ApiError
            NOT_FOUND, if there is none.
        """
        job = self._jobs.get(f"{parent.numbered}/jobs/{job_id}")
        if job is None:
            raise not_found(f"{parent}/jobs/{job_id}")
        return job

    def remove(self, job: JobRecord) -> None:
        """Forget a job."""
        self._jobs.pop(job.numbered_name, None)

    def all(self) -> list[JobRecord]:
        """Return every job, the oldest first."""
        return list(self._jobs.values())

    def within(self, parent: Parent) -> list[JobRecord]:
        """Return the jobs of a project and region; ``-`` stands for every region."""
        return [
            job
            for job in self._jobs.values()
            if job.parent.number == parent.number and parent.location in ("-", job.parent.location)
        ]
