"""The end of a run: what only the workflow knows of it."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epyflow.provenance.record import Run
from epyflow.run import checkpoint_backup
from epyflow.run import failures as failed
from epyflow.run.layout import RunLayout
from epyflow.run.settings import Settings
from epyflow.run.start import read_start
from epyflow.storage.disk import Storage


def finish(
    settings: Settings,
    plan: Mapping[str, Any],
    members: Path,
    storage: Storage,
    left_out: Iterable[Path] = (),
) -> Run:
    """Clear away what only a running calibration needs, and describe a run that ends now.

    Parameters
    ----------
    settings
        Of the run.
    plan
        From :mod:`epyflow.run.plan`.
    members
        ``model_metadata.csv.gz``.
    storage
        Where results and benchmarks are.
    left_out
        ``hub_left_out.json``, where a submission is made.

    Returns
    -------
    run
        Of the project in the working directory.
    """
    start = read_start(settings, plan)
    failures = failed.failures(plan, members, storage)
    checkpoint_backup.clear(
        storage,
        RunLayout(plan["exp_id"], plan["run_id"]),
        kept=(failure.index for failure in failures),
    )
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
        started=datetime.fromisoformat(start.started),
        finished=datetime.now(UTC),
        command=start.command,
        benchmarks=_benchmarks(plan, storage),
        project=Path.cwd(),
        experiments=start.experiments,
        left_out=tuple(each for path in left_out for each in json.loads(path.read_text("utf-8"))),
    )


def _benchmarks(plan: Mapping[str, Any], storage: Storage) -> dict[str, bytes]:
    folder = RunLayout(plan["exp_id"], plan["run_id"]).task_benchmarks
    paths = sorted(f"{folder}/{name}" for name in storage.names(folder) if name.endswith(".tsv"))
    return {Path(path).stem: data for path, data in storage.read_all(paths).items()}
