"""profiles/aws-batch and profiles/kubernetes make jobs that run, on doubles of the two services."""

import os
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yte

from epyflow.run.profile_variables import VARIABLES
from epyflow.storage.s3 import S3Bucket
from tests.cloud.aws_batch import job_queue
from tests.cloud.kubernetes_api import Cluster, kubernetes_api
from tests.cloud.s3_server import REGION
from tests.workflow.workspace import PROJECT, SNAKEMAKE, Done, Workspace

IMAGE = f"registry.example.org/epyflow@sha256:{64 * '0'}"
# A rule of the workflow's name with less to do: what these jobs compute is tested elsewhere.
SNAKEFILE = """\
rule run_task:
    input: "in.txt"
    output: "out.txt"
    shell: "cp {input} {output}; printf %s $AWS_DEFAULT_REGION >> {output}"
"""


class Job(Workspace):
    """The profiles with a workflow of one job, which needs a file of the bucket."""

    def __init__(self, folder: Path, bucket: S3Bucket, plugins: Path, **variables: str) -> None:
        super().__init__(folder)
        self.plugins = plugins
        (folder / "workflow" / "Snakefile").write_text(SNAKEFILE)
        bucket.write("in.txt", b"in ")
        self._variables = {"EPYFLOW_S3_STORAGE": bucket.uri, "EPYFLOW_WORKER_IMAGE": IMAGE}
        self._variables |= variables

    def environment(self) -> dict[str, str]:
        return super().environment() | self._variables

    def start(self, profile: str) -> Done:
        options = ("--seconds-between-status-checks", "1", "--latency-wait", "0")
        return self.call([*SNAKEMAKE, "--profile", f"profiles/{profile}", *options])


@pytest.fixture
def bucket(amazon: dict[str, str], s3_prefix: str) -> S3Bucket:
    return S3Bucket(s3_prefix)


@pytest.fixture
def worker(amazon: dict[str, str], plugins: Path) -> dict[str, str]:
    """What an image and a role give a job; the profile has to give the rest."""
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    login = {name: amazon[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return {
        "PATH": os.pathsep.join(folders),
        "HOME": "/nowhere",
        "PYTHONPATH": str(plugins),
        **login,
    }


def test_a_job_of_aws_batch_gets_what_it_needs_and_no_secret(bucket, worker, tmp_path, plugins):
    with job_queue(tmp_path, worker) as queue:
        job = Job(
            tmp_path / "workspace",
            bucket,
            plugins,
            EPYFLOW_AWS_JOB_QUEUE=queue.arn,
            EPYFLOW_AWS_JOB_ROLE=queue.role,
        )
        done = job.start("aws-batch")

    assert done.code == 0, f"{done.text}\n{queue.printed}"
    assert bucket.read("out.txt") == f"in {REGION}".encode()
    (definition,) = queue.definitions
    container = definition["containerProperties"]
    asked = {each["type"]: each["value"] for each in container["resourceRequirements"]}
    assert (container["image"], container["jobRoleArn"]) == (IMAGE, queue.role)
    assert asked == {"VCPU": "1", "MEMORY": "4096"}
    assert definition["timeout"] == {"attemptDurationSeconds": 36000}
    assert worker["AWS_SECRET_ACCESS_KEY"] not in str(definition)
    assert worker["AWS_ACCESS_KEY_ID"] not in str(definition)


def test_a_job_of_kubernetes_gets_what_it_needs_and_nothing_is_left_in_the_cluster(
    bucket, worker, tmp_path, plugins
):
    job = Job(
        tmp_path,
        bucket,
        plugins,
        HOME=str(tmp_path),
        EPYFLOW_KUBERNETES_NAMESPACE="epidemics",
        EPYFLOW_KUBERNETES_SERVICE_ACCOUNT="tasks",
    )
    cluster = Cluster(tmp_path, worker)
    with kubernetes_api(cluster, tmp_path):
        done = job.start("kubernetes")

    assert done.code == 0, f"{done.text}\n{cluster.printed}"
    assert bucket.read("out.txt") == f"in {REGION}".encode()
    (created,) = cluster.created
    pod = created["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["image"], pod["serviceAccountName"]) == (IMAGE, "tasks")
    assert container["resources"] == {
        "requests": {"cpu": "950m", "memory": "4000M", "ephemeral-storage": "5000M"}
    }
    assert cluster.namespaces == {"epidemics"}
    assert (cluster.secrets, cluster.jobs) == ({}, {})


def test_memory_on_aws_batch_is_what_the_plugin_accepts(plugins, monkeypatch):
    for name, variable in VARIABLES.items():
        monkeypatch.setenv(name, variable.example)
    monkeypatch.syspath_prepend(plugins)
    accepted = import_module("snakemake_executor_plugin_aws_batch.constant").VALID_RESOURCES_MAPPING
    text = (PROJECT / "profiles" / "aws-batch" / "config.yaml").read_text(encoding="utf-8")

    profile = yte.process_yaml(text)

    for rule, resources in profile["set-resources"].items():
        cores = profile["set-threads"].get(rule, 1)
        both = re.fullmatch(r"(\d+) if attempt == 1 else (\d+)", resources["mem_mb"])
        assert both is not None
        for size in both.groups():
            assert cores in accepted[int(size)]
