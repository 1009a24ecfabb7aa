"""An image as a container that commands are run in."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.image.building import Built

OUTPUT = "/mnt"
"""Where a folder is mounted into which a command prints."""

# Not to buildah's pipes: it may lose what a command prints right before its end.
_PRINT_TO_FILES = f'exec "$@" > {OUTPUT}/stdout 2> {OUTPUT}/stderr'


class Container:
    """A container of one of the images; what a command writes stays for the next one."""

    def __init__(self, built: Built, image: str) -> None:
        self.built, self.image = built, image
        self.name = built.buildah("from", "--pull-never", f"localhost/{image}").strip()

    @cached_property
    def root(self) -> Path:
        """The container's file system."""
        return Path(self.built.buildah("mount", self.name).strip())

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """What the image says of itself, as in the OCI image specification."""
        inspected = self.built.buildah("inspect", "--type", "image", f"localhost/{self.image}")
        oci: Mapping[str, Any] = json.loads(inspected)["OCIv1"]
        return oci

    def run(
        self,
        *command: str,
        user: str = "",
        mounts: Mapping[Path, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and wait, as the image's user where none is given."""
        options = [f"--user={user}"] if user else []
        options += [f"--volume={host}:{inside}" for host, inside in (mounts or {}).items()]
        options += [f"--env={name}={value}" for name, value in (environment or {}).items()]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o777)
            options.append(f"--volume={folder}:{OUTPUT}")
            shell = ("sh", "-c", _PRINT_TO_FILES, "sh")
            done = self.built.run_buildah("run", *options, self.name, "--", *shell, *command)
            printed = {path.name: path.read_text() for path in folder.iterdir()}
        return subprocess.CompletedProcess(
            command,
            done.returncode,
            printed.get("stdout", ""),
            printed.get("stderr", "") + done.stdout + done.stderr,
        )

    def output(self, *command: str, user: str = "") -> str:
        """Run a command that must succeed and return what it prints."""
        done = self.run(*command, user=user)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()
