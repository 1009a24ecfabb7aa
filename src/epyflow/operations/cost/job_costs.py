"""Compute the cost of each job of a run from its benchmark: the rows of ``run_cost.csv``."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath

from epyflow.errors import EpyflowError
from epyflow.operations.cost.prices import SECONDS_PER_HOUR, Prices
from epyflow.operations.cost.profile import Profile
from epyflow.provenance.benchmark_files import Benchmark, measured_number
from epyflow.run.plan import RunPlan
from epyflow.stages import stage_of_rule

GOOGLE_BATCH, LOCAL = "google-batch", "local"


@dataclass(frozen=True)
class JobCost:
    """One job, its run time and the cost of that on its machine. A row of ``run_cost.csv``.

    Attributes
    ----------
    stage, rule, job
        Its stage and rule; the ``<i>`` of a task, or empty for a rule with one job.
    population, location
        Name in the store and ISO code; empty for a job about all of them.
    ran_on
        ``google-batch``; ``local``: the cost is that of the same run time on Google Batch;
        ``slurm``, ``aws-batch``, ``kubernetes``: there is no cost.
    attempt
        First attempt with enough memory for the job; earlier attempts failed and have no benchmark.
    machine_type, spot, region
        The machine type of the charged VM, whether it is a Spot VM, and its region; empty if
        there is no cost. The type is empty, too, if Google Batch chose it and it is not known.
    seconds, max_rss_mb
        Wall-clock run time and peak resident memory; None if not measured.
    usd_run, usd_start_up
        US dollars for the run time, and for the machine's start (the mean of the table's range);
        None if the run time is unknown, or if there is no cost or no price.
    price_date
        Date of the price table; empty without a price.
    """

    stage: str
    rule: str
    job: str
    population: str
    location: str
    ran_on: str
    attempt: int | None
    machine_type: str
    spot: bool
    region: str
    seconds: float | None
    max_rss_mb: float | None
    usd_run: float | None = None
    usd_start_up: float | None = None
    price_date: str = ""

    @property
    def usd(self) -> float | None:
        """US dollars in total."""
        if self.usd_run is None or self.usd_start_up is None:
            return None
        return self.usd_run + self.usd_start_up


def stage_of(rule: str) -> str:
    """Return the stage of a rule; ``other`` for a rule that a profile has added."""
    return stage_of_rule(rule) or "other"


def measured(
    run: RunPlan,
    benchmarks: Mapping[str, Benchmark],
    profile: Profile,
    region: str,
    ran_on: str,
) -> list[JobCost]:
    """Return the jobs of a run, without their cost.

    Parameters
    ----------
    run
        Plan of the run.
    benchmarks
        ``<rule>/<job>``, or ``<rule>`` where it has one job, to what it took.
    profile
        Machines of the rules; jobs of other rules are left out.
    region, ran_on
        See :class:`JobCost`.
    """
    # Inputs are built by a job where the plan says so, else by the coordinator.
    elsewhere = () if run.build == "remote" else ("build_inputs",)
    paid = [rule for rule in profile.rules if rule not in elsewhere]
    jobs = [
        _job(run, PurePosixPath(name), took, profile, region, ran_on)
        for name, took in sorted(benchmarks.items())
        if PurePosixPath(name).parts[0] in paid
    ]
    order = list(profile.rules)
    return sorted(jobs, key=lambda job: order.index(job.rule))


def _job(
    run: RunPlan,
    name: PurePosixPath,
    took: Benchmark,
    profile: Profile,
    region: str,
    ran_on: str,
) -> JobCost:
    rule, job = name.parts[0], "/".join(name.parts[1:])
    attempt = profile.attempt_of(rule, took.max_rss_mb)
    place = run.population_of(int(job)) if rule == "run_task" else None
    return JobCost(
        stage=stage_of(rule),
        rule=rule,
        job=job,
        population="" if place is None else place.name,
        location=(place and place.location) or "",
        ran_on=ran_on,
        attempt=attempt,
        machine_type=profile.shape(rule, attempt).machine_type,
        spot=rule in profile.spot,
        region=region,
        seconds=took.seconds,
        max_rss_mb=took.max_rss_mb,
    )


def priced(jobs: Iterable[JobCost], profile: Profile, prices: Prices) -> list[JobCost]:
    """Return the jobs with their cost.

    The cost of a shared machine is divided among its jobs. A machine with GPUs, or of an unknown
    type, has no price.

    Raises
    ------
    EpyflowError
        If a machine type or region is not in the price table.
    """
    mean = sum(prices.start_up_seconds) / len(prices.start_up_seconds)
    done = []
    for job in jobs:
        shape = profile.shape(job.rule, job.attempt or 1)
        if shape.gpus or not job.machine_type:
            done.append(job)
            continue
        hour = prices.machine_hour(job.machine_type, job.region, spot=job.spot)
        hour += prices.disk_hour(job.machine_type, job.region, shape.disk_gib)
        second = hour / SECONDS_PER_HOUR / shape.per_machine
        run = None if job.seconds is None else job.seconds * second
        start_up, day = mean * second, str(prices.date)
        done.append(replace(job, usd_run=run, usd_start_up=start_up, price_date=day))
    return done


def unpriced(jobs: Iterable[JobCost]) -> list[JobCost]:
    """Return the jobs without a machine of Google Batch."""
    return [replace(job, attempt=None, machine_type="", spot=False, region="") for job in jobs]


COLUMNS = (*(field.name for field in fields(JobCost)), "usd")


def as_csv(jobs: Iterable[JobCost]) -> bytes:
    """Return the content of ``run_cost.csv``: a row for each job, empty for unknown values."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for job in jobs:
        writer.writerow(_text(getattr(job, name)) for name in COLUMNS)
    return text.getvalue().encode()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def from_csv(data: bytes, name: str) -> list[JobCost]:
    """Read ``run_cost.csv``.

    Raises
    ------
    EpyflowError
        Naming the file, if it is another table or damaged.
    """
    rows = csv.DictReader(io.StringIO(data.decode(errors="replace"), newline=""), strict=True)
    try:
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise EpyflowError(
                f"{name} is not a table of costs: its first line is not {','.join(COLUMNS)}"
            )
        return [_from_row(row) for row in rows]
    except (ValueError, csv.Error) as error:
        raise EpyflowError(
            f"{name}, line {rows.line_num}: damaged: {error}; remove the file, and repeat the "
            "snakemake command of the run to write it"
        ) from None


def _from_row(row: Mapping[str, str]) -> JobCost:
    if set(row) != {*COLUMNS} or None in row.values():  # DictReader fills up short rows
        raise ValueError(f"expected {len(COLUMNS)} values")
    return JobCost(
        **{name: row[name] for name in ("stage", "rule", "job", "population", "location")},
        **{name: row[name] for name in ("ran_on", "machine_type", "region", "price_date")},
        attempt=int(row["attempt"]) if row["attempt"] else None,
        spot=row["spot"] == "true",
        seconds=measured_number(row["seconds"]),
        max_rss_mb=measured_number(row["max_rss_mb"]),
        usd_run=measured_number(row["usd_run"]),
        usd_start_up=measured_number(row["usd_start_up"]),
    )
