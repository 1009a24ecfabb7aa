import gzip

import pytest

from epyflow.data import sheet
from epyflow.data.sheet import listed, read_sheet
from epyflow.errors import DataError, UnreadableError
from forecast_hub import limited_files


def write(tmp_path, text, name="data.csv"):
    path = tmp_path / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz"])
def test_a_file_is_read_compressed_or_not(tmp_path, name):
    sheet = read_sheet(write(tmp_path, 'a,b\n"x, y", 2 \n', name), ("a",))

    assert sheet.columns == ("a", "b")
    assert sheet.rows[0].cells == {"a": "x, y", "b": "2"}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    assert read_sheet(write(tmp_path, "\ufeffa\n1\n"), ("a",)).columns == ("a",)


def test_lines_are_counted_over_blank_ones(tmp_path):
    sheet = read_sheet(write(tmp_path, "a\n\n1\n\nx\n"), ("a",))

    assert [row.line for row in sheet.rows] == [3, 5]
    with pytest.raises(DataError, match=r"data\.csv:5: a: is 'x'; expected a number"):
        sheet.rows[1].number("a")


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "NA", "", "1e300", "1000000000001"])
def test_a_cell_that_is_no_amount_is_refused(tmp_path, text):
    row = read_sheet(write(tmp_path, f"a,b\n{text},1\n"), ()).rows[0]

    with pytest.raises(DataError, match="expected a number from 0 to 1,000,000,000,000"):
        row.number("a")


@pytest.mark.parametrize("text", ["13", "-1", "1.0", "٣", "9" * 5000])
def test_a_cell_that_is_no_such_whole_number_is_refused(tmp_path, text):
    row = read_sheet(write(tmp_path, f"a\n{text}\n"), ()).rows[0]

    with pytest.raises(DataError, match=r"a: is .*; expected a whole number from 1 to 12"):
        row.whole("a", 1, 12)


@pytest.mark.parametrize("text", ["20250101", "2025-W01-1", "01/02/2025", "2025-02-29", ""])
def test_a_date_of_another_form_is_refused(tmp_path, text):
    row = read_sheet(write(tmp_path, f"a,b\n{text},1\n"), ()).rows[0]

    with pytest.raises(DataError, match="expected YYYY-MM-DD"):
        row.day("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a\n\xff\n", "is not text in UTF-8"),
        (b'a\n"x\n', "not valid CSV: line 2: "),
        (b"", "no column a; the file has no columns"),
        (b"a,a\n1,2\n", "the column a occurs more than once; expected it once"),
    ],
)
def test_what_is_no_csv_with_that_column_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_sheet(write(tmp_path, text), ("a",))


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz"])
def test_a_file_above_a_limit_is_refused(tmp_path, name, monkeypatch):
    monkeypatch.setattr(limited_files, "MOST_BYTES", 1000)

    with pytest.raises(UnreadableError, match="has more than 1,000 bytes"):
        read_sheet(write(tmp_path, "a\n" + "1\n" * 1000, name), ("a",))


def test_a_file_with_too_many_cells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "MOST_CELLS", 11)

    assert len(read_sheet(write(tmp_path, "a\n1\n"), ("a",)).rows) == 1
    with pytest.raises(UnreadableError, match="has more than 11 cells, a row counted as 4 more"):
        read_sheet(write(tmp_path, "a\n1\n\n2\n"), ("a",))


@pytest.mark.parametrize("cut", [4, -4])
def test_a_truncated_or_false_gzip_file_is_refused(tmp_path, cut):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"a\n1\n")[:cut])
    with pytest.raises(DataError, match="not a complete gzip file"):
        read_sheet(path, ("a",))

    path.write_bytes(b"a\n1\n")
    with pytest.raises(DataError, match="not a complete gzip file"):
        read_sheet(path, ("a",))


def test_a_location_is_found_in_any_of_its_spellings(tmp_path):
    sheet = read_sheet(write(tmp_path, "place\nMA\nNew York\nmassachusetts\n"), ())

    assert [row.line for row in sheet.of_location("place", {"Massachusetts", "MA"})] == [2, 4]


def test_a_location_that_is_missing_is_an_error_that_lists_those_there(tmp_path):
    sheet = read_sheet(write(tmp_path, "place\nAlabama\nAlaska\nAlabama\n"), ())

    with pytest.raises(DataError, match=r"no row for 25 or MA; the file has Alabama, Alaska$"):
        sheet.of_location("place", {"MA", "25"})


def test_a_long_list_is_cut():
    assert listed([str(k) for k in range(14)]).endswith("10, 11 and 2 more")
