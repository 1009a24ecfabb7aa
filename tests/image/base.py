"""The base image where there is no registry of images to pull it from.

It is made by debootstrap, from the Debian mirror that apt uses here, and has the name that the
Dockerfile asks for.
"""

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from platformdirs import user_cache_path

SUITE = "bookworm"
"""The release of Debian whose python3 is 3.11."""

PACKAGES = "ca-certificates,python3,python3-venv"

BASE = "localhost/python:3.11-slim"


def make_base(buildah: Callable[..., str]) -> None:
    """Make the image that stands in for the one that the Dockerfile starts from, or take it.

    A machine keeps the last one that it made, as Docker keeps one that it pulled, for as long as
    the mirror has the same release of Debian.
    """
    address = mirror()
    with urlopen(f"{address.rstrip('/')}/dists/{SUITE}/InRelease", timeout=60) as release:  # noqa: S310
        recipe = hashlib.sha256(release.read() + Path(__file__).read_bytes()).hexdigest()
    folder = user_cache_path("epyflow") / "tests"
    kept = folder / f"base-{recipe[:16]}.tar"
    if not kept.exists():
        debootstrap(buildah, address)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("base-*.tar"):
            old.unlink(missing_ok=True)
        written = folder / f"{os.getpid()}.part"
        buildah("push", "--quiet", "--compression-format=zstd", BASE, f"oci-archive:{written}")
        written.rename(kept)
    else:
        buildah("tag", buildah("pull", "--quiet", f"oci-archive:{kept}").strip(), BASE)


def debootstrap(buildah: Callable[..., str], address: str) -> None:
    """Make the base image from the packages of a mirror."""
    container = buildah("from", "scratch").strip()
    root = Path(buildah("mount", container).strip())
    # What is lost with the power is made again, so nothing has to wait for the disk.
    careless = root / "etc" / "dpkg" / "dpkg.cfg.d" / "unsafe-io"
    careless.parent.mkdir(parents=True)
    careless.write_text("force-unsafe-io\n")
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root, address],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    careless.unlink()
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    buildah("commit", "--quiet", container, BASE)
    buildah("rm", container)


def mirror() -> str:
    """Return the address from which apt, as it is set up here, has Debian's packages."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = f"{SUITE} main "
    found = [line for line in listed.stdout.splitlines() if line.startswith(wanted)]
    assert found, f"apt's sources have no Debian {SUITE}, from which the base image is made"
    return found[0].removeprefix(wanted)
