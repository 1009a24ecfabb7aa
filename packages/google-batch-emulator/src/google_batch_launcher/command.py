"""Write the files of a runnable, start its command, and report the exit code."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from google_batch_launcher import linux

# What a shell and Docker say of a command that is absent, or is no program.
NOT_FOUND = 127
NOT_EXECUTABLE = 126


def write_files(spec: dict[str, Any]) -> None:
    """Write the text files of a document, executable."""
    for name, text in spec["files"].items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
        path.chmod(0o755)


def start(spec: dict[str, Any], isolated: bool) -> int:
    """Start the command, in a session of its own; return its process.

    Parameters
    ----------
    spec
        The document.
    isolated
        Whether it runs in namespaces, and loses the rights to change them.
    """
    parent = os.getpid()
    child = os.fork()
    if not child:
        linux.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(128 + signal.SIGKILL)
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if isolated:
            linux.drop_capabilities()
        _become(spec)
    return child


def reap_until(child: int) -> int:
    """Wait for a child, and for whatever ends before it; return the child's exit code."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def kill_descendants() -> None:
    """Kill children until none is left; grandchildren become children when theirs end.

    A signal may call it anywhere, in the midst of an import too: it reads bytes, since to decode
    text Python may have to import a codec, which fails there.
    """
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    while True:
        for word in children.read_bytes().split():
            os.kill(int(word), signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def execute(words: list[str], environment: dict[str, str]) -> NoReturn:
    """Be a command from now on; where that cannot be, say so and end as a shell does."""
    try:
        os.execvpe(words[0], words, environment)  # noqa: S606
    except FileNotFoundError:
        _give_up(NOT_FOUND, f"exec: {words[0]!r}: executable file not found in $PATH")
    except OSError as error:
        _give_up(NOT_EXECUTABLE, f"exec: {words[0]!r}: {error.strerror}")


def _become(spec: dict[str, Any]) -> NoReturn:
    # As in a container: the working directory is made if it is not there.
    with suppress(OSError):
        Path(spec["cwd"]).mkdir(parents=True, exist_ok=True)
    try:
        os.chdir(spec["cwd"])
    except OSError as error:
        _give_up(NOT_FOUND, f"working directory {spec['cwd']!r}: {error.strerror}")
    execute(_command(spec), spec["environment"])


def _command(spec: dict[str, Any]) -> list[str]:
    """Return the command; a script that names no interpreter is for the shell."""
    argv: list[str] = spec["argv"]
    if not spec["script"]:
        return argv
    try:
        with Path(argv[0]).open("rb") as file:
            names_interpreter = file.read(2) == b"#!"
    except OSError:
        return argv
    return argv if names_interpreter else ["/bin/sh", *argv]


def _give_up(code: int, text: str) -> NoReturn:
    os.write(2, f"{text}\n".encode())
    os._exit(code)
