"""A worker and a coordinator ask different things of the bucket."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_storage_plugin_gcs_indexed.process_role import Process


@dataclass
class File:
    """What we read of Snakemake's files."""

    query: str
    flags: dict[str, bool] = field(default_factory=dict)
    is_directory: bool = False
    is_storage: bool = True

    @property
    def storage_object(self) -> Any:
        return SimpleNamespace(query=self.query)


def worker(*, keep_incomplete: bool = False, **job: Any) -> Process:
    files = {"output": [], "log": [], "benchmark": None} | job
    process = Process()
    process.cache = SimpleNamespace(active=False)
    process.workflow = SimpleNamespace(
        remote_exec=True,
        execution_settings=SimpleNamespace(keep_incomplete=keep_incomplete),
        dag=SimpleNamespace(
            needrun_jobs=lambda exclude_finished: [SimpleNamespace(**files)],
        ),
    )
    return process


def test_outputs_logs_and_benchmarks_of_its_job_are_what_a_worker_makes():
    process = worker(output=[File("o")], log=[File("l")], benchmark=File("b"))

    assert [process.makes(query) for query in ("o", "l", "b", "input")] == [True] * 3 + [False]


@pytest.mark.parametrize(
    "file",
    [File("o", flags={"update": True}), File("o", is_directory=True), File("o", is_storage=False)],
    ids=["updated in place", "directory", "local"],
)
def test_outputs_whose_old_contents_matter_are_asked_for(file):
    assert not worker(output=[file]).makes("o")


def test_kept_outputs_of_failed_jobs_are_asked_for():
    assert not worker(output=[File("o")], keep_incomplete=True).makes("o")


def test_a_coordinator_asks_for_everything():
    process = worker(output=[File("o")])
    process.workflow.remote_exec = False

    assert not process.makes("o")


def test_before_jobs_run_nothing_is_being_made():
    process = worker(output=[File("o")])
    process.cache.active = True

    assert process.is_planning
    assert not process.makes("o")


@pytest.mark.parametrize("missing", ["dag", "execution_settings"])
def test_another_snakemake_costs_requests_and_not_correctness(missing):
    process = worker(output=[File("o")])
    delattr(process.workflow, missing)

    assert not process.makes("o")


def test_without_a_workflow_it_is_a_coordinator_at_work():
    process = Process()

    assert not process.is_worker
    assert not process.is_planning
    assert not process.makes("o")


class Worker:
    """An object of a worker's provider whose workflow makes ``outputs``."""

    def __init__(self, provider: Any, bucket: str, outputs: list[str]) -> None:
        self.provider = provider
        self.bucket = bucket
        queries = [f"gs://{bucket}/{name}" for name in outputs]
        provider.process = worker(output=[File(query) for query in queries])

    def __call__(self, name: str) -> Any:
        return self.provider.object(f"gs://{self.bucket}/{name}")


@pytest.fixture
def at_work(provider, bucket):
    return Worker(provider(), bucket, ["out"])


async def announce(made: Any) -> None:
    await made.inventory(SimpleNamespace(active=False, exists_in_storage={}, mtime={}, size={}))


def run(coroutine: Any) -> None:
    import asyncio

    asyncio.run(coroutine)


def test_an_input_costs_a_worker_one_request(at_work, storage, someone_else):
    someone_else.write("in", b"input")
    made = at_work("in")

    run(announce(made))
    assert made.exists()
    assert made.size() == made.local_footprint() == 5
    made.local_path().parent.mkdir(parents=True, exist_ok=True)
    made.retrieve_object()

    assert made.local_path().read_bytes() == b"input"
    assert storage.counts() == {"download": 1}


def test_an_output_costs_a_worker_one_request(at_work, storage, someone_else):
    made = at_work("out")
    made.local_path().parent.mkdir(parents=True, exist_ok=True)
    made.local_path().write_bytes(b"output")

    assert not made.exists()
    made.store_object()
    assert made.exists()

    assert storage.counts() == {"upload": 1}
    assert someone_else.read("out") == b"output"


def test_an_output_that_somebody_has_left_is_replaced(at_work, storage, someone_else):
    someone_else.write("out", b"of an earlier run")
    at_work("out").indexed.bucket._opened += 3600
    made = at_work("out")
    made.local_path().parent.mkdir(parents=True, exist_ok=True)
    made.local_path().write_bytes(b"output")

    assert not made.exists()
    made.store_object()

    assert someone_else.read("out") == b"output"


def test_inputs_are_downloaded_side_by_side(provider, bucket, storage, someone_else):
    import threading

    names = [f"in-{i}" for i in range(4)]
    for name in names:
        someone_else.write(name)
    # Each download waits for the others: one after the other, they would never end.
    together = threading.Barrier(len(names), timeout=30)
    storage.rules.append(lambda seen: together.wait() and None)
    at_work = Worker(provider(parallel_downloads=4), bucket, [])

    for name in names:
        run(announce(at_work(name)))

    assert all(at_work(name).exists() for name in names)


def test_an_input_that_is_a_directory_is_found(at_work, storage, someone_else):
    someone_else.write("dir/a")
    made = at_work("dir")

    run(announce(made))
    assert made.exists()
    made.local_path().parent.mkdir(parents=True, exist_ok=True)
    made.retrieve_object()

    assert [path.name for path in made.local_path().iterdir()] == ["a"]


def test_an_input_that_is_not_there_is_absent(at_work):
    made = at_work("in")

    run(announce(made))

    assert not made.exists()


def test_what_nobody_took_is_thrown_away(at_work, someone_else):
    someone_else.write("in", b"input")
    made = at_work("in")
    run(announce(made))
    assert made.exists()

    made.cleanup()

    assert list(made.local_path().parent.iterdir()) == []


@pytest.mark.parametrize("options", [{"parallel_downloads": 0}, {"wait_for_free_local_storage": 5}])
def test_inputs_are_fetched_when_asked_for_if_it_is_so_set(
    provider, bucket, storage, someone_else, options
):
    someone_else.write("in", b"input")
    made = Worker(provider(**options), bucket, [])("in")

    run(announce(made))
    assert made.local_footprint() == 5 or "wait_for_free_local_storage" not in options
    assert made.exists()
    assert storage.counts() == {"list": 1}

    made.local_path().parent.mkdir(parents=True, exist_ok=True)
    made.retrieve_object()
    assert storage.counts() == {"list": 1, "download": 1}


def test_a_coordinator_sees_what_workers_have_written(provider, bucket, someone_else):
    of = provider()
    of.process.cache = SimpleNamespace(active=True)
    made = of.object(f"gs://{bucket}/run/out")
    assert not made.exists()
    of.process.cache.active = False
    of.indexed_bucket(bucket).index._clock = lambda: 1e9

    someone_else.write("run/out", b"by a worker")

    assert made.exists()
    assert made.size() == 11


def test_a_coordinator_sees_that_a_worker_has_written_again(provider, bucket, someone_else):
    of = provider()
    made = of.object(f"gs://{bucket}/run/out")
    someone_else.write("run/out", b"one")
    before = made.mtime()
    someone_else.write("run/out", b"two")
    of.indexed_bucket(bucket).index._clock = lambda: 1e9

    assert made.mtime() > before


def test_while_the_graph_is_built_one_listing_serves(provider, bucket, storage):
    of = provider()
    of.process.cache = SimpleNamespace(active=True)
    clock = [0.0]
    of.indexed_bucket(bucket).index._clock = lambda: clock[0]

    for i in range(50):
        clock[0] += 3600
        assert not of.object(f"gs://{bucket}/run/out-{i}").exists()

    assert storage.counts() == {"list": 1}
