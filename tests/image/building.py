"""Build the images where there is neither Docker nor a registry of images.

`make image` is run with buildah in the place of Docker. The base image is made by mmdebstrap, from
the Debian mirror that apt uses here, and has the name that the Dockerfile asks for. How packages
are downloaded here, pip's settings and the certificates are handed to the build as secrets.
"""

import configparser
import fcntl
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

SUITE = "bookworm"
"""The release of Debian whose python3 is 3.11."""

ROOM = 6 * 1024**3
"""Bytes that a build needs at most."""

PACKAGES = "ca-certificates,libstdc++6,passwd,python3,python3-venv"

SET_UP = """
cd /usr/share
cp base-passwd/passwd.master /etc/passwd
cp base-passwd/group.master /etc/group
rm -r doc man locale
rm -rf /var/lock /var/run
ln -s /run/lock /var/lock
ln -s /run /var/run
ldconfig
python3 -m compileall -q /usr/lib/python3*
"""
"""What Debian's packages do when they are installed, as far as the images need it.

And no documentation, as in the image that this one stands in for.
"""

HOOKS = Path("/usr/share/mmdebstrap/hooks")

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

SECRET_FILES = (
    ".env",
    "config/common-data/credentials.json",
    "docker/local/key.pem",
    "profiles/gcp/.env",
    "results/example/notes.txt",
    "src/epyflow/.env",
)
"""Files that lie in a person's checkout and are no part of the project."""


TOKEN_VARIABLES = ("EPYFLOW_GIT_TOKEN", "GITHUB_PAT", "GITHUB_TOKEN")
"""What a person's shell may have exported."""


@dataclass(frozen=True)
class Built:
    """The images of a build, with all that buildah keeps, in a folder of their own.

    Attributes
    ----------
    folder
        Of this build.
    canary
        What stands in every secret that the build was given or could have found.
    revision
        The build argument REVISION.
    """

    folder: Path
    canary: str
    revision: str

    @property
    def context(self) -> Path:
        """The copy of the checkout that the images were built from."""
        return self.folder / "context"

    @property
    def command(self) -> tuple[str, ...]:
        """Buildah with the folders of this build."""
        root, state = self.folder / "storage", self.folder / "state"
        return ("buildah", f"--root={root}", f"--runroot={state}")

    @property
    def layers(self) -> list[dict[str, Any]]:
        """What buildah records of each layer of the images and of the stages left behind."""
        records = self.folder / "storage" / "overlay-layers" / "layers.json"
        layers: list[dict[str, Any]] = json.loads(records.read_text())
        return layers

    def layer_folder(self, name: str) -> Path:
        """Return the folder of the files of one layer."""
        return self.folder / "storage" / "overlay" / name / "diff"

    def run_buildah(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call buildah and wait."""
        return subprocess.run(
            [*self.command, *arguments],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def buildah(self, *arguments: str) -> str:
        """Call buildah, which must succeed, and return what it prints."""
        done = self.run_buildah(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


def environment() -> dict[str, str]:
    """Return the environment of a call, without what belongs to a make that is running."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return kept | {"BUILDAH_ISOLATION": "chroot"}


@contextmanager
def built_images(folder: Path) -> Iterator[Built]:
    """Build the images once for all processes of a test run; the last one removes them."""
    folder.mkdir(exist_ok=True)
    token = folder / "token"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not token.exists():
            built = Built(folder / "build", secrets.token_hex(16), secrets.token_hex(20))
            try:
                build(built)
            except BaseException:
                remove(built)
                raise
            token.write_text(f"{built.canary} {built.revision}")
        canary, revision = token.read_text().split()
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield Built(folder / "build", canary, revision)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        token.unlink()
        remove(Built(folder / "build", canary, revision))


def build(built: Built) -> None:
    """Build both images, as `make image` does."""
    built.folder.mkdir()
    if available_memory() > 2 * ROOM:
        # Tens of thousands of files, several times over: a disk takes minutes to remove them.
        options = ["-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs"]
        subprocess.run(["mount", *options, built.folder], check=True)
    copy_checkout(built)
    make_base(built)
    options = ["--layers", "--pull-never", *map(str, secret_options(built))]
    # What `make setup` has downloaded already; what the build adds to it is dropped.
    options.append(f"--volume={uv_cache()}:/var/cache/uv:O")
    command = [
        *("make", "--old-file=setup", "image", f"BIN={Path(sys.executable).parent}"),
        *(f"CONTAINERS={' '.join(built.command)}", f"REVISION={built.revision}"),
        f"ARGS={' '.join(options)}",
    ]
    tokens = dict.fromkeys(TOKEN_VARIABLES, built.canary)
    done = subprocess.run(
        command,
        cwd=built.context,
        env=environment() | tokens,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def available_memory() -> int:
    """Return how many bytes of memory this machine can spare."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    sizes = dict(line.split(":") for line in lines)
    return int(sizes["MemAvailable"].split()[0]) * 1024


def copy_checkout(built: Built) -> None:
    """Copy what git tracks or would track, and leave secrets where people leave them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            copy = built.context / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy)
    for name in SECRET_FILES:
        secret = built.context / name
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text(f"TOKEN={built.canary}\n")


def make_base(built: Built) -> None:
    """Make the image that stands in for the one that the Dockerfile starts from."""
    container = built.buildah("from", "scratch").strip()
    root = Path(built.buildah("mount", container).strip())
    # To unpack the packages costs a fifth of what installing them costs.
    command = ["mmdebstrap", "--variant=extract", "--mode=root", "--include=?essential"]
    command += [f"--include={PACKAGES}", f"--hook-dir={HOOKS / 'merged-usr'}"]
    done = subprocess.run(
        [*command, SUITE, root, mirror()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    subprocess.run(["chroot", root, "sh", "-ec", SET_UP], check=True)
    built.buildah("commit", "--quiet", container, "localhost/python:3.11-slim")
    built.buildah("rm", container)


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


def secret_options(built: Built) -> Iterator[str]:
    """Write the secrets of the build, each with the canary in it, and yield its options."""
    folder = built.folder / "secrets"
    folder.mkdir()
    certificates = Path(os.environ.get("SSL_CERT_FILE", CERTIFICATES))
    contents = {
        "pip": pip_settings(),
        "uv": "",
        "ca": certificates.read_text(encoding="utf-8"),
    }
    for name, content in contents.items():
        file = folder / name
        file.write_text(f"# {built.canary}\n{content}", encoding="utf-8")
        yield f"--secret=id={name},src={file}"


def pip_settings() -> str:
    """Return pip's settings of this machine, from its files and variables, as one file."""
    merged = configparser.RawConfigParser()
    given = os.environ.get("PIP_CONFIG_FILE")
    homes = (Path.home() / ".pip", Path.home() / ".config" / "pip")
    merged.read([Path("/etc/pip.conf"), *(home / "pip.conf" for home in homes)])
    merged.read([given] if given else [])
    if not merged.has_section("global"):
        merged.add_section("global")
    for name, value in os.environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE":
            merged.set("global", name.removeprefix("PIP_").lower().replace("_", "-"), value)
    # Where the secret `ca` is, in the build.
    merged.set("global", "cert", str(CERTIFICATES))
    written = io.StringIO()
    merged.write(written)
    return written.getvalue()


def uv_cache() -> Path:
    """Return the folder in which uv keeps what it has downloaded."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "uv"
    cache = Path(os.environ.get("UV_CACHE_DIR", default))
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def remove(built: Built) -> None:
    """Remove the images and containers, once nothing is mounted there any more."""
    for mount in reversed(mounts_in(built.folder)):
        subprocess.run(["umount", mount], check=True)
    shutil.rmtree(built.folder)


def mounts_in(folder: Path) -> list[str]:
    """Return what is mounted at or below a folder, in the order in which it was mounted."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [mount for mount in mounts if Path(mount).is_relative_to(folder)]
