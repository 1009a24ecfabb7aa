"""Read from the pages of a parquet file how many bytes they have when decompressed.

The footer gives sizes, too, but a reader allocates what the header of a page says. Source of the
format: apache/parquet-format, ``parquet.thrift`` (PageHeader); Thrift's compact protocol.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MOST_PAGES = 200_000
"""Pages of a file: a page usually has 20,000 values or a megabyte."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 12
_DEEPEST = 4
"""Structures in one another in a header."""

_UNPACKED, _PACKED = 2, 3
"""Numbers of the fields of a header that give the sizes of its page."""


class _Cursor:
    """Reads Thrift's compact protocol from bytes."""

    def __init__(self, data: mmap.mmap, position: int) -> None:
        self.data, self.position = data, position

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("a number in the header of a page is too long")

    def signed(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def struct(self, depth: int = 0) -> dict[int, int]:
        """Return the fields of a structure that are 32-bit numbers, and pass over the others."""
        found: dict[int, int] = {}
        number = 0
        while head := self.data[self.position]:
            self.position += 1
            number = number + (head >> 4) if head >> 4 else self.signed()
            if head & 0x0F == _I32:
                found[number] = self.signed()
            else:
                self._skip(head & 0x0F, depth)
        self.position += 1
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind in (_I16, _I64):
            self.varint()
        elif kind in (_BYTE, _DOUBLE):
            self.position += 1 if kind == _BYTE else 8
        elif kind == _BINARY:
            length = self.varint()  # before the position is read, which it changes
            self.position += length
        elif kind == _STRUCT and depth < _DEEPEST:
            self.struct(depth + 1)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError("the header of a page has a field that no header has")


def column_sizes(path: Path, metadata: "pq.FileMetaData") -> Iterator[tuple[int, int]]:
    """Yield the number of each column in each row group, and the bytes of its pages.

    Raises
    ------
    ValueError
        If the headers of pages are damaged, or there are more than :data:`MOST_PAGES`.
    """
    left = MOST_PAGES
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for number in range(group.num_columns):
                sizes = []
                for size in _page_sizes(data, group.column(number)):
                    sizes.append(size)
                    left -= 1
                    if left < 0:
                        raise ValueError(f"more than {MOST_PAGES:,} pages")
                yield number, sum(sizes)


def _page_sizes(data: mmap.mmap, column: "pq.ColumnChunkMetaData") -> Iterator[int]:
    start = column.data_page_offset
    if column.has_dictionary_page and 0 < (column.dictionary_page_offset or 0) < start:
        start = column.dictionary_page_offset
    # Without values, a reader looks at no page.
    end = start + column.total_compressed_size * (column.num_values > 0)
    while start < end:
        if not 0 <= start < len(data):
            raise ValueError("a page is not in the file")
        cursor = _Cursor(data, start)
        try:
            header = cursor.struct()
        except IndexError:
            raise ValueError("the header of a page is cut short") from None
        unpacked, packed = header.get(_UNPACKED, -1), header.get(_PACKED, -1)
        if not (0 <= unpacked < 2**31 and 0 <= packed < 2**31):
            raise ValueError("the header of a page has no size")
        yield unpacked
        start = cursor.position + packed
