"""Sum costs by stage, by location and in total."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from epyflow.operations.cost.job_costs import JobCost
from epyflow.operations.cost.prices import Prices


@dataclass(frozen=True)
class Sum:
    """The sum of the costs of jobs.

    Attributes
    ----------
    name
        Stage or location.
    jobs, unmeasured
        Number of jobs, and of jobs without a run time: only their starts are in the sums.
    unpriced
        Number of jobs whose machine has no price: they are not in the sums of dollars.
    seconds
        Total run time.
    usd_run, usd_start_up
        US dollars for run times and for starts of machines.
    """

    name: str
    jobs: int
    unmeasured: int
    unpriced: int
    seconds: float
    usd_run: float
    usd_start_up: float

    @property
    def usd(self) -> float:
        """US dollars in total."""
        return self.usd_run + self.usd_start_up

    def usd_range(self, prices: Prices) -> tuple[float, float]:
        """Return US dollars with the shortest and with the longest start of machines."""
        least, most = prices.start_up_seconds
        mean = (least + most) / 2
        if mean == 0:
            return self.usd_run, self.usd_run
        start = self.usd_start_up / mean
        return self.usd_run + least * start, self.usd_run + most * start


def total(jobs: Iterable[JobCost], name: str = "total") -> Sum:
    """Sum jobs."""
    chosen = list(jobs)
    return Sum(
        name=name,
        jobs=len(chosen),
        unmeasured=sum(job.seconds is None for job in chosen),
        unpriced=sum(not job.price_date for job in chosen),
        seconds=sum(job.seconds or 0 for job in chosen),
        usd_run=sum(job.usd_run or 0 for job in chosen),
        usd_start_up=sum(job.usd_start_up or 0 for job in chosen),
    )


def by_stage(jobs: Iterable[JobCost]) -> list[Sum]:
    """Sum by stage, in the order of their first job."""
    return _by(jobs, lambda job: job.stage)


def by_location(jobs: Iterable[JobCost]) -> list[Sum]:
    """Sum by location, or population without a code; ``all`` for jobs about all populations."""
    return _by(jobs, lambda job: job.location or job.population or "all")


def _by(jobs: Iterable[JobCost], name_of: Callable[[JobCost], str]) -> list[Sum]:
    groups: dict[str, list[JobCost]] = {}
    for job in jobs:
        groups.setdefault(name_of(job), []).append(job)
    return [total(group, name) for name, group in groups.items()]
