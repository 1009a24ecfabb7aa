"""The checks for Google Batch in the order of the report; their libraries are optional."""

from epyflow.operations.doctor import (
    bucket,
    bucket_policy,
    google_project,
    image,
    machine_types,
    network,
    quota,
    run_inputs,
)
from epyflow.operations.doctor.check import SERVICES_CHECK, Check

COMPUTE_VIEWER = "roles/compute.viewer"

_ARTIFACTS, _COMPUTE = "artifactregistry.googleapis.com", "compute.googleapis.com"
_PROJECT = ("snakemake", "site", "credentials", "project")

CLOUD = (
    Check("site", "settings of the project", google_project.site, "epyflow init --cloud"),
    Check("credentials", "login", google_project.credentials, after=("snakemake", "site")),
    Check("project", "project", google_project.project, after=_PROJECT[:-1]),
    Check("clock", "clock", google_project.clock, after=_PROJECT),
    Check(
        SERVICES_CHECK,
        "services enabled",
        google_project.services,
        after=_PROJECT,
        role="roles/serviceusage.serviceUsageConsumer",
    ),
    Check(
        "permissions",
        "permissions",
        google_project.permissions,
        after=_PROJECT,
        service="cloudresourcemanager.googleapis.com",
    ),
    Check(
        "act-as",
        "the tasks' account",
        google_project.act_as,
        after=_PROJECT,
        service="iam.googleapis.com",
    ),
    Check(
        "batch",
        "Google Batch",
        google_project.batch,
        after=(*_PROJECT, "region", "permissions"),
        service="batch.googleapis.com",
    ),
    Check(
        "bucket",
        "bucket",
        bucket.bucket,
        after=_PROJECT,
        service="storage.googleapis.com",
        role="roles/storage.bucketViewer",
    ),
    Check(
        "bucket-write",
        "writing to the bucket",
        bucket.bucket_write,
        after=(*_PROJECT, "bucket"),
        service="storage.googleapis.com",
    ),
    Check(
        "bucket-tasks",
        "tasks in the bucket",
        bucket_policy.bucket_tasks,
        after=(*_PROJECT, "bucket"),
        service="storage.googleapis.com",
    ),
    Check("secret", "secret with the token", google_project.secret, after=_PROJECT),
    Check("profile", "profiles/gcp", run_inputs.profile, run_inputs.PROFILE_REMEDY),
    Check(
        "region",
        "region",
        machine_types.region,
        after=_PROJECT,
        service=_COMPUTE,
        role=COMPUTE_VIEWER,
    ),
    Check(
        "machine-types",
        "machine types",
        machine_types.machine_types,
        after=(*_PROJECT, "region", "profile"),
        service=_COMPUTE,
        role=COMPUTE_VIEWER,
    ),
    Check(
        "disks",
        "their disks",
        machine_types.disks,
        after=(*_PROJECT, "profile", "machine-types"),
        service=_COMPUTE,
        role=COMPUTE_VIEWER,
    ),
    Check(
        "quota",
        "quotas",
        quota.quota,
        after=(*_PROJECT, "profile", "machine-types"),
        service=_COMPUTE,
        role=COMPUTE_VIEWER,
    ),
    Check(
        "network",
        "network",
        network.network,
        after=(*_PROJECT, "region"),
        service=_COMPUTE,
        role="roles/compute.networkViewer",
    ),
    Check(
        "image",
        "workers' image",
        image.image,
        after=(*_PROJECT, "profile"),
        service=_ARTIFACTS,
        role="roles/artifactregistry.reader",
    ),
    Check(
        "image-version",
        "its version",
        image.image_version,
        after=(*_PROJECT, "image"),
        service=_ARTIFACTS,
        role="roles/artifactregistry.reader",
    ),
)
