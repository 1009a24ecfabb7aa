"""``epyflow submit``: start a run whose coordinator is a job of Google Batch."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from google.cloud import batch_v1
from rich.console import Console

from epyflow.cli.config import warn_of_variables
from epyflow.cli.experiment_check import print_problems
from epyflow.cli.options import ConfigFiles, ConfigValues, ExperimentName, Format
from epyflow.cli.output import ExitCode, confirm_on_terminal, exit_on_error, print_json, say, warn
from epyflow.errors import EpyflowError, RunningError
from epyflow.google.batch import BatchJobs, is_over
from epyflow.google.site import VARIABLE_PREFIX, read_site
from epyflow.operations.cost.profile import read_profile
from epyflow.operations.cost.start_summary import StartSummary, labels_of_run, summarise_run
from epyflow.operations.detached import launch
from epyflow.operations.detached.coordinator_job import HOURS, MACHINE_TYPE
from epyflow.operations.detached.launch import NextJob, Place
from epyflow.operations.detached.source_archive import Packed, find_members, pack
from epyflow.operations.runs.coordinator_presence import describe_other_origin
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.operations.runs.experiment_origin import origin_of
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.run.plan import plan_checksum
from epyflow.run.planner import plan_without_seed, read_input_records
from epyflow.run.run_id import AUTO, new_run_id
from epyflow.run.settings import Settings
from epyflow.run.sources import Gathered, gather
from epyflow.storage.disk import storage_at

SECONDS = 15.0
"""Time between two checks of a job that is waited for."""
_RESERVED = {
    *("--config", "-C", "--configfile", "--configfiles", "--profile", "--workflow-profile"),
    *("--directory", "-d", "--snakefile", "-s", "--executor", "-e", "--dry-run", "--dryrun", "-n"),
    *("--default-storage-provider", "--default-storage-prefix", "--googlebatch-array-run-id"),
}
"""Options of Snakemake that would change the run that is planned here."""


def submit(
    experiment: ExperimentName,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: options for snakemake, such as `--retries 0`."),
    ] = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    run_id: Annotated[
        str | None, typer.Option(help="Name of the run; `auto`: a new one. Default: `main`.")
    ] = None,
    machine_type: Annotated[
        str, typer.Option(help="Machine of the coordinator; at least two vCPUs and 8 GB.")
    ] = MACHINE_TYPE,
    hours: Annotated[
        float, typer.Option(min=0.01, max=300, help="Time limit of the coordinator, in hours.")
    ] = HOURS,
    notify_topic: Annotated[
        str | None,
        typer.Option(help="Pub/Sub topic for a message at the end. Default: that of site.yaml."),
    ] = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Start even if a coordinator on another machine may be running."
        ),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the coordinator ends.")] = False,
    every: Annotated[
        float, typer.Option(min=1, help="With `--wait`: seconds between two checks.")
    ] = SECONDS,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Without a terminal nothing is asked.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, plan and pack; upload and start nothing.")
    ] = False,
    format: Format = "table",
) -> None:
    """Start a run whose coordinator is a job of Google Batch. You may then close this machine.

    The experiment is checked and planned here, packed with its data and the workflow, and uploaded.
    The command first shows the tasks, machines, image, cost and labels; on a terminal you confirm
    them. To resume a run that ended early, submit it again. In a complete run, only what has
    changed runs again.

    Exit code 0: submitted; with --wait, the run succeeded. 1: refused; with --wait, the run failed.
    2: the experiment or a file of settings cannot be read. 3: not confirmed, or the run has a
    coordinator that is running; nothing was started.
    """
    with exit_on_error(ExitCode.PROBLEM, codes={RunningError: ExitCode.NOT_DONE}):
        settings = _settings(experiment, run_id, configfile or (), config or ())
        machine = Machine(machine_type, hours, take_over=take_over)
        place, document = start_detached(
            settings, arguments or (), machine, topic=notify_topic, yes=yes, dry_run=dry_run
        )
        _print(document, format, dry_run=dry_run)
        if wait and not dry_run:
            succeeded = wait_for_end(place, document["job"], every)
            raise typer.Exit(ExitCode.OK if succeeded else ExitCode.PROBLEM)


@dataclass(frozen=True)
class Machine:
    """The machine of a coordinator, its time limit in hours, and whether it takes a run over."""

    type: str = MACHINE_TYPE
    hours: float = HOURS
    take_over: bool = False


def start_detached(
    settings: Settings,
    arguments: Sequence[str],
    machine: Machine,
    *,
    topic: str | None = None,
    yes: bool = True,
    dry_run: bool = False,
) -> tuple[Place, dict[str, Any]]:
    """Check, plan and pack a run, show what it takes, ask, and start its coordinator.

    Parameters
    ----------
    settings
        Those of the run.
    arguments
        Options for Snakemake.
    machine
        The coordinator's.
    topic
        Pub/Sub topic for a message at the end; None: that of the site.
    yes, dry_run
        Whether nothing is asked, and whether nothing is started.

    Returns
    -------
    place
        Where it runs.
    document
        Its description, with the id of the job.
    """
    place, found = _planned(settings, topic)
    read_input_records(found, place.storage)  # the coordinator would refuse those of another run
    summary = _summary(place, found)
    document, sources = _packed(place, found, arguments, machine.type, machine.hours)
    document |= _counts(summary)
    next_job = launch.check_alone(place, take_over=machine.take_over)
    document["resumes"] = launch.resumes(place)
    say(*summary.lines(), err=True)
    if not dry_run:
        confirm_on_terminal("Start this run?", yes=yes)
        # Somebody may have started one since.
        next_job = launch.check_alone(place, take_over=machine.take_over, watch=True, say=warn)
    _start(place, sources, document, next_job, dry_run=dry_run)
    return place, document


def _settings(
    experiment: str, run_id: str | None, files: Sequence[Path], given: Sequence[str]
) -> Settings:
    """Read the layers as Snakemake does, and the experiment and run that were named."""
    warn_of_variables()
    settings = name_experiment(experiment, files, given, {"run_id": run_id}).settings
    if settings.run_id != AUTO:
        return settings
    return settings.model_copy(update={"run_id": new_run_id()})


def _planned(settings: Settings, topic: str | None) -> tuple[Place, Gathered]:
    """Read the site and the experiment, so that their mistakes are reported first."""
    site = read_site()
    if topic is not None:
        site = type(site).model_validate(site.model_dump() | {"notify_topic": topic})
    if site.coordinator_service_account is None:
        raise EpyflowError(
            "coordinator_service_account: missing; expected the account that coordinators run as, "
            "which terraform makes (`terraform output coordinator_service_account`): set "
            f"{VARIABLE_PREFIX}COORDINATOR_SERVICE_ACCOUNT, or the key in profiles/gcp/site.yaml"
        )
    found = gather(settings)
    print_problems(found.problems, Console(stderr=True))
    jobs = BatchJobs(site.project, site.region)
    exp_id = found.experiment.files.exp_id
    site = site.of_experiment(exp_id)
    return Place(site, exp_id, settings.run_id, storage_at(site.storage), jobs), found


def _packed(
    place: Place, found: Gathered, arguments: Sequence[str], machine_type: str, hours: float
) -> tuple[dict[str, Any], Packed]:
    """Pack the sources of the coordinator, and describe the run to start."""
    reserved = [each for each in arguments if each.partition("=")[0] in _RESERVED]
    if reserved:
        raise EpyflowError(
            f"{', '.join(reserved)} after `--` would change the run that is planned here; give "
            "settings before `--`, with --config and --configfile, and storage in site.yaml"
        )
    members, plan = find_members(found, arguments), plan_without_seed(found)
    origin = origin_of(found, plan)
    run = place.exp_id, place.run_id
    sources = pack(members, *run, plan_checksum(plan), origin.place)
    if other := describe_other_origin(read_record(*run, place.storage), origin):
        warn(other)
    top = place.site.storage.rstrip("/")
    document = {
        "experiment": place.exp_id,
        "run_id": place.run_id,
        "image": place.site.image,
        "machine_type": machine_type,
        "hours": hours,
        "sources": f"{top}/{sources.path}",
        "sources_bytes": len(sources.data),
        "results": f"{top}/{place.layout.results}",
        "log": f"{top}/{place.layout.coordinator_log}",
    }
    return document, sources


def _summary(place: Place, found: Gathered) -> StartSummary:
    """Summarise the run with the machines of the profile."""
    results = f"{place.site.storage.rstrip('/')}/{place.layout.results}"
    labels = labels_of_run(place.site, place.exp_id, place.run_id)
    return summarise_run(found, read_profile(), place.site.image, labels, results)


def _counts(summary: StartSummary) -> dict[str, Any]:
    """Return numbers and labels of the run, and its cost without the coordinator."""
    return {
        "tasks": summary.tasks,
        "simulations": summary.simulations,
        "usd": None if summary.usd is None else list(summary.usd),
        "labels": dict(summary.labels),
    }


def _start(
    place: Place, sources: Packed, document: dict[str, Any], next_job: NextJob, *, dry_run: bool
) -> None:
    """Create the job, and add its id to the description."""
    if dry_run:
        document["job"] = f"{place.prefix}{next_job.number}"
        return
    hours, machine = document["hours"], document["machine_type"]
    document["job"] = launch.submit(place, sources, next_job, hours, machine).rpartition("/")[2]


def _print(document: dict[str, Any], format: str, *, dry_run: bool) -> None:
    if format == "json":
        print_json(document)
        return
    run, usd = f"{document['experiment']}/{document['run_id']}", document["usd"]
    done = "would be submitted" if dry_run else "submitted"
    resumed = ", resuming where the last coordinator stopped" if document["resumes"] else ""
    cost = f", about {usd[0]:.2f} to {usd[1]:.2f} US dollars" if usd else ""
    say(f"{run}: {done} as {document['job']}{resumed}")
    say(f"planned  {document['tasks']:,} tasks, {document['simulations']:,} simulations{cost}")
    say(f"sources  {document['sources']} ({document['sources_bytes']:,} bytes)")
    say(f"results  {document['results']}")
    say(f"log      {document['log']}")
    if not dry_run:
        storage = document["results"].partition("/results/")[0]
        for command in ("status", "logs", "cancel"):
            say(f"         epyflow {command} {run} --storage {shlex.quote(storage)}")


def wait_for_end(place: Place, job_id: str, every: float) -> bool:
    """Wait until the coordinator ends, print its states, and return whether it succeeded."""
    states: Any = batch_v1.JobStatus.State
    told = None
    while True:
        job = place.jobs.get(job_id)
        if job is None:
            say(f"{job_id}: deleted", err=True)
            return False
        state = states(job.status.state)
        if state != told:
            say(f"{job_id}: {state.name.lower()}", err=True)
        told = state
        if is_over(job):
            return bool(state == states.SUCCEEDED)
        time.sleep(every)
