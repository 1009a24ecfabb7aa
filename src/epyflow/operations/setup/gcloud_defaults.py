"""Guess settings of the user's project: from gcloud's settings and the names in terraform/."""

import os
import shutil
import subprocess
from collections.abc import Mapping

from epyflow.operations.cost.profile import REGION
from epyflow.operations.secret_variables import without_secrets

_PROJECT_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
_REGION_VARIABLES = ("CLOUDSDK_COMPUTE_REGION", "GOOGLE_CLOUD_REGION")
_LONGEST_S = 15


def guess_site(
    known: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the known settings and guesses for others.

    Parameters
    ----------
    known
        Settings that are given or configured.
    environment
        Environment variables; they win over the settings of gcloud.
    """
    project = known.get("project") or gcloud_project(environment)
    regions = (environment.get(name) for name in _REGION_VARIABLES)
    found = {"project": project, "region": next(filter(None, regions), REGION)}
    if project:
        # As terraform/iam.tf calls it.
        found["service_account"] = f"epyflow-tasks@{project}.iam.gserviceaccount.com"
    return {name: value for name, value in (found | dict(known)).items() if value}


def gcloud_project(environment: Mapping[str, str] = os.environ) -> str:
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
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_S,
            env=without_secrets(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = done.stdout.strip()
    return said if done.returncode == 0 and said != "(unset)" else ""
