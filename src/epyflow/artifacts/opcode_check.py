"""Check the opcodes of a pickle before anything is built from them.

A pickle below 400 bytes can exhaust memory: by an index far above its memo, a length far above its
data, or a key of tuples in one another, whose hash takes exponential time. So only the opcodes that
:mod:`epyflow.artifacts.pickling` writes are admitted, lengths are compared with the data, and keys
of dictionaries are texts.
"""

import pickletools

MOST_OPCODES = 50_000_000
"""Each takes some 100 bytes of memory; a task with a million members has 30 million."""

_CODES = {opcode.name: ord(opcode.code) for opcode in pickletools.opcodes}


def _by_code(**numbers: int) -> dict[int, int]:
    return {_CODES[name]: number for name, number in numbers.items()}


_SIZES = _by_code(NONE=1, NEWTRUE=1, NEWFALSE=1, EMPTY_TUPLE=1, EMPTY_LIST=1, EMPTY_DICT=1) | (
    _by_code(BININT1=2, BININT2=3, BININT=5, BINFLOAT=9)
)
"""Bytes of an opcode of one value, with its argument."""

_TEXTS = _by_code(SHORT_BINUNICODE=1, BINUNICODE=4, BINUNICODE8=8)
_COUNTED = _TEXTS | _by_code(SHORT_BINBYTES=1, BINBYTES=4, BINBYTES8=8, BYTEARRAY8=8, LONG1=1)
"""Bytes of the length before an opcode's data."""

_TAKEN = _by_code(TUPLE1=1, TUPLE2=2, TUPLE3=3, BUILD=2, REDUCE=2, NEWOBJ=2, STACK_GLOBAL=2) | (
    _by_code(APPEND=2)
)
"""Values that an opcode replaces by one."""

_SKIPPED = _by_code(PROTO=2, FRAME=9)
"""Bytes of an opcode without a value."""

_MARK, _MEMOIZE, _STOP = _CODES["MARK"], _CODES["MEMOIZE"], _CODES["STOP"]
_BINGET, _LONG_BINGET = _CODES["BINGET"], _CODES["LONG_BINGET"]
_TUPLE, _APPENDS = _CODES["TUPLE"], _CODES["APPENDS"]
_SETITEM, _SETITEMS = _CODES["SETITEM"], _CODES["SETITEMS"]
_ON_MANY = (_TUPLE, _APPENDS, _SETITEM, _SETITEMS)

_DAMAGED = "it is cut short or damaged"


def find_obstacle(data: bytes) -> str | None:
    """Return why a pickle must not be loaded, as the end of a sentence about it; None if it may.

    That is if it is damaged, an opcode is not admitted, an argument ends after the data, a key is
    no text, or there are too many opcodes.
    """
    try:
        return _find_obstacle(data)
    except IndexError:
        return _DAMAGED


def _find_obstacle(data: bytes) -> str | None:
    # The stack and the memo of the unpickler: of each value, whether it is a text.
    stack: list[bool] = []
    memo: list[bool] = []
    marks: list[int] = []
    at = 0
    for _ in range(MOST_OPCODES):
        code = data[at]
        if code == _BINGET:
            stack.append(memo[data[at + 1]])
            at += 2
        elif code == _MEMOIZE:
            memo.append(stack[-1])
            at += 1
        elif code in _SIZES:
            stack.append(False)
            at += _SIZES[code]
        elif code in _COUNTED:
            width = _COUNTED[code]
            at += 1 + width + _number(data, at + 1, width)
            stack.append(code in _TEXTS)
        elif code in _TAKEN:
            stack[-_TAKEN[code] :] = [False]
            at += 1
        elif code in _SKIPPED:
            at += _SKIPPED[code]
        elif code == _LONG_BINGET:
            stack.append(memo[_number(data, at + 1, 4)])
            at += 5
        elif code == _STOP:
            return None
        elif obstacle := _act_on_marks(code, stack, marks):
            return obstacle
        else:
            at += 1
        if at > len(data):
            return _DAMAGED
    return f"it has more than {MOST_OPCODES:,} opcodes"


def _number(data: bytes, start: int, width: int) -> int:
    return int.from_bytes(data[start : start + width], "little")


def _act_on_marks(code: int, stack: list[bool], marks: list[int]) -> str | None:
    if code == _MARK:
        marks.append(len(stack))
        return None
    if code not in _ON_MANY:
        return f"it has the opcode {code:#04x}, which no artifact has"
    mark = max(len(stack) - 2, 0) if code == _SETITEM else marks.pop()
    if code in (_SETITEM, _SETITEMS) and not all(stack[mark::2]):
        return "a key in it is not text"
    stack[mark:] = [False] if code == _TUPLE else []
    return None
