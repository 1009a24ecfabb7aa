"""Define what a task runs: its command, in a container or on the VM itself.

Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs#Runnable.
"""

from collections.abc import Callable
from typing import Any

from google.cloud import batch_v1

from .commands import BOOTSTRAP
from .environment import is_reference
from .errors import SettingError
from .placement import GPU_VOLUMES

Container = batch_v1.Runnable.Container


def is_for_containers(image_family: str | None) -> bool:
    """Whether VMs of an image family run containers, as Batch's own image does without one."""
    return not image_family or "batch-cos" in image_family


def container(param: Callable[[str], Any], image: str, *, gpus: bool) -> batch_v1.Runnable:
    """Return the command in a container, and nothing else.

    Parameters
    ----------
    param
        Returns a parameter of the job.
    image
        The container's.
    gpus
        Whether the VM has GPUs, for the container to see.

    Raises
    ------
    SettingError
        If a registry's password is given in plain text, or without its user.
    """
    user, password = param("docker_username"), param("docker_password")
    if bool(user) != bool(password):
        raise SettingError(
            "One of docker_username and docker_password is given; give both, or none for a "
            "registry that the VMs' service account can read."
        )
    if password and not is_reference(password):
        raise SettingError(
            "docker_password would be readable in the job definition. Put it into Secret "
            "Manager and give projects/PROJECT/secrets/SECRET/versions/VERSION."
        )
    options = param("container_options") or ""
    made = Container(
        image_uri=image,
        entrypoint="/bin/bash",
        commands=["-c", BOOTSTRAP],
        volumes=GPU_VOLUMES if gpus else (),
        options=f"{options} --privileged".strip() if gpus else options,
        username=user or "",
        password=password or "",
    )
    return batch_v1.Runnable(container=made, display_name="snakemake")


def scripts(
    param: Callable[[str], Any], settings: Any, resources: Any, *, width: int
) -> list[batch_v1.Runnable]:
    """Return what a task runs on the VM itself: preparation of the VM, and the command.

    Parameters
    ----------
    param
        Returns a parameter of the job.
    settings, resources
        The executor's, and the job's, for snippets.
    width
        Batch tasks of the job. With several they wait for each other.

    Raises
    ------
    SettingError
        If the package that knows how to prepare a VM is not installed.
    """
    writer = script_writer(param("image_family"))(
        command=BOOTSTRAP,
        snakefile="",
        snippets=param("snippets"),
        settings=settings,
        resources=resources,
        snakefile_path="Snakefile",
    )
    steps = [] if settings.skip_vm_setup else [_script(writer.setup(), "setup")]
    if width > 1:
        barrier = batch_v1.Runnable.Barrier(name="wait-for-setup")
        steps.append(batch_v1.Runnable(barrier=barrier))
    return [*steps, _script(writer.run(), "snakemake")]


def script_writer(image_family: str) -> Any:
    """Return the class that writes scripts for VMs of an image family.

    Raises
    ------
    SettingError
        If its package is not installed. Only runs without containers need it.
    """
    package = "snakemake-executor-plugin-googlebatch"
    try:
        from snakemake_executor_plugin_googlebatch.command import get_writer
    except ImportError as error:
        raise SettingError(
            f"image_family is {image_family}: tasks run on the VM itself, and the scripts that "
            f"prepare it are those of {package}, which cannot be imported ({error}). Install it "
            f"(`pip install {package}`), or leave image_family out: then tasks run in a container."
        ) from error
    return get_writer(image_family)


def volumes(param: Callable[[str], Any]) -> list[batch_v1.Volume]:
    """Return the bucket that a rule's ``googlebatch_bucket`` mounts, if it names one."""
    bucket = param("bucket")
    if not bucket:
        return []
    gcs = batch_v1.GCS(remote_path=bucket)
    return [batch_v1.Volume(gcs=gcs, mount_path=param("mount_path") or "")]


def _script(text: str, name: str) -> batch_v1.Runnable:
    """Return a script for the VM itself; without a first line for bash, sh would run it."""
    script = batch_v1.Runnable.Script(text=f"#!/bin/bash\n{text}")
    return batch_v1.Runnable(script=script, display_name=name)
