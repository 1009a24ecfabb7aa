"""Call a function when Snakemake finds nothing to do: it ends without a hook then."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def call_if_nothing_to_do(workflow: Any, function: Callable[[], None]) -> None:
    """Call a function at the end of an execution, but a dry one, that had no job to run.

    Parameters
    ----------
    workflow
        The workflow of Snakemake, before its execution.
    function
        What is called.
    """
    # A frame in a rules file would be named as the place of every error of Snakemake.
    execute = workflow.execute

    @wraps(execute)
    def execute_and_call(*given: Any, **named: Any) -> None:
        execute(*given, **named)
        if not (len(workflow.dag) or workflow.dryrun):
            function()

    workflow.execute = execute_and_call
