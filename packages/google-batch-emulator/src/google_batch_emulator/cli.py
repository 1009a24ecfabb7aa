"""Define the ``google-batch-emulator`` command."""

import os
import signal
import threading
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from google_batch_emulator import __version__
from google_batch_emulator.admin import AdminClient
from google_batch_emulator.client_environment import ADMIN, exports
from google_batch_emulator.configuration import read_settings
from google_batch_emulator.documents import printable
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.faults import FaultPlan, read_plan
from google_batch_emulator.foreground import Foreground, find_program
from google_batch_emulator.job_submission import submit_job
from google_batch_emulator.settings import Isolation

app = typer.Typer(
    help="Google Batch, Logging and Storage on this machine, for rehearsals and tests.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_FAILED = 2

ConfigFile = Annotated[Path | None, typer.Option("--settings", help="JSON with any setting.")]
FaultsFile = Annotated[Path | None, typer.Option("--faults", help="JSON: what goes wrong.")]
EnvFile = Annotated[
    Path | None, typer.Option(help="File to write the environment to, once everything answers.")
]
Port = Annotated[int | None, typer.Option(help="gRPC port; default: a free one.")]
Bucket = Annotated[
    str | None, typer.Option(help="The bucket that exists from the start; default: rehearsal.")
]
Project = Annotated[str | None, typer.Option(help="Project of the made-up service account.")]
Isolate = Annotated[Isolation | None, typer.Option(help="How tasks are kept apart.")]
Images = Annotated[
    list[str] | None,
    typer.Option("--image", help="NAME=FOLDER, a root file system, or NAME=FILE.json."),
]
Unknown = Annotated[
    Literal["host", "refuse"] | None,
    typer.Option("--unknown-images", help="A view of this host, or not found."),
]
Expose = Annotated[list[Path] | None, typer.Option(help="Folder of this host tasks can read.")]
Variables = Annotated[
    list[str] | None,
    typer.Option("--env", help="NAME=VALUE for tasks that run in a view of this host."),
]
Secrets = Annotated[Path | None, typer.Option(help="JSON: secret version name to value.")]
StateDir = Annotated[Path | None, typer.Option(help="Where working files are.")]
Stub = Annotated[bool | None, typer.Option("--stub", help="Tasks succeed without being run.")]
Processes = Annotated[int | None, typer.Option(help="Tasks executed at a time.")]
Grace = Annotated[
    float,
    typer.Option(min=0, help="Seconds that the command has to end after a signal."),
]
Admin = Annotated[str, typer.Option(envvar=ADMIN, help="Address of a running emulator's admin.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"google-batch-emulator {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Google Batch, Logging and Storage on this machine, for rehearsals and tests."""


@app.command()
def start(
    settings: ConfigFile = None,
    faults: FaultsFile = None,
    env_file: EnvFile = None,
    port: Port = None,
    bucket: Bucket = None,
    project: Project = None,
    isolation: Isolate = None,
    image: Images = None,
    unknown_images: Unknown = None,
    expose: Expose = None,
    env: Variables = None,
    secrets: Secrets = None,
    state_dir: StateDir = None,
    stub: Stub = None,
    max_processes: Processes = None,
) -> None:
    """Start, print the environment to export, and run until SIGINT, SIGTERM or SIGHUP."""
    given = {**locals()}
    emulator = _emulator(given.pop("settings"), given.pop("faults"), given)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    with emulator:
        _announce(emulator, env_file)
        typer.echo(exports(emulator.environment), nl=False)
        stop.wait()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
def run(
    command: Annotated[list[str], typer.Argument(help="What to run, after --.")],
    grace: Grace = 10.0,
    settings: ConfigFile = None,
    faults: FaultsFile = None,
    env_file: EnvFile = None,
    port: Port = None,
    bucket: Bucket = None,
    project: Project = None,
    isolation: Isolate = None,
    image: Images = None,
    unknown_images: Unknown = None,
    expose: Expose = None,
    env: Variables = None,
    secrets: Secrets = None,
    state_dir: StateDir = None,
    stub: Stub = None,
    max_processes: Processes = None,
) -> None:
    """Start, run a command in the environment, stop, and exit with the command's exit code.

    SIGINT, SIGTERM and SIGHUP are passed on to the command. Nothing outlives this process, and it
    does not outlive the one that started it.
    """
    given = {**locals()}
    given.pop("command")
    foreground = Foreground(given.pop("grace"))
    find_program(command[0])
    emulator = _emulator(given.pop("settings"), given.pop("faults"), given)
    with emulator:
        _announce(emulator, env_file)
        code = foreground.run(command, emulator.environment)
    raise typer.Exit(code)


@app.command()
def submit(
    job: Annotated[Path, typer.Argument(help="JSON, as `gcloud batch jobs submit --config` has.")],
    job_id: Annotated[str | None, typer.Option(help="Id; default: the name of the file.")] = None,
    region: Annotated[str | None, typer.Option(help="Default: the first that it allows.")] = None,
) -> None:
    """Submit a job to a running emulator, print its states, and exit with 1 unless it succeeds."""
    outcome = submit_job(job, job_id, region, typer.echo)
    for task, code in outcome.failed.items():
        typer.echo(f"task {task}: FAILED, exit code {code}")
    if outcome.log:
        typer.echo(f"Log of task {next(iter(outcome.failed))}, its end:")
    elif outcome.failed:
        typer.echo('No log is kept: add "logsPolicy": {"destination": "CLOUD_LOGGING"} to the job.')
    for line in outcome.log:
        typer.echo(f"  | {line}")
    raise typer.Exit(outcome.state != "SUCCEEDED")


@app.command(name="faults")
def set_faults(plan: Path, admin: Admin) -> None:
    """Give a running emulator another plan of what goes wrong."""
    AdminClient(admin).replace_faults(read_plan(plan))


@app.command()
def requests(
    admin: Admin,
    reset: Annotated[bool, typer.Option("--reset", help="Let the counts begin at 0.")] = False,
) -> None:
    """Print how many requests a running emulator was sent, by name."""
    client = AdminClient(admin)
    for name, count in client.requests().items():
        typer.echo(f"{count:8d} {name}")
    if reset:
        client.reset_requests()


def _emulator(config: Path | None, faults: Path | None, given: dict[str, object]) -> Emulator:
    given.pop("env_file")
    plan = read_plan(faults) if faults else FaultPlan()
    return Emulator(read_settings(config, given), plan)


def _announce(emulator: Emulator, env_file: Path | None) -> None:
    console = Console(stderr=True, highlight=False)
    settings = emulator.settings
    console.print(
        f"google-batch-emulator {__version__} is ready; isolation: {emulator.isolation}; "
        f"project: {settings.project}; bucket: {settings.bucket}",
        soft_wrap=True,
    )
    if emulator.isolation == "none":
        console.print("Warning: tasks see all files of this machine.", style="yellow")
    elif emulator.isolation != "stub" and not emulator.layers:
        console.print("The kernel refuses overlays: folders of images are read-only to tasks.")
    if env_file is not None:
        temporary = env_file.with_name(f".{env_file.name}.{os.getpid()}.tmp")
        temporary.write_text(exports(emulator.environment), "utf-8")
        temporary.replace(env_file)


def main() -> None:
    """Run the command; errors that a user can mend are printed without a traceback."""
    try:
        app()
    except EmulatorError as error:
        said = "\n".join(map(printable, str(error).split("\n")))
        typer.echo(f"google-batch-emulator: {said}", err=True)
        raise SystemExit(_FAILED) from None
