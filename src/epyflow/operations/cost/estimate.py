"""Estimate the cost of a run before it starts: a range, and its assumptions."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from epyflow.errors import EpyflowError
from epyflow.experiment.format.calibration import Calibration, Rejection, Smc
from epyflow.experiment.format.durations import seconds
from epyflow.inputs.fan_out import Plan
from epyflow.operations.cost.job_costs import stage_of
from epyflow.operations.cost.prices import SECONDS_PER_HOUR, Prices
from epyflow.operations.cost.profile import Profile, Shape


class Range(NamedTuple):
    """Lower and upper bound of an estimate."""

    low: float
    high: float


TIMES_FASTER = Range(20, 100)
"""The compiled engine against epydemix: 42 to 105 times for whole simulations, some 30 times in
calibrations, which do other work too; less on a slow processor."""

JOB_SECONDS = Range(3, 15)
"""Time to start Python, download the input and upload the result."""

SIMULATIONS_PER_PARTICLE = Range(2, 20)
"""For SMC after its first generation: half to a twentieth of the simulations are accepted."""

SIMULATIONS_PER_DRAW_KEPT = Range(1, 100)
"""For rejection; the share that its tolerance rejects is unknown before the run."""

TABLE_SECONDS = Range(5, 120)
FIGURE_JOBS = Range(1, 2)
FIGURE_SECONDS = Range(5, 60)


@dataclass(frozen=True)
class StageEstimate:
    """The jobs of one rule.

    Attributes
    ----------
    stage, rule
        Stage and rule.
    jobs
        Number of jobs.
    machine_type, spot
        Machine of the first attempt.
    seconds
        Run time of one job, without the start of its machine.
    elapsed
        Time until all jobs have ended, with the profile's parallelism.
    usd
        US dollars; None if the machine has no price.
    unpriced
        Why it has none.
    """

    stage: str
    rule: str
    jobs: Range
    machine_type: str
    spot: bool
    seconds: Range
    elapsed: Range
    usd: Range | None
    unpriced: str | None = None


@dataclass(frozen=True)
class Work:
    """The number of jobs of a rule, and the seconds of each."""

    rule: str
    jobs: Range
    seconds: Range


def work(
    plan: Plan, calibration: Calibration | None, tables: int, submissions: int, profile: Profile
) -> list[Work]:
    """Return the work of a run, rule by rule.

    Parameters
    ----------
    plan
        Plan of the experiment.
    calibration
        Its calibration section, if it has one.
    tables
        Number of requested tables.
    submissions
        Number of requested submissions to forecast hubs.
    profile
        Its rules of no other stage draw figures, of all populations in one job or two.
    """
    found = [
        Work("run_task", Range(plan.task_count, plan.task_count), task_seconds(plan, calibration)),
        Work("make_tables", Range(1, 1), Range(TABLE_SECONDS.low, tables * TABLE_SECONDS.high)),
    ]
    if submissions:
        found.append(Work("make_submission", Range(submissions, submissions), TABLE_SECONDS))
    drawn = [rule for rule in profile.rules if stage_of(rule) == "figures"]
    return found + [Work(rule, FIGURE_JOBS, FIGURE_SECONDS) for rule in drawn]


def task_seconds(plan: Plan, calibration: Calibration | None) -> Range:
    """Return the seconds of one task, on one core with the compiled engine."""
    fastest = plan.seconds_per_simulation / TIMES_FASTER.high
    slowest = plan.seconds_per_simulation / TIMES_FASTER.low
    if calibration is None:
        each = plan.members_per_task * plan.simulations_per_member
        simulated = Range(each * fastest, each * slowest)
    else:
        fitting = fitted_simulations(calibration)
        after = calibration.projection.n_trajectories if calibration.projection else 0
        limit = _time_limit(calibration)
        simulated = Range(
            min(fitting.low * fastest, limit) + after * fastest,
            min(fitting.high * slowest, limit) + after * slowest,
        )
    return Range(JOB_SECONDS.low + simulated.low, JOB_SECONDS.high + simulated.high)


def fitted_simulations(calibration: Calibration) -> Range:
    """Return the number of simulations of the calibration of one population."""
    strategy = calibration.strategy
    if isinstance(strategy, Smc):
        first, later = strategy.options.num_particles, strategy.options.num_generations - 1
        wanted = Range(*(first * (1 + later * each) for each in SIMULATIONS_PER_PARTICLE))
        budget = strategy.options.total_simulations_budget
    elif isinstance(strategy, Rejection):
        wanted = Range(*(strategy.options.num_particles * n for n in SIMULATIONS_PER_DRAW_KEPT))
        budget = strategy.options.total_simulations_budget
    else:
        return Range(strategy.options.Nsim, strategy.options.Nsim)
    most = math.inf if budget is None else budget
    return Range(min(wanted.low, most), min(wanted.high, most))


def _time_limit(calibration: Calibration) -> float:
    limit = getattr(calibration.strategy.options, "max_time", None)
    return seconds(limit) if limit else math.inf


def estimate(
    works: list[Work], profile: Profile, prices: Prices, region: str
) -> list[StageEstimate]:
    """Estimate what the jobs of each rule cost.

    A free machine takes the next job. So starts are paid at least once for each machine that runs
    at the same time, and at most once for each job.

    Raises
    ------
    EpyflowError
        If the profile lacks a rule, or the price table a machine type or region.
    """
    found = []
    for each in works:
        if each.rule not in profile.rules:
            raise EpyflowError(
                f"the profile has no resources of rule {each.rule} under set-resources"
            )
        shape, spot = profile.shape(each.rule), each.rule in profile.spot
        found.append(
            StageEstimate(
                stage=stage_of(each.rule),
                rule=each.rule,
                jobs=each.jobs,
                machine_type=shape.machine,
                spot=spot,
                seconds=each.seconds,
                elapsed=_elapsed(each, shape, prices),
                usd=_usd(each, shape, prices, region, spot=spot),
                unpriced=shape.unpriced,
            )
        )
    return found


def _usd(each: Work, shape: Shape, prices: Prices, region: str, *, spot: bool) -> Range | None:
    """Return US dollars for the jobs of a rule; None if their machine has no price."""
    if shape.unpriced:
        return None
    hour = prices.machine_hour(shape.machine_type, region, spot=spot)
    hour += prices.disk_hour(shape.machine_type, region, shape.disk_gib)
    least, most = prices.start_up_seconds
    machines = (each.jobs.low / shape.per_machine, each.jobs.high / shape.per_machine)
    at_once = max(1, shape.parallelism // shape.per_machine)
    paid = (
        machines[0] * each.seconds.low + min(math.ceil(machines[0]), at_once) * least,
        machines[1] * each.seconds.high + math.ceil(machines[1]) * most,
    )
    return Range(*(seconds * hour / SECONDS_PER_HOUR for seconds in paid))


def _elapsed(each: Work, shape: Shape, prices: Prices) -> Range:
    turns = [math.ceil(jobs / shape.parallelism) for jobs in each.jobs]
    least, most = prices.start_up_seconds
    return Range(
        turns[0] * each.seconds.low + least,
        turns[1] * (each.seconds.high + most),
    )


def total_usd(stages: list[StageEstimate]) -> Range:
    """Add up US dollars, without what has no price."""
    priced = [stage.usd for stage in stages if stage.usd is not None]
    return Range(sum(usd.low for usd in priced), sum(usd.high for usd in priced))


def unpriced(stages: list[StageEstimate]) -> list[str]:
    """Name the rules that have no price, and why."""
    return [f"{each.rule} is not priced: {each.unpriced}" for each in stages if each.unpriced]


def assumptions(plan: Plan, calibration: Calibration | None, prices: Prices) -> list[str]:
    """List the assumptions of an estimate in words."""
    fast, slow = (1000 * plan.seconds_per_simulation / n for n in reversed(TIMES_FASTER))
    said = [
        f"prices of {prices.date}, list prices without discounts or taxes: an estimate, not a bill",
        f"{fast:.2g} to {slow:.2g} ms a simulation with the compiled engine: "
        f"{TIMES_FASTER.low:.0f} to {TIMES_FASTER.high:.0f} times faster than the reference "
        f"engine's {1000 * plan.seconds_per_simulation:.3g} ms",
        f"{prices.start_up_seconds[0]:.0f} to {prices.start_up_seconds[1]:.0f} s for each start of "
        "a machine, once for each that runs at once or for each job",
        f"{TABLE_SECONDS.low:.0f} to {TABLE_SECONDS.high:.0f} s a table, {FIGURE_SECONDS.low:.0f} "
        f"to {FIGURE_SECONDS.high:.0f} s a job of figures; no job fails, no Spot VM is preempted",
        "the bucket, its traffic and the logs are not included",
    ]
    if calibration is not None and isinstance(calibration.strategy, Smc):
        said.append(
            f"after the first generation {SIMULATIONS_PER_PARTICLE.low:.0f} to "
            f"{SIMULATIONS_PER_PARTICLE.high:.0f} simulations for each particle"
        )
    if calibration is not None and isinstance(calibration.strategy, Rejection):
        said.append(
            f"{SIMULATIONS_PER_DRAW_KEPT.low:.0f} to {SIMULATIONS_PER_DRAW_KEPT.high:.0f} "
            "simulations for each that is kept"
        )
    return said
