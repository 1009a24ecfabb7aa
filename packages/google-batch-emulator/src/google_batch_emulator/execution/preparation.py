"""Translate a runnable of the API into a specification for the launcher."""

from pathlib import Path

from google_batch_emulator.docker_options import read_options
from google_batch_emulator.errors import NoImageError
from google_batch_emulator.execution.context import Context
from google_batch_emulator.execution.file_system_view import View
from google_batch_emulator.execution.runnable_environment import variables
from google_batch_emulator.execution.spec import Bind, LaunchSpec
from google_batch_emulator.records import Attempt

# A root needs these even if nothing is mounted there.
_OWN = ("tmp", "run", "root", "home", "mnt", "var/tmp")

# Where Batch installs drivers of GPUs; here are neither.
_DRIVERS = "/var/lib/nvidia/"
# On the machine; a container sees it if it mounts the folder.
HOSTS_FILE = "/run/batch/hosts"

# docker run: "125 if the error is with Docker daemon itself".
# Source: docs.docker.com/engine/containers/run/#exit-status
NO_IMAGE = 125


def prepare(context: Context, attempt: Attempt, folder: Path, place: int) -> LaunchSpec:
    """Return what the launcher is told for one runnable.

    Parameters
    ----------
    context
        What every attempt needs.
    attempt
        The attempt.
    folder
        Its folder: ``vm`` is the file system of its machine, which scripts share; a container has
        one of its own.
    place
        Which of the runnables.

    Raises
    ------
    NoImageError
        If the image does not exist.
    SecretError
        If a secret does not exist.
    """
    runnable = attempt.job.spec.runnables[place]
    found = variables(attempt, runnable, context.secrets)
    if runnable.HasField("container"):
        return _container(context, attempt, folder, place, found)
    return _script(context, attempt, folder, place, found)


def _script(
    context: Context, attempt: Attempt, folder: Path, place: int, found: dict[str, str]
) -> LaunchSpec:
    script = attempt.job.spec.runnables[place].script
    root = make_root(folder / "vm")
    bare = context.isolation == "none"
    where = f"{folder if bare else ''}/run/batch/runnable-{place}.sh"
    is_text = script.WhichOneof("command") == "text"
    files = {where: script.text} if is_text else {}
    if attempt.job.group.require_hosts_file:
        hosts = f"{folder if bare else ''}{HOSTS_FILE}"
        files[hosts] = "".join(f"{vm.name}\n" for vm in list(attempt.job.vms))
        found["BATCH_HOSTS_FILE"] = hosts
    return LaunchSpec(
        isolation=context.isolation,
        root=root,
        argv=(where if is_text else script.path,),
        environment=_environment(context, context.host, folder) | found,
        cwd=str(root) if bare else "/",
        binds=(*context.host.binds, *context.credentials),
        links=context.host.links,
        files=files,
        script=True,
        hostname=attempt.vm.name,
    )


def _container(
    context: Context, attempt: Attempt, folder: Path, place: int, found: dict[str, str]
) -> LaunchSpec:
    container = attempt.job.spec.runnables[place].container
    options = read_options(container.options)
    view = view_of(context, container.image_uri)
    root = make_root(folder / f"container-{place}")
    bare = context.isolation == "none"
    cwd = options.working_dir or view.working_dir
    volumes = [] if bare else _volumes(context, folder, [*container.volumes, *options.volumes])
    entrypoint = container.entrypoint or options.entrypoint
    head = (entrypoint,) if entrypoint else view.entrypoint
    # As in docker run: another entry point does away with the image's command.
    tail = tuple(container.commands) or (() if entrypoint else view.command)
    return LaunchSpec(
        isolation=context.isolation,
        root=root,
        argv=(*head, *tail),
        environment=_environment(context, view, folder) | found | options.environment,
        cwd=str(root) if bare else cwd,
        binds=(*view.binds, *context.credentials, *volumes),
        links=view.links,
        hostname=attempt.vm.name,
    )


def view_of(context: Context, image: str) -> View:
    """Return the view of an image.

    Raises
    ------
    NoImageError
        If the image is unknown and unknown images are refused.
    """
    if image in context.images:
        return context.images[image]
    if context.settings.unknown_images == "refuse":
        raise NoImageError(
            f"Unable to find image '{image}' locally\n"
            f"docker: Error response from daemon: manifest for {image} not found: "
            "manifest unknown: manifest unknown."
        )
    return context.host


def make_root(root: Path) -> Path:
    """Make a folder that can become a root; return it."""
    for name in _OWN:
        (root / name).mkdir(parents=True, exist_ok=True)
    return root


def _volumes(context: Context, folder: Path, volumes: list[str]) -> list[Bind]:
    """Return the folders of the machine that a container sees; they are made if need be."""
    vm = make_root(folder / "vm")
    binds = []
    for volume in volumes:
        source, target, *mode = volume.split(":")
        if source.startswith(_DRIVERS):
            continue
        of_host = any(Path(source).is_relative_to(bind.target) for bind in context.host.binds)
        path = Path(source) if of_host else Path(f"{vm}{source}")
        if not path.exists():
            path.mkdir(parents=True)
        read_only = of_host or "ro" in mode
        binds.append(Bind(str(path), target, "read-only" if read_only else "write"))
    return binds


def _environment(context: Context, view: View, folder: Path) -> dict[str, str]:
    found = {**view.environment, **context.environment}
    if context.isolation == "none":
        found["HOME"] = str(make_root(folder / "vm") / "root")
        found["TMPDIR"] = str(folder / "vm" / "tmp")
    return found
