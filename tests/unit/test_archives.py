"""An archive of others is extracted within limits. What leaves its folder: see run/test_bundle."""

import errno
import gzip
import io
import os
import tarfile
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epyflow import archives, files
from epyflow.archives import Limits, extract_archive, write_archive
from epyflow.errors import ArtifactError, EpyflowError

FILES = {"a/one.txt": b"1" * 600, "two.txt": b"2" * 600}


def refusal(path, folder, limits=archives.EXPERIMENT):
    with pytest.raises(ArtifactError) as caught:
        extract_archive(path, folder, "a test", "do it again", limits)
    assert str(caught.value).startswith(f"{path}: not usable as a test: ")
    assert str(caught.value).endswith("; do it again")
    return str(caught.value)


def test_files_come_back_as_they_were(tmp_path):
    write_archive(tmp_path / "a.tar.gz", FILES)

    extract_archive(tmp_path / "a.tar.gz", tmp_path / "out", "a test", "")

    found = {name: (tmp_path / "out" / name).read_bytes() for name in FILES}
    assert found == FILES


@pytest.mark.parametrize("limits", [Limits(members=1), Limits(size=1199)])
def test_more_or_larger_files_than_allowed_are_refused_before_they_are_written(tmp_path, limits):
    write_archive(tmp_path / "a.tar.gz", FILES)

    text = refusal(tmp_path / "a.tar.gz", tmp_path / "out", limits)

    assert f"a.tar.gz: not usable as a test: it holds more than {limits.members:,} files" in text
    assert not (tmp_path / "out" / "two.txt").exists()
    extract_archive(tmp_path / "a.tar.gz", tmp_path / "fits", "a test", "", Limits(3, 1200))


def test_a_small_archive_of_a_huge_file_is_refused_before_it_is_written(tmp_path, monkeypatch):
    write_archive(tmp_path / "a.tar.gz", {"zeros": bytes(2**20)})
    monkeypatch.setattr(files, "SMALL", 2**16)

    assert "250 times smaller" in refusal(tmp_path / "a.tar.gz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_would_fill_memory_is_not_read(tmp_path, kind):
    header = tarfile.TarInfo("header")
    header.type, header.size = kind, 2**21
    data = header.tobuf(tarfile.GNU_FORMAT) + bytes(header.size) + tarfile.TarInfo("x").tobuf()
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(io.BytesIO(data).getvalue()))

    expected = {
        tarfile.XHDTYPE: "a header of 2,097,152 bytes",
        tarfile.GNUTYPE_LONGNAME: "not a regular file",
    }
    assert expected[kind] in refusal(tmp_path / "a.tar.gz", tmp_path / "out")


def block(name=b"a", size=0, kind=tarfile.REGTYPE):
    """Return a header and content of zeros."""
    entry = tarfile.TarInfo()
    entry.size, entry.type = max(size, 0), kind
    data = bytearray(entry.tobuf(tarfile.USTAR_FORMAT))
    data[:100] = name.ljust(100, b"\0")
    if size < 0:
        data[124:136] = (256**12 + size).to_bytes(12, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data)
    return bytes(data)


def padded(content):
    return content + bytes(-len(content) % 512)


def extended(**records):
    content = b""
    for key, value in records.items():
        rest = b" " + key.replace("__", ".").encode() + b"=" + value + b"\n"
        length = next(n for n in range(len(rest), len(rest) + 9) if n == len(rest) + len(str(n)))
        content += str(length).encode() + rest
    return block(b"header", len(content), tarfile.XHDTYPE) + padded(content)


FILE = block(size=2) + padded(b"hi")
END = bytes(1024)
HOSTILE = {
    "sparse, no map": extended(GNU__sparse__map=b"a,b", GNU__sparse__size=b"3") + FILE,
    "sparse, no size": extended(GNU__sparse__map=b"0,1", GNU__sparse__realsize=b"z") + FILE,
    "sparse, negative size": extended(GNU__sparse__size=b"-99999", GNU__sparse__map=b"0,2") + FILE,
    "sparse, 1.0": extended(GNU__sparse__major=b"1", GNU__sparse__minor=b"0") + FILE,
    "sparse, old": block(kind=tarfile.GNUTYPE_SPARSE),
    "negative size": block(size=-1024) + FILE,
    "negative size, extended": extended(size=b"-1024") + FILE,
    "huge size": extended(size=b"9" * 5000) + FILE,
    "no time": extended(mtime=b"nan") + FILE,
    "no number": extended(mtime=b"x") + FILE,
    "chain of headers": extended(path=b"a") * 3000 + FILE,
    "chain of names": (block(b"././@LongLink", 2, b"L") + padded(b"a\0")) * 3000 + FILE,
    "header of no file": extended(path=b"a"),
    "record of length 0": block(b"h", 8, tarfile.XHDTYPE) + padded(b"0 path=b") + FILE,
    "record beyond its header": block(b"h", 9, tarfile.XHDTYPE) + padded(b"99 path=b") + FILE,
    "control": extended(path=b"a/\x1b[2J") + FILE,
    "line": block(b"a\nb") + FILE,
    "direction": extended(path="a\u202eb".encode()) + FILE,
    "NUL": extended(path=b"a\0b") + FILE,
    "no text": extended(path=b"a\xff") + FILE,
    "no text, plain": block(b"\xff") + FILE,
    "long name": extended(path=b"a" * 256) + FILE,
    "long path": extended(path=b"/".join([b"a" * 200] * 11)) + FILE,
    "deep path": extended(path=b"/".join([b"a"] * 65)) + FILE,
    "no name": block(b"") + FILE,
    "outside": block(b"../a"),
    "absolute": block(b"/a"),
    "link": block(kind=tarfile.SYMTYPE),
    "twice": FILE + FILE,
    "file and folder": FILE + block(b"a/b"),
    "cut short": block(size=2**20),
}


def packed(data):
    return gzip.compress(data + END, 1)


@pytest.mark.parametrize("case", HOSTILE)
def test_what_epyflow_does_not_write_is_refused_with_a_message(tmp_path, case):
    (tmp_path / "a.tar.gz").write_bytes(packed(HOSTILE[case]))

    refusal(tmp_path / "a.tar.gz", tmp_path / "out")

    assert {path.name for path in tmp_path.iterdir()} <= {"a.tar.gz", "out"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        gzip.compress(b""),
        gzip.compress(FILE),
        gzip.compress(FILE + END)[:-9],
        gzip.compress(FILE + END) + b"more",
        gzip.compress(FILE + END + b"more"),
        gzip.compress(FILE + END + bytes(2**20)),
    ],
    ids=range(8),  # a gzip header has the time
)
def test_what_is_cut_short_or_has_more_after_its_end_is_refused(tmp_path, data):
    (tmp_path / "a.tar.gz").write_bytes(data)

    refusal(tmp_path / "a.tar.gz", tmp_path / "out")


def test_what_the_cases_are_made_of_is_read(tmp_path):
    """Otherwise the tests above would show nothing."""
    longest = "/".join(["b" * 255] * 8)
    data = extended(path=longest.encode(), mtime=b"1.5", size=b"2") + FILE + FILE

    extract_archive(io.BytesIO(packed(data)), tmp_path, "a test", "", times=True)

    found = {name: tmp_path / name for name in (longest, "a")}
    assert {name: path.read_bytes() for name, path in found.items()} == dict.fromkeys(found, b"hi")
    assert [path.stat().st_mtime for path in found.values()] == [1.5, 0.0]


@settings(deadline=None)
@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data):
    """Bytes below the compression are changed: its checksum would find others."""
    whole = bytearray(
        extended(path=b"a/b", mtime=b"1.5") + FILE + block(b"c", 3) + padded(b"x") + END
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):  # with the right checksum of its header
            start = at // 512 * 512
            whole[start + 148 : start + 156] = b" " * 8
            total = sum(whole[start : start + 512])
            whole[start + 148 : start + 156] = b"%06o\0 " % total
    source = io.BytesIO(gzip.compress(bytes(whole), 1))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "out"
        try:
            extract_archive(source, folder, "a test", "", path="A")
        except ArtifactError as refused:
            assert str(refused).startswith("A: not usable as a test: ")  # noqa: PT017
        assert {path.name for path in Path(temporary).iterdir()} <= {"out"}


LARGE = 2**24


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (block(b"header", LARGE, tarfile.XHDTYPE) + bytes(LARGE) + FILE, "a header of 16,777,216"),
        (block(size=LARGE) + bytes(LARGE) + FILE, "'a' more than once"),
        (extended(size=b"9" * 12) + FILE, "it holds more than"),
    ],
    ids=["header", "file", "claim"],
)
def test_an_archive_is_read_in_pieces(tmp_path, data, refused):
    source = io.BytesIO(packed(data))
    tracemalloc.start()
    try:
        with pytest.raises(ArtifactError, match=refused):
            extract_archive(source, tmp_path, "a test", "")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < LARGE / 2


def test_folders_count_as_files_do(tmp_path):
    write_archive(tmp_path / "a.tar.gz", {"a/b/c/one": b"1", "a/b/two": b"2", "a/d/three": b"3"})

    extract_archive(tmp_path / "a.tar.gz", tmp_path / "fits", "a test", "", Limits(members=7))

    limits = Limits(members=6)
    text = refusal(tmp_path / "a.tar.gz", tmp_path / "out", limits)
    assert "more than 6 files and folders" in text


def test_an_archive_is_not_written_if_it_could_not_be_read(tmp_path):
    with pytest.raises(ArtifactError, match=r"the name 'a\\nb' has control characters; rename"):
        write_archive(tmp_path / "a.tar.gz", {"a\nb": b""})


@pytest.mark.parametrize("where", ["open", "mkdir", "write"])
def test_a_full_disk_is_no_damage_of_the_archive(tmp_path, monkeypatch, where):
    write_archive(tmp_path / "a.tar.gz", FILES)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where == "write":
        monkeypatch.setattr(archives, "_copy", fail)
    else:
        folder = type(tmp_path / "out")
        whole = getattr(folder, where)
        monkeypatch.setattr(
            folder,
            where,
            lambda path, *a, **k: fail() if "out" in path.parts else whole(path, *a, **k),
        )

    with pytest.raises(
        EpyflowError, match=r"out: No space left on device, while .*a.tar.gz was"
    ) as it:
        extract_archive(tmp_path / "a.tar.gz", tmp_path / "out", "a test", "do it again")
    assert not isinstance(it.value, ArtifactError)
    assert "make room on that disk" in str(it.value)


def test_an_archive_that_is_not_there_is_named(tmp_path):
    assert "No such file" in refusal(tmp_path / "a.tar.gz", tmp_path / "out")


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert "it is not a regular file" in refusal(tmp_path / "pipe", tmp_path / "out")
