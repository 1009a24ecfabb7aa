"""Run Snakemake on the test's storage, as a user would."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from counting_proxy import Proxy

try:
    from tests.forking import ForkedRun, forking_python
except ModuleNotFoundError:
    from plain_runs import PlainRun as ForkedRun
    from plain_runs import plain_python as forking_python

TESTS = Path(__file__).parent
BIN = Path(sys.executable).parent
STAY_ALIVE = 3000


@dataclass
class Outcome:
    """How a run ended, and what it asked of the storage."""

    code: int
    text: str
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.counts.values())

    @property
    def jobs(self) -> list[str]:
        """The rules that were run, in order; several of one rule count each."""
        starts = ("rule ", "localrule ")
        lines = [line.rstrip(":") for line in self.text.splitlines() if line.startswith(starts)]
        return [line.split()[1] for line in lines if line.split()[1] != "all"]


class Workflow:
    """A working directory with a Snakefile, whose files are in a bucket."""

    def __init__(self, storage: Proxy, bucket: str, place: Path, plugin: str = "gcs-indexed"):
        self.storage = storage
        self.place = place
        self.plugin = plugin
        self.prefix = f"gs://{bucket}/pre"
        self.directory = place / "work"
        self.directory.mkdir(parents=True)
        self.use((TESTS / "workflow.smk").read_text())

    def use(self, snakefile: str) -> None:
        """Replace the Snakefile."""
        (self.directory / "Snakefile").write_text(snakefile)

    def environment(self, jobs: Path) -> dict[str, str]:
        """Return the environment of a run; jobs on "other machines" get their directories there."""
        jobs.mkdir(exist_ok=True)
        return os.environ | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(TESTS / "plugins"),
            "APART_DIR": str(jobs),
            "APART_BIN": str(forking_python(self.place / "bin")),
            "STORAGE_EMULATOR_HOST": self.storage.url,
            "SNAKEMAKE_STORAGE_GCS_PROJECT": "test",
            "SNAKEMAKE_STORAGE_GCS_INDEXED_PROJECT": "test",
        }

    def run(
        self, *options: str, count: int = 3, apart: bool = False, default: bool = True
    ) -> Outcome:
        """Run it: with local jobs, or each job ``apart`` as on a machine of its own.

        Without ``default`` the plugin is not the default provider: the Snakefile names it.
        """
        jobs = self.place / "jobs"
        before = self.storage.counts()
        command = ["--cores", "2"]
        if default:
            command += ["--default-storage-provider", self.plugin]
            command += ["--default-storage-prefix", self.prefix]
        command += ["--config", f"count={count}", "-s", "Snakefile", *options]
        if apart:
            command += ["--executor", "apart", "--jobs", "4"]
            command += ["--seconds-between-status-checks", "1"]
        run = ForkedRun(command, self.directory, self.environment(jobs))
        printed = run.read(STAY_ALIVE)
        code = run.wait()
        run.close()
        logs = [log.read_text() for log in sorted(jobs.glob("*.log"))]
        shutil.rmtree(jobs)
        text = "\n".join([printed, *logs])
        return Outcome(code, text, dict(self.storage.counts() - before))
