"""Check the machine that runs are started on: Python, packages, plugins, free disk space."""

import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

from epyflow.operations.doctor.check import CheckResult, failed, ok, warning
from epyflow.operations.doctor.context import Context
from epyflow.suggest import listed

OLDEST, BEFORE = (3, 11), (3, 14)
"""As ``requires-python`` in pyproject.toml."""

LOCK = Path("uv.lock")
SETUP = "make setup"

_LOCAL_PLUGINS = ("snakemake-logger-plugin-live",)
_CLOUD_PLUGINS = (
    "snakemake-executor-plugin-googlebatch-array",
    "snakemake-storage-plugin-gcs-indexed",
    "google-auth",
    "google-cloud-batch",
    "google-cloud-secret-manager",
    "google-cloud-storage",
)
_SNAKEMAKE = (9, 27)
"""As ``min_version`` in workflow/Snakefile."""

_SCARCE_GB, _TOO_LITTLE_GB = 5.0, 0.5


def python(context: Context) -> CheckResult:
    """Check that Python has a supported version."""
    del context
    here = platform.python_version()
    if OLDEST <= sys.version_info[:2] < BEFORE:
        return ok(f"{here} ({sys.executable})")
    return failed(
        f"{here}, expected 3.{OLDEST[1]} to 3.{BEFORE[1] - 1}",
        f"{SETUP} PYTHON=python3.{BEFORE[1] - 1}",
    )


def packages(context: Context) -> CheckResult:
    """Check that the installed packages are those of uv.lock."""
    del context
    present = installed()
    needed = {_plain(re.split(r"[^\w.-]", each)[0]) for each in metadata.requires("epyflow") or ()}
    missing = sorted(needed - set(present))
    if missing:
        return failed(f"not installed: {listed(missing)}", SETUP)
    if not LOCK.is_file():
        return CheckResult("skipped", f"no {LOCK} here to compare {len(present)} packages with")
    locked = locked_versions(LOCK.read_text(encoding="utf-8"))
    other = [
        f"{name} {version} ({' or '.join(sorted(locked[name]))})"
        for name, version in sorted(present.items())
        if name in locked and version not in locked[name]
    ]
    if other:
        found = f"other versions than in {LOCK}: {listed(other)}; results may differ"
        return warning(found, SETUP)
    return ok(f"{len(set(present) & set(locked))} packages, as in {LOCK}")


@lru_cache(maxsize=4)
def locked_versions(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package in a lock; several where they depend on Python."""
    found: dict[str, set[str]] = {}
    for package in tomllib.loads(lock)["package"]:
        if "version" in package:
            found.setdefault(_plain(package["name"]), set()).add(package["version"])
    return found


def snakemake(context: Context) -> CheckResult:
    """Check that Snakemake is new enough and its plugins are installed."""
    present = installed()
    version = present.get("snakemake", "")
    if not version or _numbers(version) < _SNAKEMAKE:
        expected = ".".join(map(str, _SNAKEMAKE))
        found = f"Snakemake {version}" if version else "Snakemake is not installed"
        return failed(f"{found}, expected {expected} or later", SETUP)
    names = (*_LOCAL_PLUGINS, *(_CLOUD_PLUGINS if context.cloud else ()))
    missing = [name for name in names if name not in present]
    if missing:
        return failed(f"Snakemake {version}; not installed: {listed(missing)}", SETUP)
    return ok(f"Snakemake {version}; {_with_versions(names, present)}")


def disk(context: Context) -> CheckResult:
    """Check that results can be written here and that there is space for them."""
    del context
    here = Path.cwd()
    if not os.access(here, os.W_OK):
        return failed(f"{here} cannot be written to", "start runs in a folder of your own")
    free = shutil.disk_usage(here).free / 1e9
    found = f"{free:,.1f} GB free in {here}"
    remedy = "free some space, or start runs on another disk; `epyflow plan` shows how many tasks"
    if free < _TOO_LITTLE_GB:
        return failed(found, remedy)
    return warning(found, remedy) if free < _SCARCE_GB else ok(found)


@cache
def installed() -> dict[str, str]:
    """Return the installed packages with their versions."""
    return {
        _plain(each.metadata["Name"]): each.version
        for each in metadata.distributions()
        if each.metadata["Name"]
    }


def _plain(name: str) -> str:
    """Return a package's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version)[:2])


def _with_versions(names: Iterable[str], versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name.removeprefix('snakemake-')} {versions[name]}" for name in names)
