"""One disturbed run: start it, harm it, start it again, and judge how it ended."""

import os
import random
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from google_batch_emulator.emulator import Emulator
from google_batch_emulator.faults import FaultPlan
from tests.cloud.clouded import Clouded, Rehearsed
from tests.forking import ForkedRun
from tests.workflow.workspace import SNAKEMAKE, TABLES, Done, Workspace

TASKS = 2
OPTIONS = ("--rerun-incomplete", "--keep-incomplete", "--keep-going", "--latency-wait", "3")
TRACEBACK = "Traceback (most recent call last)"
OVER = ("SUCCEEDED", "FAILED", "CANCELLED")
_STORED = re.compile(r"^Storing in storage: \S+/runner-artifacts/result_", re.MULTILINE)
_PATIENCE = 180.0
_JOBS_END = 10.0


@dataclass
class World:
    """What trials share: the emulator, and what an undisturbed run makes and takes.

    Attributes
    ----------
    tables
        Bytes of each table.
    seconds
        Time of an undisturbed run, by place where one was made.
    """

    emulator: Emulator
    folder: Path
    tables: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def duration(self, place: str) -> float:
        """Return the time of an undisturbed run; where none was made, that of a slower place."""
        return self.seconds.get(place, 2 * max(self.seconds.values(), default=0.0))


class Trial:
    """A small run of two tasks in a place: ``local``, ``bucket`` or ``batch``.

    In ``bucket``, the jobs run on this machine and their files are in Cloud Storage.
    """

    def __init__(self, world: World, place: str, name: str, rng: random.Random) -> None:
        self.world, self.place, self.name, self.rng = world, place, name, rng
        self.workspace = self.another_folder(name)
        self.problems: list[str] = []
        self.codes: list[int] = []
        self.twice = self.stored = 0
        self._before = {job.job_id for job in world.emulator.store.all()}

    def another_folder(self, name: str) -> Workspace:
        """Return a folder whose runs are this run, if the place is shared."""
        folder, prefix = self.world.folder / name, f"gs://rehearsal/{self.name}"
        cloud = self.world.emulator.environment
        if self.place == "local":
            workspace = Workspace(folder)
        else:
            kind = {"bucket": Clouded, "batch": Rehearsed}[self.place]
            workspace = kind(folder, cloud, prefix)
        workspace.change("modelset", _two_members)
        # Snakemake runs a task again whose script is newer than its result.
        yesterday = time.time() - 86_400
        for path in folder.rglob("*"):
            os.utime(path, (yesterday, yesterday), follow_symlinks=False)
        return workspace

    def wait(self) -> None:
        """Wait for a random moment of an undisturbed run."""
        time.sleep(self.rng.random() * self.world.duration(self.place))

    @contextmanager
    def started(self, *options: str, cause: str = "", **variables: str) -> Iterator[ForkedRun]:
        """Start the run, and judge it when the block has ended and it has, too.

        Parameters
        ----------
        options
            For snakemake, besides the usual ones.
        cause
            Pattern of the message with which the run may fail.
        variables
            Of its environment.
        """
        missing = TASKS - self._results()
        arguments = self._command(*options)[len(SNAKEMAKE) :]
        environment = self.workspace.environment() | variables
        with closing(ForkedRun(arguments, self.workspace.folder, environment)) as run:
            yield run
            done = Done(0, run.read(_PATIENCE))
            done = Done(run.wait(), done.text)
        self._judge(done, cause)
        self.stored += len(_STORED.findall(done.text))
        if self.place != "batch":
            self.twice += max(0, done.jobs.get("run_task", 0) - missing)

    def finish(self) -> None:
        """Let nothing disturb it any more, start it again if it has not succeeded, and judge."""
        self.world.emulator.faults.replace(FaultPlan())
        if not self.codes or self.codes[-1] != 0:
            self.unlock()
            with self.started(cause="^$"):
                pass
        if self.workspace.outputs() != self.world.tables:
            self.problems.append("other tables than those of an undisturbed run")
        self._find_leftovers()
        shutil.rmtree(self.workspace.folder)

    def unlock(self) -> None:
        """Do what ``snakemake --unlock`` does, which is more than a second faster."""
        shutil.rmtree(self.workspace.folder / ".snakemake" / "locks", ignore_errors=True)

    def _command(self, *options: str) -> list[str]:
        return self.workspace.command(*OPTIONS, *options, *TABLES, members_per_task=1)

    def _judge(self, done: Done, cause: str) -> None:
        self.codes.append(done.code)
        if done.code == 0 and self.workspace.outputs() != self.world.tables:
            self.problems.append("ended with 0, but with other tables")
        if TRACEBACK in done.text:
            self.problems.append(done.text[done.text.index(TRACEBACK) :][:3000])
        if done.code > 0 and not re.search(cause or "^$", done.text):
            self.problems.append(f"ended with {done.code} without the cause:\n{done.text[-3000:]}")
        if done.code >= 0 and list(self.workspace.folder.glob(".snakemake/locks/*")):
            self.problems.append("the folder is still locked")

    def _results(self) -> int:
        names = "results/small/main/runner-artifacts"
        if isinstance(self.workspace, Clouded):
            found = self.workspace.bucket.names(names)
        else:
            found = [path.name for path in (self.workspace.folder / names).glob("*")]
        return sum(name.startswith("result_") for name in found)

    def _find_leftovers(self) -> None:
        jobs = [j for j in self.world.emulator.store.all() if j.job_id not in self._before]
        deadline = time.monotonic() + _JOBS_END
        while any(job.state.name not in OVER for job in jobs) and time.monotonic() < deadline:
            time.sleep(0.1)
        left: list[str] = [job.job_id for job in jobs if job.state.name not in OVER]
        for process in psutil.process_iter(["cwd", "cmdline"]):
            with suppress(psutil.Error):
                if process.info["cwd"] == str(self.workspace.folder):
                    left.append(f"process {process.info['cmdline']}")
        if left:
            self.problems.append(f"left over: {left}")
        if self.place == "batch":
            tasks = [t for job in jobs if job.job_id.startswith("run-task-") for t in job.tasks]
            done = sum(task.state.name == "SUCCEEDED" for task in tasks)
            self.twice = max(0, done - TASKS)


def _two_members(data: dict) -> None:  # type: ignore[type-arg]
    data["modelset"]["population_names"] = ["US-MA"]
    data["modelset"]["sampling"]["parameters"]["R0"]["values"] = [0.8, 2.0]
