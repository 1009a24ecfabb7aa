"""What is known of the user's project without asking: gcloud's settings, names of terraform/."""

import os
import shutil
import subprocess
from collections.abc import Mapping

from epyflow.operations.cost.profile import REGION

_PROJECT_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
_REGION_VARIABLES = ("CLOUDSDK_COMPUTE_REGION", "GOOGLE_CLOUD_REGION")
_LONGEST_S = 15


def likely_site(
    known: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return what is known, and what the rest is likely to be.

    Parameters
    ----------
    known
        What is given or configured.
    environment
        Its variables are taken before what gcloud is configured with.
    """
    project = known.get("project") or project_of_gcloud(environment)
    regions = (environment.get(name) for name in _REGION_VARIABLES)
    found = {"project": project, "region": next(filter(None, regions), REGION)}
    if project:
        # As terraform/iam.tf calls it.
        found["service_account"] = f"epyflow-tasks@{project}.iam.gserviceaccount.com"
    return {name: value for name, value in (found | dict(known)).items() if value}


def project_of_gcloud(environment: Mapping[str, str] = os.environ) -> str:
    """Return the project of the environment or of gcloud; empty if there is none.

    Source: https://cloud.google.com/sdk/gcloud/reference/config/get-value.
    """
    for name in _PROJECT_VARIABLES:
        if environment.get(name):
            return environment[name]
    gcloud = shutil.which("gcloud", path=environment.get("PATH"))
    if gcloud is None:
        return ""
    command = [gcloud, "config", "get-value", "project", "--quiet"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no argument of a user's
            command, capture_output=True, text=True, check=False, timeout=_LONGEST_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = done.stdout.strip()
    return said if done.returncode == 0 and said != "(unset)" else ""
