"""Define the settings of the executor: those of snakemake-executor-plugin-googlebatch, and more.

Each is a command line option ``--googlebatch-array-<name>`` and a key of a profile.
"""

# Snakemake reads the types of the fields at run time and knows Optional, not ``X | None``; a flag
# that is true by default would lose the executor's prefix.
# ruff: noqa: UP045

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=True,
    job_deploy_sources=True,
    pass_default_storage_provider_args=True,
    pass_default_resources_args=True,
    # Values of environment variables go into the task's environment, never into a command.
    pass_envvar_declarations_to_cmd=False,
    # It means `pip install` before every task. The image has what the workflow needs.
    auto_deploy_default_storage_provider=False,
)


def _help(text: str, *, env_var: bool = False, required: bool = False) -> dict[str, Any]:
    """Describe a setting to Snakemake."""
    return {"help": text, "env_var": env_var, "required": required}


@dataclass
class ExecutorSettings(ExecutorSettingsBase):
    """What the user can set. Help texts say what each does and how to choose."""

    before_creation: ClassVar[Callable[[], object] | None] = None
    """For a workflow to set on the settings: called before each job is created, in any thread. No
    job is created if it raises."""

    project: Optional[str] = field(
        default=None,
        metadata=_help("Google Cloud project of the jobs.", env_var=True, required=True),
    )
    region: Optional[str] = field(
        default=None,
        metadata=_help("Region of the jobs, such as us-central1.", env_var=True, required=True),
    )
    container: Optional[str] = field(
        default=None,
        metadata=_help("Image of the tasks. Left out, that of --container-image."),
    )
    docker_username: Optional[str] = field(
        default=None,
        metadata=_help("Name of the user at the registry of the image.", env_var=True),
    )
    docker_password: Optional[str] = field(
        default=None,
        metadata=_help(
            "Password at the registry of the image, as a reference to Secret Manager: "
            "projects/PROJECT/secrets/SECRET/versions/VERSION.",
            env_var=True,
        ),
    )
    image_family: Optional[str] = field(
        default=None,
        metadata=_help(
            "Image family of the VMs. Left out, Google Batch boots its own image and tasks run in "
            "the container; a family without batch-cos in its name runs tasks on the VM itself."
        ),
    )
    image_project: Optional[str] = field(
        default=None,
        metadata=_help(
            "Project of the image family. Left out, batch-custom-image for families batch-*, "
            "otherwise cloud-hpc-image-public."
        ),
    )
    machine_type: Optional[str] = field(
        default="c2-standard-4",
        metadata=_help(
            "Machine type of the VMs. Empty, Google Batch chooses one that has a task's cpu and "
            "memory."
        ),
    )
    boot_disk_image: Optional[str] = field(
        default=None,
        metadata=_help("Image of the VMs, in place of an image family."),
    )
    boot_disk_gb: Optional[int] = field(
        default=None,
        metadata=_help(
            "Size of the whole boot disk of a VM in GiB. Left out, the disk of the image and "
            "disk_mb of the tasks are added."
        ),
    )
    boot_disk_type: Optional[str] = field(
        default=None,
        metadata=_help(
            "Type of the boot disk, such as pd-ssd. Left out, a balanced disk that the machine "
            "type takes."
        ),
    )
    network: Optional[str] = field(
        default=None,
        metadata=_help("Network of the VMs, such as projects/P/global/networks/N."),
    )
    subnetwork: Optional[str] = field(
        default=None,
        metadata=_help("Subnetwork of the VMs, such as projects/P/regions/R/subnetworks/N."),
    )
    service_account: Optional[str] = field(
        default=None,
        metadata=_help(
            "Account of the VMs. Left out, the default one of Compute Engine.", env_var=True
        ),
    )
    labels: Optional[str] = field(
        default="",
        metadata=_help("Labels of jobs and VMs: KEY=VALUE, separated by commas."),
    )
    zones: Optional[str] = field(
        default=None,
        metadata=_help(
            "Zones of the region in which VMs may be, separated by commas, such as us-central1-a. "
            "Left out, all."
        ),
    )
    override: str = field(
        default="",
        metadata=_help(
            "Resources of rules for this run: RULE:RESOURCE=VALUE, separated by spaces. Unlike "
            "--set-resources it keeps the other resources of a profile. A machine type without "
            "googlebatch_cpu_milli and googlebatch_memory sets both."
        ),
    )
    memory: Optional[int] = field(
        default=1000,
        metadata=_help("The least memory of a task in MiB; a rule's mem_mb can ask for more."),
    )
    cpu_milli: Optional[int] = field(
        default=1000,
        metadata=_help(
            "The least CPU of a task in thousandths of a vCPU; a rule's threads can ask for more."
        ),
    )
    max_run_duration: Optional[str] = field(
        default="3600s",
        metadata=_help("Time limit of tasks whose rule gives no runtime, such as 3600s or 10h."),
    )
    retry_count: Optional[int] = field(
        default=3,
        metadata=_help(
            "How often Google Batch repeats a task that was lost with its VM (0 to 10). A task's "
            "own failures are repeated by Snakemake's --retries only."
        ),
    )
    container_options: Optional[str] = field(
        default="--network host",
        metadata=_help("Options of `docker run` for the tasks' container."),
    )
    work_tasks: Optional[int] = field(
        default=1,
        metadata=_help(
            "Batch tasks of one Snakemake job, for MPI. Jobs with more than one share no array."
        ),
    )
    work_tasks_per_node: Optional[int] = field(
        default=1,
        metadata=_help("Tasks that run on a VM at the same time."),
    )
    mount_path: Optional[str] = field(
        default="/mnt/share",
        metadata=_help("Where tasks see the bucket that their rule names with googlebatch_bucket."),
    )
    snippets: Optional[str] = field(
        default=None,
        metadata=_help(
            "Where tasks run on the VM itself: names of snippets for its setup, separated by "
            "commas, as in snakemake-executor-plugin-googlebatch."
        ),
    )
    parallelism: Optional[int] = field(
        default=None,
        metadata=_help(
            "Most tasks of one array that run at once, up to 5000. It bounds the number of VMs. "
            "Left out, Google Batch decides by quota."
        ),
    )
    max_array_size: int = field(
        default=10_000,
        metadata=_help("Most tasks in one Batch job, up to 100000; larger sets are split."),
    )
    external_ip: bool = field(
        default=False,
        metadata=_help(
            "Give VMs an external address. Without one they are cheaper and out of reach, but the "
            "subnetwork needs Private Google Access."
        ),
    )
    spot_attempts: Optional[int] = field(
        default=None,
        metadata=_help(
            "How often a task of a preemptible rule is tried on Spot VMs, 1 to 11. "
            "Left out, --preemptible-retries + 1."
        ),
    )
    no_spot_fallback: bool = field(
        default=False,
        metadata=_help(
            "Let a task fail that lost all its Spot VMs. By default it is run once more on a "
            "standard VM."
        ),
    )
    write_jobs: Optional[str] = field(
        default=None,
        metadata=_help(
            "Folder to write the definition of each Batch job to, as JSON that `gcloud batch jobs "
            "submit --config` takes. Nothing is submitted, and Snakemake ends with 0."
        ),
    )
    run_id: Optional[str] = field(
        default=None,
        metadata=_help(
            "Name of the run. A restarted coordinator takes over the jobs of its run. Left out, "
            "the run is the working directory with its storage prefix."
        ),
    )
    secret_variables: str = field(
        default="",
        metadata=_help(
            "Environment variables taken from Secret Manager on the worker: "
            "NAME=projects/P/secrets/S/versions/V, separated by commas."
        ),
    )
    plain_variables: str = field(
        default="",
        metadata=_help(
            "Names of environment variables, separated by commas, whose values may stand in the "
            "job definition although they are named like a secret."
        ),
    )
    log_prefix: Optional[str] = field(
        default=None,
        metadata=_help(
            "Where tasks copy their logs: gs://bucket/folder, or none. Left out, the folder "
            "googlebatch-logs below the default storage prefix."
        ),
    )
    log_interval: int = field(
        default=300,
        metadata=_help("Seconds between copies of a running task's log; each is one upload."),
    )
    log_lines: int = field(
        default=40,
        metadata=_help("Lines of a failed task's log that are shown with the error."),
    )
    queue_warning: int = field(
        default=600,
        metadata=_help("Seconds after which a job that stays queued says why."),
    )
    api_patience: int = field(
        default=3600,
        metadata=_help(
            "Seconds for which requests that Google's API does not answer, or refuses for the "
            "moment, are repeated before the tasks in question count as failed."
        ),
    )
    vanished_after: int = field(
        default=60,
        metadata=_help(
            "Seconds for which a submitted job has to be missing before its tasks count as lost."
        ),
    )
    gather: float = field(
        default=1.0,
        metadata=_help("Seconds that a ready job waits for others to share its array."),
    )
    cancel_timeout: int = field(
        default=60,
        metadata=_help("Seconds that an interrupted run spends on deleting its Batch jobs."),
    )
    skip_vm_setup: bool = field(
        default=False,
        metadata=_help(
            "Where tasks run on the VM itself, do not install Snakemake first: the image has it."
        ),
    )
