"""Define the plan of a run, which rules and jobs read; it contains no data.

The process that a person started writes the plan before the rules are read. Rules, jobs and remote
workers read it from Snakemake's configuration (``configfile:``) and never see the experiment.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from epyflow.errors import ArtifactError, EpyflowError
from epyflow.run.layout import RunLayout

PLAN_KEY = "plan"
"""Key of the workflow's configuration under which the plan is."""

CALENDAR = ("today", "last_observation")
"""Settings that say what relative dates stand for."""

PLAN_VARIABLE = "EPYFLOW_COORDINATOR_PLAN"
"""Variable of a coordinator's job with the :func:`plan_checksum` of what was submitted."""


@dataclass(frozen=True)
class Population:
    """A population: its name in the store, its label for people, and its ISO code or None."""

    name: str
    label: str
    location: str | None


@dataclass(frozen=True)
class Submission:
    """The submission of a run to a forecast hub.

    Attributes
    ----------
    file
        Name of the submission.
    digest
        Hash of everything except results that it is made from.
    targets
        Targets of the hub.
    units
        The unit of each target's series.
    hub
        Hash of the hub's files.
    """

    file: str
    digest: str
    targets: tuple[str, ...]
    units: tuple[str, ...] = ()
    hub: str = ""


@dataclass(frozen=True)
class Scores:
    """The scores of a run's forecasts.

    Attributes
    ----------
    digest
        Hash of the observations and of the other models' forecasts.
    own
        Name of the run's model.
    baseline
        Name of the model that others are compared with; None where there is none.
    tables
        Names of the files of scores.
    """

    digest: str
    own: str
    baseline: str | None
    tables: tuple[str, ...]


@dataclass(frozen=True)
class RunPlan:
    """The plan of one run, or of one reference date of a replay.

    Attributes
    ----------
    exp_id, build, seed, code, populations
        As in :class:`Plan`.
    run_id
        The id of the run; ``<run_id>/<reference date>`` in a replay.
    experiment
        Hash of the validated experiment.
    data
        Data file, as the experiment names it, to its hash.
    tasks
        Hash of everything that can change the numbers of each task. Populations follow one
        another, and each has equally many tasks.
    members, members_per_task, simulations
        How many there are.
    submission
        The submission to a hub; None without one.
    observed
        Hash of the observations; None without a calibration, and in a replay.
    """

    exp_id: str
    run_id: str
    build: str
    seed: int
    code: Mapping[str, str]
    populations: tuple[Population, ...]
    experiment: str
    data: Mapping[str, str]
    tasks: tuple[str, ...]
    members: int
    members_per_task: int
    simulations: int
    submission: Submission | None = None
    observed: str | None = None

    @property
    def layout(self) -> RunLayout:
        """The paths of the run."""
        return RunLayout(self.exp_id, self.run_id)

    def population_of(self, task: int) -> Population:
        """Return the population of a task."""
        return self.populations[task // self._tasks_per_population]

    def task_of(self, primary_id: int) -> int:
        """Return the task of a member."""
        position, member = divmod(primary_id, self.members // len(self.populations))
        return position * self._tasks_per_population + member // self.members_per_task

    @property
    def _tasks_per_population(self) -> int:
        return len(self.tasks) // len(self.populations)


@dataclass(frozen=True)
class Plan:
    """The plan of one run, or of a replay, which is a run for each of its reference dates.

    Attributes
    ----------
    exp_id, run_id
        The run as a whole.
    build
        ``local``, or ``remote``: where inputs are built.
    built_remotely
        Tasks whose inputs a job on another machine builds.
    partial_results
        Whether tables are made of the tasks that succeeded.
    seed
        The random seed of all runs.
    code
        Stage to the version of its code.
    populations
        In the order of the tasks.
    tables
        Table to its content, the fields of ``epyflow.tables.TableSpec``.
    labels
        Label of each series in figures.
    about
        Description of the experiment for its report: see :func:`epyflow.run.description.describe`.
    scores
        The scores of the forecasts; None where nothing is scored.
    runs
        In the order of their dates.
    """

    exp_id: str
    run_id: str
    build: str
    partial_results: bool
    seed: int
    code: Mapping[str, str]
    populations: tuple[Population, ...]
    tables: Mapping[str, Mapping[str, Any]]
    labels: Mapping[str, str]
    about: Mapping[str, Any]
    runs: tuple[RunPlan, ...]
    built_remotely: tuple[int, ...] = ()
    scores: Scores | None = field(default=None)

    @property
    def layout(self) -> RunLayout:
        """The paths of the run as a whole."""
        return RunLayout(self.exp_id, self.run_id)

    @property
    def dates(self) -> Mapping[str, Any]:
        """The relative dates: see :func:`epyflow.run.calendar.describe_dates`."""
        found: Mapping[str, Any] = self.about.get("dates", {})
        return found

    @property
    def is_replay(self) -> bool:
        """Whether it is the forecasts of several reference dates."""
        return self.runs[0].run_id != self.run_id

    def of_run(self, run_id: str) -> RunPlan:
        """Return the plan of one run.

        Raises
        ------
        EpyflowError
            If there is no such run in the plan.
        """
        for run in self.runs:
            if run.run_id == run_id:
                return run
        known = ", ".join(run.run_id for run in self.runs)
        raise EpyflowError(
            f"{self.exp_id}/{run_id} is not in the plan; expected a file of the run {known}, or "
            f"--config run_id={run_id.partition('/')[0]}"
        )


_SHARED = ("exp_id", "build", "seed", "code", "populations")
"""Fields of :class:`RunPlan` that are written once, for all runs."""


def plan_bytes(plan: Plan) -> bytes:
    """Return the content of the plan's file, a configuration file of Snakemake."""
    content = vars(plan) | {"runs": [_own(run) for run in plan.runs]}
    return json.dumps({PLAN_KEY: content}, indent=1, default=vars).encode()


def _own(run: RunPlan) -> dict[str, Any]:
    return {name: value for name, value in vars(run).items() if name not in _SHARED}


def plan_checksum(plan: Plan) -> str:
    """Return the SHA-256 of a plan without what follows from the seed and from finished inputs.

    These differ between two starts of a run: a seed may be drawn, and the hashes of tasks contain
    it. The checksum covers the hashes of the experiment, its data, the code and the hub.
    """
    own = [_own(run) | {"tasks": len(run.tasks), "seed": None} for run in plan.runs]
    content = vars(plan) | {"runs": own, "seed": None, "built_remotely": None}
    text = json.dumps(content, sort_keys=True, default=vars)
    return hashlib.sha256(text.encode()).hexdigest()


def read_plan(content: Mapping[str, Any]) -> Plan:
    """Read the plan from the workflow's configuration: ``config["plan"]``.

    Other keys are ignored: the workflow adds the front page of the report.

    Raises
    ------
    ArtifactError
        If it was written by another version of epyflow.
    """
    try:
        populations = tuple(Population(**each) for each in content["populations"])
        shared = {name: content[name] for name in _SHARED} | {"populations": populations}
        own = {
            "populations": populations,
            "runs": tuple(_run(each, shared) for each in content["runs"]),
            "built_remotely": tuple(content["built_remotely"]),
            "scores": _with_tuples(Scores, content["scores"], "tables"),
        }
        return Plan(**{each.name: content[each.name] for each in fields(Plan)} | own)
    except (KeyError, TypeError) as problem:
        raise ArtifactError(
            f"the plan is not usable ({problem}): it was written by another version of epyflow, or "
            "damaged; start the run again, which writes it anew"
        ) from None


def _run(content: Mapping[str, Any], shared: Mapping[str, Any]) -> RunPlan:
    submission = _with_tuples(Submission, content["submission"], "targets", "units")
    own = {"tasks": tuple(content["tasks"]), "submission": submission}
    return RunPlan(**{**content, **shared, **own})


def _with_tuples(kind: type, content: Mapping[str, Any] | None, *names: str) -> Any:
    """Make an object of JSON that has lists in some fields; None of None."""
    if content is None:
        return None
    return kind(**{**content, **{name: tuple(content[name]) for name in names}})


def read_plan_file(data: bytes) -> Plan:
    """Read the plan from its file: see :func:`read_plan`."""
    try:
        content = json.loads(data)[PLAN_KEY]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise ArtifactError(f"the plan is damaged ({problem}); start the run again") from None
    return read_plan(content)


def planned_dates(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the calendar in a plan, for the jobs of its run."""
    dates = config.get(PLAN_KEY, {}).get("about", {}).get("dates", {})
    return {name: dates[name] for name in CALENDAR if dates.get(name) is not None}
