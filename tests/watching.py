"""Record what the processes of this machine are started with while something runs."""

import os
import shlex
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

_EVERY = 0.05
"""Seconds; a process that lives shorter may be missed, unless it is git."""

_RECORDING = """\
#!/bin/sh
printf '%s\\n' "git $*" >> {log}
exec {git} "$@"
"""


@contextmanager
def command_lines() -> Iterator[set[str]]:
    """Gather the command lines of all processes while the block runs.

    Every call of git is among them: a script of that name, first on ``PATH``, writes down its
    arguments. Others are looked for in ``/proc``.
    """
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))

    thread = threading.Thread(target=watch, daemon=True)
    with tempfile.TemporaryDirectory() as folder, _recorded_git(Path(folder)) as log:
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()
            seen.update(log.read_text(encoding="utf-8").splitlines())


@contextmanager
def _recorded_git(folder: Path) -> Iterator[Path]:
    """Put a git that writes down its arguments first on ``PATH``; yields the file."""
    git = shutil.which("git")
    assert git is not None
    log, program = folder / "log", folder / "bin" / "git"
    log.touch()
    program.parent.mkdir()
    program.write_text(_RECORDING.format(log=shlex.quote(str(log)), git=shlex.quote(git)))
    program.chmod(0o755)
    with patch.dict(os.environ, PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}"):
        yield log
