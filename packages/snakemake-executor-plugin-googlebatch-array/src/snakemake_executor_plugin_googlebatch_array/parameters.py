"""Read parameters of a job: the stock executor's methods, corrected and completed."""

from typing import Any

from google.cloud import batch_v1
from snakemake_executor_plugin_googlebatch import Executor as StockExecutor
from snakemake_executor_plugin_googlebatch.command import get_writer

from .commands import BOOTSTRAP
from .environment import is_reference
from .errors import SettingError
from .overrides import overridden
from .placement import GPU_VOLUMES, Gpus, gpus
from .resources import PREFIX, tasks_per_vm

_ALIASES = {"work_tasks_per_node": "task_count_per_node"}


class Parameters(StockExecutor):  # type: ignore[misc]
    """What a job is to get: its resources first, then the settings."""

    def take_preemption_over(self) -> None:
        """Let Snakemake's retries be about the tasks' own failures only.

        For rules that may be preempted Snakemake replaces a rule's ``retries`` by
        ``--preemptible-retries``, and stumbles over a failure if that is not given. Preemption is
        between Google Batch and us.
        """
        remote = self.workflow.remote_execution_settings
        self.preemptible_rules = remote.preemptible_rules
        self.preemptible_retries: int | None = remote.preemptible_retries
        remote.preemptible_rules = type(remote.preemptible_rules)()

    def resources(self, job: Any) -> dict[str, Any]:
        """Return the resources of a job, with the overrides of this run."""
        return overridden(job, self.executor_settings)

    def get_param(self, job: Any, param: str) -> Any:
        """Return a parameter: the rule's ``googlebatch_*`` resource, or else the setting.

        Unlike in the stock plugin a resource of 0 counts.
        """
        resources = self.resources(job)
        for name in (param, _ALIASES.get(param)):
            value = resources.get(f"{PREFIX}{name}") if name else None
            if value is not None:
                return value
        value = getattr(self.executor_settings, param, None)
        if param == "image_family" and value is None:
            # What the stock plugin's methods take for "run in a container".
            return "batch-cos"
        return value

    def image_family(self, job: Any) -> str | None:
        """Return the image family that was asked for, None if none was."""
        family: str | None = self.resources(job).get(f"{PREFIX}image_family")
        return family or self.executor_settings.image_family

    def get_container(
        self, job: Any, entrypoint: str | None = None, commands: list[str] | None = None
    ) -> batch_v1.Runnable.Container | None:
        """Return the container of a job, None if its tasks run on the VM itself.

        Raises
        ------
        SettingError
            If a registry's password is given in plain text.
        """
        password = self.get_param(job, "docker_password")
        if password and not is_reference(password):
            raise SettingError(
                "docker_password would be readable in the job definition. Put it into Secret "
                "Manager and give projects/PROJECT/secrets/SECRET/versions/VERSION."
            )
        container: batch_v1.Runnable.Container | None = super().get_container(
            job, entrypoint=entrypoint, commands=commands
        )
        if container is not None:
            # Nothing is prepared on the VM but drivers, so there is nothing else to mount.
            container.volumes = []
            container.options = self.get_param(job, "container_options") or ""
            if self.gpus(job) is not None:
                container.volumes = list(GPU_VOLUMES)
                container.options = f"{container.options} --privileged".strip()
        return container

    def gpus(self, job: Any) -> Gpus | None:
        """Return the GPUs of a VM, None without any.

        Raises
        ------
        SettingError
            If the machine cannot have them.
        """
        resources = self.resources(job)
        machine_type = self.get_param(job, "machine_type") or ""
        return gpus(resources, machine_type, tasks_per_vm(resources, self.executor_settings))

    def get_accelerators(self, job: Any) -> list[batch_v1.AllocationPolicy.Accelerator]:
        """Return the GPUs to attach to a VM; none if the machine type has them."""
        found = self.gpus(job)
        if found is None or not found.model:
            return []
        return [batch_v1.AllocationPolicy.Accelerator(type_=found.model, count=found.number)]

    def get_command_writer(self, job: Any) -> Any:
        """Return the stock plugin's writer of scripts for VMs, with our command."""
        return get_writer(self.get_param(job, "image_family"))(
            command=BOOTSTRAP,
            snakefile="",
            snippets=self.get_param(job, "snippets"),
            settings=self.executor_settings,
            resources=self.resources(job),
            snakefile_path="Snakefile",
        )

    def is_preemptible(self, job: Any) -> bool:
        """Whether a job may run on Spot VMs: all its rules may."""
        return all(self.preemptible_rules.is_preemptible(rule) for rule in job.rules)

    def additional_general_args(self) -> str:
        """Return what keeps the worker from repeating a failed task on the spot.

        With ``--keep-going``, a failed job of a group does not stop the others of the group
        either. A rule's ``retries`` hold in the worker's Snakemake too, where a second attempt
        gets no more memory than the first; ``--retries 0``, which Snakemake passes, does not
        override them. This does.
        """
        going = " --keep-going" if self.workflow.execution_settings.keep_going else ""
        return f"--preemptible-rules --preemptible-retries 0{going}"

    def get_envvar_declarations(self) -> str:
        """Return nothing: values go into the tasks' environment."""
        return ""
