"""Name the files and folders of a run; no other module does.

Rules write the same paths as literals, with wildcards; a test compares them with this module.
Paths are relative to the working directory or to the storage prefix, with forward slashes.

    results/<exp_id>/<run_id>/          inputs, results, tables, submission, scores, figures
    results/<exp_id>/<run_id>/stamped/  copies of finished outputs that stay, with stamp_outputs
    results/<exp_id>/latest             the id of the newest finished run
    logs/<exp_id>/<run_id>/             a log for each job
    benchmarks/<exp_id>/<run_id>/       run time and memory of each measured job
    coordinator/<exp_id>/<run_id>/      record, log, sources and state of coordinators
    .epyflow/<experiment>/<run_id>/     the plan; only in the working directory

The account of the tasks may write everything in a bucket but ``coordinator/``: what is read there
names processes, jobs and files, and is run with the coordinator's account.

The ``run_id`` of one forecast of a replay is ``<run_id>/<reference date>``.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.experiment.reading.experiment_files import is_exp_id
from epyflow.files import LONGEST_NAME
from epyflow.run.run_id import LATEST

RESULTS, LOGS, BENCHMARKS, COORDINATOR = "results", "logs", "benchmarks", "coordinator"

TOPS = (RESULTS, LOGS, BENCHMARKS, COORDINATOR)
"""Folders that hold files of runs, by experiment and run."""

CLOSED_TO_TASKS = (COORDINATOR, "build-sources")
"""Folders of a bucket that the tasks' account may not write; other accounts run their files."""

BUILDER, RUNNER, OUTPUTS, HUB = "builder-artifacts", "runner-artifacts", "outputs", "hub"
SCORES, FIGURES, STAMPED = "scores", "figures", "stamped"
METADATA = f"{OUTPUTS}/run_metadata.json"
COST, COMPLETE, ARCHIVE = "run_cost.csv", "complete.txt", "experiment.tar.gz"
FINDINGS = ".findings.json"

OWN_NAMES = (BUILDER, RUNNER, OUTPUTS, HUB, SCORES, FIGURES, STAMPED, COST, COMPLETE, ARCHIVE)
"""Files and folders directly in the folder of a run, besides dates of a replay."""

PLANS = Path(".epyflow")

RECORD = "record.json"


@dataclass(frozen=True)
class RunLayout:
    """The paths of one run.

    Attributes
    ----------
    exp_id, run_id
        The run; of a replay, the whole or one reference date.
    """

    exp_id: str
    run_id: str

    @property
    def name(self) -> str:
        """The run as one name, which is also its folder below each of :data:`TOPS`."""
        return f"{self.exp_id}/{self.run_id}"

    def dated(self, date: str) -> "RunLayout":
        """Return the paths of one reference date of a replay; with "", those of the run itself."""
        return RunLayout(self.exp_id, f"{self.run_id}/{date}") if date else self

    # --- results/

    @property
    def results(self) -> str:
        """The folder of the run's results."""
        return f"{RESULTS}/{self.name}"

    def below(self, path: str) -> str:
        """Return a path as it is below the folder of the run's results."""
        return path.removeprefix(f"{self.results}/")

    @property
    def inputs(self) -> str:
        """The folder of the tasks' inputs, and of inputs of other jobs."""
        return f"{self.results}/{BUILDER}"

    def input(self, task: int) -> str:
        """Return the input of a task."""
        return f"{self.inputs}/input_{task_number(task)}.pkl"

    @property
    def input_record(self) -> str:
        """The record of the hashes that inputs were built from."""
        return f"{self.inputs}/built.json"

    @property
    def experiment_bundle(self) -> str:
        """The experiment and its data in one file, with ``build: remote``."""
        return f"{self.inputs}/experiment.tar.gz"

    @property
    def submission_brief(self) -> str:
        """The hub and the observations that a submission is made with."""
        return f"{self.inputs}/hub.json"

    @property
    def priors(self) -> str:
        """The distributions that custom priors returned."""
        return f"{self.inputs}/priors.json"

    @property
    def task_results(self) -> str:
        """The folder of the tasks' results and checkpoints."""
        return f"{self.results}/{RUNNER}"

    def result(self, task: int) -> str:
        """Return the result of a task, or the record of its failure."""
        return f"{self.results}/{result_name(task)}"

    def checkpoint(self, task: int) -> str:
        """Return the generations of a task's calibration, while it runs."""
        return f"{self.task_results}/{checkpoint_name(task)}"

    def table(self, name: str) -> str:
        """Return a table of the run."""
        return f"{self.results}/{OUTPUTS}/{name}.csv.gz"

    @property
    def metadata(self) -> str:
        """The record of the run."""
        return f"{self.results}/{METADATA}"

    @property
    def cost(self) -> str:
        """The table of the costs of jobs."""
        return f"{self.results}/{COST}"

    @property
    def complete(self) -> str:
        """The mark that no task failed, and that the hub would accept the submission."""
        return f"{self.results}/{COMPLETE}"

    @property
    def experiment_archive(self) -> str:
        """The experiment as the run has read it: a bundle of its files."""
        return f"{self.results}/{ARCHIVE}"

    @property
    def left_out(self) -> str:
        """The list of what a submission lacks, with reasons."""
        return f"{self.results}/{OUTPUTS}/hub_left_out.json"

    def submission(self, file: str) -> str:
        """Return the file that the hub takes."""
        return f"{self.results}/{HUB}/{file}"

    def findings(self, file: str) -> str:
        """Return what the hub's checks find in the submission."""
        return f"{self.submission(file)}{FINDINGS}"

    def score(self, file: str) -> str:
        """Return a table of scores."""
        return f"{self.results}/{SCORES}/{file}"

    def figure(self, file: str) -> str:
        """Return a figure, or the numbers of one."""
        return f"{self.results}/{FIGURES}/{file}"

    def stamped(self, stamp: str) -> str:
        """Return the folder of copies of finished outputs."""
        return f"{self.results}/{STAMPED}/{stamp}"

    @property
    def latest(self) -> str:
        """The file that names the newest finished run of the experiment."""
        return f"{RESULTS}/{self.exp_id}/{LATEST}"

    # --- logs/ and benchmarks/

    @property
    def logs(self) -> str:
        """The folder of the run's logs."""
        return f"{LOGS}/{self.name}"

    @property
    def task_logs(self) -> str:
        """The folder of the tasks' logs."""
        return f"{self.logs}/run_task"

    def task_log(self, task: int) -> str:
        """Return the log of a task."""
        return f"{self.task_logs}/{task_number(task)}.log"

    def log(self, rule: str, job: str = "") -> str:
        """Return the log of a job; ``job`` is empty for a rule that has one."""
        return f"{self.logs}/{rule}{f'/{job}' if job else ''}.log"

    @property
    def benchmarks(self) -> str:
        """The folder of the run's benchmarks."""
        return f"{BENCHMARKS}/{self.name}"

    @property
    def task_benchmarks(self) -> str:
        """The folder of the tasks' benchmarks."""
        return f"{self.benchmarks}/run_task"

    # --- coordinator/

    @property
    def coordinator_files(self) -> str:
        """The folder of the run's coordinators, which tasks may not write."""
        return f"{COORDINATOR}/{self.name}"

    @property
    def coordinator_record(self) -> str:
        """The record of the coordinator: where it is, and how it ended."""
        return f"{self.coordinator_files}/{RECORD}"

    @property
    def coordinator_lease(self) -> str:
        """The lease of the coordinator of a run in a bucket, while it runs."""
        return f"{self.coordinator_files}/lease.json"

    @property
    def coordinator_log(self) -> str:
        """The output of coordinators on Google Batch."""
        return f"{self.coordinator_files}/coordinator.log"

    def coordinator_sources(self, digest: str) -> str:
        """Return the sources of a coordinator, by their SHA-256."""
        return f"{self.coordinator_files}/sources-{digest}.tar.gz"

    @property
    def coordinator_state(self) -> str:
        """The state that a restart of Snakemake needs."""
        return f"{self.coordinator_files}/state.tar.gz"


def task_number(task: int) -> str:
    """Return the number of a task as it stands in the names of its files."""
    return f"{task:05d}"


def result_name(task: int) -> str:
    """Return the name of a task's result, below the run's folder."""
    return f"{RUNNER}/result_{task_number(task)}.pkl"


def checkpoint_name(task: int) -> str:
    """Return the name of the file beside a task's result that keeps its generations."""
    return f"checkpoint_{task_number(task)}.pkl"


def plan_path(experiment: str, run_id: str) -> Path:
    """Return the file of a run's plan: below the working directory, so that it travels.

    It depends on the settings alone: remote workers find it and never see the experiment.

    Parameters
    ----------
    experiment
        As the settings name it: an id, or a path.
    run_id
        The id of the run as a whole.
    """
    name = experiment
    if not is_exp_id(experiment):
        digest = hashlib.sha256(experiment.encode()).hexdigest()[:8]
        plain = re.sub("[^A-Za-z0-9]+", "_", Path(experiment).name)
        name = f"{plain[:LONGEST_NAME]}-{digest}"
    return PLANS / name / run_id / "plan.json"


def check_name(exp_id: str, run_id: str = "") -> None:
    """Refuse names with a meaning of their own in a bucket, or in commands.

    Raises
    ------
    EpyflowError
        If a folder of the experiment's id, or the run, has such a name.
    """
    for name in CLOSED_TO_TASKS:
        if name in (*exp_id.split("/"), run_id):
            what = f"the run {exp_id}/{run_id}" if run_id else f"the experiment {exp_id}"
            raise EpyflowError(
                f"{what}: tasks may not write in a folder {name!r} of a bucket; rename the "
                "experiment or the run"
            )
    if LATEST in exp_id.split("/"):
        raise EpyflowError(
            f"the experiment {exp_id}: a folder of results cannot be named {LATEST!r}, which is a "
            "file that names the newest finished run; rename the experiment"
        )
