"""Run a task by its strategy. A new strategy is a module here and a line in ``STRATEGIES``."""

from collections.abc import Callable
from pathlib import Path

from epyflow.artifacts.task import Result, Task
from epyflow.errors import EpyflowError
from epyflow.strategies.calibrate import calibrate
from epyflow.strategies.simulate import simulate_members

Saved = Callable[[Path], None]


def _simulate(task: Task, checkpoint: Path | None, saved: Saved | None) -> Result:
    """Simulate without a checkpoint: a task of simulations takes minutes."""
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
        A simulation or a calibration.
    checkpoint
        File that keeps the complete generations of a calibration, to resume it from.
    saved
        Called with the path of the checkpoint after each generation written to it.

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
