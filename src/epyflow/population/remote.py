"""Download files of epydemix-data from GitHub, and keep them in a folder of this machine."""

import http.client
import os
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import quote

import platformdirs

from epyflow.errors import PopulationError
from epyflow.population.epydemix_data import EpydemixData

DATA_VERSION = "v1.2.0"
"""The tag of epydemix-data; the one that epydemix itself reads."""

_TIMEOUT_S = 30

_failures: dict[Path, str] = {}
"""Why files could not be downloaded. This process does not try again: where packets are dropped,
each attempt takes the whole timeout, and each check of an experiment would make one."""


def remote_data(cache: Path | None) -> EpydemixData:
    """Return the remote populations.

    Parameters
    ----------
    cache
        Folder that keeps what was downloaded; None for the user's cache folder.
    """
    folder = cache or platformdirs.user_cache_path("epyflow") / "populations"
    root = folder / DATA_VERSION

    def fetch(relative: str) -> None:
        path = root / relative
        if path in _failures:
            raise PopulationError(_failures[path])
        url = base_url() + quote(relative)
        try:
            _write(path, download(url))
        except (OSError, http.client.HTTPException) as error:
            _failures[path] = (
                f"{url} could not be downloaded to {root} ({error}); where there is no network, "
                "copy epydemix-data (https://github.com/epistorm/epydemix-data, tag "
                f"{DATA_VERSION}) to this machine and give its folder as population_data"
            )
            raise PopulationError(_failures[path]) from error

    return EpydemixData(root, fetch)


def base_url() -> str:
    """Return the address that relative paths are appended to."""
    # Imported here because epydemix takes seconds to import and most runs download nothing.
    from epydemix.population.population import EPYDEMIX_DATA_BASE_URL

    return f"{EPYDEMIX_DATA_BASE_URL}/{DATA_VERSION}/"


def download(url: str) -> bytes:
    """Return the body of ``url``; raises OSError or HTTPException if any of it is missing."""
    with urllib.request.build_opener().open(url, timeout=_TIMEOUT_S) as response:
        body: bytes = response.read()
    return body


def _write(path: Path, body: bytes) -> None:
    """Write a file in one step, so that no process reads a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".download-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
