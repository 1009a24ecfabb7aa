"""Find the Google project of a run's Batch jobs."""

import re

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.storage.disk import GOOGLE_SCHEMES

_JOB = re.compile(r"projects/([^/]+)/locations/([^/]+)/jobs/[^/]+")


def find_project(place: str | None, record: Coordinator | None) -> tuple[str, str] | None:
    """Return the project and the region that a run's Batch jobs are in.

    Parameters
    ----------
    place
        The storage prefix of the run; None on disk.
    record
        Record of the run's coordinator, which may be a Batch job itself.

    Returns
    -------
    project, region
        None for a run that is not in a bucket of Google, which has no Batch jobs.

    Raises
    ------
    EpyflowError
        If no project is configured on this machine.
    """
    named = _JOB.fullmatch(record.job) if record is not None and record.job else None
    if named:
        return named[1], named[2]
    if place is None or not place.startswith(GOOGLE_SCHEMES):
        return None
    from epyflow.google.site import read_site  # slow to import

    try:
        site = read_site()
    except EpyflowError:
        raise EpyflowError(
            "no Google project is configured: run this in the folder of profiles/gcp/site.yaml, or "
            "set EPYFLOW_GCP_SITE"
        ) from None
    return site.project, site.region
