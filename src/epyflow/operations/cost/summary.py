"""Costs added up: by stage, by location, and in all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from epyflow.operations.cost.job_costs import JobCost
from epyflow.operations.cost.prices import Prices


@dataclass(frozen=True)
class Sum:
    """Jobs added up.

    Attributes
    ----------
    name
        Of the stage or location.
    jobs, unmeasured
        How many; of them, how many without a run time, which are in no sum but that of starts.
    seconds
        Run time of all.
    usd_run, usd_start_up
        US dollars for run times and for starts of machines.
    """

    name: str
    jobs: int
    unmeasured: int
    seconds: float
    usd_run: float
    usd_start_up: float

    @property
    def usd(self) -> float:
        """US dollars in all."""
        return self.usd_run + self.usd_start_up

    def usd_range(self, prices: Prices) -> tuple[float, float]:
        """Return US dollars with the least and with the most that starts of machines take."""
        least, most = prices.start_up_seconds
        mean = (least + most) / 2
        if mean == 0:
            return self.usd_run, self.usd_run
        start = self.usd_start_up / mean
        return self.usd_run + least * start, self.usd_run + most * start


def total(jobs: Iterable[JobCost], name: str = "total") -> Sum:
    """Add up jobs."""
    chosen = list(jobs)
    return Sum(
        name=name,
        jobs=len(chosen),
        unmeasured=sum(job.seconds is None for job in chosen),
        seconds=sum(job.seconds or 0 for job in chosen),
        usd_run=sum(job.usd_run or 0 for job in chosen),
        usd_start_up=sum(job.usd_start_up or 0 for job in chosen),
    )


def by_stage(jobs: Iterable[JobCost]) -> list[Sum]:
    """Add up by stage, in the order in which stages first appear."""
    return _by(jobs, lambda job: job.stage)


def by_location(jobs: Iterable[JobCost]) -> list[Sum]:
    """Add up by location, or population where it has no code; ``all`` for what is about all."""
    return _by(jobs, lambda job: job.location or job.population or "all")


def _by(jobs: Iterable[JobCost], name_of: Callable[[JobCost], str]) -> list[Sum]:
    groups: dict[str, list[JobCost]] = {}
    for job in jobs:
        groups.setdefault(name_of(job), []).append(job)
    return [total(group, name) for name, group in groups.items()]
