"""``epyflow init``: write the settings of a clone."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from epyflow.cli.options import CONFIG_OPTIONS, Format, read_input
from epyflow.cli.output import ExitCode, at_a_terminal, fail, print_json, say, unreadable_name
from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.setup import choices
from epyflow.operations.setup.proposal import File
from epyflow.operations.setup.questions import confirm

_RUNS, _CLOUD, _SLURM = "Settings of runs", "Google Cloud", "Slurm"


def init(
    experiment: Annotated[
        str | None, typer.Option(help="The experiment's id, or a path.", rich_help_panel=_RUNS)
    ] = None,
    experiments_root: Annotated[
        str | None,
        typer.Option(
            help="Folder that holds experiments/, or git+https://host/owner/repo@ref.",
            rich_help_panel=_RUNS,
        ),
    ] = None,
    run_id: Annotated[str | None, typer.Option(help="Name of runs.", rich_help_panel=_RUNS)] = None,
    population_data: Annotated[
        str | None, typer.Option(help="Folder of populations.", rich_help_panel=_RUNS)
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(
            *CONFIG_OPTIONS,
            help="Any other setting: KEY=VALUE, or several.",
            rich_help_panel=_RUNS,
        ),
    ] = None,
    cloud: Annotated[
        bool | None,
        typer.Option(
            "--cloud/--no-cloud",
            help="Also write profiles/gcp/site.yaml. Default: if an option below is given.",
            rich_help_panel=_CLOUD,
        ),
    ] = None,
    terraform: Annotated[
        Path | None,
        typer.Option(
            help="Output of `terraform output -json`: a file, or - for standard input.",
            rich_help_panel=_CLOUD,
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(help="Google Cloud project. Default: that of gcloud.", rich_help_panel=_CLOUD),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="Region of the machines, such as us-central1.", rich_help_panel=_CLOUD),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(help="Folder for results, gs://bucket/folder.", rich_help_panel=_CLOUD),
    ] = None,
    service_account: Annotated[
        str | None, typer.Option(help="Account that tasks run as.", rich_help_panel=_CLOUD)
    ] = None,
    coordinator_service_account: Annotated[
        str | None,
        typer.Option(
            help="Account that coordinators run as (`epyflow submit`).", rich_help_panel=_CLOUD
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(help="Image of the workers, NAME@sha256:...", rich_help_panel=_CLOUD),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="Network of the machines. Default: the project's.", rich_help_panel=_CLOUD
        ),
    ] = None,
    subnetwork: Annotated[
        str | None, typer.Option(help="Subnetwork in the region.", rich_help_panel=_CLOUD)
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(help="Label on machines and jobs: dev or prod.", rich_help_panel=_CLOUD),
    ] = None,
    slurm: Annotated[
        bool | None,
        typer.Option(
            "--slurm/--no-slurm",
            help="Also write profiles/slurm/site.yaml. Default: if an option below is given.",
            rich_help_panel=_SLURM,
        ),
    ] = None,
    partition: Annotated[
        str | None,
        typer.Option(help="Partition of the jobs. Default: the cluster's.", rich_help_panel=_SLURM),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(help="Account that is charged. Default: yours.", rich_help_panel=_SLURM),
    ] = None,
    qos: Annotated[
        str | None, typer.Option(help="Quality of service.", rich_help_panel=_SLURM)
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; use the proposed values.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace values that were set before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what would be written; write nothing.")
    ] = False,
    format: Format = "table",
) -> None:
    """Write config/config.yaml, and site.yaml in profiles/gcp or profiles/slurm.

    On a terminal, the command asks for the values that you did not give. It proposes the partition
    and the account that Slurm lists. Comments in config/config.yaml are kept. A value that was set
    before is replaced only if you confirm it, or with --force. Either every file is written, or
    none.

    Exit code 0: written, or nothing to change; also with --dry-run. 1: a value is missing or wrong,
    or would be replaced; nothing was written. 2: a file cannot be read or written.
    """
    settings = {
        "experiment": experiment,
        "experiments_root": experiments_root,
        "run_id": run_id,
        "population_data": population_data,
    }
    site = {
        "project": project,
        "region": region,
        "storage": storage,
        "service_account": service_account,
        "coordinator_service_account": coordinator_service_account,
        "image": image,
        "network": network,
        "subnetwork": subnetwork,
        "environment": environment,
    }
    cluster = {"partition": partition, "account": account, "qos": qos}
    asking = not yes and terraform != Path("-") and at_a_terminal()
    try:
        choices.check_clone()
        of_runs = choices.choose_settings(_given(settings), config or [], asking=asking)
        outputs = None if terraform is None else read_input(terraform)
        files = choices.propose_files(
            of_runs,
            choices.choose_site(_given(site), outputs, cloud, asking=asking),
            choices.choose_slurm(_given(cluster), slurm, asking=asking),
        )
        show = _json if format == "json" else _lines
        if files and not dry_run:
            _agree(files, asking=asking, force=force, shown=format != "json")
            for file in files:
                file.write()
        show(files, dry_run=dry_run, shown=asking and not dry_run)
    except UnreadableError as error:
        fail(str(error), ExitCode.UNREADABLE)
    except EpyflowError as error:
        fail(f"{error}\nnothing was written", ExitCode.PROBLEM)
    except OSError as error:
        fail(str(unreadable_name(error)), ExitCode.UNREADABLE)


def _given(options: dict[str, str | None]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _agree(files: Sequence[File], *, asking: bool, force: bool, shown: bool) -> None:
    """Ask whether the files are to be written.

    Raises
    ------
    EpyflowError
        If the answer is no; if a value would be replaced, and there is no terminal to ask on.
    """
    replaced = [f"{file.path}: {change}" for file in files for change in file.replaced]
    if asking and not force:
        if shown:
            _print_changes(files, err=True)
        if not confirm("Write this?", default=True):
            raise EpyflowError("the answer was no")
    elif replaced and not force:
        raise EpyflowError("\n".join(["--force is needed to replace what is set:", *replaced]))


def _lines(files: Sequence[File], *, dry_run: bool, shown: bool) -> None:
    if not files:
        say("nothing to change")
    elif dry_run:
        _print_changes(files)
        say("nothing was written (--dry-run)", err=True)
        return
    else:
        if not shown:
            _print_changes(files)
        for file in files:
            say(f"wrote {file.path}")
    for step in choices.next_steps():
        say(f"next: {step}")


def _json(files: Sequence[File], *, dry_run: bool, shown: bool) -> None:
    del shown
    document = {
        "written": bool(files) and not dry_run,
        "files": [
            {"path": str(file.path), "changes": [asdict(change) for change in file.changes]}
            for file in files
        ],
        "next": [] if dry_run else choices.next_steps(),
    }
    print_json(document)


def _print_changes(files: Sequence[File], err: bool = False) -> None:
    for file in files:
        say(f"{file.path}:", err=err)
        for change in file.changes:
            say(f"  {change}", err=err)
