"""Compile the kernel once on each machine, and announce the wait.

numba keeps compiled code in a folder, which must be writable. A container image holds code that was
compiled when the image was built, often in a folder that its users cannot write to. This code is
copied to a writable folder, which takes milliseconds.

Source: numba, ``NUMBA_CACHE_DIR``, ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES``
(reference/envvars.html), and "Notes on Caching" (developer/caching.html): its files are replaced
as a whole, and the cache of a function stays valid when a function that it calls changes.
"""

import atexit
import fcntl
import hashlib
import logging
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from platformdirs import user_cache_path

from epyflow.files import write_bytes_atomically

log = logging.getLogger(__name__)

SECONDS = 7
"""About how long it takes to compile, on one core."""

_config: Any = numba.config  # numba sets its attributes on import
_HERE = Path(__file__).parent
_SOURCES = ("kernel.py", "draws.py", "layout.py", "memory.py")
_COMPLETE = "complete"  # a file in the folder of compiled code that is written last
_LOCK = "lock"


@cache
def load() -> ModuleType:
    """Return the compiled :mod:`epyflow.engine.kernel`; a message in the log announces a wait."""
    return _load_from(code_folder(), log.info)


def warm(say: Callable[[str], object]) -> Path:
    """Compile the kernel, unless this machine has done so before.

    If several processes start at the same time, one compiles and the others wait.

    Parameters
    ----------
    say
        Called with a message before anything is compiled.

    Returns
    -------
    folder
        Folder of the compiled code.
    """
    folder = code_folder()
    _load_from(folder, say)
    return folder


def _load_from(folder: Path, say: Callable[[str], object]) -> ModuleType:
    if (folder / _COMPLETE).exists():
        return _import_from(folder)
    with _alone_in(folder):
        if not (folder / _COMPLETE).exists():
            say(f"compiling the engine: about {SECONDS} s, once on this machine")
        kernel = _import_from(folder)
        (folder / _COMPLETE).touch()
    return kernel


def code_folder() -> Path:
    """Return the folder of the code compiled for this machine.

    It is below ``NUMBA_CACHE_DIR`` if that is set, else below the user's cache folder. If neither
    is writable, it is a temporary folder, and each process compiles the code again.
    """
    name = f"engine-{_key()}"
    given = _config.CACHE_DIR
    roots = [*([Path(given)] if given else []), user_cache_path("epyflow")]
    folders = [root / name for root in roots]
    compiled = next((folder for folder in folders if (folder / _COMPLETE).exists()), None)
    if compiled is not None and _is_open(compiled):
        return compiled
    folder = next((folder for folder in folders if _is_open(folder)), None) or _temporary()
    if compiled is not None:
        _copy(compiled, folder)
    return folder


def _key() -> str:
    """Return a hash of what the compiled code depends on: sources, packages, processor."""
    features = _config.CPU_FEATURES
    if features is None:
        features = llvmlite.binding.get_host_cpu_features().flatten()
    parts = [
        *((_HERE / name).read_text(encoding="utf-8") for name in _SOURCES),
        *(numba.__version__, llvmlite.__version__, np.__version__),
        *(sys.implementation.cache_tag, platform.machine()),
        *(_config.CPU_NAME or llvmlite.binding.get_host_cpu_name(), features, str(_config.OPT)),
        str(_HERE),  # numba identifies functions by the paths of their files
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _is_open(folder: Path) -> bool:
    """Return whether the folder exists or can be made, and is writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _temporary() -> Path:
    """Return a folder of this process only: code that others can write is not safe to run."""
    log.warning("compiled code cannot be kept: set NUMBA_CACHE_DIR to a folder that is writable")
    folder = Path(tempfile.mkdtemp(prefix="epyflow-engine-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _copy(compiled: Path, folder: Path) -> None:
    for path in sorted(compiled.rglob("*.nb?")):
        target = folder / path.relative_to(compiled)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_atomically(target, path.read_bytes())
    (folder / _COMPLETE).touch()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in the block, unless files cannot be locked."""
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            log.info("%s cannot be locked: %s", folder, error.strerror)
        yield


def _import_from(folder: Path) -> ModuleType:
    """Import the kernel with the folder as numba's cache, which numba reads at import."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(folder)
    try:
        with _without("scipy.linalg"):
            from epyflow.engine import kernel
    finally:
        _config.CACHE_DIR = before
    return kernel


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Let an import of a module fail in the block, unless it has been imported before.

    numba imports scipy.linalg to look for BLAS. That takes half as long as loading the compiled
    kernel, which multiplies no matrices with BLAS.
    """
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    if module in modules:
        yield
        return
    modules[module] = None
    try:
        yield
    finally:
        del modules[module]
