"""Call a function when Snakemake finds nothing to do: it ends without a hook then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any


def call_if_nothing_to_do(workflow: Any, function: Callable[[], None]) -> None:
    """Call a function at the end of an execution, but a dry one, that had no job to run.

    Snakemake's lock of the folder is held while it is called. A private method is replaced: a
    Snakemake without it is left as it is.

    Parameters
    ----------
    workflow
        The workflow of Snakemake, before its execution.
    function
        What is called.
    """
    # A frame in a rules file would be named as the place of every error of Snakemake.
    execute, build = workflow.execute, getattr(workflow, "_build_dag", None)
    if build is None:
        return

    @wraps(build)
    def build_and_change_lock() -> None:
        build()
        lock = workflow.persistence.lock

        @contextmanager
        def lock_and_call() -> Iterator[None]:
            with lock():
                yield
                if not (len(workflow.dag) or workflow.dryrun):
                    function()

        workflow.persistence.lock = lock_and_call

    @wraps(execute)
    def execute_with_changed_lock(*given: Any, **named: Any) -> None:
        workflow._build_dag = build_and_change_lock
        execute(*given, **named)

    workflow.execute = execute_with_changed_lock
