"""``epyflow submit``: a run that goes on without this machine."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from epyflow.cli.config import ConfigFiles, ConfigValues
from epyflow.cli.cost import estimated
from epyflow.cli.runs import Format
from epyflow.errors import EpyflowError, UnreadableError
from epyflow.inputs.fan_out import plan
from epyflow.operations.setup.layers import Layer, merged, read_layers
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from epyflow.operations.detached.launch import Packed, Place
    from epyflow.run.settings import Settings
    from epyflow.run.sources import Gathered

FAILED, UNREADABLE, RUNNING = 1, 2, 3

_OURS = {
    *("--config", "-C", "--configfile", "--configfiles", "--profile", "--workflow-profile"),
    *("--directory", "-d", "--snakefile", "-s", "--executor", "-e", "--dry-run", "--dryrun", "-n"),
    *("--default-storage-provider", "--default-storage-prefix", "--googlebatch-array-run-id"),
}
"""Options of Snakemake that would make of the run another one than was planned here."""


def submit(
    experiment: Annotated[
        str, typer.Argument(help="The experiment's id below experiments_root, or its folder.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: options for snakemake, such as `--retries 0`."),
    ] = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    run_id: Annotated[str | None, typer.Option(help="Name of the run. Default: `main`.")] = None,
    machine_type: Annotated[
        str, typer.Option(help="Of the coordinator; two vCPUs and 8 GB at least.")
    ] = "e2-standard-2",
    hours: Annotated[
        float, typer.Option(min=0.01, max=300, help="After which the coordinator gives up.")
    ] = 24.0,
    notify_topic: Annotated[
        str | None,
        typer.Option(help="Pub/Sub topic to tell at the end. Default: that of site.yaml."),
    ] = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="A coordinator on another machine is known to be dead."),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return when the coordinator ends.")] = False,
    every: Annotated[
        float, typer.Option(min=1, help="Seconds between two looks, with `--wait`.")
    ] = 15.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, plan and pack; upload and start nothing.")
    ] = False,
    format: Format = "table",
) -> None:
    """Start a run whose coordinator is itself a job of Google Batch: this machine may be closed.

    The experiment is checked and planned here, packed with its data and the workflow, and uploaded.
    Submitted again, a run that ended goes on where it stopped, and one that is complete does what
    has changed.

    Exit code 0: submitted; with --wait, ended well. 1: refused, or with --wait, ended badly. 2: the
    experiment or a layer cannot be read. 3: the run has a coordinator that is at work.
    """
    # Imported here: Google's libraries take seconds that other commands need not wait for.
    from epyflow.operations.detached.launch import RunningError

    try:
        settings = _settings(experiment, run_id, configfile or (), config or ())
        place, found = _planned(settings, notify_topic)
        document, sources = _packed(place, found, arguments or (), machine_type, hours)
        _start(place, sources, document, take_over=take_over, dry_run=dry_run)
        _print(document, format, dry_run=dry_run)
        if wait and not dry_run:
            raise typer.Exit(0 if _ended_well(place, document["job"], every) else FAILED)
    except RunningError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(RUNNING) from None
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE if isinstance(error, UnreadableError) else FAILED) from None


def _settings(experiment: str, run_id: str | None, files: Any, given: Any) -> "Settings":
    """Read the layers as Snakemake does, and what was named besides."""
    named = {"experiment": experiment} | ({} if run_id is None else {"run_id": run_id})
    return merged([*read_layers(files, given), Layer("epyflow submit", named)])


def _planned(settings: "Settings", topic: str | None) -> tuple["Place", "Gathered"]:
    """Read the site and the experiment: whatever is wrong with them is said before anything."""
    from epyflow.google.batch import BatchJobs
    from epyflow.google.site import VARIABLE_PREFIX, read_site
    from epyflow.operations.detached.launch import Place
    from epyflow.run.sources import gather

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
    jobs = BatchJobs(site.project, site.region)
    exp_id, storage = found.experiment.place.exp_id, storage_at(site.storage)
    return Place(site, exp_id, settings.run_id, storage, jobs), found


def _packed(
    place: "Place", found: "Gathered", arguments: Any, machine_type: str, hours: float
) -> tuple[dict[str, Any], "Packed"]:
    """Pack what the coordinator needs, and describe what is about to be started."""
    from epyflow.operations.detached.launch import packed
    from epyflow.operations.detached.source_archive import pack

    ours = [each for each in arguments if each.partition("=")[0] in _OURS]
    if ours:
        raise EpyflowError(
            f"{', '.join(ours)} after `--`: the run would not be the one that is planned here; "
            "settings are given before it, with --config and --configfile, places in site.yaml"
        )
    sources = packed(pack(found, arguments), place.exp_id, place.run_id)
    top = place.site.storage.rstrip("/")
    document = {
        "experiment": place.exp_id,
        "run_id": place.run_id,
        **_counts(found),
        "image": place.site.image,
        "machine_type": machine_type,
        "hours": hours,
        "sources": f"{top}/{sources.path}",
        "sources_bytes": len(sources.data),
        "results": f"{top}/{place.layout.results}",
        "log": f"{top}/{place.layout.coordinator_log}",
    }
    return document, sources


def _counts(found: "Gathered") -> dict[str, Any]:
    """Return how much there is to do, and what that may cost, coordinator apart."""
    planned = [plan(each, found.settings.members_per_task) for each in found.runs.values()]
    usd: list[float] | None = [0.0, 0.0]
    try:
        for experiment, each in zip(found.runs.values(), planned, strict=True):
            low, high = estimated(experiment, each, None, None, None, None)["usd"]
            usd = [usd[0] + low, usd[1] + high] if usd else None
    except EpyflowError:
        usd = None  # a machine type without a price is no reason to run nothing
    return {
        "tasks": sum(each.task_count for each in planned),
        "simulations": sum(each.simulation_count for each in planned),
        "usd": usd,
    }


def _start(
    place: "Place",
    sources: "Packed",
    document: dict[str, Any],
    *,
    take_over: bool,
    dry_run: bool,
) -> None:
    """Create the job, and add what it is to the description."""
    from epyflow.operations.detached.launch import check_alone, resumes, submit

    number = check_alone(place, take_over=take_over)
    document["resumes"] = resumes(place)
    if dry_run:
        document["job"] = f"{place.prefix}{number}"
        return
    hours, machine = document["hours"], document["machine_type"]
    document["job"] = submit(place, sources, number, hours, machine).rpartition("/")[2]


def _print(document: dict[str, Any], format: str, *, dry_run: bool) -> None:
    if format == "json":
        typer.echo(json.dumps(document, indent=2))
        return
    run, usd = f"{document['experiment']}/{document['run_id']}", document["usd"]
    done = "would be submitted" if dry_run else "submitted"
    goes_on = ", going on where the last coordinator stopped" if document["resumes"] else ""
    cost = f", about {usd[0]:.2f} to {usd[1]:.2f} US dollars" if usd else ""
    typer.echo(f"{run}: {done} as {document['job']}{goes_on}")
    typer.echo(
        f"planned  {document['tasks']:,} tasks, {document['simulations']:,} simulations{cost}"
    )
    typer.echo(f"sources  {document['sources']} ({document['sources_bytes']:,} bytes)")
    typer.echo(f"results  {document['results']}")
    typer.echo(f"log      {document['log']}")
    if not dry_run:
        storage = document["results"].partition("/results/")[0]
        for command in ("status", "logs", "cancel"):
            typer.echo(f"         epyflow {command} {run} --storage {storage}")


def _ended_well(place: "Place", job_id: str, every: float) -> bool:
    """Wait for the coordinator to end, and say what it is at meanwhile."""
    from google.cloud import batch_v1

    from epyflow.google.batch import is_over

    states: Any = batch_v1.JobStatus.State
    told = None
    while True:
        job = place.jobs.get(job_id)
        if job is None:
            typer.echo(f"{job_id}: deleted", err=True)
            return False
        state = states(job.status.state)
        if state != told:
            typer.echo(f"{job_id}: {state.name.lower()}", err=True)
        told = state
        if is_over(job):
            return bool(state == states.SUCCEEDED)
        time.sleep(every)
