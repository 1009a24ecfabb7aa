"""Check the network of the machines, which have no external address.

Sources: https://cloud.google.com/vpc/docs/private-google-access,
https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/get.
"""

from google.api_core import exceptions as api

from epyflow.google.site_file import site_path
from epyflow.operations.doctor.check import CheckResult, failed, ok
from epyflow.operations.doctor.context import Context

_DEFAULT = "default"


def network(context: Context) -> CheckResult:
    """Check that network and subnetwork exist and reach Google's APIs without an address."""
    project, region = context.site.project, context.site.region
    net = _full(context.site.network or f"global/networks/{_DEFAULT}", project)
    subnet = _full(context.site.subnetwork or f"regions/{region}/subnetworks/{_DEFAULT}", project)
    remedy = (
        f"check `network` and `subnetwork` in {site_path(context.environment)}: gcloud compute "
        f"networks subnets list --project {project} --regions {region}"
    )
    if f"/regions/{region}/" not in subnet:
        return failed(f"{subnet} is not in {region}, where the machines are", remedy)
    for name in (net, subnet):
        try:
            found = context.apis.get("compute", f"compute/v1/{name}")
        except api.NotFound:
            return failed(f"there is no {name}", remedy)
    its = str(found.get("network", ""))
    if not its.endswith(f"/{net}"):
        return failed(f"{subnet} is part of {its.rpartition('/v1/')[2]}, not of {net}", remedy)
    if not found.get("privateIpGoogleAccess"):
        name = subnet.rpartition("/")[2]
        return failed(
            f"{subnet} has no Private Google Access: machines reach neither bucket nor registry",
            f"gcloud compute networks subnets update {name} --project {project} "
            f"--region {region} --enable-private-ip-google-access",
        )
    return ok(f"{subnet}, with Private Google Access")


def _full(name: str, project: str) -> str:
    return name if name.startswith("projects/") else f"projects/{project}/{name}"
