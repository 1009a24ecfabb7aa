"""Run the command of ``google-batch-emulator run``, so that nothing of it outlives the emulator.

The arguments are the folder of this package, the process of the emulator, and the command, whose
input, output and environment are those of this process. When the command ends, the emulator dies,
or SIGUSR1 comes, everything that the command has started is killed.

Signals come to the whole process group, or, where that is a terminal's, to this process alone.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from google_batch_launcher import command, linux

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the command; return its exit code, 128 + N where signal N ended it."""
    parent, *words = sys.argv[2:]
    linux.adopt_orphans()
    signal.signal(signal.SIGUSR1, _stop)
    linux.die_with_parent(signal.SIGUSR1)
    if int(parent) != os.getppid():
        return 128 + signal.SIGKILL
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    before |= {number: signal.signal(number, signal.SIG_IGN) for number in _PASSED_ON}
    child = os.fork()
    if not child:
        linux.die_with_parent(signal.SIGKILL)
        for number, handler in before.items():
            ignored = handler == signal.SIG_IGN
            signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        command.execute(words, dict(os.environ))
    if os.getpgrp() != os.getpid():
        _pass_on_to(child)
    code = command.reap_until(child)
    command.kill_descendants()
    return code


def _pass_on_to(child: int) -> None:
    """Send the command what is sent to this process."""

    def send(number: int, frame: FrameType | None) -> None:
        os.kill(child, number)

    for number in _PASSED_ON:
        signal.signal(number, send)


def _stop(*_: object) -> NoReturn:
    command.kill_descendants()
    os._exit(128 + signal.SIGKILL)
