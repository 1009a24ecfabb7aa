"""Read parameters of a job from its resources and the settings."""

from typing import Any

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from .overrides import overridden
from .placement import Gpus, gpus
from .resources import PREFIX, tasks_per_vm

_ALIASES = {"work_tasks_per_node": "task_count_per_node"}


class Parameters(RemoteExecutor):
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
        """Return a parameter: the rule's ``googlebatch_*`` resource, even 0, or the setting."""
        resources = self.resources(job)
        for name in (param, _ALIASES.get(param)):
            value = resources.get(f"{PREFIX}{name}") if name else None
            if value is not None:
                return value
        return getattr(self.executor_settings, param, None)

    def image(self, job: Any) -> str:
        """Return the image of a job's container."""
        image: str = self.workflow.remote_execution_settings.container_image
        return self.get_param(job, "container") or image

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
