"""Choose the isolation that the kernel allows this user."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from google_batch_emulator.errors import EmulatorError, SetUpError
from google_batch_emulator.execution.file_system_view import View
from google_batch_emulator.execution.preparation import make_root
from google_batch_emulator.execution.process import Process
from google_batch_emulator.execution.spec import LaunchSpec

_ADVICE = """\
Tasks are kept apart by namespaces, and this kernel does not allow them to this user:
{failures}
What helps:
  - a user namespace is forbidden: sysctl -w kernel.unprivileged_userns_clone=1 (Debian),
    sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and later),
    sysctl -w user.max_user_namespaces=10000 (Red Hat);
  - in a container: docker run --security-opt seccomp=unconfined --security-opt \
systempaths=unconfined, or --privileged;
  - without isolation: --isolation none. Tasks then see all files of this machine, so that a \
rehearsal does not notice files that were not sent to them."""


@dataclass(frozen=True)
class Kernel:
    """What the kernel allows.

    Parameters
    ----------
    isolation
        "namespaces", "user-namespaces" or "none".
    layers
        Whether folders of an image can be copied on writing; if not, they are read-only.
    """

    isolation: str
    layers: bool = False


def choose_isolation(wanted: str, view: View, folder: Path) -> Kernel:
    """Return the isolation to use, having tried it.

    Parameters
    ----------
    wanted
        "auto", or one of the kinds.
    view
        The file system that tasks will see.
    folder
        Where their file systems will be.

    Raises
    ------
    EmulatorError
        If what is wanted does not work here; with "auto", if nothing does. It is never replaced by
        no isolation at all.
    """
    if wanted == "none":
        return Kernel("none")
    # Root needs no user namespace, and can change owners without one.
    automatic = ["namespaces", "user-namespaces"] if os.geteuid() == 0 else ["user-namespaces"]
    failures = []
    for kind in automatic if wanted == "auto" else [wanted]:
        try:
            return Kernel(kind, _try(kind, view, folder))
        except SetUpError as error:
            failures.append(f"  {kind}: {error}")
    raise EmulatorError(_ADVICE.format(failures="\n".join(failures)))


def _try(kind: str, view: View, folder: Path) -> bool:
    """Run a command that does nothing; return whether folders are copied on writing."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        spec = LaunchSpec(
            isolation=kind,
            root=make_root(Path(name, "root")),
            argv=("/bin/sh", "-c", "exit 0"),
            environment=view.environment,
            binds=view.binds,
            links=view.links,
        )
        lines: list[str] = []
        process = Process(spec, lambda _, line: lines.append(line), lambda: None)
        try:
            process.wait_ready()
        finally:
            code = process.join()
        if code:
            raise SetUpError(f"exit code {code}: {' '.join(lines)}")
        return process.layers
