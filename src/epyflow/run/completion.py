"""Finish a run: remove checkpoints, and collect what the record of the run needs."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from epyflow.provenance.record import Run
from epyflow.run import checkpoint_backup
from epyflow.run import failures as failed
from epyflow.run.plan import RunPlan
from epyflow.run.settings import Settings
from epyflow.run.start import read_start
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import LARGEST_TEXT


def finish_run(
    settings: Settings,
    run: RunPlan,
    members: Path,
    storage: Storage,
    left_out: Iterable[Path] = (),
    dates: Mapping[str, Any] = MappingProxyType({}),
) -> Run:
    """Remove the checkpoints of calibrations, and describe the run that ends now.

    Parameters
    ----------
    settings
        The settings of the run.
    run
        Its plan.
    members
        ``model_metadata.csv.gz``.
    storage
        Holds results and benchmarks.
    left_out
        ``hub_left_out.json`` if the run makes a submission.
    dates
        Of the plan.

    Returns
    -------
    run
        The run, with the project in the working directory.
    """
    start = read_start(settings)
    failures = failed.read_failures(run, members, storage)
    checkpoint_backup.remove_checkpoints(
        storage, run.layout, kept=(failure.index for failure in failures)
    )
    return Run(
        exp_id=run.exp_id,
        run_id=run.run_id,
        experiment=run.experiment,
        data=run.data,
        seed=run.seed,
        tasks=len(run.tasks),
        members=run.members,
        simulations=run.simulations,
        failures=failures,
        started=datetime.fromisoformat(start.started),
        finished=datetime.now(UTC),
        command=start.command,
        benchmarks=_benchmarks(run, storage),
        project=Path.cwd(),
        experiments=start.experiments,
        dates=dates,
        units=dict(zip(run.submission.targets, run.submission.units, strict=True))
        if run.submission
        else {},
        left_out=tuple(each for path in left_out for each in json.loads(path.read_text("utf-8"))),
    )


def _benchmarks(run: RunPlan, storage: Storage) -> dict[str, bytes]:
    folder = run.layout.task_benchmarks
    paths = sorted(f"{folder}/{name}" for name in storage.names(folder) if name.endswith(".tsv"))
    return {Path(path).stem: data for path, data in storage.read_all(paths, LARGEST_TEXT).items()}
