"""Damage valid files: in their structure, and then in their bytes.

A case is a text of bytes that hypothesis draws. Its first byte chooses the seed, and each five more
are an edit. So a case is reproduced from its bytes, and fewer bytes are a simpler case.
"""

import csv
import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from epyflow.artifacts import pickling
from epyflow.artifacts.task import PackedArray


class Edit(NamedTuple):
    """What to change: an operation, where, and a value; each is taken modulo what there is."""

    operation: int
    where: int
    value: int


def edits_of(case: bytes) -> list[Edit]:
    parts = (case[at : at + 5] for at in range(1, len(case) - 4, 5))
    return [
        Edit(part[0], int.from_bytes(part[1:3], "big"), int.from_bytes(part[3:], "big"))
        for part in parts
    ]


class Raw(str):
    """Text that is written into YAML or JSON as it is."""

    __slots__ = ()


NUMBERS = (
    *(
        "0",
        "-1",
        "1",
        "0.5",
        "1e308",
        "1e400",
        "-0.0",
        "1e-320",
        "NaN",
        "-Infinity",
        ".nan",
        ".inf",
    ),
    *("9223372036854775807", "18446744073709551616", "1e18", "1e19", "9" * 400, "9" * 5000),
    *("1_000", "0100", "1:30", "0x1F", "0b1", "1,5", "٣", "½", "²", "1e", "--1", "1" * 64),
)
TEXTS = (
    *("", " ", "\0", "\x1b[31m", "\u202e", "\u2028", "é", "\U0001f9a0", "a" * 5000, "ab\ncd", '"'),
    *("../../../../etc/passwd", "/etc/passwd", "/dev/zero", "/", "..", ".", "~", "C:\\x", "a/../b"),
    *("2024-02-30", "0001-01-01", "9999-12-31", "2024-11-03", "NA", "inf", "null", "{x}", "%s"),
    *(
        "US",
        "US-MA",
        "25",
        "total",
        "0-17",
        "65+",
        "17-0",
        "0-999999999",
        "-",
        "2024-W01",
        "a" * 256,
    ),
    *(
        "=1+1",
        "(a+)+$",
        "a,b",
        "\r",
        "\t",
        "#",
        "'",
        "\ufeff",
        "1d",
        "0D",
        "ns",
        "beta",
        "S",
        "True",
    ),
)
STRUCTURES = (
    *("[]", "{}", "null", "true", "[[[]]]", "[" * 150 + "]" * 150, "[null]", '{"a": {"b": []}}'),
    *(
        "&a [*a]",
        "*b",
        "!!int x",
        "!!python/object/apply:os.getcwd []",
        "!!binary x",
        "!!set {a, b}",
    ),
    *("!!timestamp 2024-02-30", "2024-02-30", "{<<: 1}", "{<<: {a: 1}}", "? a", '"\\ud800"', "- -"),
    *('"\\u0000"', "'", "[1, 2", "}", "!!float 1", "&b [1, &c {a: *b}]", "[" * 3000, "%YAML 9.9"),
)
VALUES = tuple(map(Raw, (*NUMBERS, *STRUCTURES))) + TEXTS
"""Values that have broken readers."""

_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_WORD = re.compile(rb"[A-Za-z_]{2,}")


def mutate_bytes(data: bytes, edits: Sequence[Edit]) -> bytes:
    """Damage bytes, lines, words and numbers of a text; or any bytes."""
    for operation, where, value in edits:
        at = where % (len(data) + 1)
        match operation % 8:
            case 0:
                data = data[:at] + bytes([value % 256]) + data[at + 1 :]
            case 1:
                data = data[:at] + data[at + 1 + value % 64 :]
            case 2:
                data = data[:at] + str(VALUES[value % len(VALUES)]).encode() + data[at:]
            case 3:
                lines = data.splitlines(keepends=True) or [b""]
                line = lines.pop(where % len(lines))
                there = value % (len(lines) + 1)
                lines[there:there] = [line] * (value % 3)
                data = b"".join(lines)
            case 4:
                data = data[:at]
            case 5:
                data = data[:at] + data[at : at + 1 + value % 40] * 2 + data[at:]
            case 6 | 7 as pattern:
                found = list((_NUMBER if pattern == 6 else _WORD).finditer(data[:20_000]))
                if found:
                    start, end = found[where % len(found)].span()
                    data = data[:start] + str(VALUES[value % len(VALUES)]).encode() + data[end:]
    return data


def split(edits: Sequence[Edit]) -> tuple[list[Edit], list[Edit]]:
    """Return edits of the structure, and the quarter of them that are of bytes."""
    of_bytes = [edit for edit in edits if edit.operation >= 192]
    return [edit for edit in edits if edit.operation < 192], of_bytes


# --- YAML and JSON -----------------------------------------------------------------------------


def mutate_tree(seed: Any, edits: Sequence[Edit]) -> bytes:
    """Damage the values of a document, and write it as JSON, which is YAML, too."""
    structural, of_bytes = split(edits)
    tree = {"": deepcopy(seed)}
    for operation, where, value in structural:
        places = list(_places(tree))
        holder, key = places[where % len(places)]
        new = VALUES[value % len(VALUES)]
        match operation % 6:
            case 0 | 1 | 2:
                holder[key] = new
            case 3:
                other, its = places[value % len(places)]
                holder[key] = deepcopy(other[its])
            case 4 if isinstance(holder, dict) and holder is not tree:
                holder[str(new)] = holder.pop(key)
            case 4 | 5 if holder is not tree:
                del holder[key]
    return mutate_bytes(_written(tree[""]).encode("utf-8", "surrogatepass"), of_bytes)


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(pairs):
        yield holder, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _written(value: Any) -> str:
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return "{" + ",\n".join(f"{json.dumps(k)}: {_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(str(value) if isinstance(value, date) else value)


# --- tables ------------------------------------------------------------------------------------


def mutate_cells(seed: bytes, edits: Sequence[Edit]) -> bytes:
    """Damage cells, rows and columns of a csv file."""
    structural, of_bytes = split(edits)
    rows = [row for row in csv.reader(io.StringIO(seed.decode(), newline="")) if row]
    for operation, where, value in structural:
        row = rows[where % len(rows)] or [""]
        column = (where // len(rows)) % len(row)
        new = str(VALUES[value % len(VALUES)])
        match operation % 7:
            case 0 | 1 | 2:
                row[column] = new
            case 3:
                rows.insert(value % (len(rows) + 1), list(row))
            case 4 if len(rows) > 1:
                rows.remove(row)
            case 5:
                for each in rows:
                    each.append(each[column % len(each)] if each else new)
            case 6:
                del row[column]
                rows[0] = rows[0] or [""]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return mutate_bytes(text.getvalue().encode("utf-8", "surrogatepass"), of_bytes)


def mutate_gzip(seed: bytes, edits: Sequence[Edit]) -> bytes:
    """Damage the cells of a table, and now and then the bytes of its compressed file."""
    structural, of_bytes = split(edits)
    packed = gzip.compress(mutate_cells(seed, structural), 1, mtime=0)
    return mutate_bytes(packed, of_bytes)


def mutate_parquet(seed: bytes, edits: Sequence[Edit]) -> bytes:
    """Damage the cells and the types of a table, and the bytes of its parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    structural, of_bytes = split(edits)
    header, *rows = csv.reader(io.StringIO(seed.decode(), newline=""))
    columns: list[Any] = [pa.array(column) for column in zip(*rows, strict=True)]
    types = (pa.binary(), pa.float64(), pa.int64(), pa.date32(), pa.timestamp("ns"), pa.bool_())
    for operation, where, value in structural:
        number = where % len(columns)
        match operation % 4:
            case 0:
                new = str(VALUES[value % len(VALUES)])
                texts = [
                    new if at == where % len(rows) else row[number] for at, row in enumerate(rows)
                ]
                columns[number] = pa.array(texts)
            case 1:
                try:
                    columns[number] = columns[number].cast(types[value % len(types)])
                except pa.ArrowException:
                    columns[number] = pa.nulls(len(rows), types[value % len(types)])
            case 2:
                columns[number] = pa.array([[float(value)]] * len(rows))
            case 3:
                header[number] = str(VALUES[value % len(VALUES)])
    target = io.BytesIO()
    pq.write_table(pa.table(columns, names=header), target)
    return mutate_bytes(target.getvalue(), of_bytes)


# --- archives ----------------------------------------------------------------------------------

_TYPES = (
    *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE),
    *(tarfile.GNUTYPE_SPARSE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE, b"S"),
)
_SIZES = (0, 1, 511, 513, 2**20, 10**13 // 2**9, 8**11 - 1)
_HEADERS = ("path", "size", "mtime", "linkpath", "GNU.sparse.size", "GNU.sparse.map", "hdrcharset")
_NAMES = (
    "../x",
    "/x",
    "a/../../x",
    "a" * 300,
    "a/" * 90 + "b",
    "x\0y",
    "x\ny",
    "\udc80",
    "",
    "a",
    "//",
)


def mutate_archive(seed: Sequence[tuple[str, bytes]], edits: Sequence[Edit]) -> bytes:
    """Damage names, types, sizes and headers of an archive's members, and its bytes."""
    structural, of_bytes = split(edits)
    members = [(name, {"size": len(data)}, data, {}) for name, data in seed]
    for operation, where, value in structural:
        number = where % len(members)
        name, changes, data, headers = members[number]
        match operation % 7:
            case 0:
                members[number] = (_NAMES[value % len(_NAMES)], changes, data, headers)
            case 1:
                changes["type"] = _TYPES[value % len(_TYPES)]
                changes["linkname"] = _NAMES[value % 3]
            case 2:
                changes["size"] = _SIZES[value % len(_SIZES)]
            case 3:
                text = str(VALUES[value % len(VALUES)])
                headers[_HEADERS[value % len(_HEADERS)]] = text
            case 4:
                members.insert(value % len(members), (name, dict(changes), data, dict(headers)))
            case 5:
                damaged = mutate_bytes(data, [Edit(value, where, value)])
                members[number] = (name, {**changes, "size": len(damaged)}, damaged, headers)
            case 6 if len(members) > 1:
                del members[number]
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 1, packed, mtime=0) as file:
        for name, changes, data, headers in members:
            entry = tarfile.TarInfo(name)
            for key, value in changes.items():
                setattr(entry, key, value)
            entry.pax_headers = headers
            file.write(entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
            file.write(data + bytes(-len(data) % tarfile.BLOCKSIZE))
        file.write(bytes(2 * tarfile.BLOCKSIZE))
    return mutate_bytes(packed.getvalue(), of_bytes)


# --- artifacts ---------------------------------------------------------------------------------

_BYTES = PackedArray.pack(np.zeros((2, 2)))
_OBJECTS: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2**70,
        1.5,
        float("nan"),
        float("inf"),
        "",
        "x",
        "\ud800",
        b"",
        (),
        {},
        [],
    ),
    *(
        (1,),
        ("a",),
        {"a": 1},
        date.min,
        date.max,
        np.zeros(0),
        np.zeros((3, 3)),
        np.array(1.0),
        _BYTES,
    ),
    *(np.array(["a"]), PackedArray("<f8", (2**31, 8), b""), PackedArray("|b1", (-1,), b"x"), "{}"),
    *(np.full((2, 2), np.nan), np.zeros((2, 1), "<f2"), (date.min, date.max), {"": None}, 10**5000),
)


def mutate_artifact(seed: Any, edits: Sequence[Edit]) -> bytes:
    """Damage the fields of a task, a result or a checkpoint, and the bytes of its pickle."""
    structural, of_bytes = split(edits)
    for operation, where, value in structural:
        new = _OBJECTS[value % len(_OBJECTS)]
        seed = _with_field(seed, [where % 97, where // 97, operation], new)
    return mutate_bytes(_pickled(seed), of_bytes)


def _with_field(value: Any, ways: list[int], new: Any) -> Any:
    """Return a copy of an artifact in which one part, some steps below, is another."""
    if not ways:
        return new
    first, *rest = ways
    if is_dataclass(value) and not isinstance(value, type):
        field = fields(value)[first % len(fields(value))]
        return replace(value, **{field.name: _with_field(getattr(value, field.name), rest, new)})
    if isinstance(value, tuple) and value:
        at = first % len(value)
        return (*value[:at], _with_field(value[at], rest, new), *value[at + 1 :])
    if isinstance(value, dict) and value:
        key = list(value)[first % len(value)]
        return {**value, key: _with_field(value[key], rest, new)}
    return new


def _pickled(artifact: Any) -> bytes:
    try:
        return pickling.to_bytes(artifact)
    except (TypeError, AttributeError, ValueError):
        pass  # what an artifact may not hold: as one who forges a file would write it
    import pickle
    import sys

    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5)
    pickler.dispatch_table = {np.ndarray: pickling._reduce_array}
    kind = sys.intern(type(artifact).__name__)
    pickler.dump((pickling.MAGIC, pickling.FORMAT, kind, artifact))
    return stream.getvalue()


Mutate = Callable[[Any, Sequence[Edit]], bytes]
