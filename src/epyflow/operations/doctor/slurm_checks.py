"""Check what a run on Slurm needs: plugin, commands, partition, account, limits."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError
from epyflow.operations.cost.attempt_resources import value_at
from epyflow.operations.doctor.check import Check, CheckResult, failed, ok, warning
from epyflow.operations.doctor.context import Context
from epyflow.operations.doctor.this_machine import installed
from epyflow.operations.slurm import commands
from epyflow.operations.slurm.site import FILE, read_slurm_site
from epyflow.suggest import did_you_mean, listed
from epyflow.yaml_files import read_yaml

PROFILE = Path("profiles/slurm/config.yaml")
PLUGINS = ("snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep")

_COMMANDS = (
    "sinfo",
    "sbatch",
    "squeue",
    "scontrol",
    "scancel",
    "srun",
    "sacct",
    "sacctmgr",
    "which",
)
_REMEMBERED_S = 200
"""The plugin looks at jobs every three minutes at least."""


def plugin(context: Context) -> CheckResult:
    """Check that Snakemake's plugins for Slurm are installed."""
    del context
    missing = [name for name in PLUGINS if name not in installed()]
    if missing:
        return failed(f"not installed: {listed(missing)}", "make setup WITH=slurm")
    return ok(", ".join(f"{name} {installed()[name]}" for name in PLUGINS))


def answers(context: Context) -> CheckResult:
    """Check that Slurm's commands are here and that slurmctld answers."""
    del context
    missing = [name for name in _COMMANDS if not shutil.which(name)]
    if missing:
        return failed(
            f"not on PATH: {listed(missing)}", "start runs on a login node of the cluster"
        )
    found = commands.configuration()
    return ok(f"Slurm {found['SLURM_VERSION']}, cluster {found['ClusterName']}")


def site(context: Context) -> CheckResult:
    """Check the settings of profiles/slurm."""
    del context
    given = read_slurm_site().model_dump(exclude_none=True)
    return ok(", ".join(f"{name} {value}" for name, value in given.items()))


def partition(context: Context) -> CheckResult:
    """Check that the partition exists, is up, and allows what the profile asks for."""
    del context
    named, found = read_slurm_site().partition, {each.name: each for each in commands.partitions()}
    wanted = named.split(",") if named else [n for n, each in found.items() if each.is_default]
    if not wanted:
        return failed(
            "no partition is named, and the cluster has no default one", "epyflow init --slurm"
        )
    for name in wanted:
        if name not in found:
            hint = f"{FILE}: there is no partition {name!r}{did_you_mean(name, found)}"
            return failed(f"{hint}; there are {listed(found, 30)}", "epyflow init --slurm")
    chosen = [found[name] for name in wanted]
    if not any(each.is_up for each in chosen):
        return warning(f"{listed(wanted)}: not up, so jobs wait", "sinfo")
    problems = [_excess(rule, needs, chosen) for rule, needs in _needs().items()]
    if any(problems):
        return failed("; ".join(filter(None, problems)), f"another partition, or less in {PROFILE}")
    return ok(f"{listed(wanted)}: allows the run times and memory of {PROFILE}")


def account(context: Context) -> CheckResult:
    """Check that the account is one of this user's."""
    del context
    named, known = read_slurm_site().account, commands.accounts()
    if named is None:
        return ok(
            "none is named; the cluster chooses" + (f", from {listed(known)}" if known else "")
        )
    if not known:
        # The plugin refuses an account that neither sacctmgr nor sshare can confirm.
        found = f"{named} cannot be checked, because the cluster has no accounting"
        return failed(found, f"remove account from {FILE}")
    if named.lower() not in (each.lower() for each in known):
        return failed(f"{named} is not one of yours: {listed(known)}", "epyflow init --slurm")
    return ok(named)


def job_states(context: Context) -> CheckResult:
    """Check that the states of ended jobs can be asked for."""
    del context
    command, has_accounting = read_slurm_site().status_command, commands.has_accounting()
    if command == "sacct":
        if has_accounting:
            return ok("by sacct")
        return failed("by sacct, which needs accounting", f"status_command: squeue in {FILE}")
    age = re.match(r"\d+", commands.configuration().get("MinJobAge", ""))
    seconds = int(age[0]) if age else 0
    found = f"by squeue, which shows ended jobs for {seconds} s (MinJobAge)"
    if seconds >= _REMEMBERED_S:
        return ok(found)
    remedy = f"status_command: sacct in {FILE}" if has_accounting else "ask for a longer MinJobAge"
    return failed(f"{found}; expected {_REMEMBERED_S} s, else a run waits forever", remedy)


def array_size(context: Context) -> CheckResult:
    """Check that the cluster allows arrays of the profile's size."""
    del context
    most = int(commands.configuration().get("MaxArraySize", "1001")) - 1
    asked = int(_profile()["slurm-array-limit"])
    if most < 2:
        found = f"the cluster allows no job arrays (MaxArraySize {most + 1})"
        return failed(found, f"remove slurm-array-jobs from {PROFILE}")
    return ok(f"{min(most, asked)} tasks to an array; the cluster allows {most}")


def _excess(rule: str, needs: tuple[int, int], chosen: list[commands.Partition]) -> str:
    """Say what a rule asks for that no partition allows; empty if one does."""
    runtime, memory = needs
    if not any(each.minutes is None or each.minutes >= runtime for each in chosen):
        most = max(each.minutes or 0 for each in chosen)
        return f"{rule}: runtime {runtime} min, the partition allows {most}: its jobs never start"
    if not any(each.memory_mb >= memory for each in chosen):
        most = max(each.memory_mb for each in chosen)
        return f"{rule}: mem_mb {memory}, the largest node has {most}: Slurm refuses its jobs"
    return ""


def _needs() -> Mapping[str, tuple[int, int]]:
    """Return the run time (minutes) and memory (MiB) of each rule's first attempt."""
    rules = _profile()["set-resources"]
    return {
        rule: (int(value_at(needs["runtime"], 1)), int(value_at(needs["mem_mb"], 1)))
        for rule, needs in rules.items()
    }


def _profile() -> Mapping[str, Any]:
    found = read_yaml(PROFILE)
    try:
        return dict(found)
    except (TypeError, ValueError) as error:
        raise EpyflowError(f"{PROFILE} cannot be read: {error}") from None


_SITE, _SLURM = "epyflow init --slurm", ("slurm", "slurm-site")

SLURM = (
    Check("slurm-plugin", "plugin for Slurm", plugin),
    Check("slurm", "Slurm", answers, "start runs on a login node of the cluster"),
    Check("slurm-site", "settings of the cluster", site, _SITE),
    Check("partition", "partition", partition, "ask the site's support", after=_SLURM),
    Check("account", "account", account, after=_SLURM),
    Check("job-states", "states of jobs", job_states, after=_SLURM),
    Check("arrays", "job arrays", array_size, after=_SLURM),
)
