"""Which project a run's Batch jobs are in, from what is known here."""

import re

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_record import Coordinator

_JOB = re.compile(r"projects/([^/]+)/locations/([^/]+)/jobs/[^/]+")


def project_of(place: str | None, record: Coordinator | None) -> tuple[str, str] | None:
    """Return the project and the region that a run's Batch jobs are in.

    Parameters
    ----------
    place
        The storage prefix of the run, ``gs://bucket/prefix``; None on disk.
    record
        Of the run's coordinator, which may be a Batch job itself.

    Returns
    -------
    project, region
        None for a run on disk: it has no Batch jobs.

    Raises
    ------
    EpyflowError
        If nothing here names a project.
    """
    named = _JOB.fullmatch(record.job) if record is not None and record.job else None
    if named:
        return named[1], named[2]
    if place is None:
        return None
    from epyflow.google.site import read_site  # seconds, which runs on disk need not wait for

    try:
        site = read_site()
    except EpyflowError:
        raise EpyflowError(
            "no project is named here: start this where profiles/gcp/site.yaml is, or set "
            "EPYFLOW_GCP_SITE"
        ) from None
    return site.project, site.region
