"""Finish a run: remove what is left over, and collect what the record of the run needs."""

import json
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from epyflow.errors import UnreadableError
from epyflow.provenance.benchmark_files import LARGEST_BENCHMARK, Benchmark, read_benchmark
from epyflow.provenance.record import Run
from epyflow.run import checkpoint_backup
from epyflow.run import failures as failed
from epyflow.run.layout import task_number
from epyflow.run.plan import RunPlan
from epyflow.run.settings import Settings
from epyflow.run.start import read_start
from epyflow.run.table_partitions import remove_others
from epyflow.storage.disk import Storage

_THREADS = 10
_FEW = 1_000

log = logging.getLogger(__name__)


def finish_run(
    settings: Settings,
    run: RunPlan,
    members: Path,
    storage: Storage,
    left_out: Iterable[Path] = (),
    dates: Mapping[str, Any] = MappingProxyType({}),
    tables: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Run:
    """Remove the checkpoints of calibrations, and describe the run that ends now.

    Files of populations that its tables no longer have are deleted, too.

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
    dates, tables
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
    remove_others(tables, run.layout, storage)
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
        benchmarks=read_benchmarks(run, storage, run.layout.task_benchmarks),
        project=Path.cwd(),
        experiments=start.experiments,
        dates=dates,
        units=dict(zip(run.submission.targets, run.submission.units, strict=True))
        if run.submission
        else {},
        left_out=tuple(each for path in left_out for each in json.loads(path.read_text("utf-8"))),
    )


def read_benchmarks(run: RunPlan, storage: Storage, folder: str) -> dict[str, Benchmark]:
    """Read the benchmarks of a rule's jobs; leave out what cannot be one, with a warning.

    Tasks may write any number of files, of any size. Of the rule ``run_task`` the planned tasks
    count; of another one as many files as there are tasks, and at least a thousand.

    Returns
    -------
    Job, or rule for the folder of rules with one job, to what it took.
    """
    named = {name.removesuffix(".tsv") for name in storage.names(folder) if name.endswith(".tsv")}
    if folder == run.layout.task_benchmarks:
        jobs = [job for job in map(task_number, range(len(run.tasks))) if job in named]
    else:
        jobs = sorted(named)[: max(len(run.tasks), _FEW)]
    if left := len(named) - len(jobs):
        log.warning("%s: %s files of no planned job are ignored", folder, f"{left:,}")

    def read(job: str) -> Benchmark | None:
        try:
            data = storage.read(f"{folder}/{job}.tsv", LARGEST_BENCHMARK)
        except UnreadableError as problem:
            log.warning("%s; its job counts as one without a benchmark", problem)
            return None
        return None if data is None else read_benchmark(data)

    with ThreadPoolExecutor(_THREADS) as pool:
        found = zip(jobs, pool.map(read, jobs), strict=True)
        return {job: took for job, took in found if took is not None}
