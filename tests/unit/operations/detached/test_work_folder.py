"""Hand the work folder to a coordinator on another machine."""

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from epyflow.archives import Limits, write_archive
from epyflow.errors import ArtifactError
from epyflow.operations.detached import work_folder
from epyflow.operations.detached.job_request import Submission
from epyflow.operations.detached.work_folder import State, unpack_sources
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk

SUBMISSION = Submission(exp_id="us/flu", run_id="main", checkout=None, code={"run": "0123"})
LAYOUT = RunLayout("us/flu", "main")
PATH = LAYOUT.coordinator_state


@pytest.fixture
def storage(tmp_path) -> Disk:
    (tmp_path / "bucket").mkdir()
    return Disk(tmp_path / "bucket")


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


def files(folder: Path) -> dict[str, tuple[str, float]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_text(), path.stat().st_mtime)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


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


def refusal(folder: Path, storage: Disk) -> str:
    with pytest.raises(ArtifactError, match="not usable as the state of a coordinator") as caught:
        State(folder, SUBMISSION, storage).restore()
    assert "the run continues with the files that are in the bucket" in str(caught.value)
    return str(caught.value)


def test_a_state_that_is_damaged_is_refused(folder, storage, tmp_path):
    State(folder, SUBMISSION, storage).save()
    storage.write(PATH, (storage.read(PATH) or b"")[:-20])

    refusal(tmp_path / "next", storage)
    assert not (tmp_path / "next").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/tmp/evil",  # noqa: S108 (nothing is written there)
        "workflow/Snakefile",
        "profiles/gcp/config.yaml",
        "submission.json",
        ".snakemake/scripts/evil.py",
        ".snakemake/metadata/../../workflow/Snakefile",
        ".snakemake/metadata",
        ".epyflow/start.json",
        ".epyflow/us/flu/main/start.json",
        ".epyflow/us/covid/main/plan.json",
        f".snakemake/metadata/{'a' * 256}",
        f".snakemake/metadata/{'/'.join(['a' * 200] * 30)}",
        ".snakemake/metadata/.hidden",
        ".snakemake/metadata/é",
    ],
)
def test_a_state_with_another_file_than_is_saved_is_refused_as_a_whole(storage, tmp_path, name):
    write_archive(tmp_path / "evil.tar.gz", {name: b"evil", ".snakemake/metadata/a": b"x"})
    storage.write(PATH, (tmp_path / "evil.tar.gz").read_bytes())
    (tmp_path / "work" / "workflow").mkdir(parents=True)
    (tmp_path / "work" / "workflow" / "Snakefile").write_text("rule all:")

    refusal(tmp_path / "work", storage)

    assert files(tmp_path / "work").keys() == {"workflow/Snakefile"}
    assert (tmp_path / "work" / "workflow" / "Snakefile").read_text() == "rule all:"
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_a_state_with_links_devices_or_folders_is_refused_as_a_whole(storage, tmp_path, kind):
    outside = tmp_path / "outside"
    outside.mkdir()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        link = tarfile.TarInfo(".snakemake/metadata/a")
        link.type, link.linkname = kind, str(outside)
        archive.addfile(link)
        through = tarfile.TarInfo(".snakemake/metadata/a/b")
        through.size = 4
        archive.addfile(through, io.BytesIO(b"evil"))
    storage.write(PATH, packed.getvalue())

    refusal(tmp_path / "work", storage)

    assert not list(outside.iterdir())
    assert not (tmp_path / "work").exists()


def test_a_state_that_is_larger_than_any_is_refused(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(work_folder, "_LIMITS", Limits(size=1000))
    for size in (1000, 1001):
        write_archive(tmp_path / "state.tar.gz", {".snakemake/metadata/a": bytes(size)})
        storage.write(PATH, (tmp_path / "state.tar.gz").read_bytes())
        if size == 1000:
            assert State(tmp_path / "fits", SUBMISSION, storage).restore()

    assert "more than 1,000 bytes" in refusal(tmp_path / "work", storage)


def test_a_state_whose_files_cannot_lie_in_one_folder_is_refused(storage, tmp_path):
    names = (".snakemake/metadata/a/b", ".snakemake/metadata/a")
    write_archive(tmp_path / "state.tar.gz", dict.fromkeys(names, b"x"))
    storage.write(PATH, (tmp_path / "state.tar.gz").read_bytes())

    refusal(tmp_path / "work", storage)


@pytest.mark.parametrize("times", ["nan", "inf", "-1"])
def test_a_state_with_a_time_that_no_system_has_is_refused(storage, tmp_path, times):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(".snakemake/metadata/a")
        entry.pax_headers = {"mtime": times}
        archive.addfile(entry)
    storage.write(PATH, packed.getvalue())

    assert "impossible size or time" in refusal(tmp_path / "work", storage)


def test_a_header_that_would_fill_the_memory_is_not_read(storage, tmp_path):
    packed = io.BytesIO()
    with gzip.open(packed, "wb") as file:
        entry = tarfile.TarInfo("header")
        entry.type, entry.size = tarfile.XHDTYPE, 1 << 40
        file.write(entry.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(1 << 20))
    storage.write(PATH, packed.getvalue())

    refusal(tmp_path / "work", storage)


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
