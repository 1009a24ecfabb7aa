"""Measure the cost of the live display in a run of 1,000 jobs, beside Snakemake's own output.

Run by ``make bench``. The jobs do nothing but make a file, so what is measured is Snakemake and
the display alone: a run with real jobs pays the same seconds, and a far smaller share.
"""

import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from epyflow.files import write_bytes_atomically
from tests.benchmarks.measuring import REPOSITORY, Cost, cost_of

JOBS = 1_000
ROUNDS = 3
# Of CPU time. A run of nothing but empty jobs should not notice that it is looked at.
MOST = 1.25

SNAKEFILE = f"""\
rule all:
    input: expand("made/{{i}}", i=range({JOBS}))

rule one:
    output: touch("made/{{i}}")
    log: "logs/{{i}}.log"
    message: "Making number {{wildcards.i}}"
"""

PATTERN = r"generation (?P<generation>\d+ of \d+)"

LIVE = ("--logger", "live", "--logger-live-pattern", PATTERN)

# Runs a command with a terminal of 100 by 40, and passes on what it prints.
ON_A_TERMINAL = """
import fcntl, os, pty, struct, sys, termios

def read(terminal):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    return os.read(terminal, 65536)

os.environ["TERM"] = "xterm"
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))
"""


@pytest.fixture(scope="module")
def report() -> Iterator[dict[str, list[Cost]]]:
    """Collect what was measured; show it at the end."""
    found: dict[str, list[Cost]] = {}
    yield found
    numbers = {name: [asdict(each) | {"output": ""} for each in of] for name, of in found.items()}
    path = REPOSITORY / "benchmarks" / "display.json"
    write_bytes_atomically(path, json.dumps({"jobs": JOBS, "found": numbers}, indent=1).encode())
    sys.stdout.write(f"\n{JOBS:,} empty jobs{'':<28} CPU time    wall time\n")
    for name, of in found.items():
        cpu, wall = median(of, "cpu"), median(of, "seconds")
        sys.stdout.write(f"{name:<40}{cpu:9.1f} s  {wall:9.1f} s\n")


def median(costs: list[Cost], what: str) -> float:
    return statistics.median(getattr(each, what) for each in costs)


def run(folder: Path, *, terminal: bool, live: bool) -> Cost:
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *(LIVE if live else ())]
    if terminal:
        command = [sys.executable, "-c", ON_A_TERMINAL, *command]
    cost = cost_of(command, folder)
    assert len(list((folder / "made").iterdir())) == JOBS
    shown = f"{JOBS + 1} of {JOBS + 1} jobs done, 0 running, 0 failed" in cost.output
    assert shown is live
    return cost


@pytest.mark.parametrize("where", ["terminal", "pipe"])
def test_a_run_of_empty_jobs_hardly_pays_for_the_display(where, tmp_path, report) -> None:
    for number in range(ROUNDS):
        for live in (False, True):  # in turn, as other work on the machine comes and goes
            name = f"{'live' if live else 'Snakemake alone'}, {where}"
            folder = tmp_path / f"{number}-{live}"
            report.setdefault(name, []).append(run(folder, terminal=where == "terminal", live=live))

    ratio = median(report[f"live, {where}"], "cpu") / median(
        report[f"Snakemake alone, {where}"], "cpu"
    )
    sys.stdout.write(f"\n{where}: CPU time with the display is {ratio:.3f} of that without\n")
    assert ratio < MOST
