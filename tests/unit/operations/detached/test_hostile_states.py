"""States with other files than are saved, links, or too much, are refused as a whole."""

import gzip
import io
import tarfile

import pytest
from tests.unit.operations.detached.saved_state import PATH, SUBMISSION, files, refusal

from epyflow.archives import Limits, write_archive
from epyflow.operations.detached import work_folder
from epyflow.operations.detached.work_folder import State


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
