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
            installed = _installed()
            wanted = sorted(each for each in _locked(groups) if each.split()[0] not in installed)
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
    command += ["--target", folder, "--require-hashes", "--requirements", "-"]
    environment = os.environ | {"UV_COMPILE_BYTECODE": "1"}
    listed = "\n".join(requirements)
    subprocess.run(command, check=True, timeout=300, env=environment, input=listed, text=True)


def _locked(groups: tuple[str, ...]) -> Iterator[str]:
    """Yield ``name==version --hash=...`` of each package that this Python and system need."""
    command = [_UV, "export", "--quiet", "--frozen", "--no-annotate", "--no-header"]
    chosen = [f"--only-group={group}" for group in groups]
    done = subprocess.run(
        [*command, *chosen], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    for line in done.stdout.replace("\\\n", "").splitlines():
        # Packages with a marker are for other systems or other versions of Python.
        if ";" not in line:
            yield line


def _installed() -> set[str]:
    return {f"{each.metadata['Name'].lower()}=={each.version}" for each in distributions()}


if __name__ == "__main__":
    print(install_groups(*sys.argv[1:]))
