"""Hand the work folder to a coordinator on another machine."""

import base64
import hashlib
import io
import json
import os
import tarfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.operations.detached.saved_state import LAYOUT, PATH, SUBMISSION, files, refusal

from epyflow.archives import write_archive
from epyflow.errors import ArtifactError
from epyflow.operations.detached import work_folder
from epyflow.operations.detached.work_folder import State, unpack_sources
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk


@pytest.fixture
def folder(tmp_path) -> Path:
    """The work folder of a coordinator that has been at work."""
    folder = tmp_path / "work"
    for name in (
        ".snakemake/metadata/abc",
        ".snakemake/metadata/@long/def",
        ".snakemake/incomplete/ghi",
        ".snakemake/locks/0.output.lock",
        ".snakemake/log/today.log",
        ".epyflow/us/flu/main/plan.json",
        ".epyflow/us/flu/main/start.json",
        "workflow/Snakefile",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def test_records_marks_and_the_plan_come_back_with_their_times_and_locks_do_not(
    folder, storage, tmp_path
):
    assert State(folder, SUBMISSION, storage).save()

    assert State(tmp_path / "next", SUBMISSION, storage).restore()

    saved = [
        ".epyflow/us/flu/main/plan.json",
        ".snakemake/incomplete/ghi",
        ".snakemake/metadata/@long/def",
        ".snakemake/metadata/abc",
    ]
    assert files(tmp_path / "next") == {name: (name, 1_700_000_000.0) for name in saved}


def test_a_folder_that_has_records_gets_those_saved_in_their_place(folder, storage, tmp_path):
    assert State(folder, SUBMISSION, storage).save()
    marked = tmp_path / "next" / ".snakemake" / "incomplete" / "ghi"
    marked.parent.mkdir(parents=True)
    marked.write_text("earlier")

    assert State(tmp_path / "next", SUBMISSION, storage).restore()

    assert marked.read_text() == ".snakemake/incomplete/ghi"


def test_a_folder_of_the_name_of_a_saved_file_is_replaced(folder, storage, tmp_path):
    assert State(folder, SUBMISSION, storage).save()
    saved = {name for name in files(folder) if name.startswith((".snakemake/m", ".snakemake/i"))}
    saved.add(".epyflow/us/flu/main/plan.json")
    for name in saved:
        (tmp_path / "next" / name / "folder").mkdir(parents=True)

    assert State(tmp_path / "next", SUBMISSION, storage).restore()

    assert files(tmp_path / "next").keys() == saved
    assert {path.name for path in tmp_path.iterdir()} == {"bucket", "work", "next"}


def test_a_large_state_is_not_held_in_memory(storage, tmp_path, monkeypatch):
    large = 2**24
    write_archive(tmp_path / "state.tar.gz", {".snakemake/metadata/a": bytes(large)})
    storage.write(PATH, (tmp_path / "state.tar.gz").read_bytes())
    tracemalloc.start()
    try:
        assert State(tmp_path / "work", SUBMISSION, storage).restore()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < large / 2
    monkeypatch.setattr(work_folder, "_LARGEST", 1000)
    text = refusal(tmp_path / "next", storage)
    assert f"{PATH}: not usable as the state of a coordinator: it has more than 1,000 bytes" in text


def record(folder: Path, output: str, made: float) -> Path:
    """Write Snakemake's record of an output in a bucket; its name may be longer than a file's."""
    name = base64.urlsafe_b64encode(f"gs://bucket/prefix/{output}".encode()).decode()
    *folders, last = [name[start : start + 40] for start in range(0, len(name), 40)]
    path = folder.joinpath(".snakemake", "metadata", *(f"@{each}" for each in folders), last)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"endtime": made}))
    return path.relative_to(folder)


def test_what_somebody_else_has_made_since_is_not_taken_for_what_it_was(folder, storage, tmp_path):
    results = "results/us/flu/main"
    paths = {}
    for name, later in (("same.pkl", 5.0), ("again.pkl", 3600.0), ("gone.pkl", None)):
        output = f"{results}/runner-artifacts/{name}"
        if later is not None:
            storage.write(output, b"result")
            os.utime(tmp_path / "bucket" / output, (1_700_000_000 + later,) * 2)
        paths[name] = record(folder, output, 1_700_000_000.0)
    State(folder, SUBMISSION, storage).save()

    State(tmp_path / "next", SUBMISSION, storage).restore()

    assert {name: (tmp_path / "next" / path).is_file() for name, path in paths.items()} == {
        "same.pkl": True,
        "again.pkl": False,
        "gone.pkl": True,
    }


def test_it_is_saved_again_only_when_something_has_changed(folder, storage):
    state = State(folder, SUBMISSION, storage)
    assert [state.save(), state.save()] == [True, False]

    (folder / ".snakemake" / "incomplete" / "ghi").unlink()

    assert [state.save(), state.save()] == [True, False]
    with tarfile.open(fileobj=io.BytesIO(storage.read(PATH) or b"")) as archive:
        assert ".snakemake/incomplete/ghi" not in archive.getnames()


def test_what_was_brought_back_is_not_saved_again_at_once(folder, storage, tmp_path):
    State(folder, SUBMISSION, storage).save()
    state = State(tmp_path / "next", SUBMISSION, storage)
    state.restore()

    assert state.save() is False


def test_the_first_coordinator_finds_nothing(storage, tmp_path):
    assert State(tmp_path / "work", SUBMISSION, storage).restore() is False


def test_a_state_that_is_damaged_is_refused(folder, storage, tmp_path):
    State(folder, SUBMISSION, storage).save()
    storage.write(PATH, (storage.read(PATH) or b"")[:-20])

    refusal(tmp_path / "next", storage)
    assert not (tmp_path / "next").exists()


@pytest.mark.parametrize("ended", ["[]", '{"endtime": 1' + "0" * 400 + "}", "[" * 100_000])
def test_a_record_without_a_usable_time_is_forgotten(folder, storage, tmp_path, ended):
    output = "results/us/flu/main/a.pkl"
    storage.write(output, b"result")
    path = record(folder, output, 0.0)
    (folder / path).write_text(ended)
    State(folder, SUBMISSION, storage).save()

    assert State(tmp_path / "next", SUBMISSION, storage).restore()
    assert not (tmp_path / "next" / path).exists()


def sources(storage: Disk, tmp_path: Path) -> str:
    path = tmp_path / "sources.tar.gz"
    manifest = SUBMISSION.model_dump_json().encode()
    write_archive(path, {"submission.json": manifest, "workflow/Snakefile": b"rule all:\n"})
    there = RunLayout("us/flu", "main").coordinator_sources(
        hashlib.sha256(path.read_bytes()).hexdigest()
    )
    storage.write(there, path.read_bytes())
    return there


def test_the_sources_are_unpacked_as_old_as_they_are_in_the_bucket(storage, tmp_path):
    path = sources(storage, tmp_path)
    uploaded = datetime(2025, 1, 2, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "bucket" / path, (uploaded, uploaded))

    assert unpack_sources(path, storage, tmp_path / "work") == SUBMISSION

    assert files(tmp_path / "work")["workflow/Snakefile"] == ("rule all:\n", uploaded)


def test_other_sources_than_those_submitted_are_refused(storage, tmp_path):
    path = sources(storage, tmp_path)
    storage.write(path, (storage.read(path) or b"") + b"x")

    with pytest.raises(
        ArtifactError, match=f"{path}: its SHA-256 is [0-9a-f]{{64}}; expected .*submit again"
    ):
        unpack_sources(path, storage, tmp_path / "work")
    with pytest.raises(ArtifactError, match="not found; submit again"):
        unpack_sources(LAYOUT.coordinator_sources("0" * 64), storage, tmp_path / "work")
    assert not (tmp_path / "work").exists()
