"""Install dependency groups of pyproject.toml beside .venv and print the folder: NAME...

Snakemake imports every plugin that is installed, at each start and in each job, so those of
other systems than Google Batch are not in the environment of the tests.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
_UV = PROJECT / ".tools" / "uv"


def install_groups(*groups: str) -> Path:
    """Return a folder for `PYTHONPATH` with what groups of pyproject.toml have besides, as locked.

    It is made once for each state of uv.lock.
    """
    locked = hashlib.sha256((PROJECT / "uv.lock").read_bytes()).hexdigest()[:12]
    name = f"{'-'.join(groups)}-{sys.version_info.major}.{sys.version_info.minor}-{locked}"
    folder = PROJECT / ".tools" / "groups" / name
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            wanted = sorted(set(_locked(groups)) - _installed())
            if not wanted:
                # `make setup WITH=...` has them; that may change without uv.lock.
                empty = folder.with_suffix(".none")
                empty.mkdir(exist_ok=True)
                return empty
            made = folder.with_suffix(".part")
            _install(wanted, made)
            made.rename(folder)
    return folder


def _install(requirements: list[str], folder: Path) -> None:
    command = [_UV, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    environment = os.environ | {"UV_COMPILE_BYTECODE": "1"}
    subprocess.run(
        [*command, "--target", folder, *requirements], check=True, timeout=300, env=environment
    )


def _locked(groups: tuple[str, ...]) -> Iterator[str]:
    """Yield ``name==version`` of each package of the groups that this Python and system need."""
    command = [_UV, "export", "--quiet", "--frozen", "--no-hashes", "--no-annotate", "--no-header"]
    chosen = [f"--only-group={group}" for group in groups]
    done = subprocess.run(
        [*command, *chosen], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    for line in done.stdout.splitlines():
        requirement, _, marker = line.partition(";")
        # Packages with a marker are for other systems or other versions of Python.
        if not marker:
            yield requirement.strip()


def _installed() -> set[str]:
    return {f"{each.metadata['Name'].lower()}=={each.version}" for each in distributions()}


if __name__ == "__main__":
    print(install_groups(*sys.argv[1:]))
