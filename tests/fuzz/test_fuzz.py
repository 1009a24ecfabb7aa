"""2,000 damaged files of all kinds: each is read, or refused with a message that names it."""

import subprocess
import sys

from tests.fuzz.__main__ import ROOT


def test_2000_damaged_files_are_refused_with_a_message_or_read():
    # In a process of its own: each batch is a fork of it, which costs more the larger it is.
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--cases", "2000", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "| **all** | 2,0" in done.stdout
