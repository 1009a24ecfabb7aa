"""Choose the folders of the host that a task can see."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.execution.spec import Bind, Mode
from google_batch_emulator.settings import Image

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Where the credentials and certificates of the emulator appear in every task.
CREDENTIALS = "/run/google-batch-emulator"

_SYSTEM_FOLDERS = ("/usr", "/etc", "/sys")
_SYSTEM_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# These folders of an image are never shown.
_KERNEL = ("dev", "proc", "sys")
# Programs fail if they cannot write to these.
_WRITABLE = ("home", "mnt", "root", "run", "tmp", "var")

_ASK = "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, *sys.path]))"


@dataclass(frozen=True)
class View:
    """A file system that roots are made of; it is never changed.

    Parameters
    ----------
    binds
        What appears in it.
    links
        Symbolic links in it.
    environment
        Variables that belong to it: PATH, HOME, LANG.
    working_dir
        Where commands start, unless told otherwise.
    entrypoint, command
        What runs if the runnable does not say.
    """

    binds: tuple[Bind, ...]
    links: dict[str, str]
    environment: dict[str, str]
    working_dir: str = "/"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = field(default=())


def host_view(
    python: Path | None, expose: Sequence[Path], environment: Mapping[str, str] | None = None
) -> View:
    """Return a view of this host: the system, one Python environment and what is exposed.

    Home folders, /tmp and the working directory are not in it: a task that reads what was not
    sent to it fails, as it would in the cloud. The system is read-only; what is written to the
    rest, such as compiled modules, is seen by the runnable that wrote it alone.

    Parameters
    ----------
    python
        The interpreter that tasks find first; None for the one that runs the emulator. Its
        packages are visible, also those installed in place.
    expose
        Further folders.
    environment
        Further variables.

    Raises
    ------
    EmulatorError
        If the interpreter cannot be run, or a folder does not exist.
    """
    interpreter = Path(python or sys.executable).absolute()
    binds = [Bind(folder, folder) for folder in _SYSTEM_FOLDERS if Path(folder).is_dir()]
    links = {}
    for name in _SYSTEM_LINKS:
        if Path(name).is_symlink():
            links[name] = str(Path(name).readlink())
        elif Path(name).is_dir():
            binds.append(Bind(name, name))
    folders = [*_python_folders(interpreter), *_existing(expose)]
    binds += [Bind(folder, folder, "layer") for folder in _outermost(folders)]
    path = f"{interpreter.parent}:{SYSTEM_PATH}"
    variables = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", **(environment or {})}
    return View(tuple(binds), links, variables)


def image_view(image: Image) -> View:
    """Return the view of an image whose root file system is a folder of this host.

    Raises
    ------
    EmulatorError
        If the folder does not exist.
    """
    (root,) = _existing([image.root])
    binds, links = [], {}
    for entry in sorted(Path(root).iterdir()):
        if entry.name in _KERNEL:
            continue
        if entry.is_symlink():
            links[f"/{entry.name}"] = str(entry.readlink())
        elif entry.is_dir():
            mode: Mode = "layer-or-empty" if entry.name in _WRITABLE else "layer"
            binds.append(Bind(str(entry), f"/{entry.name}", mode))
        else:
            binds.append(Bind(str(entry), f"/{entry.name}"))
    if Path("/sys").is_dir():
        binds.append(Bind("/sys", "/sys"))
    environment = {"PATH": SYSTEM_PATH, "HOME": "/root", **image.environment}
    return View(
        tuple(binds), links, environment, image.working_dir, image.entrypoint, image.command
    )


def _python_folders(interpreter: Path) -> list[str]:
    try:
        answer = subprocess.run(  # noqa: S603 - the interpreter is the user's choice
            [interpreter, "-I", "-c", _ASK], capture_output=True, text=True, check=True, cwd="/"
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmulatorError(
            f"{interpreter} is not a Python interpreter that runs: {error}"
        ) from error
    folders = [*json.loads(answer.stdout), str(interpreter.parent)]
    real = [os.path.realpath(folder) for folder in folders]
    return [name for name in (*folders, *real) if Path(name).is_dir()]


def _existing(folders: Sequence[Path]) -> list[str]:
    for folder in folders:
        if not folder.is_dir():
            raise EmulatorError(f"{folder} is not a folder; tasks were to see it")
    return [str(folder.resolve()) for folder in folders]


def _outermost(folders: Iterable[str]) -> list[str]:
    """Leave out what lies in the system's folders or in another one of the list."""
    chosen: list[str] = []
    for folder in sorted(set(folders)):
        if not any(Path(folder).is_relative_to(above) for above in (*_SYSTEM_FOLDERS, *chosen)):
            chosen.append(folder)
    return chosen
