import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from epyflow.errors import ArtifactError, EpyflowError, UnreadableError
from epyflow.run import input_record
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk
from tests.unit.run.made_up import run_plan

LAYOUT = RunLayout("202501/round1", "main")
FOLDER = "results/202501/round1/main/builder-artifacts"
PLAN = run_plan(tasks=("aaaa", "bbbb", "cccc"))


class Shared(Disk):
    """Files under a storage prefix that lists no checksums."""

    def __init__(self, root):
        super().__init__(root, str(root))


class Bucket(Shared):
    """Files that have checksums, as those in a bucket do."""

    def names(self, folder):
        return {
            name: input_record._md5(self._root / folder / name) for name in super().names(folder)
        }


class Encrypted(Shared):
    """Files whose checksums in the listing are those of other bytes."""

    def names(self, folder):
        return dict.fromkeys(super().names(folder), "1B2M2Y8AsgTpgAmY7PhCfg==")


@pytest.fixture(params=[Disk, Shared, Bucket, Encrypted])
def storage(request, tmp_path):
    return request.param(tmp_path)


def write(storage, *tasks, content=b"input"):
    """Write inputs as a build does and return them by task."""
    names = {task: f"{FOLDER}/input_{task:05d}.pkl" for task in tasks}
    for name in names.values():
        storage.write(name, content)
    return {task: storage._root / name for task, name in names.items()}


def stale(storage, **changes):
    return input_record.tasks_to_build(
        replace(PLAN, **changes), input_record.read_record(storage, LAYOUT), storage
    )


def test_without_a_record_all_inputs_are_built(storage):
    write(storage, 0, 1, 2)

    assert stale(storage) == [0, 1, 2]


def test_what_was_built_is_not_built_again(storage):
    input_record.remember(PLAN, write(storage, 0, 2), storage)

    assert stale(storage) == [1]


def test_a_task_that_has_changed_is_built_again(storage):
    input_record.remember(PLAN, write(storage, 0, 1, 2), storage)

    assert stale(storage, tasks=["aaaa", "x", "cccc"]) == [1]


@pytest.mark.parametrize(
    ("stage", "affected"), [("build", [0, 1]), ("run", [0, 1]), ("tables", [])]
)
def test_an_input_depends_on_the_code_that_builds_and_on_the_code_that_runs_it(
    storage, stage, affected
):
    tasks = PLAN.tasks[:2]
    input_record.remember(PLAN, write(storage, 0, 1), storage)

    assert stale(storage, tasks=tasks, code={**PLAN.code, stage: "9"}) == affected


def test_an_input_that_is_gone_is_built_again(storage):
    inputs = write(storage, 0, 1, 2)
    input_record.remember(PLAN, inputs, storage)
    inputs[1].unlink()

    assert stale(storage) == [1]


def test_a_record_grows_with_every_build(storage):
    input_record.remember(PLAN, write(storage, 0), storage)
    input_record.remember(PLAN, write(storage, 1, 2), storage)

    assert stale(storage) == []


def test_what_is_forgotten_is_built_again_whatever_becomes_of_the_build(storage):
    input_record.remember(PLAN, write(storage, 0, 1, 2), storage)

    input_record.forget(PLAN, [1], storage)

    assert stale(storage) == [1]


def test_to_forget_where_nothing_is_recorded_leaves_no_record(storage):
    input_record.forget(PLAN, [1], storage)

    assert input_record.read_record(storage, LAYOUT) is None


def test_an_input_whose_listed_checksum_is_the_recorded_one_is_not_read(tmp_path, monkeypatch):
    storage = Bucket(tmp_path)
    input_record.remember(PLAN, write(storage, 0, 1, 2), storage)
    built = input_record.read_record(storage, LAYOUT)
    monkeypatch.setattr(Bucket, "read", lambda *_: pytest.fail("was read"))

    assert input_record.tasks_to_build(PLAN, built, storage) == []


@pytest.mark.parametrize("kind", [Shared, Bucket, Encrypted])
def test_an_input_whose_upload_was_cut_off_is_built_again(tmp_path, kind):
    storage = kind(tmp_path)
    write(storage, 0, 1, 2, content=b"the input before")
    local = {}
    for task in (0, 1):
        local[task] = tmp_path / f"input_{task:05d}.pkl"
        local[task].write_bytes(b"the input now")
    input_record.remember(PLAN, local, storage)

    write(storage, 0, content=b"the input now")

    assert stale(storage) == [1, 2]


def test_the_seed_of_a_run_is_recorded(storage):
    input_record.remember(PLAN, write(storage, 0), storage)

    assert input_record.read_record(storage, LAYOUT).seed == 7


def test_the_same_inputs_give_the_same_record(tmp_path):
    one, other = Disk(tmp_path / "one"), Disk(tmp_path / "other")
    input_record.remember(PLAN, write(one, 0, 1), one)
    input_record.remember(PLAN, write(other, 1), other)
    input_record.remember(PLAN, write(other, 0), other)

    path = f"{FOLDER}/built.json"
    assert one.read(path) == other.read(path)


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{", b"[]", b"[" * 100_000, b'{"format": 1}', b'{"format": 1, "seed": 0}'),
        *(
            b'{"format": 1, "digests": {}, "checksums": {}, "seed": ' + seed + b"}"
            for seed in (b"-1", b"9" * 20, b"1e999")
        ),
    ],
)
def test_a_damaged_record_is_refused_with_what_to_do(tmp_path, damage):
    storage = Disk(tmp_path)
    storage.write(f"{FOLDER}/built.json", damage)

    with pytest.raises(ArtifactError, match=r"built.json: damaged.*Delete it and run again"):
        input_record.read_record(storage, LAYOUT)


def test_a_record_that_would_fill_memory_is_refused(tmp_path):
    Disk(tmp_path).write(f"{FOLDER}/built.json", b"")
    os.truncate(tmp_path / FOLDER / "built.json", 2**26 + 1)  # a sparse file: it takes no space

    with pytest.raises(UnreadableError, match=r"built\.json has more than 67,108,864 bytes"):
        input_record.read_record(Disk(tmp_path), LAYOUT)


def test_the_record_of_another_version_counts_for_nothing(tmp_path):
    storage = Disk(tmp_path)
    input_record.remember(PLAN, write(storage, 0), storage)
    path = Path(FOLDER) / "built.json"
    content = json.loads(storage.read(str(path)))
    storage.write(str(path), json.dumps(content | {"format": 2}).encode())

    assert input_record.read_record(storage, LAYOUT) is None


@pytest.fixture
def unnamed(tmp_path):
    """Return a storage with inputs of the run and a record without its name."""
    storage = Disk(tmp_path)
    input_record.remember(PLAN, write(storage, 0, 1, 2), storage)
    content = json.loads(storage.read(f"{FOLDER}/built.json"))
    named = {name: content.pop(name) for name in ("exp_id", "run_id")}
    assert named == {"exp_id": LAYOUT.exp_id, "run_id": LAYOUT.run_id}
    storage.write(f"{FOLDER}/built.json", json.dumps(content).encode())
    return storage


NAMED = b'{"exp_id": "%s", "run_id": "%s"}'


@pytest.mark.parametrize(
    "metadata",
    [
        *(None, b"", b"{", b"[]", b"[" * 100_000, b"{}", b'{"exp_id": 1, "run_id": [2]}'),
        NAMED % (b"202501/round1", b"main"),
        NAMED % (b"elsewhere", b"main"),
    ],
)
def test_a_record_of_an_earlier_version_has_no_name_and_gets_one_at_the_next_build(
    unnamed, metadata
):
    if metadata is not None:
        unnamed.write(LAYOUT.metadata, metadata)

    assert stale(unnamed) == []
    input_record.forget(PLAN, [1], unnamed)
    assert stale(unnamed) == [1]
    assert json.loads(unnamed.read(f"{FOLDER}/built.json"))["exp_id"] == "202501/round1"


def test_the_owner_of_a_record_without_a_name_is_known_by_the_metadata_of_the_run(unnamed):
    unnamed.write(LAYOUT.metadata, NAMED % (b"202501", b"round1/main"))

    with pytest.raises(EpyflowError, match="holds the run round1/main of the experiment 202501,"):
        stale(unnamed)


def test_metadata_that_would_fill_memory_name_no_run(unnamed, tmp_path):
    unnamed.write(LAYOUT.metadata, b"")
    os.truncate(tmp_path / LAYOUT.metadata, 2**26 + 1)  # a sparse file: it takes no space

    assert stale(unnamed) == []
