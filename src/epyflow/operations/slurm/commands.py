"""Ask Slurm by its commands: partitions, accounts, limits of slurmctld."""

import getpass
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from epyflow.errors import EpyflowError
from epyflow.operations.secret_variables import without_secrets

_LONGEST_S = 30


@dataclass(frozen=True)
class Partition:
    """A partition.

    Attributes
    ----------
    name
        Its name.
    is_default
        Whether jobs without a partition go there.
    is_up
        Whether it starts jobs.
    minutes
        Longest run time of a job; None without a limit.
    memory_mb
        Memory of its largest node, in MiB.
    """

    name: str
    is_default: bool
    is_up: bool
    minutes: int | None
    memory_mb: int


def has_slurm() -> bool:
    """Return whether this machine has the commands of Slurm."""
    return shutil.which("sinfo") is not None


def ask(*command: str) -> str:
    """Run one of Slurm's commands and return what it prints.

    Raises
    ------
    EpyflowError
        If it is not installed, fails, or does not answer.
    """
    name = command[0]
    path = shutil.which(name)
    if path is None:
        raise EpyflowError(f"{name} is not installed on this machine, or not on PATH")
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [path, *command[1:]],
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_S,
            env=without_secrets(),
        )
    except subprocess.TimeoutExpired:
        raise EpyflowError(f"{name} has not answered for {_LONGEST_S} s") from None
    except OSError as error:
        raise EpyflowError(f"{name} cannot be run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise EpyflowError(f"{name} failed: {said[-1]}")
    return done.stdout


def partitions() -> list[Partition]:
    """Return the partitions that this user sees, each once.

    Raises
    ------
    EpyflowError
        If Slurm does not answer.
    """
    # A partition has a line for each kind of node; `+` marks the least of several values.
    found: dict[str, Partition] = {}
    for line in ask("sinfo", "--noheader", "--exact", "--format=%P|%a|%l|%m").splitlines():
        name, state, limit, memory = line.split("|")
        each = Partition(
            name=name.removesuffix("*"),
            is_default=name.endswith("*"),
            is_up=state == "up",
            minutes=minutes(limit),
            memory_mb=int(memory.removesuffix("+")),
        )
        known = found.get(each.name)
        if known is None or known.memory_mb < each.memory_mb:
            found[each.name] = each
    return list(found.values())


def accounts() -> list[str]:
    """Return the accounts of this user, the default one first; none without accounting.

    Source: sacctmgr(1), "list user" and "list associations".
    """
    who = getpass.getuser()
    listing = ("sacctmgr", "--noheader", "--parsable2", "list")
    try:
        default = ask(*listing, "user", who, "format=defaultaccount").split()
        others = ask(*listing, "associations", f"user={who}", "format=account").split()
    except EpyflowError:
        return []
    return list(dict.fromkeys([*default, *others]))


def has_accounting() -> bool:
    """Return whether ``sacct`` reports jobs: it needs an accounting database."""
    try:
        ask("sacct", "--noheader", "--allocations")
    except EpyflowError:
        return False
    return True


def configuration() -> Mapping[str, str]:
    """Return the configuration of slurmctld, with the units that it prints: ``300 sec``.

    Raises
    ------
    EpyflowError
        If Slurm does not answer.
    """
    pairs = re.findall(r"^(\w+)\s*= (.*)$", ask("scontrol", "show", "config"), re.MULTILINE)
    return {name: value.strip() for name, value in pairs}


def minutes(limit: str) -> int | None:
    """Read a limit of time as ``sinfo`` prints it, ``1-12:30:00``; None if there is none."""
    days, dash, clock = limit.rpartition("-")
    parts = clock.split(":")
    if not all(part.isdecimal() for part in (*parts, *([days] if dash else []))):
        return None
    hours, minute = ([0, 0] + [int(part) for part in parts[:-1]])[-2:]
    return (int(days or 0) * 24 + hours) * 60 + minute
