"""Set up, plan and finish one run: settings, sources, plan, paths and record.

A job that is interrupted while it imports this package ends without a traceback.
"""

import sys
from types import TracebackType

_show_error = sys.excepthook


def _show_no_interruption(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _show_error(kind, error, trace)


sys.excepthook = _show_no_interruption
