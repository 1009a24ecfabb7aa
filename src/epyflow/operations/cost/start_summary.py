"""Summarise a run on Google Batch before it starts: jobs, machines, image, cost, labels."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from epyflow.errors import EpyflowError
from epyflow.google.batch import label_value
from epyflow.google.site import Site
from epyflow.inputs.fan_out import plan
from epyflow.operations.cost.cost_file import region_of_site
from epyflow.operations.cost.estimate import Range, Work, estimate, total_usd, unpriced
from epyflow.operations.cost.prices import read_prices
from epyflow.operations.cost.profile import CHOSEN, GPUS, Profile, Shape
from epyflow.operations.cost.run_estimate import work_of
from epyflow.run.sources import Gathered

_BATCH = "googlebatch_"
_MACHINE = f"{_BATCH}machine_type"


@dataclass(frozen=True)
class StartSummary:
    """What a start of a run would do.

    Attributes
    ----------
    run
        ``<exp_id>/<run_id>``.
    jobs
        Number of jobs of each rule that leave the coordinator.
    tasks, simulations
        Planned for the whole run, with what is done already.
    profile
        Machines of the rules.
    image
        The workers' image.
    usd
        Cost of the jobs in US dollars; None if a price is unknown.
    unpriced
        Why it is unknown.
    labels
        Labels of the tasks' jobs, machines and disks.
    results
        Where the results will be.
    """

    run: str
    jobs: Mapping[str, int]
    tasks: int
    simulations: int
    profile: Profile
    image: str
    usd: Range | None
    unpriced: str
    labels: Mapping[str, str]
    results: str

    def lines(self) -> list[str]:
        """Return the summary, one subject a line."""
        usd = self.usd
        cost = f"unknown: {self.unpriced}" if usd is None else _span(usd)
        machines = [self._machines(rule, count) for rule, count in self.jobs.items()]
        return [
            f"{self.run} on Google Batch",
            f"tasks    {self.tasks:,}, {self.simulations:,} simulations in the whole run",
            *(f"{'jobs' if not n else '':8} {text}" for n, text in enumerate(machines)),
            f"image    {self.image}",
            f"cost     {cost}",
            f"labels   {' '.join(f'{key}={value}' for key, value in self.labels.items())}",
            f"results  {self.results}",
        ]

    def _machines(self, rule: str, count: int) -> str:
        shape = self.profile.shape(rule)
        spot = " (Spot)" if rule in self.profile.spot else ""
        at_once = f", {shape.parallelism:,} at once" if count > shape.parallelism else ""
        return f"{count:,} {rule} on {_named(shape)}{spot}{at_once}"


def _named(shape: Shape) -> str:
    return shape.machine_type or f"machines {CHOSEN}"


def _span(usd: Range) -> str:
    return f"about {usd.low:.2f} to {usd.high:.2f} US dollars, without discounts (docs/cost.md)"


def summarise_run(
    found: Gathered,
    profile: Profile,
    image: str,
    labels: Mapping[str, str],
    results: str,
    jobs: Mapping[str, int] | None = None,
) -> StartSummary:
    """Summarise the start of a run.

    Parameters
    ----------
    found
        The experiment and the settings.
    profile
        Machines of the rules.
    image, labels, results
        See :class:`StartSummary`.
    jobs
        Number of jobs to run by rule; None for those of a run that has made nothing yet.
    """
    runs = found.runs.values()
    planned = [plan(each, found.settings.members_per_task) for each in runs]
    works = [
        work
        for experiment, each in zip(runs, planned, strict=True)
        for work in work_of(experiment, each, profile)
    ]
    if jobs is None:
        jobs = {w.rule: 0 for w in works}
        jobs = {rule: int(sum(w.jobs.low for w in works if w.rule == rule)) for rule in jobs}
    usd, why = _cost(works, jobs, profile)
    return StartSummary(
        run=f"{found.experiment.files.exp_id}/{found.settings.run_id}",
        jobs=jobs,
        tasks=sum(each.task_count for each in planned),
        simulations=sum(each.simulation_count for each in planned),
        profile=profile,
        image=image,
        usd=usd,
        unpriced=why,
        labels=labels,
        results=results,
    )


def _cost(
    works: Iterable[Work], jobs: Mapping[str, int], profile: Profile
) -> tuple[Range | None, str]:
    """Estimate the cost of these jobs; None if a machine has no price, and why."""
    each = {work.rule: work for work in works}
    wanted = [
        Work(rule, Range(count, count), each[rule].seconds)
        for rule, count in jobs.items()
        if rule in each
    ]
    try:
        stages = estimate(wanted, profile, read_prices(None), region_of_site())
    except EpyflowError:
        return None, "a machine has no price"
    missing = "; ".join(unpriced(stages))
    return (None if missing else total_usd(stages)), missing


def labels_of_run(site: Site, exp_id: str, run_id: str) -> dict[str, str]:
    """Return the labels of all jobs of a run; each has its stage, too."""
    labels = site.fixed_labels("run")
    del labels["stage"]
    return labels | {"exp_id": label_value(exp_id), "run_id": label_value(run_id)}


@dataclass(frozen=True)
class GraphJobs:
    """Jobs of Snakemake that leave the coordinator: their number by rule, machines and labels."""

    counts: Mapping[str, int]
    profile: Profile
    labels: Mapping[str, str]


def jobs_of_graph(
    jobs: Iterable[Any], is_spot: Callable[[str], bool], settings: Any = None
) -> GraphJobs:
    """Read jobs on Google Batch from those that Snakemake is about to run.

    Parameters
    ----------
    jobs
        Jobs of Snakemake.
    is_spot
        Tells whether a rule's machines are Spot VMs.
    settings
        Of the executor: its labels, ``key=value,key=value``, and overrides of resources.
    """
    given = [(job.rule.name, _resources(job, settings)) for job in jobs if not job.is_local]
    there = [(rule, each) for rule, each in given if each.get(_MACHINE) is not None]
    counts = Counter(rule for rule, _ in there)
    rules = {rule: (_shape(each),) for rule, each in reversed(there)}
    text = str(there[0][1].get(f"{_BATCH}labels") or "") if there else ""
    more = getattr(settings, "labels", None) or ""
    pairs = [pair.partition("=") for pair in f"{text},{more}".split(",") if pair]
    labels = {key.strip(): label_value(value.strip()) for key, _, value in pairs if key != "stage"}
    return GraphJobs(counts, Profile(rules, frozenset(filter(is_spot, rules))), labels)


def _resources(job: Any, settings: Any) -> Mapping[str, Any]:
    """Return the resources of a job, with the overrides of this run."""
    from snakemake_executor_plugin_googlebatch_array.overrides import overridden

    resources: Mapping[str, Any] = job.resources
    return overridden(job, settings) if getattr(settings, "override", "") else resources


def _shape(resources: Any) -> Shape:
    """Return the machine of a job; what no resource says is the executor's default."""

    def value(name: str, default: float) -> float:
        return float(resources.get(f"{_BATCH}{name}") or default)

    return Shape(
        machine_type=str(resources.get(_MACHINE)),
        disk_gib=value("boot_disk_gb", 30),
        memory_mib=value("memory", 0),
        per_machine=max(1, int(value("work_tasks_per_node", 1))),
        parallelism=max(1, int(value("parallelism", 100))),
        gpus=any(resources.get(name) for name in GPUS),
    )
