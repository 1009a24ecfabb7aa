"""Runs made up of the files that tell what became of them."""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from epyflow.operations.runs.coordinator_record import this_coordinator, write_record
from epyflow.operations.runs.run_request import Wanted
from epyflow.storage.disk import Disk

NOON = 1_900_000_000
"""2030-03-17 17:46:40 UTC."""

FAILED_LOG = "2030-01-02 03:04:05,678 INFO begun\n2030-01-02 03:04:06,789 ERROR doses.csv: no row\n"
RUNNING_LOG = "2030-01-02 03:04:05,678 INFO member 3 of 16, an ERROR of 0.2\n"


class MadeUp:
    """Files of runs below a folder, each written a second after the one before.

    Parameters
    ----------
    root
        Holds ``results/`` and ``logs/``.
    """

    def __init__(self, root: Path) -> None:
        self.root, self._clock = root, NOON

    def write(self, path: str, text: str = "") -> Path:
        """Write a file a second after the last one."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self._clock += 1
        os.utime(file, (self._clock, self._clock))
        return file

    def tasks(self, folder: str, count: int, done: Collection[int]) -> None:
        """Write inputs of all tasks and results of some."""
        for task in range(count):
            self.write(f"results/{folder}/builder-artifacts/input_{task:05d}.pkl", "in")
        for task in done:
            self.write(f"results/{folder}/runner-artifacts/result_{task:05d}.pkl", "out")

    def tables(self, folder: str, tasks: int, failed: int = 0) -> None:
        """Write a table and the record of a run."""
        exp_id, _, run_id = folder.rpartition("/")
        if run_id.startswith("20"):  # of a replay
            exp_id, _, run = exp_id.rpartition("/")
            run_id = f"{run}/{run_id}"
        record = {
            "exp_id": exp_id,
            "run_id": run_id,
            "counts": {"tasks": tasks, "failed": failed},
            "failures": [{"task": task} for task in range(failed)],
        }
        self.write(f"results/{folder}/outputs/quantiles.csv.gz", folder)
        self.write(f"results/{folder}/outputs/run_metadata.json", json.dumps(record))

    def finished(self, folder: str, tasks: int = 2) -> None:
        """Write a run whose tasks all have a result."""
        self.tasks(folder, tasks, range(tasks))
        self.tables(folder, tasks)

    def planned(self, folder: str, tasks: Mapping[str, int], *unplanned: str) -> None:
        """Write the record of a coordinator whose plan has these tasks, by ``run_id``.

        Its plan lacks the other files, by their path below the run's folder.
        """
        exp_id, _, run_id = folder.rpartition("/")
        record = this_coordinator(exp_id, run_id, {}, Wanted(tasks=tasks, unplanned=unplanned))
        write_record(record.after("complete"), Disk(self.root))

    def judged(self, folder: str, accepted: bool, name: str = "2030-01-05-a-b.csv") -> None:
        """Write a submission and what the hub's checks said."""
        self.write(f"results/{folder}/hub/{name}", "rows")
        findings = json.dumps({"accepted": accepted})
        self.write(f"results/{folder}/hub/{name}.findings.json", findings)
