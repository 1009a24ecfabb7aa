"""What a start of a run is to make, counted for those who ask how far it is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from epyflow.operations.runs.coordinator_record import Wanted
from epyflow.operations.runs.status import STAGES, stage_of


def wanted(
    plan: Mapping[str, Any], outputs: Iterable[str], command: Sequence[str], log: str | None
) -> Wanted:
    """Describe what a start is for.

    Parameters
    ----------
    plan
        From :mod:`epyflow.run.plan`.
    outputs
        Every file that the workflow makes or has made; all that is not of the run is passed over,
        and so is what comes before ``results/``.
    command
        The command line.
    log
        The coordinator's own log.
    """
    parts = list(plan.get("forecasts", {"": plan}).values())
    tasks = {part["run_id"]: len(part["tasks"]) for part in parts}
    folder = f"results/{plan['exp_id']}/{plan['run_id']}/"
    made = {path.rpartition(folder)[2] for path in outputs if folder in path}
    stages = [stage_of(path) for path in made]
    files = {stage: stages.count(stage) for stage in STAGES}
    # The plan knows them all; the workflow, those that are not up to date.
    files |= dict.fromkeys(("build", "run"), sum(tasks.values()))
    return Wanted(command=tuple(command), log=log, tasks=tasks, files=files)
