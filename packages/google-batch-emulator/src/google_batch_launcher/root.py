"""Build the file system of a runnable in its namespace, and make it the root."""

from pathlib import Path
from typing import Any

from google_batch_launcher import linux

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}


def build(spec: dict[str, Any]) -> bool:
    """Build the file system that a document asks for, and make it the root.

    Returns
    -------
    bool
        Whether folders that are to be copied on writing are so. Where the kernel knows no layers,
        they are read-only, or empty and writable if they are to be writable at any price.

    Raises
    ------
    OSError
        If the kernel refuses, or a place to mount something does not exist and cannot be made.
    """
    root = Path(spec["root"])
    linux.bind(root, root)
    for name, target in spec["links"].items():
        link = _inside(root, name)
        if not link.is_symlink():
            link.symlink_to(target)
    processes = root / "proc"
    processes.mkdir(exist_ok=True)
    layers = _Layers(processes, user=spec["isolation"] == "user-namespaces")
    for item in spec["binds"]:
        _show(Path(item["source"]), _inside(root, item["target"]), item["mode"], layers)
    _mount_devices(root / "dev")
    _mount_processes(processes)
    (root / "tmp").chmod(0o1777)
    linux.set_host_name(spec["hostname"])
    linux.change_root(root)
    return layers.work


class _Layers:
    """Folders that are copied on writing; the changes are in memory and end with the namespace.

    Parameters
    ----------
    place
        A folder that something else is mounted on later, which hides the changes.
    user
        Whether this is a namespace of users.
    """

    def __init__(self, place: Path, user: bool) -> None:
        self.work = True
        self._place = place
        self._user = user
        self._count = 0
        linux.mount("tmpfs", place, linux.MS_NOSUID | linux.MS_NODEV, "mode=755")

    def add(self, source: Path, target: Path) -> bool:
        """Let a folder appear, copied on writing; return whether it does."""
        self._count += 1
        upper, aside = (self._place / f"{kind}-{self._count}" for kind in ("upper", "work"))
        upper.mkdir(mode=source.stat().st_mode & 0o7777)
        aside.mkdir()
        try:
            linux.layer(source, target, upper, aside, self._user)
        except OSError:
            self.work = False
            return False
        return True


def _inside(root: Path, name: str) -> Path:
    return root / name.lstrip("/")


def _show(source: Path, target: Path, mode: str, layers: _Layers) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        if mode.startswith("layer") and layers.add(source, target):
            return
        if mode == "layer-or-empty":
            return
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    linux.bind(source, target, read_only=mode != "write")


def _mount_devices(folder: Path) -> None:
    """Put the harmless devices into a /dev of its own."""
    folder.mkdir(exist_ok=True)
    linux.mount("tmpfs", folder, linux.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        device = Path("/dev", name)
        if device.exists():
            (folder / name).touch()
            linux.bind(device, folder / name)
    for name, target in _DEVICE_LINKS.items():
        (folder / name).symlink_to(target)
    (folder / "shm").mkdir()
    linux.mount("tmpfs", folder / "shm", linux.MS_NOSUID | linux.MS_NODEV, "mode=1777")


def _mount_processes(folder: Path) -> None:
    """Show the processes of the namespace, or those of the host where a container hides /proc."""
    try:
        linux.mount("proc", folder, linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    except PermissionError:
        linux.bind(Path("/proc"), folder)
