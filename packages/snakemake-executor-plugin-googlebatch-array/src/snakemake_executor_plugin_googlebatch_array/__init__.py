"""Run Snakemake jobs on Google Batch, as task arrays.

Snakemake imports every plugin at each start, also in jobs and without Google Batch: importing this
package imports none of Google's libraries.
"""

from typing import Any

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from .executor_settings import ExecutorSettings, common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


class Executor(RemoteExecutor):
    """The executor's name for Snakemake, which makes one when a run with this executor begins."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        """Return a :class:`.executor.BatchExecutor`, whose module imports Google's libraries."""
        from .executor import BatchExecutor

        return BatchExecutor(*arguments, **options)
