import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast_hub import limited_files, parquet_files, parquet_pages
from forecast_hub.config.locations import read_locations
from forecast_hub.config.submission_file import read_submission
from forecast_hub.errors import UnreadableError
from forecast_hub.parquet_files import read_parquet
from forecast_hub.scoring.forecasts import read_forecasts
from forecast_hub.tables import read_table


def set_limit(monkeypatch, name, value):
    """Set a limit in each of the modules that has it."""
    for module in (limited_files, parquet_files):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, value)


def read_one_forecast(path):
    return read_forecasts([path])


READERS = (read_table, read_submission, read_one_forecast, read_locations)
NAME = "2025-01-04-team-model.csv"


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize(
    ("limit", "content", "has"),
    [
        ("MOST_BYTES", "a,b\n" * 300, "more than 1,000 bytes"),
        ("MOST_COLUMNS", "a," * 1001, "more than 1,000 columns"),
        ("LONGEST_ROW", "a" * 1001, "a row of more than 1,000 characters"),
        ("LONGEST_ROW", '"\n",' * 300, "a row of more than 1,000 characters"),
    ],
)
def test_a_table_above_a_limit_is_refused(reader, limit, content, has, tmp_path, monkeypatch):
    monkeypatch.setattr(limited_files, limit, 1000)
    packed = reader in (read_table, read_one_forecast)
    path = tmp_path / (f"{NAME}.gz" if packed else NAME)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())

    with pytest.raises(
        UnreadableError, match=f"{NAME}.*: has {has}( when decompressed)?; expected"
    ):
        reader(path)


def test_the_cells_of_a_folder_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(limited_files, "MOST_CELLS", 1000)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("a,b\n" * 100)

    with pytest.raises(UnreadableError, match="has more than 1,000 cells, a row counted as 4"):
        read_table(tmp_path)


def test_a_compressed_file_is_refused_before_its_rows_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(limited_files, "MOST_BYTES", 1_000_000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * 250_001))
    rows = limited_files.csv_rows(path)

    assert next(rows) == (1, ["a", "b"])
    with pytest.raises(UnreadableError, match="more than 1,000,000 bytes when decompressed"):
        next(rows)


@pytest.mark.parametrize("content", ["a,b\n" * 167, "a\n" * 201])
def test_the_cells_of_a_table_are_counted_and_its_rows_too(content, tmp_path, monkeypatch):
    monkeypatch.setattr(limited_files, "MOST_CELLS", 1000)
    (tmp_path / NAME).write_text(content)

    with pytest.raises(UnreadableError, match="has more than 1,000 cells, a row counted as 4 more"):
        read_submission(tmp_path / NAME)


@pytest.mark.parametrize("reader", [read_table, read_submission])
@pytest.mark.parametrize(
    ("limit", "columns", "what"),
    [
        ("MOST_BYTES", {"a": list(range(1000))}, "has more than 1,000 bytes when decompressed"),
        # As large as one text, because the file holds it once.
        ("MOST_BYTES", {"a": ["long text" * 30] * 9}, "has more than 1,000 characters of text"),
        ("MOST_MEMORY", {"a": list(range(1000))}, "has more than 1,000 bytes in memory"),
        ("MOST_CELLS", {"a": [1] * 167, "b": [1] * 167}, "has more than 1,000 cells"),
        ("MOST_COLUMNS", {str(n): [1] for n in range(1001)}, "has more than 1,000 columns"),
        ("MOST_CELLS", {"a": [[1, 2]]}, r"the column a\.list\.element holds lists"),
    ],
)
def test_parquet_above_a_limit_is_refused(reader, limit, columns, what, tmp_path, monkeypatch):
    set_limit(monkeypatch, limit, 1000)
    path = tmp_path / "2025-01-04-team-model.parquet"
    pq.write_table(pa.table(columns), path)

    with pytest.raises(UnreadableError, match=rf"model\.parquet: {what}"):
        reader(path)


def test_the_rows_of_a_parquet_file_are_those_of_its_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(limited_files, "MOST_CELLS", 1000)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1] * 8000}), path)
    # 8,000 as a number of the footer, which states the rows of the file first; and 1 as long.
    content, rows, one = path.read_bytes(), b"\x80\x7d", b"\x82\x00"
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    start = content.index(rows, footer)
    path.write_bytes(content[:start] + one + content[start + len(rows) :])
    assert pq.ParquetFile(path).metadata.num_rows == 1

    with pytest.raises(UnreadableError, match="has more than 1,000 cells"):
        read_parquet(path)


PAGES = (
    ("MOST_COLUMN", "more than 80,000 bytes in a column of a row group"),
    ("MOST_BYTES", "more than 80,000 bytes when decompressed"),
)


@pytest.mark.parametrize(("limit", "what"), PAGES)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_size_of_a_page_is_that_of_its_header(limit, what, version, tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    schema = pa.schema([pa.field("day", pa.float64(), nullable=False)])
    table = pa.table({"day": [1.0] * 9000}, schema=schema)
    pq.write_table(table, path, use_dictionary=False, data_page_version=version)
    assert read_parquet(path) == table
    content, size = path.read_bytes(), b"\x15" + b"\x80\xe5\x08"  # 72,000, as a number of Thrift
    assert content.count(size) == 1
    path.write_bytes(content.replace(size, b"\x15" + b"\x80\xe5\x09"))  # 80,192
    set_limit(monkeypatch, limit, 80_000)

    with pytest.raises(UnreadableError, match=what):
        read_parquet(path)


def test_a_damaged_header_of_a_page_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"day": [1, 2]}), path)
    content = path.read_bytes()
    for header in (b"\x19", b"\x25\x02", b"\x00", b"\x05" + b"\xff" * 11):
        path.write_bytes(content[:4] + header + content[4 + len(header) :])
        with pytest.raises(UnreadableError, match=r"cannot be read as parquet \("):
            read_parquet(path)

    path.write_bytes(content)
    monkeypatch.setattr(parquet_pages, "MOST_PAGES", 1)
    with pytest.raises(UnreadableError, match="more than 1 pages"):
        read_parquet(path)


@pytest.mark.parametrize("reader", [read_table, read_submission])
def test_statistics_of_parquet_that_do_not_suit_the_column_do_not_end_the_process(reader, tmp_path):
    """pyarrow calls std::terminate when it is asked for the metadata of such a column."""
    path = tmp_path / "2025-01-04-team-model.parquet"
    pq.write_table(pa.table({"day": [1, 2]}), path, store_schema=False)
    optional, required = b"\x25\x02\x18\x03day", b"\x25\x00\x18\x03day"
    content = path.read_bytes()
    assert content.count(optional) == 1
    path.write_bytes(content.replace(optional, required))

    with pytest.raises(UnreadableError, match=r"cannot be read as parquet .*histogram"):
        reader(path)


@pytest.mark.parametrize(
    ("position", "byte", "what"),
    [
        (-5, b"\xff", r"its footer has 4,\d+,\d+,\d+ bytes"),  # the highest of its length
        (-6, b"\x21", r"its footer has 2,\d+,\d+ bytes"),
    ],
)
def test_a_footer_above_its_limit_is_refused(tmp_path, position, byte, what):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"day": [1, 2]}), path)
    content = bytearray(path.read_bytes())
    content[position : position + 1] = byte
    path.write_bytes(content)

    with pytest.raises(ValueError, match=what):
        list(parquet_pages.column_sizes(path, [1]))


def test_a_footer_with_other_columns_than_pyarrow_has_read_is_refused(tmp_path):
    pq.write_table(pa.table({"day": [1, 2], "value": [3, 4]}), tmp_path / "a.parquet")

    sizes = list(parquet_pages.column_sizes(tmp_path / "a.parquet", [2]))
    assert [number for number, _ in sizes] == [0, 1]
    for groups in ([1], [2, 2], []):
        with pytest.raises(ValueError, match="its footer is damaged"):
            list(parquet_pages.column_sizes(tmp_path / "a.parquet", groups))


def test_a_name_of_a_column_that_is_not_utf_8_is_refused(tmp_path):
    pq.write_table(pa.table({"some name": [1]}), tmp_path / "a.parquet", store_schema=False)
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content.replace(b"some name", b"some\xffname"))

    with pytest.raises(UnreadableError, match=r"a\.parquet: cannot be read as parquet \('utf-8'"):
        read_parquet(tmp_path / "a.parquet")


@pytest.mark.parametrize("reader", [read_table, read_submission])
def test_a_text_of_parquet_that_is_not_utf_8_is_refused_with_its_column(reader, tmp_path):
    path = tmp_path / "2025-01-04-team-model.parquet"
    pq.write_table(pa.table({"date": ["some text"]}), path, compression="none")
    path.write_bytes(path.read_bytes().replace(b"some text", b"some\xfftext"))

    with pytest.raises(UnreadableError, match=r"model\.parquet: column 'date': damaged \(.*UTF8"):
        reader(path)


def test_columns_of_one_name_are_read_apart(tmp_path):
    table = pa.Table.from_arrays([pa.array([1, 2]), pa.array(["x", "y"])], names=["a", "a"])
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)

    assert read_parquet(tmp_path / "a.parquet") == table


def test_parquet_keeps_its_types(tmp_path):
    types = [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())]
    columns = {str(type_): pa.array(["a", None, "b"]).cast(type_) for type_ in types}
    table = pa.table(columns | {"day": pa.array([1, None, 2], pa.date32())})
    pq.write_table(table, tmp_path / "a.parquet")

    assert read_parquet(tmp_path / "a.parquet") == table


REPEATED = {name: [1] * 20_000 for name in "abcd"}
COUNTED = {"a": range(20_000), "b": range(20_000)}


@pytest.mark.parametrize("reader", [read_table, read_submission])
@pytest.mark.parametrize(
    ("limit", "ratio", "columns", "what"),
    [
        ("SMALL_CELLS", "CELLS_RATIO", REPEATED, "1,000 cells, a row counted as 4 more"),
        ("SMALL_BYTES", "BYTES_RATIO", {"a": range(2_000)}, "1,000 bytes when decompressed"),
        ("SMALL_BYTES", "BYTES_RATIO", {"a": ["text" * 9] * 90}, "1,000 characters of text"),
        ("SMALL_DISTINCT", "DISTINCT_RATIO", COUNTED, "1,000 different values"),
    ],
)
def test_a_small_parquet_file_may_hold_less_than_a_large_one(
    reader, limit, ratio, columns, what, tmp_path, monkeypatch
):
    path = tmp_path / "2025-01-04-team-model.parquet"
    pq.write_table(pa.table(columns), path)
    set_limit(monkeypatch, ratio, 0)
    set_limit(monkeypatch, limit, 1000)

    with pytest.raises(UnreadableError, match=rf"model\.parquet: has more than {what}"):
        reader(path)
    set_limit(monkeypatch, ratio, 1000)
    reader(path)


def test_a_small_packed_csv_file_may_hold_fewer_cells_than_a_large_one(tmp_path, monkeypatch):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 2_000))
    monkeypatch.setattr(limited_files, "SMALL_CELLS", 1000)

    with pytest.raises(UnreadableError, match="has more than 1,000 cells, a row counted as 4"):
        read_table(path)
    monkeypatch.setattr(limited_files, "CELLS_RATIO", 1000)
    assert len(read_table(path).index) == 2_000


def test_the_characters_of_a_folder_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(limited_files, "MOST_BYTES", 1000)
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text(f"a\n{'text' * 100}\n")

    with pytest.raises(UnreadableError, match="has more than 1,000 characters of text"):
        read_table(tmp_path)


def test_each_row_has_its_value_though_equal_ones_are_kept_once(tmp_path):
    times = pa.array([0, None, 86_400_000, 0], pa.timestamp("ms"))
    columns = {"day": times, "word": ["a b", "", None, "a b"], "number": [1.5, 1.5, None, -0.0]}
    pq.write_table(pa.table(columns), tmp_path / "2025-01-04-t-m.parquet", row_group_size=2)

    table = read_table(tmp_path / "2025-01-04-t-m.parquet")
    frame = read_submission(tmp_path / "2025-01-04-t-m.parquet").frame

    assert table.columns["day"].tolist() == ["1970-01-01", "", "1970-01-02", "1970-01-01"]
    assert table.columns["word"].tolist() == ["a b", "", "", "a b"]
    assert [each and float(each) for each in table.columns["number"]] == [1.5, 1.5, "", 0]
    assert frame["word"].tolist() == ["a b", "''", "NA", "a b"]
    assert table.columns["word"][0] is table.columns["word"][3]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_a_pipe_is_refused_and_not_waited_for(reader, tmp_path):
    os.mkfifo(tmp_path / NAME)

    with pytest.raises(UnreadableError, match=r"model\.csv: "):
        reader(tmp_path / NAME)


def test_a_number_of_thousands_of_digits_is_no_json(tmp_path):
    (tmp_path / "a.json").write_bytes(b'{"a": ' + b"9" * 5_000 + b"}")

    with pytest.raises(ValueError, match=r"^a number of 5,000 digits$"):
        limited_files.read_json(tmp_path / "a.json")


@pytest.mark.parametrize(("content", "ok"), [(b'{"a": 1}', True), (b'{"a": 1} ', False)])
def test_a_json_file_has_a_limit(content, ok, tmp_path):
    (tmp_path / "a.json").write_bytes(content)

    if ok:
        assert limited_files.read_json(tmp_path / "a.json", most=8) == {"a": 1}
    else:
        with pytest.raises(UnreadableError, match="has more than 8 bytes; expected fewer"):
            limited_files.read_json(tmp_path / "a.json", most=8)
