"""What a task does: ``run(task) -> Result``. A new strategy is a module here and a line below."""

from collections.abc import Callable
from pathlib import Path

from epyflow.artifacts.task import Result, Task
from epyflow.errors import EpyflowError
from epyflow.strategies.calibrate import calibrate
from epyflow.strategies.simulate import simulate_members

Saved = Callable[[Path], None]


def _simulate(task: Task, checkpoint: Path | None, saved: Saved | None) -> Result:
    """Simulate from the start: a task of simulations is minutes of work."""
    return simulate_members(task)


STRATEGIES: dict[str, Callable[[Task, Path | None, Saved | None], Result]] = {
    "simulate": _simulate,
    "smc": calibrate,
    "rejection": calibrate,
    "top_fraction": calibrate,
}


def run(task: Task, checkpoint: Path | None = None, saved: Saved | None = None) -> Result:
    """Run a task.

    Parameters
    ----------
    task
        What to do.
    checkpoint
        Where a calibration keeps its complete generations, so that it can be continued.
    saved
        Called with the checkpoint's path after every generation that was written to it.

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
    return STRATEGIES[task.strategy](task, checkpoint, saved)
