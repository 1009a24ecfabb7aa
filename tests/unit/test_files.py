import gzip
import hashlib
import zlib

import pytest

from epyflow.files import gzip_text_writer, sha256_of, write_bytes_atomically


def test_bytes_replace_what_was_there(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    write_bytes_atomically(target, b"new")

    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_gzipped_text_reads_back_with_its_line_ends(tmp_path):
    with gzip_text_writer(tmp_path / "a.csv.gz") as file:
        file.write("S → I\n")
        file.write("1\r\n")

    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == "S → I\n1\r\n".encode()


def test_the_gzip_header_holds_no_name_and_no_time(tmp_path):
    with gzip_text_writer(tmp_path / "a.csv.gz") as file:
        file.write("1\n")

    header = (tmp_path / "a.csv.gz").read_bytes()[:10]
    magic, method, flags, time = header[:2], header[2], header[3], header[4:8]
    assert (magic, method, flags, time) == (b"\x1f\x8b", 8, 0, b"\0\0\0\0")


def test_gzipped_text_is_compressed_at_level_4(tmp_path):
    """The end of the text is flushed before that of the file."""
    text = "".join(f"{n},{n * n % 97}\n" for n in range(999))
    with gzip_text_writer(tmp_path / "a.csv.gz") as file:
        file.write(text)

    packer = zlib.compressobj(4, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(text.encode()) + packer.flush(zlib.Z_SYNC_FLUSH) + packer.flush()
    assert (tmp_path / "a.csv.gz").read_bytes()[10:-8] == packed


def test_gzip_bytes_do_not_depend_on_the_file_name(tmp_path):
    for name in ("a.gz", "b.gz"):
        with gzip_text_writer(tmp_path / name) as file:
            file.write("date,S\n" * 1000)

    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_gzipped_text_is_not_left_half_written(tmp_path):
    def write_half():
        with gzip_text_writer(tmp_path / "a.gz") as file:
            file.write("1\n")
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        write_half()

    assert not list(tmp_path.iterdir())


def test_sha256_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")

    # FIPS 180-2, appendix B.1.
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(path) == hashlib.sha256(b"abc").hexdigest()
