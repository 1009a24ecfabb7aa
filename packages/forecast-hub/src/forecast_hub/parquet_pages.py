"""Read from the pages of a parquet file how many bytes they have when decompressed.

The footer gives sizes, too, but a reader allocates what the header of a page says. Where the pages
are is read from the footer here, because pyarrow ends the process at some damaged ones. Source of
the format: apache/parquet-format, ``parquet.thrift`` (FileMetaData, PageHeader); Thrift's compact
protocol.
"""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MOST_PAGES = 200_000
"""Pages of a file: a page usually has 20,000 values or a megabyte."""

MOST_FOOTER = 2**21
"""Bytes of a footer: a column of a row group takes some 150."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _STRUCT = (*range(1, 10), 12)
_DEEPEST = 8
"""Structures and lists in one another."""

# Numbers of fields, each with its type: with another one, a reader ignores the field.
_UNPACKED, _PACKED = (2, _I32), (3, _I32)
_ROW_GROUPS, _COLUMNS, _COLUMN = (4, _LIST), (1, _LIST), (3, _STRUCT)
_VALUES, _SIZE, _DATA, _DICTIONARY = (5, _I64), (7, _I64), (9, _I64), (11, _I64)

_Fields = dict[tuple[int, int], Any]


class _Cursor:
    """Reads Thrift's compact protocol from bytes."""

    def __init__(self, data: mmap.mmap, position: int, *, with_lists: bool = False) -> None:
        self.data, self.position, self.with_lists = data, position, with_lists

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("a number in a header is too long")

    def signed(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def struct(self, depth: int = 0) -> _Fields:
        """Return the fields of a structure by number and type: numbers, lists and structures."""
        found: _Fields = {}
        number = 0
        while head := self.data[self.position]:
            self.position += 1
            number = number + (head >> 4) if head >> 4 else self.signed()
            kind = head & 0x0F
            if kind not in (_TRUE, _FALSE):  # the type of such a field is its value
                found[number, kind] = self._value(kind, depth)
        self.position += 1
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("the structures of a header are nested too deep")
        if kind in (_I16, _I32, _I64):
            return self.signed()
        if kind == _LIST and self.with_lists:
            return self._list(depth + 1)
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind == _BINARY:
            length = self.varint()  # before the position is read, which it changes
            self.position += length
        elif kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
            self.position += 8 if kind == _DOUBLE else 1
        else:
            raise ValueError("a header has a field that no parquet file has")
        return None

    def _list(self, depth: int) -> list[Any]:
        head = self.data[self.position]
        self.position += 1
        count = self.varint() if head >> 4 == 0x0F else head >> 4
        return [self._value(head & 0x0F, depth) for _ in range(count)]


def column_sizes(path: Path, groups: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the number of each column in each row group, and the bytes of its pages.

    Parameters
    ----------
    path
        The file.
    groups
        Number of columns of each row group, as pyarrow has read it.

    Raises
    ------
    ValueError
        If the footer or the headers of pages are damaged, the footer is longer than
        :data:`MOST_FOOTER`, or there are more than :data:`MOST_PAGES`.
    """
    left = MOST_PAGES
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = [_structs(group, _COLUMNS) for group in _structs(_read_footer(data), _ROW_GROUPS)]
        if [*map(len, found)] != [*groups]:
            raise ValueError("its footer is damaged")
        for columns in found:
            for number, column in enumerate(columns):
                sizes = []
                for size in _page_sizes(data, column.get(_COLUMN, {})):
                    sizes.append(size)
                    left -= 1
                    if left < 0:
                        raise ValueError(f"more than {MOST_PAGES:,} pages")
                yield number, sum(sizes)


def _read_footer(data: mmap.mmap) -> _Fields:
    size = int.from_bytes(data[-8:-4], "little")
    if size > min(MOST_FOOTER, len(data) - 8):
        raise ValueError(f"its footer has {size:,} bytes")
    return _read_struct(_Cursor(data, len(data) - 8 - size, with_lists=True))


def _read_struct(cursor: _Cursor) -> _Fields:
    try:
        return cursor.struct()
    except IndexError:
        raise ValueError("a header is cut short") from None


def _structs(fields: _Fields, key: tuple[int, int]) -> list[_Fields]:
    found: list[_Fields] = fields.get(key, [])
    if not all(isinstance(each, dict) for each in found):
        raise ValueError("its footer is damaged")
    return found


def _page_sizes(data: mmap.mmap, column: _Fields) -> Iterator[int]:
    start = column.get(_DATA, 0)
    if 0 < column.get(_DICTIONARY, 0) < start:
        start = column[_DICTIONARY]
    # Without values, a reader looks at no page.
    end = start + column.get(_SIZE, 0) * (column.get(_VALUES, 0) > 0)
    while start < end:
        if not 0 <= start < len(data):
            raise ValueError("a page is not in the file")
        cursor = _Cursor(data, start)
        header = _read_struct(cursor)
        unpacked, packed = header.get(_UNPACKED, -1), header.get(_PACKED, -1)
        if not (0 <= unpacked < 2**31 and 0 <= packed < 2**31):
            raise ValueError("the header of a page has no size")
        yield unpacked
        start = cursor.position + packed
