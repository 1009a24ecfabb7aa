"""Look at the process of a coordinator on this machine, send signals to it, and end this one."""

import contextlib
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

REPLACED = 77
"""Exit code of a coordinator that has lost its lease to another one."""


def runs_snakemake(process: psutil.Process) -> bool:
    """Return whether a process runs Snakemake, since others can write a record."""
    try:
        return any("snakemake" in part for part in process.cmdline())
    except psutil.Error:
        return True  # of another user, who is named when it is ended


def is_running(process: psutil.Process) -> bool:
    """Return whether a process is running; a zombie is not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ignores_interruptions(pid: int) -> bool:
    """Return whether a process ignores SIGINT, if the system tells.

    Source: proc_pid_status(5), SigIgn.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    found = re.search(r"^SigIgn:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> (signal.SIGINT - 1) & 1)


def end_this_process(unlock: Callable[[], object]) -> None:
    """End this process and its local jobs, and leave Batch jobs to the coordinator that took over.

    Parameters
    ----------
    unlock
        Removes the lock of the folder.
    """
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    unlock()
    os._exit(REPLACED)
