"""A storage of our own for each test, with every request counted."""

import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from counting_proxy import Proxy
from fake_gcs import SomeoneElse, create_bucket, serving
from google.cloud.storage import Client

from snakemake_storage_plugin_gcs_indexed import (
    StorageObject,
    StorageProvider,
    StorageProviderSettings,
    retries,
)

NUMBERS = itertools.count(1)

# An object in the test's bucket, by name; "fresh" ones come from a provider that knows nothing.
Make = Callable[..., StorageObject]


@pytest.fixture(scope="session")
def server() -> Iterator[Proxy]:
    with serving() as proxy:
        yield proxy


@pytest.fixture
def storage(server: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The storage, through the proxy; nothing counted yet."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    monkeypatch.setattr(retries, "FIRST_WAIT", 0.01)
    server.reset()
    yield server
    server.reset()


@pytest.fixture
def bucket(storage: Proxy) -> str:
    """An empty bucket that no other test has seen."""
    name = f"bucket-{next(NUMBERS)}"
    create_bucket(storage, name)
    storage.reset()
    return name


@pytest.fixture(autouse=True)
def _closed_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a process would leave to its end."""
    made: list[Client] = []
    build = Client.__init__

    def remember(self: Client, *args: object, **options: object) -> None:
        build(self, *args, **options)
        made.append(self)

    monkeypatch.setattr(Client, "__init__", remember)
    yield
    for client in made:
        client.close()


@pytest.fixture
def provider(bucket: str, tmp_path: Path) -> Callable[..., StorageProvider]:
    """Make providers, each as a process of its own would have it."""

    def make(**options: object) -> StorageProvider:
        known = StorageProviderSettings.__dataclass_fields__
        settings = {name: options.pop(name) for name in list(options) if name in known}
        return StorageProvider(
            local_prefix=tmp_path / "local",
            logger=logging.getLogger("test"),
            settings=StorageProviderSettings(project="test", **settings),
            **options,
        )

    return make


@pytest.fixture
def make(bucket: str, provider: Callable[..., StorageProvider]) -> Make:
    """Make objects of one process: they share what is known."""
    shared = provider()

    def make(name: str, content: bytes | None = None, **options: object) -> StorageObject:
        of = provider(**options) if options else shared
        made = of.object(f"gs://{bucket}/{name}")
        if content is not None:
            made.local_path().parent.mkdir(parents=True, exist_ok=True)
            made.local_path().write_bytes(content)
        return made

    return make


@pytest.fixture
def someone_else(storage: Proxy, bucket: str) -> SomeoneElse:
    return SomeoneElse(storage, bucket)
