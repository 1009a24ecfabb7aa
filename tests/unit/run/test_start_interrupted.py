"""Ctrl-C while ``epyflow run`` starts Snakemake, in the seconds before it reads the workflow."""

import os
import signal
import subprocess
import sys

LINE = "Stopped before the run began.\n"

START = """
import sys
from epyflow.operations.start.snakemake_command import SnakemakeCommand, run_commands
sys.exit(run_commands([SnakemakeCommand(sys.argv[1:])]))
"""
SLOW = """
import os, signal, time
if when == "import":
    os.killpg(0, signal.SIGINT)
    time.sleep(60)
def main():
    print(sys.argv[1:], flush=True)
    if when == "main":
        import atexit
        atexit.register(print, "released")
        raise KeyboardInterrupt
"""


def started(tmp_path, when, start=START):
    """Run a Snakemake in which Ctrl-C comes while it is imported, in its main function, or never.

    The signal reaches both processes, as from a terminal.
    """
    package = tmp_path / "snakemake"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(f"import sys\nwhen = {when!r}\n{SLOW}")
    return subprocess.run(
        [sys.executable, "-c", start, "snakemake", "--cores", "1"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        start_new_session=True,
        # A command of a script with "&" ignores it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        check=False,
    )


def test_an_interruption_while_snakemake_is_imported_is_one_line_and_130(tmp_path):
    done = started(tmp_path, "import")

    assert (done.stderr, done.returncode) == (LINE, 128 + signal.SIGINT)


def test_an_interruption_outside_the_run_is_one_line_and_130_and_releases_the_lease(tmp_path):
    done = started(tmp_path, "main")

    assert (done.stderr, done.returncode) == ("Stopped.\n", 128 + signal.SIGINT)
    assert done.stdout.endswith("released\n")


def test_an_interruption_before_python_has_begun_is_kept_until_it_has(tmp_path):
    early = """
import os, signal, subprocess
start = subprocess.Popen
def interrupted(*given, **named):
    child = start(*given, **named)
    child.send_signal(signal.SIGINT)
    return child
subprocess.Popen = interrupted
"""

    done = started(tmp_path, "never", early + START)

    assert (done.stdout, done.stderr, done.returncode) == ("", LINE, 128 + signal.SIGINT)


def test_snakemake_gets_its_arguments_and_ends_as_it_says(tmp_path):
    done = started(tmp_path, "never")

    assert (done.stdout, done.stderr, done.returncode) == ("['--cores', '1']\n", "", 0)
