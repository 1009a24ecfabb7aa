"""Define the exit codes that Batch reserves, with the texts of its status events.

Source: cloud.google.com/batch/docs/troubleshooting#task-failure-exit-codes
"""

from typing import Final

OTHER: Final = 50000
PREEMPTED: Final = 50001
VM_TIMEOUT: Final = 50002
VM_REBOOTED: Final = 50003
UNRESPONSIVE: Final = 50004
TIME_LIMIT: Final = 50005
VM_RECREATED: Final = 50006

KILLED: Final = 137
"""128 + SIGKILL: what a container leaves that ran out of memory."""

_REASONS = {
    PREEMPTED: "Spot VM preemption",
    VM_TIMEOUT: "Batch no longer receives VM updates",
    VM_REBOOTED: "VM is rebooted during task execution",
    UNRESPONSIVE: "tasks cannot be canceled",
    TIME_LIMIT: "task runs over the maximum runtime",
    VM_RECREATED: "VM is recreated during task execution",
}

OF_FAULT: Final = {
    "preempt": PREEMPTED,
    "vm-timeout": VM_TIMEOUT,
    "vm-reboot": VM_REBOOTED,
    "unresponsive": UNRESPONSIVE,
    "vm-recreated": VM_RECREATED,
    "out-of-memory": KILLED,
}
"""Exit code of each planned fault."""

OF_VM: Final = frozenset({"preempt", "vm-timeout", "vm-reboot", "vm-recreated"})
"""Faults that befall a VM with everything on it."""


def explanation(code: int) -> str:
    """Return how a status event ends that reports an exit code other than 0."""
    reason = _REASONS.get(code)
    return f"{f' due to {reason}' if reason else ''} with exit code {code}."
