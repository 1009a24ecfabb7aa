"""Measure the memory of a process and of its descendants."""

from contextlib import suppress
from pathlib import Path

_KIB = 1024


def resident(root: int) -> dict[int, int]:
    """Return the memory of a process tree that is its own: anonymous and shared pages.

    Parameters
    ----------
    root
        Number of the process at the top.

    Returns
    -------
    dict
        Bytes by process. Pages of files are not counted, because the kernel can drop them. A page
        that two processes share after a fork is counted twice. What ends meanwhile is left out.
    """
    found: dict[int, int] = {}
    waiting = [root]
    while waiting:
        process = waiting.pop()
        with suppress(OSError, ValueError):
            found[process] = _own_bytes(process)
            waiting.extend(_children(process))
    return found


def _own_bytes(process: int) -> int:
    total = 0
    for line in Path(f"/proc/{process}/status").read_text("ascii", "replace").splitlines():
        if line.startswith(("RssAnon:", "RssShmem:")):
            total += int(line.split()[1]) * _KIB
    return total


def _children(process: int) -> list[int]:
    children: list[int] = []
    for thread in Path(f"/proc/{process}/task").iterdir():
        children += [int(word) for word in (thread / "children").read_text("ascii").split()]
    return children
