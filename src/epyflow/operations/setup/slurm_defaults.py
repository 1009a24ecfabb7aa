"""Guess settings of a Slurm cluster from the answers of its commands."""

from collections.abc import Mapping

from epyflow.errors import EpyflowError
from epyflow.operations.slurm.commands import Partition, accounts, has_accounting, partitions


def guess_slurm_site(known: Mapping[str, str]) -> dict[str, str]:
    """Return the known settings and guesses for others; none without a cluster.

    The partition is the default one, or else the first that is up. The account is this user's
    default one.
    """
    found: dict[str, str] = {}
    there = partitions_there()
    likely = sorted(there, key=lambda each: (not each.is_default, not each.is_up))
    if likely:
        found["partition"] = likely[0].name
    if there and (mine := accounts()):
        found["account"] = mine[0]
    if there and has_accounting():
        found["status_command"] = "sacct"
    return found | dict(known)


def partitions_there() -> list[Partition]:
    """Return the partitions of the cluster; none if Slurm does not answer."""
    try:
        return partitions()
    except EpyflowError:
        return []
