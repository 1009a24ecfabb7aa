"""Pickles that mean harm are refused, and nothing in them is executed."""

import io
import os
import pickle
import subprocess
from datetime import date

import numpy as np
import pytest

from epyflow.artifacts import file_format, opcode_check, pickling
from epyflow.artifacts.task import PackedArray
from tests.unit import factories
from tests.unit.artifacts.artifact_files import refusal, same


class Calls:
    """Unpickles to ``function(*arguments)``, then gets ``state``."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments, state)

    def __reduce__(self):
        return self.reduced


def ours(payload, kind="Task"):
    """Wrap a payload in the header that gets it past the first check."""
    return pickle.dumps(("epyflow", file_format.FORMAT, kind, payload), protocol=5)


def assembled(payload):
    """Wrap hand-written opcodes as the payload."""
    body = b"(\x8c\x07epyflow\x94K" + bytes([file_format.FORMAT]) + b"\x8c\x04Task\x94" + payload
    body += b"t."
    return b"\x80\x05\x95" + len(body).to_bytes(8, "little") + body


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


def stack_global(module, name):
    return text(module) + text(name) + b"\x93"


def hostile(target):
    """Name -> pickle that would make the file ``target`` if it were obeyed."""
    touch = f"open({str(target)!r}, 'w').close()"
    shell = f"touch {target}"
    reach = b"(" + text(shell) + b"tR"
    return {
        "os.system": ours(Calls(os.system, shell)),
        "subprocess.Popen": ours(Calls(subprocess.Popen, ["touch", str(target)])),
        "builtins.eval": ours(Calls(eval, touch)),
        "builtins.exec": ours(Calls(exec, touch)),
        "builtins.getattr": ours(Calls(getattr, 1, "real")),
        "numpy.load": ours(Calls(np.load, str(target), None, True)),
        "numpy.fromfile": ours(Calls(np.fromfile, str(target))),
        "numpy's reconstruct": ours(np.array([Calls(os.system, shell)], dtype=object)),
        "numpy's dtype": ours(np.dtype("O")),
        "a name with dots": assembled(
            stack_global("epyflow.artifacts.task", "zlib.sys.modules") + b"0" + b"N"
        ),
        "a method of our class": assembled(
            stack_global("epyflow.artifacts.task", "PackedArray.pack") + reach
        ),
        "a function that tasks imports": assembled(stack_global("epyflow.artifacts.task", "zlib")),
        "the old GLOBAL opcode": assembled(b"cos\nsystem\n" + reach),
        "the INST opcode": assembled(b"(" + text(shell) + b"ios\nsystem\n"),
        "the OBJ opcode": assembled(b"(" + stack_global("os", "system") + text(shell) + b"o"),
        "copyreg's constructor": assembled(
            stack_global("copyreg", "_reconstructor") + b"(" + text("a") + b"tR"
        ),
        "copyreg's registry": assembled(
            stack_global("copyreg", "add_extension")
            + b"("
            + text("os")
            + text("system")
            + b"K\x01tR0"
            + b"\x82\x01"
            + reach
        ),
        "an extension code": assembled(b"\x82\x01" + reach),
        "a persistent id": assembled(b"Pos.system\n"),
        "an out-of-band buffer": assembled(b"\x97"),
        "functools.partial": assembled(
            stack_global("functools", "partial") + b"(" + stack_global("os", "system") + b"tR"
        ),
        "__reduce__ of pickle itself": ours(Calls(pickle.loads, pickle.dumps(Calls(eval, touch)))),
    }


@pytest.mark.parametrize("attack", sorted(hostile("x")))
def test_a_hostile_pickle_is_refused_and_not_obeyed(tmp_path, attack):
    target = tmp_path / "obeyed"

    message = refusal(hostile(target)[attack], tmp_path)

    assert not target.exists()
    # It was stopped for what it asked, not because the header was wrong.
    assert "it was not written by epyflow" not in message


def test_the_attacks_would_work_on_plain_pickle(tmp_path):
    """Otherwise the test above would show nothing."""
    for attack in ("os.system", "builtins.eval", "the old GLOBAL opcode", "the OBJ opcode"):
        target = tmp_path / attack.replace(" ", "_")
        pickle.loads(hostile(target)[attack])  # noqa: S301
        assert target.exists()


def test_a_pickle_cannot_set_attributes_of_our_classes(tmp_path):
    # BUILD with (None, {...}) sets attributes of whatever is on the stack: here, of a class.
    names = text("pack") + b"K\x01"
    build = stack_global("epyflow.artifacts.task", "PackedArray") + b"N}(" + names + b"u\x86b"

    refusal(assembled(build), tmp_path)

    assert callable(PackedArray.pack)
    assert PackedArray.pack(np.zeros(1)).shape == (1,)


def test_a_pickle_cannot_set_attributes_of_the_date_class(tmp_path):
    build = stack_global("datetime", "date") + b"N}(" + text("x") + b"K\x01u\x86b"

    refusal(assembled(build), tmp_path)

    assert not hasattr(date, "x")


@pytest.mark.parametrize("name", ["__setstate__", "state", "name", "arguments"])
@pytest.mark.parametrize("place", [("epyflow.artifacts.task", "Failure"), ("numpy", "ndarray")])
def test_a_pickle_cannot_change_how_the_next_one_is_read(tmp_path, place, name):
    build = stack_global(*place) + b"N}(" + text(name) + b"Nu\x86b"

    refusal(assembled(build), tmp_path)

    pickling.write(factories.task(), tmp_path / "a.pkl")
    assert same(pickling.read_input(tmp_path / "a.pkl"), factories.task())


@pytest.mark.parametrize(
    "arguments",
    [
        ((2,), "|O8", bytearray(16)),
        ((2,), "<f8", bytearray(8)),
        ((-1, -2), "<f8", bytearray(16)),
        ((2,), "<f8", bytearray(16), 8),
        ((10**12,), "<f8", bytearray(8)),
        ((1,), [("a", "O")], bytearray(8)),
        ((1,), "<f8", b"12345678"),
        ("ab", "<f8", bytearray(8)),
        (("a", 10), "<f8", bytearray(8)),
        ((True,), "<f8", bytearray(8)),
        ((1,) * 9, "<f8", bytearray(8)),
    ],
)
def test_an_array_that_lies_about_its_memory_is_refused(tmp_path, arguments):
    # By hand, because numpy itself refuses to make some of them.
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5)
    pickler.dispatch_table = {Calls: lambda calls: (np.ndarray, calls.reduced[1])}
    lie = Calls(None, *arguments)
    population = factories.population()
    object.__setattr__(population, "sizes", lie)
    pickler.dump(("epyflow", file_format.FORMAT, "Task", factories.task(population=population)))

    refusal(stream.getvalue(), tmp_path)


def test_a_loop_is_refused(tmp_path):
    loop = []
    loop.append(loop)

    refusal(ours(loop), tmp_path)


def test_nested_references_are_refused_before_they_multiply(tmp_path):
    nested = []
    for _ in range(100):
        nested = [nested, nested]
    failure = factories.failure()
    object.__setattr__(failure, "primary_ids", nested)

    # 2**100 lists, were each reference followed.
    assert "it refers twice to one part" in refusal(ours(failure, "Failure"), tmp_path)


# 2**10 tuples when they are hashed, and 2**60 with as many more bytes.
NESTED = b")\x94" + b"".join(
    b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86\x94" for n in range(2, 12)
)


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"}" + NESTED + b"K\x01s", "a key in it is not text"),
        (b"}(" + NESTED + b"K\x01u", "a key in it is not text"),
        (b"}(h\x00K\x01K\x02K\x03u", "a key in it is not text"),
        (b"\x8f(" + NESTED + b"\x90", "it has the opcode 0x8f, which no artifact has"),
        (b"K\x00r\x00\xe1\xf5\x05", "it has the opcode 0x72, which no artifact has"),
        (b"K\x00p100000000\n", "it has the opcode 0x70, which no artifact has"),
        (b"N2", "it has the opcode 0x32, which no artifact has"),
        (b"\x8b\xff\xff\xff\x7f", "it has the opcode 0x8b, which no artifact has"),
        (b"\x8e" + b"\xff" * 4 + bytes(4), "it is cut short or damaged"),
        (b"j\xff\xff\xff\xff", "it is cut short or damaged"),
        (b"N" * 5000, "it has more than 1,000 opcodes"),
    ],
)
def test_a_pickle_that_would_exhaust_memory_is_refused(tmp_path, payload, what, monkeypatch):
    monkeypatch.setattr(opcode_check, "MOST_OPCODES", 1000)

    assert what in refusal(assembled(payload), tmp_path)
