"""Define the settings of the emulator."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

Isolation = Literal["auto", "namespaces", "user-namespaces", "none"]


class Strict(BaseModel):
    """Base of every model: a misspelt key is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Image(Strict):
    """What stands for a container image: a root file system, and what its configuration says."""

    root: Path = Field(description="Folder with the image's whole file system.")
    environment: dict[str, str] = Field(default={}, description="ENV of the image.")
    working_dir: str = Field(default="/", description="WORKDIR of the image.")
    entrypoint: tuple[str, ...] = Field(default=(), description="ENTRYPOINT of the image.")
    command: tuple[str, ...] = Field(default=(), description="CMD of the image.")


class Quotas(Strict):
    """Requests a minute, as the real services allow. Sources: batch/quotas, logging/quotas."""

    batch_mutations: PositiveInt = Field(default=6_000, description="Create, cancel, delete.")
    batch_reads: PositiveInt = Field(default=15_000, description="Get and list jobs and tasks.")
    log_reads: PositiveInt = Field(default=60, description="entries.list.")
    log_writes: PositiveInt = Field(default=120_000, description="entries.write.")


class Limits(Strict):
    """Limits of one job. Source: cloud.google.com/batch/quotas#job_limits."""

    tasks: PositiveInt = Field(default=100_000, description="Tasks of a task group.")
    parallel_tasks: PositiveInt = Field(default=5_000, description="Parallel tasks of a job.")
    job_bytes: PositiveInt = Field(default=1_000_000, description="Size of the definition as JSON.")
    queue_seconds: PositiveInt = Field(default=2 * 86_400, description="QUEUED before it fails.")
    run_seconds: PositiveInt = Field(default=14 * 86_400, description="RUNNING before it fails.")


class Settings(Strict):
    """Everything that can be chosen; the defaults suit a test."""

    project: str = Field(default="rehearsal", description="Project of the made-up account.")
    bucket: str = Field(default="rehearsal", description="Bucket that exists from the start.")
    port: int = Field(default=0, ge=0, description="gRPC port; 0 takes a free one.")
    storage_port: int = Field(default=0, ge=0, description="Storage port; 0 takes a free one.")
    admin_port: int = Field(default=0, ge=0, description="Admin port; 0 takes a free one.")
    project_port: int = Field(
        default=0, ge=0, description="Port of the APIs around the project; 0 takes a free one."
    )
    isolation: Isolation = Field(default="auto", description="How tasks are kept apart.")
    images: dict[str, Image] = Field(default={}, description="Image name to root file system.")
    unknown_images: Literal["host", "refuse"] = Field(
        default="host", description="What other images are: a view of this host, or not found."
    )
    expose: tuple[Path, ...] = Field(default=(), description="Host folders that tasks can read.")
    environment: dict[str, str] = Field(
        default={}, description="Variables of the view of this host, as ENV of an image."
    )
    python: Path | None = Field(default=None, description="Interpreter that tasks find first.")
    secrets: Path | None = Field(default=None, description="JSON: secret version name to value.")
    state_dir: Path | None = Field(default=None, description="Working files; default: temporary.")
    keep_task_files: bool = Field(default=False, description="Keep what tasks leave behind.")
    max_processes: PositiveInt = Field(
        default_factory=lambda: os.cpu_count() or 1, description="Tasks executed at a time."
    )
    stub: bool = Field(default=False, description="Tasks succeed without being executed.")
    stub_seconds: NonNegativeFloat = Field(default=0, description="How long a stub task runs.")
    queue_seconds: NonNegativeFloat = Field(default=0, description="Time from QUEUED to SCHEDULED.")
    start_seconds: NonNegativeFloat = Field(default=0, description="Time for a VM to start.")
    delete_seconds: NonNegativeFloat = Field(default=0, description="Time to cancel or delete.")
    memory: Literal["task", "largest-process", "off"] = Field(
        default="task", description="What is killed when a task exceeds its memoryMib."
    )
    quotas: Quotas = Quotas()
    limits: Limits = Limits()
    page_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=100, description="Items on a page unless the request says."
    )
