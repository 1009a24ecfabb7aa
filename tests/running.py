"""A server that answers while a test goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from typing import TypeVar

AServer = TypeVar("AServer", bound=BaseServer)


@contextmanager
def running(server: AServer) -> Iterator[AServer]:
    """Let it answer while the block runs."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
