"""Write the cost of a finished run to ``run_cost.csv``."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

import epyflow
from epyflow.errors import EpyflowError
from epyflow.files import write_bytes_atomically
from epyflow.google.site import FILE_VARIABLE, VARIABLE_PREFIX, read_site
from epyflow.operations.cost.chosen_machines import with_chosen_machines
from epyflow.operations.cost.job_costs import (
    GOOGLE_BATCH,
    LOCAL,
    as_csv,
    measured,
    priced,
    unpriced,
)
from epyflow.operations.cost.prices import read_prices
from epyflow.operations.cost.profile import FILE, REGION, read_profile
from epyflow.provenance.benchmark_files import Benchmark
from epyflow.run.completion import read_benchmarks
from epyflow.run.plan import RunPlan
from epyflow.storage.disk import Storage

PLATFORM_VARIABLE = "EPYFLOW_RAN_ON"
"""Environment variable that profiles other than Google Batch's set to what runs their jobs."""

_PROJECT = Path(epyflow.__file__).resolve().parents[2]

log = logging.getLogger(__name__)


def write_run_cost(run: RunPlan, storage: Storage, path: Path, profile: Path | None = None) -> None:
    """Write the cost of the jobs of a run; for a local run, the cost on Google Batch.

    A run on Slurm, AWS Batch or Kubernetes has no cost: no price of theirs is known. Without a
    profile for Google Batch, or with an unknown price, the table has no rows and the log says why.
    The run does not fail.

    Parameters
    ----------
    run
        Plan of the run.
    storage
        Holds the benchmarks.
    path
        The file to write.
    profile
        The profile with the machines; None: that of this folder, else of the project.
    """
    elsewhere = os.environ.get(PLATFORM_VARIABLE)
    ran_on = elsewhere or (GOOGLE_BATCH if os.environ.get("EPYFLOW_IMAGE_DIGEST") else LOCAL)
    try:
        if profile is None:
            profile = FILE if FILE.is_file() else _PROJECT / FILE
        given = read_profile(profile)
        benchmarks = _benchmarks(run, storage, given.rules)
        jobs = measured(run, benchmarks, given, region_of_site(), ran_on)
        if ran_on == GOOGLE_BATCH and not all(job.machine_type for job in jobs):
            jobs = with_chosen_machines(jobs, run)
        done = unpriced(jobs) if elsewhere else priced(jobs, given, read_prices())
        write_bytes_atomically(path, as_csv(done))
    except EpyflowError as error:
        log.warning("the cost of the run is unknown: %s", error)
        write_bytes_atomically(path, as_csv(()))


def region_of_site() -> str:
    """Return the region of the site, or the default region without a site."""
    named = os.environ.get(f"{VARIABLE_PREFIX}REGION")
    if named:
        return named
    try:
        return read_site().region
    except EpyflowError:
        if os.environ.get(FILE_VARIABLE):
            raise
        return REGION


def _benchmarks(
    run: RunPlan, storage: Storage, rules: Mapping[str, object]
) -> dict[str, Benchmark]:
    """Map ``<rule>/<job>``, or ``<rule>`` for a rule with one job, to what it took."""
    found = dict[str, Benchmark]()
    for folder, of in (("", ""), *((f"/{rule}", f"{rule}/") for rule in rules)):
        its = read_benchmarks(run, storage, f"{run.layout.benchmarks}{folder}")
        found |= {f"{of}{name}": took for name, took in its.items()}
    return found
