"""Find the jobs of a run in Slurm's queue, and count them by state."""

import getpass
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.operations.slurm.commands import ask, has_slurm
from epyflow.suggest import counted

_FORMAT = "%T|%r|%k|%Z"
"""State, why it waits, comment, working directory; ``squeue(1)``."""

# The plugin's comment: the rule and its wildcards, joined by `_`. All tasks of an array have that
# of the first one.
_REST = r"(_\d{4}-\d\d-\d\d)?(_\d{5,})?"


@dataclass(frozen=True)
class QueuedJobs:
    """The jobs of a run that are in Slurm's queue; each task of an array is one.

    Attributes
    ----------
    states
        Number of jobs in each state: ``running``, ``pending`` and so on.
    reasons
        Number of pending jobs for each reason: ``Resources``, ``PartitionTimeLimit`` and so on.
    """

    states: Counter[str]
    reasons: Counter[str]

    def described(self) -> str:
        """Describe the jobs in a line."""
        count = self.states.total()
        states = ", ".join(f"{many:,} {state}" for state, many in sorted(self.states.items()))
        why = ", ".join(sorted(self.reasons))
        return f"{counted(count, 'job')}: {states}{f' ({why})' if why else ''}"

    def as_dict(self) -> dict[str, Any]:
        """Return them as a JSON document."""
        return {"states": dict(self.states), "reasons": dict(self.reasons)}


def queued_jobs(record: Coordinator | None) -> QueuedJobs | None:
    """Return the jobs of a run in Slurm's queue; None if there are none.

    Jobs are those of this user in the folder of the coordinator whose comment names the run.

    Parameters
    ----------
    record
        Record of the run's coordinator. The jobs of one that has ended are not asked for.
    """
    if record is None or record.job is not None or record.outcome is not None or not has_slurm():
        return None
    try:
        listed = ask(
            *("squeue", "--noheader", "--array", f"--format={_FORMAT}"),
            f"--user={getpass.getuser()}",
        )
    except EpyflowError:
        return None
    run = f"{record.exp_id}_{record.run_id}".replace("/", "_")
    named = re.compile(rf"rule_\w+_wildcards_{re.escape(run)}{_REST}")
    states, reasons = Counter[str](), Counter[str]()
    for line in listed.splitlines():
        state, reason, comment, folder = line.split("|", 3)
        if folder == record.folder and named.fullmatch(comment):
            states[state.lower()] += 1
            reasons.update([reason] if state == "PENDING" else [])
    return QueuedJobs(states, reasons) if states else None
