"""Ask Google Batch which machines it chose for the jobs of a run."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from epyflow.errors import EpyflowError
from epyflow.google.site import read_site
from epyflow.operations.cost.job_costs import JobCost
from epyflow.run.plan import RunPlan

log = logging.getLogger(__name__)


def with_chosen_machines(jobs: Iterable[JobCost], run: RunPlan) -> list[JobCost]:
    """Return jobs with the machine types that Google Batch reports, where the profile has none.

    If Batch cannot be asked, or has forgotten the jobs of a rule, their machine stays unknown; the
    log says so.
    """
    try:
        known = _reported(run)
    except EpyflowError as error:
        log.warning("machines that Google Batch chose are unknown: %s", error)
        known = {}
    return [
        job
        if job.machine_type
        else replace(job, machine_type=_of_rule(known, job.rule, str(job.attempt)))
        for job in jobs
    ]


def _reported(run: RunPlan) -> dict[tuple[str, str], str]:
    """Map rule (or group of rules) and attempt to the machine type of the newest job.

    Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs,
    "InstanceStatus".
    """
    from epyflow.google.batch import BatchJobs, label_value

    site = read_site()
    labels = {"exp_id": label_value(run.exp_id), "run_id": label_value(run.run_id)}
    found: dict[tuple[str, str], str] = {}
    for job in BatchJobs(site.project, site.region).find(labels):
        name = (job.labels.get("snakemake-job", ""), job.labels.get("snakemake-attempt", ""))
        for group in job.status.task_groups.values():
            for instance in group.instances:
                found.setdefault(name, instance.machine_type)
    return found


def _of_rule(known: dict[tuple[str, str], str], rule: str, attempt: str) -> str:
    """Return the machine type of a rule's jobs; empty if it is unknown.

    The name of a group contains those of its rules.
    """
    groups = (kind for (name, n), kind in known.items() if rule in name and n == attempt)
    return known.get((rule, attempt)) or next(groups, "")
