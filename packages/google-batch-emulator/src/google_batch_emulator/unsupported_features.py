"""Refuse jobs that use a feature of Batch which is not emulated."""

from google_batch_emulator.docker_options import read_options
from google_batch_emulator.errors import not_emulated
from google_batch_emulator.messages import Destination, Message, Provisioning


def refuse_unsupported(job: Message) -> None:
    """Refuse a job that needs what is not emulated.

    Raises
    ------
    ApiError
        UNIMPLEMENTED, with what is not emulated.
    """
    group = job.task_groups[0]
    spec = group.task_spec
    if spec.volumes:
        raise not_emulated("volumes: buckets, NFS shares and disks are not mounted")
    if job.logs_policy.destination == Destination.PATH:
        raise not_emulated("logs_policy.destination PATH; use CLOUD_LOGGING")
    for instance in job.allocation_policy.instances:
        model = instance.policy.provisioning_model
        if model in (Provisioning.RESERVATION_BOUND, Provisioning.FLEX_START):
            raise not_emulated(f"provisioning_model {Provisioning(model).name}")
    if job.notifications:
        raise not_emulated("notifications by Pub/Sub")
    environments = [spec.environment, *group.task_environments]
    environments += [runnable.environment for runnable in spec.runnables]
    if any(item.HasField("encrypted_variables") for item in environments):
        raise not_emulated("encrypted_variables; use secret_variables")
    for runnable in spec.runnables:
        if runnable.HasField("container"):
            _refuse_container(runnable.container)
    barriers = any(runnable.HasField("barrier") for runnable in spec.runnables)
    count = len(group.task_environments) or group.task_count or 1
    if barriers and group.parallelism and group.parallelism < count:
        raise not_emulated("a barrier with fewer parallel tasks than tasks; it would never open")


def _refuse_container(container: Message) -> None:
    if container.block_external_network:
        raise not_emulated("block_external_network")
    read_options(container.options)
    for volume in container.volumes:
        parts = volume.split(":")
        if len(parts) not in (2, 3) or not all(part.startswith("/") for part in parts[:2]):
            raise not_emulated(f"the container volume {volume!r}; use /host/path:/path[:ro]")
