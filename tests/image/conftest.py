"""The images, built once; their tests run where they can be built."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.building import Built, built_images
from tests.image.container import Container

BUILDABLE = (
    all(map(shutil.which, ("buildah", "mmdebstrap")))
    and os.geteuid() == 0
    # The packages are locked for each Python apart, and the image's are compared with those here.
    and sys.version_info[:2] == (3, 11)
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "image: builds the images, as root with buildah, mmdebstrap and Python 3.11"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if BUILDABLE:
        return
    absent = [item for item in items if item.get_closest_marker("image")]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Both images, built from a copy of the checkout that has secrets lying about."""
    own = tmp_path_factory.getbasetemp()
    # The folder that all processes of this test run share.
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with built_images(Path(shared) / "images") as images:
        yield images


@pytest.fixture(scope="module")
def local(built: Built) -> Container:
    return Container(built, "epyflow:local")


@pytest.fixture(scope="module")
def cloud(built: Built) -> Container:
    return Container(built, "epyflow:cloud")


@pytest.fixture(params=["local", "cloud"])
def container(request: pytest.FixtureRequest) -> Container:
    """Each of the images in turn."""
    chosen: Container = request.getfixturevalue(request.param)
    return chosen
