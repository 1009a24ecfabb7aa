"""Gather what only the workflow knows of a finished run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epyflow.provenance import Run
from epyflow.tasks import Failure


def finished_run(plan: Mapping[str, Any], failures: tuple[Failure, ...], project: Path) -> Run:
    """Describe a run that ends now.

    Parameters
    ----------
    plan
        From :mod:`epyflow.run_plan`.
    failures
        Records of the tasks that failed.
    project
        The folder that the workflow runs in.
    """
    times = project / "benchmarks" / plan["exp_id"] / plan["run_id"] / "run_task"
    return Run(
        exp_id=plan["exp_id"],
        run_id=plan["run_id"],
        experiment=plan["experiment"],
        data=plan["data"],
        seed=plan["seed"],
        tasks=len(plan["tasks"]),
        members=plan["members"],
        simulations=plan["simulations"],
        failures=failures,
        started=datetime.fromisoformat(plan["started"]),
        finished=datetime.now(UTC),
        command=tuple(plan["command"]),
        benchmarks=tuple(sorted(times.glob("*.tsv"))),
        project=project,
    )
