"""Define the specification that the launcher reads."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Mode = Literal["read-only", "write", "layer", "layer-or-empty"]


@dataclass(frozen=True)
class Bind:
    """A folder or file of the host that appears in the runnable's file system.

    Parameters
    ----------
    source
        What appears.
    target
        Where it appears.
    mode
        "read-only"; "write", so that the host sees what is written; "layer": what is written is
        seen by the runnable alone, or nothing can be written where the kernel has no such layers;
        "layer-or-empty": then an empty folder appears instead.
    """

    source: str
    target: str
    mode: Mode = "read-only"


@dataclass(frozen=True)
class LaunchSpec:
    """One runnable, ready to start.

    Parameters
    ----------
    isolation
        "namespaces", "user-namespaces" or "none".
    root
        Folder of the host that becomes the root; writable.
    argv
        Command; its first word is looked for on the PATH of ``environment``.
    environment
        Everything that the command sees.
    cwd
        Working directory inside; it must exist.
    binds, links
        What is mounted, and which symbolic links are made, in the root.
    files
        Text files to write inside, executable.
    script
        Whether ``argv`` is a script that the shell runs unless it names an interpreter.
    hostname
        Name of the machine inside.
    """

    isolation: str
    root: Path
    argv: tuple[str, ...]
    environment: dict[str, str]
    cwd: str = "/"
    binds: tuple[Bind, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    script: bool = False
    hostname: str = "vm"

    def document(self, report: int, parent: int) -> str:
        """Return the JSON for the launcher.

        Parameters
        ----------
        report
            File descriptor that it reports on.
        parent
            Process that starts it; it does nothing once that has died.
        """
        fields = asdict(self) | {"root": str(self.root), "report": report, "parent": parent}
        return json.dumps(fields)
