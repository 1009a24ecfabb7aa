"""Check the workers' image: that it exists, fits the machines' processors, and holds this code.

The labels of an image name the commit that it was built from (docker/Dockerfile). The code of that
commit is compared with this code by the hashes that a worker compares too.

Sources: OCI distribution specification, "Pull"; OCI image specification, "Image index",
"Image configuration", "Annotations";
https://cloud.google.com/artifact-registry/docs/reference/docker-api.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.api_core import exceptions as api

from epyflow import __version__
from epyflow.google.rest import said
from epyflow.google.site_file import site_path
from epyflow.operations.doctor.check import CheckResult, failed, ok, warning
from epyflow.operations.doctor.context import Context
from epyflow.operations.doctor.image_code import differences

PUSH = "make image-push, or make image-cloud"

_ACCEPTED = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_OF_GOOGLE = re.compile(r"([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)")
_VERSION = "org.opencontainers.image.version"
_REVISION = "org.opencontainers.image.revision"

_ARM_SERIES = frozenset({"c4a", "n4a", "t2a"})
"""Source: https://cloud.google.com/compute/docs/instances/arm-on-compute."""


def image(context: Context) -> CheckResult:
    """Check that the registry has the image for the processors of the profile's machines."""
    host, name, digest = _parts(context.site.image)
    if not _is_of_google(context):
        return warning(
            f"cannot be checked: {host or 'docker.io'} is not a registry of Google's",
            f"check that it holds {digest} and that the tasks' account can pull it",
        )
    try:
        offered = _configurations(context)
    except api.NotFound:
        return failed(f"{host}/{name} has no image {digest}", PUSH)
    except api.Forbidden as error:
        return failed(
            f"{host}/{name}: {said(error)}",
            f"check `image` in {site_path(context.environment)}; {context.member} needs "
            "roles/artifactregistry.reader on the repository",
        )
    missing = sorted(_wanted(context) - set(offered))
    if missing:
        found = f"{context.site.image} is for {', '.join(offered)}, not for {', '.join(missing)}"
        return failed(found, f'make image-push ARGS="--platform linux/{missing[0]}"')
    return ok(f"{host}/{name}@{digest[:19]}..., {', '.join(offered)}")


def image_version(context: Context) -> CheckResult:
    """Check that the image holds the code that starts the run."""
    if not _is_of_google(context):
        return CheckResult("skipped", "the image's labels were not read")
    labels = next(iter(_configurations(context).values())).get("config", {}).get("Labels") or {}
    its, revision = labels.get(_VERSION, ""), labels.get(_REVISION, "")
    commit = revision.removesuffix("-dirty")
    if its not in ("", "unknown", __version__):
        return failed(f"the image holds epyflow {its}, this is {__version__}", PUSH)
    if not re.fullmatch("[0-9a-f]{40}", commit):
        return warning(
            "the image does not say which commit it was built from",
            f"{PUSH}; or compare the code yourself (docs/container.md)",
        )
    if commit != revision:
        return warning(f"the image was built from edited files on {commit[:12]}", PUSH)
    its_code = differences(commit, Path.cwd())
    if its_code is None:
        return warning(
            f"the image was built from {commit[:12]}, which is not in this clone",
            f"git fetch; or {PUSH}",
        )
    other = f"the image was built from {commit[:12]}, which differs from this folder in "
    if its_code.stages:
        stages = ", ".join(its_code.stages)
        return failed(f"{other}the code of {stages}", f"{PUSH}; or start from {commit[:12]}")
    if its_code.around:
        return warning(other + ", ".join(its_code.around), PUSH)
    return ok(f"epyflow {its or __version__} of {commit[:12]}, the code of this folder")


def _is_of_google(context: Context) -> bool:
    return _OF_GOOGLE.fullmatch(_parts(context.site.image)[0]) is not None


def _parts(image: str) -> tuple[str, str, str]:
    """Return host, name and digest; the host is empty where the name has none."""
    name, _, digest = image.partition("@")
    host, slash, rest = name.partition("/")
    return (host, rest, digest) if slash and "." in host else ("", name, digest)


def _wanted(context: Context) -> set[str]:
    shapes = [shape for shapes in context.profile.rules.values() for shape in shapes]
    return {
        "arm64" if shape.machine_type.split("-")[0] in _ARM_SERIES else "amd64" for shape in shapes
    }


def _configurations(context: Context) -> Mapping[str, Mapping[str, Any]]:
    """Return the configuration of the image for each of its processors."""
    host, name, digest = _parts(context.site.image)

    def fetched(part: str) -> dict[str, Any]:
        return context.apis.of_host(host, f"v2/{name}/{part}", _ACCEPTED)

    manifest = fetched(f"manifests/{digest}")
    # An index lists an image for each processor, and possibly attestations without one.
    digests = [
        each["digest"]
        for each in manifest.get("manifests", ())
        if each.get("platform", {}).get("architecture") not in (None, "unknown")
    ]
    manifests = [fetched(f"manifests/{each}") for each in digests] if digests else [manifest]
    configurations = [fetched(f"blobs/{each['config']['digest']}") for each in manifests]
    return {each.get("architecture", "amd64"): each for each in configurations}
