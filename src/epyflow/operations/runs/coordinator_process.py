"""Identify this machine, look at the process of a coordinator on it, and end this process."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psutil

REPLACED = 77
"""Exit code of a coordinator that has lost its lease to another one."""


@cache
def this_machine() -> str | None:
    """Identify the start of this machine, and the PID namespace of this process.

    Process ids that were read in the same namespace since the same start name the same processes.

    Sources: proc_sys_kernel(5), random/boot_id; pid_namespaces(7); sysctl(3) of macOS.

    Returns
    -------
    machine
        None if the system has neither.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        command = ("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - a constant
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


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
