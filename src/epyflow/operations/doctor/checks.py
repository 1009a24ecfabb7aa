"""All checks in the order of the report."""

from collections.abc import Iterable

from epyflow.errors import EpyflowError
from epyflow.operations.doctor import run_inputs, this_machine
from epyflow.operations.doctor.check import SERVICES_CHECK, Check
from epyflow.suggest import did_you_mean, listed

COMPUTE_VIEWER = "roles/compute.viewer"

_PROJECT = ("snakemake", "site", "credentials", "project")

LOCAL = (
    Check("python", "Python", this_machine.python),
    Check("packages", "packages as locked", this_machine.packages),
    Check("snakemake", "Snakemake and plugins", this_machine.snakemake),
    Check("disk", "free disk space", this_machine.disk),
    Check("settings", "settings of a run", run_inputs.settings, run_inputs.SETTINGS_REMEDY),
    Check("token", "token for repositories", run_inputs.token, run_inputs.TOKEN_REMEDY),
    Check(
        "experiment",
        "experiment",
        run_inputs.experiment,
        "correct what the message names (docs/experiments.md, docs/repositories.md)",
        after=("settings", "token", "secret"),
    ),
    Check(
        "populations",
        "populations",
        run_inputs.populations,
        "check `population_data` (docs/getting-started.md)",
        after=("settings", "experiment"),
    ),
)


def cloud() -> tuple[Check, ...]:
    """Return the checks for Google Batch; their libraries are slow to import, and optional."""
    from epyflow.operations.doctor import (
        bucket,
        google_project,
        image,
        machine_types,
        network,
        quota,
    )

    artifacts, compute = "artifactregistry.googleapis.com", "compute.googleapis.com"
    return (
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
        Check("secret", "secret with the token", google_project.secret, after=_PROJECT),
        Check("profile", "profiles/gcp", run_inputs.profile, run_inputs.PROFILE_REMEDY),
        Check(
            "region",
            "region",
            machine_types.region,
            after=_PROJECT,
            service=compute,
            role=COMPUTE_VIEWER,
        ),
        Check(
            "machine-types",
            "machine types",
            machine_types.machine_types,
            after=(*_PROJECT, "region", "profile"),
            service=compute,
            role=COMPUTE_VIEWER,
        ),
        Check(
            "disks",
            "their disks",
            machine_types.disks,
            after=(*_PROJECT, "profile", "machine-types"),
            service=compute,
            role=COMPUTE_VIEWER,
        ),
        Check(
            "quota",
            "quotas",
            quota.quota,
            after=(*_PROJECT, "profile", "machine-types"),
            service=compute,
            role=COMPUTE_VIEWER,
        ),
        Check(
            "network",
            "network",
            network.network,
            after=(*_PROJECT, "region"),
            service=compute,
            role="roles/compute.networkViewer",
        ),
        Check(
            "image",
            "workers' image",
            image.image,
            after=(*_PROJECT, "profile"),
            service=artifacts,
            role="roles/artifactregistry.reader",
        ),
        Check(
            "image-version",
            "its version",
            image.image_version,
            after=(*_PROJECT, "image"),
            service=artifacts,
            role="roles/artifactregistry.reader",
        ),
    )


def chosen(checks: Iterable[Check], wanted: Iterable[str]) -> tuple[Check, ...]:
    """Return the checks with some ids and those that they depend on; without ids, all.

    Raises
    ------
    EpyflowError
        If there is no check of that id.
    """
    known = {check.id: check for check in checks}
    pending, kept = list(wanted), set[str]()
    if not pending:
        return tuple(known.values())
    while pending:
        name = pending.pop()
        if name not in known:
            hint = did_you_mean(name, known)
            raise EpyflowError(f"there is no check {name!r}{hint}; there are {listed(known, 50)}")
        if name not in kept:
            kept.add(name)
            before = (*known[name].after, *([SERVICES_CHECK] if known[name].service else []))
            pending += [each for each in before if each in known]
    return tuple(check for check in known.values() if check.id in kept)
