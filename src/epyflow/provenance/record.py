"""Write the record of a run, ``run_metadata.json``: inputs, code, versions, times and failures.

Two runs with the same ``experiment``, ``data``, ``code.stages`` and ``seed`` have the same outputs;
the other values help to find out why, if they do not.
"""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypedDict

from epyflow.artifacts.task import Failure
from epyflow.files import sha256_of, write_bytes_atomically
from epyflow.provenance.benchmark_files import Benchmark
from epyflow.provenance.code import PACKAGE, code_versions

CHECKOUT_VARIABLE = "EPYFLOW_CHECKOUT"
"""JSON of :class:`Git`: the checkout that a folder without git was packed from."""

_PACKAGES = ("epyflow", "snakemake", "epydemix", "numpy", "scipy", "numba", "pandas", "matplotlib")


@dataclass(frozen=True)
class Run:
    """The values of a run that only the workflow knows.

    Attributes
    ----------
    exp_id, run_id
        The folders of the run under ``results/``.
    experiment
        Hash of the validated experiment.
    data
        Data file, as the experiment names it, to its hash.
    seed
        The experiment's random seed, drawn for this run if the experiment has none.
    tasks, members, simulations
        The planned numbers of them.
    failures
        The records of the tasks that failed.
    started, finished
        With a time zone.
    command
        The command line, argument by argument.
    benchmarks
        The ``<i>`` of a task to what it took.
    project
        The folder with ``uv.lock``, under git or not.
    experiments
        ``repository``, ``ref`` and ``commit`` of the experiments; None if they are in a folder.
    left_out
        The parts missing from the run's submission to a forecast hub, and why.
    units, dates
        Target of the submission to the unit of its series; the relative dates of the plan.
    """

    exp_id: str
    run_id: str
    experiment: str
    data: Mapping[str, str]
    seed: int
    tasks: int
    members: int
    simulations: int
    failures: tuple[Failure, ...]
    started: datetime
    finished: datetime
    command: tuple[str, ...]
    benchmarks: Mapping[str, Benchmark]
    project: Path
    experiments: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, Any] = field(default_factory=dict)


class Git(TypedDict):
    """The state of the project's git checkout."""

    revision: str
    dirty: bool


class Experiments(TypedDict):
    """The repository that the experiment came from, and the commit that was read."""

    repository: str
    ref: str
    commit: str


class Code(TypedDict):
    """The code of a run; None if this copy of the project does not have the value."""

    stages: dict[str, str]
    git: Git | None
    uv_lock: str | None
    image_digest: str | None


class Cost(TypedDict):
    """Wall-clock seconds and peak resident memory in MB of a task; None if not measured."""

    seconds: float | None
    max_rss_mb: float | None


class Times(TypedDict):
    """UTC, ISO 8601; tasks by their number as in ``result_<i>.pkl``."""

    started: str
    finished: str
    tasks: dict[str, Cost]


class Counts(TypedDict):
    """Planned tasks, members and simulations; failed tasks."""

    tasks: int
    members: int
    simulations: int
    failed: int


class FailedTask(TypedDict):
    """A task without a result, and the members missing from the tables because of it."""

    task: int
    stage: str
    population: str
    location: str | None
    primary_ids: list[int]
    cause: str


class RunMetadata(TypedDict):
    """The content of ``run_metadata.json``."""

    exp_id: str
    run_id: str
    experiment: str
    experiments: Experiments | None
    data: dict[str, str]
    seed: int
    code: Code
    versions: dict[str, str | None]
    platform: str
    counts: Counts
    times: Times
    command: list[str]
    missing_populations: list[str]
    failures: list[FailedTask]
    left_out_of_submission: list[str]
    units_of_submission: dict[str, str]
    relative_dates: dict[str, Any]


def run_metadata(run: Run, root: Path = PACKAGE) -> RunMetadata:
    """Return the record of a run: inputs, code, versions, machine, times and failures.

    Parameters
    ----------
    run
        The values that the workflow knows.
    root
        The folder of the package ``epyflow``.

    Raises
    ------
    ValueError
        If a time has no time zone.
    EpyflowError
        If the package is not complete.
    """
    return RunMetadata(
        exp_id=run.exp_id,
        run_id=run.run_id,
        experiment=run.experiment,
        experiments=_experiments(run.experiments),
        data=dict(sorted(run.data.items())),
        seed=run.seed,
        code=_code(run.project, root),
        versions=_versions(),
        platform=platform.platform(),
        counts=_counts(run),
        times=_times(run),
        command=list(run.command),
        missing_populations=sorted({failure.population for failure in run.failures}),
        failures=_failed(run.failures),
        left_out_of_submission=list(run.left_out),
        units_of_submission=dict(run.units),
        relative_dates=dict(run.dates),
    )


def write_metadata(metadata: RunMetadata, path: Path) -> None:
    """Write the record as indented JSON, atomically."""
    text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
    write_bytes_atomically(path, text.encode())


def _experiments(source: Mapping[str, str] | None) -> Experiments | None:
    if source is None:
        return None
    return Experiments(repository=source["repository"], ref=source["ref"], commit=source["commit"])


def _code(project: Path, root: Path) -> Code:
    lock = project / "uv.lock"
    return Code(
        stages=code_versions(root),
        git=git_state(project),
        uv_lock=sha256_of(lock) if lock.is_file() else None,
        image_digest=os.environ.get("EPYFLOW_IMAGE_DIGEST"),
    )


def git_state(project: Path, environment: Mapping[str, str] = os.environ) -> Git | None:
    """Return the state of a project's checkout, or of the one that it was packed from."""
    packed_from = environment.get(CHECKOUT_VARIABLE)
    if packed_from:
        known = json.loads(packed_from)
        return Git(revision=known["revision"], dirty=known["dirty"])
    revision = _git(project, ["rev-parse", "--verify", "HEAD"], environment)
    changes = _git(project, ["status", "--porcelain"], environment)
    if revision is None or changes is None:
        return None
    return Git(revision=revision, dirty=bool(changes))


def _git(project: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Return the output of git; None without git, repository or commit."""
    try:
        # Fixed arguments, no shell; the user's PATH selects the git program.
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(project), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _counts(run: Run) -> Counts:
    return Counts(
        tasks=run.tasks, members=run.members, simulations=run.simulations, failed=len(run.failures)
    )


def _times(run: Run) -> Times:
    return Times(
        started=_utc(run.started),
        finished=_utc(run.finished),
        tasks={number: _cost(took) for number, took in sorted(run.benchmarks.items())},
    )


def _cost(took: Benchmark) -> Cost:
    return Cost(seconds=took.seconds, max_rss_mb=took.max_rss_mb)


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _failed(failures: Iterable[Failure]) -> list[FailedTask]:
    return [
        FailedTask(
            task=failure.index,
            stage=failure.stage,
            population=failure.population,
            location=failure.location,
            primary_ids=list(failure.primary_ids),
            cause=failure.cause,
        )
        for failure in sorted(failures, key=lambda failure: failure.index)
    ]
