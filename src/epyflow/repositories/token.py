"""Read the token for private repositories from the environment, a file or Secret Manager."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError

VARIABLE = "EPYFLOW_GIT_TOKEN"
FILE_VARIABLE = "EPYFLOW_GIT_TOKEN_FILE"
SECRET_VARIABLE = "EPYFLOW_GIT_TOKEN_SECRET"  # noqa: S105 - the name of a variable
VARIABLES = (VARIABLE, FILE_VARIABLE, SECRET_VARIABLE)


def read_token(
    environment: Mapping[str, str] = os.environ, client: Callable[[], Any] | None = None
) -> str | None:
    """Return the token; None if there is none, because public repositories need none.

    Parameters
    ----------
    environment
        ``EPYFLOW_GIT_TOKEN`` is the token; ``EPYFLOW_GIT_TOKEN_FILE`` is a file with it;
        ``EPYFLOW_GIT_TOKEN_SECRET`` is ``projects/<project>/secrets/<name>`` in Secret Manager for
        the latest version, or a version of it.
    client
        Makes the client of Secret Manager; None for Google's.

    Raises
    ------
    EpyflowError
        If more than one is set, or the one set cannot be read; the message contains no token.
    """
    given = [name for name in VARIABLES if environment.get(name)]
    if len(given) > 1:
        raise EpyflowError(f"{' and '.join(given)} are set; expected one of them")
    if not given:
        return None
    value = environment[given[0]]
    if given[0] == FILE_VARIABLE:
        value = _from_file(Path(value))
    elif given[0] == SECRET_VARIABLE:
        value = _from_secret_manager(value, client)
    token = value.strip()
    if not token or not token.isascii() or any(not letter.isprintable() for letter in token):
        raise EpyflowError(f"{given[0]} does not give a token; expected one line of plain text")
    return token


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise EpyflowError(f"{FILE_VARIABLE} names {path}, which cannot be read: {why}") from None


def _from_secret_manager(name: str, client: Callable[[], Any] | None) -> str:
    from epyflow.google.secrets import read_secret  # needed by few, and slow to import

    return read_secret(name, SECRET_VARIABLE, client)
