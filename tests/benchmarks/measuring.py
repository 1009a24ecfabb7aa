"""Time two things side by side, and show what was found as tables and as JSON."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Task
from epyflow.files import write_bytes_atomically

REPOSITORY = Path(__file__).resolve().parents[2]

LAUNCHER = Path(__file__).with_name("launcher.py")

PACKAGES = ("epyflow", "epydemix", "numba", "numpy", "scipy")


def taken(work: Callable[[], object]) -> float:
    """Return the CPU time of this thread that some work takes, in seconds.

    Other processes of a busy machine do not count.
    """
    began = time.thread_time()
    work()
    return time.thread_time() - began


def medians(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int, each: int = 15
) -> tuple[float, float]:
    """Return the median times of both, in seconds, taken in turn.

    Parameters
    ----------
    ours, theirs
        What is timed.
    rounds
        How often ``theirs`` is timed.
    each
        How often ``ours`` is timed in each round; it is so much shorter.
    """
    ours(), theirs()
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        found[1].append(taken(theirs))
        found[0].extend(taken(ours) for _ in range(each))
    return statistics.median(found[0]), statistics.median(found[1])


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes
    ----------
    output
        Everything that it printed.
    seconds, cpu
        Of wall time and of CPU time, its start included.
    megabytes
        Peak memory, of the largest process.
    """

    output: str
    seconds: float
    cpu: float
    megabytes: float


def cost_of(command: Sequence[str], folder: Path, **environment: str) -> Cost:
    """Run a command in a folder; it has to succeed."""
    launched = subprocess.run(
        [sys.executable, str(LAUNCHER), *command],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(launched.stdout)
    assert found.pop("code") == 0, found["output"]
    return Cost(**found)


def science(folder: Path) -> float:
    """Return the CPU time of the strategies for all tasks of a run; the engine is loaded before."""
    tasks = [pickling.read_input(path) for path in sorted(folder.glob("input_*.pkl"))]
    planned = [task for task in tasks if isinstance(task, Task)]
    strategies.run(planned[0])
    return sum(taken(lambda task=task: strategies.run(task)) for task in planned)


def milliseconds(seconds: float) -> str:
    """Show a time with three digits."""
    return f"{1e3 * seconds:.3g} ms"


@dataclass
class Section:
    """One table.

    Attributes
    ----------
    title, columns
        What the table shows.
    rows
        Cells as they are shown.
    notes
        Lines below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What a benchmark found.

    Attributes
    ----------
    name
        Of the benchmark, and of its file below ``benchmarks/``.
    sections
        By title.
    found
        The numbers, for the JSON file.
    """

    name: str
    sections: dict[str, Section] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)

    def add(self, title: str, columns: tuple[str, ...], *row: str, note: str = "") -> None:
        """Add a row to the table of this title."""
        section = self.sections.setdefault(title, Section(title, columns))
        section.rows.append(row)
        if note and note not in section.notes:
            section.notes.append(note)

    def record(self, group: str, what: str, **numbers: object) -> None:
        """Add numbers to the JSON file."""
        self.found.setdefault(group, {})[what] = numbers

    def show(self) -> None:
        """Print the tables and the JSON, and write it to ``benchmarks/<name>.json``."""
        console = Console(file=sys.stdout, width=110)
        console.print()
        for section in self.sections.values():
            table = Table(title=section.title, title_justify="left", title_style="bold")
            for number, column in enumerate(section.columns):
                table.add_column(column, justify="right" if number else "left")
            for row in section.rows:
                table.add_row(*row)
            console.print(table, *section.notes, sep="\n", highlight=False)
            console.print()
        document = {"benchmark": self.name, "machine": machine(), **self.found}
        folder = REPOSITORY / "benchmarks"
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name}.json"
        write_bytes_atomically(path, (json.dumps(document, indent=1) + "\n").encode())
        sys.stdout.write(json.dumps(document) + "\n")
        console.print(f"written to {path.relative_to(REPOSITORY)}", highlight=False)


def machine() -> dict[str, str]:
    """Return what the numbers depend on."""
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or "unknown"
