"""Put the pinned uv at ``.tools/uv``, with nothing but python3 and PyPI.

``make setup`` calls this. It says nothing where the pinned version is already there. The binary
is built in a scratch folder and moved into place in one step, so an interrupted call leaves
either no uv or a whole one.

Python 3.6 must be able to read this file, so that it can say that python3 is too old.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

UV_VERSION = "0.13.9"

# The first and the last minor version that pyproject.toml's requires-python admits.
OLDEST = (3, 11)
NEWEST = (3, 13)

TOOLS = Path(__file__).resolve().parent.parent / ".tools"

# The files of that version that PyPI has, by their hashes: pip refuses any other.
HASHES = Path(__file__).resolve().with_name("uv.txt")

NO_PIP = """This python3 has neither venv nor pip, so uv cannot be installed:
    {python}
On Debian and Ubuntu: apt-get install python3-venv. Then run the same command again."""

NOT_INSTALLED = """uv {version} could not be installed from PyPI. pip said:

{output}
Check the network and pip's settings, then run the same command again."""

WRONG_PYTHON = """{python} is Python {found}; epyflow needs {oldest} to {newest}.
Install one of these, or name one that is there: make setup PYTHON=python3.12"""


def main():
    """Install uv unless the pinned version is there."""
    check_python()
    uv = TOOLS / "uv"
    if reported_version(uv) != UV_VERSION:
        TOOLS.mkdir(exist_ok=True)
        say(f"Installing uv {UV_VERSION} into .tools ...")
        with tempfile.TemporaryDirectory(dir=str(TOOLS), prefix="new-") as scratch:
            install(Path(scratch)).replace(uv)
    # make compares times: uv is newer than this file from here on.
    uv.touch()


def check_python():
    """Stop unless this Python is one that epyflow supports."""
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        sys.exit(
            WRONG_PYTHON.format(
                python=sys.executable,
                found=dotted(found),
                oldest=dotted(OLDEST),
                newest=dotted(NEWEST),
            )
        )


def dotted(version):
    """Return ``3.11`` for ``(3, 11)``."""
    return ".".join(str(number) for number in version)


def reported_version(uv):
    """Return the version that ``uv`` reports; None where it is missing or does not run."""
    try:
        words = run([str(uv), "--version"])[1].split()
    except OSError:
        return None
    return words[1] if len(words) > 1 else None


def install(scratch):
    """Install uv below ``scratch`` and return its binary; stop with one message if that fails."""
    output = None
    for folder, pip, options in candidates(scratch):
        wanted = ["--only-binary=:all:", "--require-hashes", "--requirement", str(HASHES)]
        command = [*pip, "install", "--quiet", "--disable-pip-version-check", *options, *wanted]
        code, output = run(command)
        uv = folder / "bin" / "uv"
        if code == 0 and reported_version(uv) == UV_VERSION:
            return uv
    if output is None:
        sys.exit(NO_PIP.format(python=sys.executable))
    sys.exit(NOT_INSTALLED.format(version=UV_VERSION, output=output))


def candidates(scratch):
    """Yield (folder, pip command, pip options) for each way of installing that this Python has."""
    venv = scratch / "venv"
    if run([sys.executable, "-m", "venv", str(venv)])[0] == 0:
        yield venv, [str(venv / "bin" / "python"), "-m", "pip"], []
    # Debian's python3 without python3-venv, but with python3-pip.
    if run([sys.executable, "-m", "pip", "--version"])[0] == 0:
        target = scratch / "target"
        yield target, [sys.executable, "-m", "pip"], ["--target", str(target)]


def run(command):
    """Return the exit code of ``command`` and all that it printed."""
    # A user's "pip install --user" default contradicts both ways of installing.
    environment = dict(os.environ, PIP_USER="0")
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def say(message):
    """Write one line to the terminal now."""
    sys.stdout.write(message + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
