"""Whole runs of Snakemake with the plugin, on a pseudo-terminal and without one."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

SNAKEFILE = """\
rule all:
    input: expand("{i}.txt", i=range(3))

# First, so that the others run after it has failed.
rule bad:
    output: "1.txt"
    log: "1.log"
    priority: 9
    message: "Making number 1"
    shell:
        "echo heard from 1 >&2; sleep 1.2; echo the reason it failed > {log}; exit 4"

rule good:
    output: "{i,[02]}.txt"
    log: "{i}.log"
    message: "Making number {wildcards.i}"
    shell:
        "echo 'generation 2 of 2 (12.5%)' > {log}; echo heard from {wildcards.i} >&2; sleep 1.2; "
        "touch {output}"
"""

PATTERN = r"generation (?P<generation>\d+ of \d+) \((?P<acceptance>[\d.]+%)\)"


def command(*arguments: str) -> list[str]:
    options = ["--cores", "1", "--keep-going", "--show-failed-logs", "--logger", "live"]
    options += ["--logger-live-pattern", PATTERN, *arguments]
    return [sys.executable, "-m", "snakemake", *options]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return tmp_path


def piped(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout


def on_a_terminal(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run on a pseudo-terminal of 100 columns and return everything that it was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    cleared = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "CI")}
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=cleared | {"TERM": "xterm-256color"} | variables,
    )
    os.close(theirs)
    sent = b""
    try:
        while data := os.read(ours, 65536):
            sent += data
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return process.wait(timeout=60), sent.decode(errors="replace").replace("\r\n", "\n")


def without_codes(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def assert_the_failure_is_told_in_full(text: str) -> None:
    assert "Error in rule bad:" in text
    assert "the reason it failed" in text
    assert "At least one job did not complete successfully." in text
    assert {f"heard from {i}" for i in range(3)} <= set(re.findall(r"heard from \d", text))


def test_a_terminal_shows_one_display_and_every_error(folder):
    code, sent = on_a_terminal(folder)
    text = without_codes(sent)

    assert code == 1
    assert_the_failure_is_told_in_full(text)
    assert re.search(r"Making number \d +1 s +generation 2 of 2, acceptance 12\.5%", text)
    assert re.search(r"\d of 4 jobs done, 1 running, 1 failed, about \d s left", text)
    assert "failed: Making number 1" in text
    assert text.rstrip().endswith("2 of 4 jobs done, 0 running, 1 failed")
    assert "Select jobs to execute" not in text
    assert "\x1b[?25h" in sent, "the cursor is shown again"


def test_without_a_terminal_there_are_lines(folder):
    code, text = piped(folder)

    assert code == 1
    assert_the_failure_is_told_in_full(text)
    assert "\x1b" not in text
    assert re.search(r"^\d\d:\d\d:\d\d 1 of 4 jobs done, 0 running, 1 failed", text, re.MULTILINE)
    assert re.search(r"^Making number 0: done in \d s; generation 2 of 2, accept", text, re.M)
    assert text.rstrip().endswith("2 of 4 jobs done, 0 running, 1 failed")


def test_an_interruption_is_told_in_two_lines(folder):
    (folder / "Snakefile").write_text("rule all:\n    shell: 'touch began; sleep 60'\n")
    run = subprocess.Popen(
        command(),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while run.poll() is None and not (folder / "began").exists():
        time.sleep(0.05)

    # While Snakemake still starts the job, it may tell of the job's end before its own.
    time.sleep(0.5)
    os.killpg(run.pid, signal.SIGINT)
    text, _ = run.communicate(timeout=60)

    assert run.returncode == 1
    assert text.endswith("Stopped: 0 of 1 jobs done.\nTo resume, give the same command again.\n")
    assert not re.search("Error|Traceback|1 failed|user request", text)


def test_snakemakes_own_messages_can_be_had(folder):
    code, text = piped(folder, "--logger-live-mode", "off")

    assert code == 1
    assert_the_failure_is_told_in_full(text)
    assert "1 of 4 steps (25%) done" in text
    assert "jobs done" not in text


def test_a_verbose_run_prints_every_message_too(folder):
    _, text = piped(folder, "--verbose")

    assert "1 of 4 steps (25%) done" in text
    assert "1 of 4 jobs done" in text


def test_a_quiet_run_is_quiet(folder):
    code, text = piped(folder, "--quiet", "all")

    assert code == 1
    assert set(text.splitlines()) == {f"heard from {i}" for i in range(3)}


def test_a_dry_run_is_printed_as_ever(folder):
    code, text = piped(folder, "--dry-run")

    assert code == 0
    assert "Job stats:" in text
    assert "jobs done" not in text


def test_a_run_goes_on_if_the_display_fails(folder):
    (folder / "sitecustomize.py").write_text(
        "import rich.live\n"
        "def fail(*_, **__):\n"
        "    raise RuntimeError('no picture')\n"
        "rich.live.Live.start = fail\n"
    )

    code, sent = on_a_terminal(folder, PYTHONPATH=str(folder))

    assert code == 1
    assert sorted(path.name for path in folder.glob("*.txt")) == ["0.txt", "2.txt"]
    assert "The live display has ended (RuntimeError: no picture); the run goes on" in sent
    assert_the_failure_is_told_in_full(without_codes(sent))


def test_a_pattern_that_is_none_is_refused_in_one_message(folder):
    code, text = piped(folder, "--logger-live-pattern", "(")

    assert code == 1
    assert "logger-live-pattern '(' is not a regular expression" in text
    assert "Traceback" not in text
