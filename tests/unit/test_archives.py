"""An archive of others is extracted within limits. What leaves its folder: see run/test_bundle."""

import gzip
import io
import tarfile

import pytest

from epyflow import archives
from epyflow.archives import extract_archive, write_archive
from epyflow.errors import ArtifactError

FILES = {"a/one.txt": b"1" * 600, "two.txt": b"2" * 600}


def refusal(path, folder):
    with pytest.raises(ArtifactError) as caught:
        extract_archive(path, folder, "not usable")
    return str(caught.value)


def test_files_come_back_as_they_were(tmp_path):
    write_archive(tmp_path / "a.tar.gz", FILES)

    extract_archive(tmp_path / "a.tar.gz", tmp_path / "out", "not usable")

    found = {name: (tmp_path / "out" / name).read_bytes() for name in FILES}
    assert found == FILES


@pytest.mark.parametrize(("limit", "most"), [("_MOST_FILES", 1), ("_MOST_BYTES", 1199)])
def test_more_or_larger_files_than_allowed_are_refused_before_they_are_written(
    tmp_path, monkeypatch, limit, most
):
    write_archive(tmp_path / "a.tar.gz", FILES)
    monkeypatch.setattr(archives, limit, most)

    text = refusal(tmp_path / "a.tar.gz", tmp_path / "out")

    assert f"a.tar.gz: not usable (more than {archives._MOST_FILES:,} files or" in text
    assert not (tmp_path / "out" / "two.txt").exists()
    monkeypatch.setattr(archives, limit, most + 1)
    extract_archive(tmp_path / "a.tar.gz", tmp_path / "fits", "not usable")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_would_fill_memory_is_not_read(tmp_path, kind):
    header = tarfile.TarInfo("header")
    header.type, header.size = kind, 2**21
    data = header.tobuf(tarfile.GNU_FORMAT) + bytes(header.size) + tarfile.TarInfo("x").tobuf()
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(io.BytesIO(data).getvalue()))

    assert "a header of 2,097,152 bytes" in refusal(tmp_path / "a.tar.gz", tmp_path / "out")
