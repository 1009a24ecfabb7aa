"""AWS Batch of moto, where a job is a process in place of a container."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import pytest
from moto.batch.models import Job


@dataclass
class Queue:
    """A job queue, the role of its jobs, their definitions and what they printed."""

    arn: str
    role: str
    definitions: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""


@contextmanager
def job_queue(folder: Path, environment: Mapping[str, str]) -> Iterator[Queue]:
    """Make a queue whose jobs run as processes.

    Parameters
    ----------
    folder
        For the working directories of jobs.
    environment
        That of an image and of the role of the jobs.
    """
    role = boto3.client("iam").create_role(RoleName="epyflow", AssumeRolePolicyDocument="{}")
    batch = boto3.client("batch")
    machines = batch.create_compute_environment(
        computeEnvironmentName="epyflow",
        type="UNMANAGED",
        state="ENABLED",
        serviceRole=role["Role"]["Arn"],
    )
    made = batch.create_job_queue(
        jobQueueName="epyflow",
        state="ENABLED",
        priority=1,
        computeEnvironmentOrder=[
            {"order": 1, "computeEnvironment": machines["computeEnvironmentArn"]}
        ],
    )
    queue = Queue(made["jobQueueArn"], role["Role"]["Arn"])

    def run(job: Job) -> None:
        queue.definitions.append(job.job_definition.describe())
        details = job._container_details()
        given = {each["name"]: each["value"] for each in details["environment"]}
        with TemporaryDirectory(dir=folder) as working:
            done = subprocess.run(
                details["command"],
                cwd=working,
                env={**environment, **given},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        queue.printed += done.stdout
        job.job_started_at = datetime.now()
        job.exit_code = done.returncode
        job._mark_stopped(success=done.returncode == 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Job, "run", run)
        yield queue
