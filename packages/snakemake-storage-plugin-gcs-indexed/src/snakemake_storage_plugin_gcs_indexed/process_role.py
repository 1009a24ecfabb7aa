"""Tell whether this process is a coordinator or a worker, and how far it is.

The interface of storage plugins does not tell. It passes ``inventory`` the cache that is active
until jobs start, and assigns ``_iofile`` to objects that a rule names. Only this module reads both.
If Snakemake changes, the answers fall back to those that cost more requests.
"""

import logging
from itertools import chain
from typing import Any, Protocol

logger = logging.getLogger(__name__)

_LATENCY_WAIT = 5.0
"""Snakemake's default, for a Snakemake that does not tell."""


class Cache(Protocol):
    """Snakemake's memory of files; inactive once jobs run."""

    active: bool


class Process:
    """The process that a provider belongs to."""

    def __init__(self) -> None:
        self.cache: Cache | None = None
        self.workflow: Any = None
        self._products: frozenset[str] | None = None

    @property
    def is_planning(self) -> bool:
        """Whether Snakemake is still building the graph of jobs: nothing changes meanwhile."""
        return bool(getattr(self.cache, "active", False))

    @property
    def is_worker(self) -> bool:
        """Whether this is a job on another machine, parsing the workflow for itself."""
        return bool(getattr(self.workflow, "remote_exec", False))

    @property
    def latency_wait(self) -> float:
        """Seconds for which Snakemake looks for the outputs of a job that has ended."""
        settings = getattr(self.workflow, "execution_settings", None)
        return float(getattr(settings, "latency_wait", _LATENCY_WAIT))

    def makes(self, query: str) -> bool:
        """Whether this worker is about to make the file anew.

        Before a job starts, Snakemake asks for its outputs and logs in order to delete old ones.
        A worker need not ask the bucket: the upload replaces them, and if the job fails the
        coordinator, which looks, removes them. That is not so for directories, whose old contents
        would be mixed with the new, for outputs that are updated in place, and with
        ``--keep-incomplete``.
        """
        if not self.is_worker or self.is_planning:
            return False
        if self._products is None:
            try:
                self._products = frozenset(self._made())
            except (AttributeError, TypeError) as error:
                logger.debug("Cannot tell what this job makes, so asking the bucket: %r", error)
                self._products = frozenset()
        return query in self._products

    def _made(self) -> list[str]:
        if self.workflow.execution_settings.keep_incomplete:
            return []
        return [
            file.storage_object.query
            for job in self.workflow.dag.needrun_jobs(exclude_finished=False)
            for file in chain(job.output, job.log, [job.benchmark] if job.benchmark else [])
            if file.is_storage and not file.is_directory and not file.flags.get("update")
        ]
