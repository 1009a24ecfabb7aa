"""What a task does: ``run(task) -> Result``. A new strategy is a module here and a line below."""

from collections.abc import Callable

from epyflow.errors import EpyflowError
from epyflow.strategies.simulate import simulate_members
from epyflow.tasks import Result, Task

STRATEGIES: dict[str, Callable[[Task], Result]] = {"simulate": simulate_members}


def run(task: Task) -> Result:
    """Run a task.

    Raises
    ------
    EpyflowError
        If the task cannot be run; the message names its population and the cause.
    """
    if task.strategy not in STRATEGIES:
        raise EpyflowError(
            f"strategy {task.strategy!r} is not known to this version of epyflow; expected one of "
            f"{', '.join(STRATEGIES)}"
        )
    return STRATEGIES[task.strategy](task)
