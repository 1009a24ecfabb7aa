"""Workflows on the emulator of Google Batch, with what they ask of it counted."""

import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from install_groups import install_groups

from google_batch_emulator import Emulator, FaultPlan, Settings
from tests.benchmarks.large_experiment import RUN, results_like, settings_of, write_experiment
from tests.benchmarks.measuring import Cost, cost_of
from tests.cloud.clouded import Rehearsed

BUCKET = "rehearsal"
LATENCY_SECONDS = 0.05
STUB_SECONDS = 5.0
CHECK_SECONDS = 10

SNAKEFILE = """
NUMBERS = [f"{number:05d}" for number in range(int(config["number"]))]

rule all:
    input: "results/table.txt"

rule task:
    input: "inputs/{number}.txt"
    output: "results/{number}.txt"
    log: "logs/{number}.log"
    shell: "cp {input} {output} 2> {log}"

rule table:
    input: expand("results/{number}.txt", number=NUMBERS)
    output: "results/table.txt"
    shell: "cat {input} > {output}"
"""

STOCK = "stock"
OURS = "ours"

PLUGINS = {
    # Executor and storage provider, by whose they are.
    STOCK: ("googlebatch", "gcs"),
    OURS: ("googlebatch-array", "gcs-indexed"),
}


@dataclass(frozen=True)
class Measured:
    """What one run took.

    Attributes
    ----------
    number
        Tasks of the workflow, its table not counted.
    cost
        Of the coordinator.
    requests
        To every service, by method; those to storage are ``storage.<kind>``.
    """

    number: int
    cost: Cost
    requests: dict[str, int]

    @property
    def storage(self) -> int:
        """Requests to Cloud Storage."""
        return sum(n for name, n in self.requests.items() if name.startswith("storage."))

    @property
    def transfers(self) -> int:
        """Files that were written to Cloud Storage, or read from there."""
        return self.of("storage.upload") + self.of("storage.download")

    @property
    def logs(self) -> int:
        """Requests to Cloud Logging."""
        return self.requests.get("ListLogEntries", 0)

    def of(self, method: str) -> int:
        """Requests of one method."""
        return self.requests.get(method, 0)


@contextmanager
def emulator(*, stub: bool) -> Iterator[Emulator]:
    """Start an emulator, far away: every answer takes 50 ms.

    Parameters
    ----------
    stub
        Whether tasks are stand-ins, which succeed after five seconds and leave nothing.
    """
    plan = FaultPlan(latency_seconds=LATENCY_SECONDS, storage_latency_seconds=LATENCY_SECONDS)
    settings = Settings(bucket=BUCKET, stub=stub, stub_seconds=STUB_SECONDS)
    with Emulator(settings, plan) as running:
        yield running


def measure(
    running: Emulator, whose: str, number: int, folder: Path, *options: str, made: bool
) -> Measured:
    """Run a workflow of so many tasks and a table, from files in the bucket to files in the bucket.

    Parameters
    ----------
    running
        The emulator.
    whose
        The plugins: "stock" or "ours".
    number
        How many tasks.
    folder
        An empty one.
    options
        More of Snakemake's.
    made
        Whether what tasks make is in the bucket already, because stand-ins make nothing.
    """
    prefix = f"{whose}-{number}"
    _put(running, ((name, b"1\n") for name in _names(prefix, number, made=made)))
    (folder / "Snakefile").write_text(SNAKEFILE)
    running.requests.reset()
    command = [*_command(whose, prefix, number), *options]
    plugins = {"PYTHONPATH": str(install_groups("stock"))} if whose == STOCK else {}
    cost = cost_of(command, folder, **running.environment, **plugins)
    return Measured(number, cost, running.requests.counts())


def measure_experiment(running: Emulator, number: int, folder: Path) -> Measured:
    """Run the tasks of an experiment with ``profiles/gcp``: plan it, submit them, wait for them.

    Inputs are built and sent to the bucket before. Results are there, too, because stand-ins make
    none; the tasks are forced to run.

    Parameters
    ----------
    running
        The emulator.
    number
        How many tasks, of two members each.
    folder
        An empty one.
    """
    root = write_experiment(folder, 2 * number)
    prefix = f"gs://{BUCKET}/experiment-{number}"
    workspace = Rehearsed(folder / "project", running.environment, prefix)
    settings = settings_of(root, 2 * number)
    environment = workspace.environment()
    cost_of(
        workspace.command("--until", "build_inputs", **settings), workspace.folder, **environment
    )
    first = workspace.bucket.read(RUN.input(0))
    assert first is not None
    made = chain(results_like(first, number), _beside_results(number))
    _put(running, ((f"experiment-{number}/{path}", data) for path, data in made))
    running.requests.reset()
    options = ("--until", "run_task", "--forcerun", "run_task", "--seconds-between-status-checks")
    command = workspace.command(*options, str(CHECK_SECONDS), **settings)
    cost = cost_of(command, workspace.folder, **environment)
    return Measured(number, cost, running.requests.counts())


def _beside_results(number: int) -> Iterator[tuple[str, bytes]]:
    for top, suffix in (("logs", "log"), ("benchmarks", "tsv")):
        for task in range(number):
            yield f"{top}/{RUN.name}/run_task/{task:05d}.{suffix}", b"\n"


def _command(whose: str, prefix: str, number: int) -> list[str]:
    executor, storage = PLUGINS[whose]
    return [
        *(sys.executable, "-m", "snakemake", "--executor", executor),
        *(f"--{executor}-project", BUCKET, f"--{executor}-region", "us-central1"),
        *("--default-storage-provider", storage, f"--storage-{storage}-project", BUCKET),
        *("--default-storage-prefix", f"gs://{BUCKET}/{prefix}"),
        *("--jobs", "5000", "--max-jobs-per-timespan", "10000/1s"),
        *("--seconds-between-status-checks", str(CHECK_SECONDS)),
        *("--forceall", "--nolock", "--config", f"number={number}"),
    ]


def _names(prefix: str, number: int, *, made: bool) -> list[str]:
    folders = ["inputs", *(["results", "logs"] if made else [])]
    names = [f"{prefix}/{folder}/{i:05d}" for folder in folders for i in range(number)]
    suffixes = {"logs": "log"}
    names = [f"{name}.{suffixes.get(name.split('/')[1], 'txt')}" for name in names]
    return [*names, *([f"{prefix}/results/table.txt"] if made else [])]


def _put(running: Emulator, objects: Iterable[tuple[str, bytes]]) -> None:
    """Write objects, which takes no time that is measured."""
    address = running.environment["STORAGE_EMULATOR_HOST"]
    client = Client(
        project=BUCKET,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": address},
    )
    bucket = client.bucket(BUCKET)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: bucket.blob(each[0]).upload_from_string(each[1]), objects))
    client.close()
