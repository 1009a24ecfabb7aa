import zlib

import pytest

from forecast_hub.atomic_files import gzip_writer, replacing


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def test_the_file_has_its_name_only_when_the_block_has_succeeded(tmp_path):
    target = tmp_path / "table.csv"

    with replacing(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()

    assert target.read_text() == "whole"
    assert names_in(tmp_path) == ["table.csv"]


def test_the_temporary_file_is_hidden_and_in_the_same_folder(tmp_path):
    with replacing(tmp_path / "table.csv") as temporary:
        temporary.touch()

        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".table.csv.")


def test_two_writers_of_one_file_do_not_share_a_temporary_name(tmp_path):
    with replacing(tmp_path / "a") as first, replacing(tmp_path / "a") as second:
        assert first != second
        first.touch()
        second.touch()


def test_after_an_error_the_old_file_is_there_and_nothing_else(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")

    def write_half():
        with replacing(target) as temporary:
            temporary.write_text("ne")
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        write_half()

    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["table.csv"]


@pytest.mark.parametrize(("level", "mark"), [(4, 0), (9, 2)])
def test_a_gzip_file_has_no_name_no_time_and_the_level_that_is_asked_for(tmp_path, level, mark):
    """The parts of the header are those of RFC 1952; ``mark`` is 2 for the best compression."""
    content = b"".join(b"%d,%d\n" % (n, n * n % 97) for n in range(999))
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)

    with gzip_writer(tmp_path / "table.csv.gz", level) as file:
        file.write(content[:500])
        file.write(content[500:])

    ends = zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    header = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, mark, 255])
    packed = packer.compress(content) + packer.flush()
    assert (tmp_path / "table.csv.gz").read_bytes() == header + packed + ends
    assert names_in(tmp_path) == ["table.csv.gz"]
