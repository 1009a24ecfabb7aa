"""Check that a caller's token was signed by the service account of the emulator."""

import threading
import time
from collections.abc import Iterable
from typing import Any

import grpc
from google.auth import jwt

from google_batch_emulator.errors import ApiError

_REMEMBERED = 1000


class Tokens:
    """Checks that a call carries a token signed by the emulator's service account.

    Parameters
    ----------
    public_key
        PEM of the account's public key.
    """

    def __init__(self, public_key: bytes) -> None:
        self._public_key = public_key
        self._lock = threading.Lock()
        self._good_until: dict[str, float] = {}

    def check(self, metadata: Iterable[tuple[str, Any]]) -> None:
        """Refuse a call without a good token.

        Raises
        ------
        ApiError
            UNAUTHENTICATED, as from the real service.
        """
        header = next((value for key, value in metadata if key == "authorization"), "")
        kind, _, token = str(header).partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _refusal("missing required authentication credential")
        with self._lock:
            good_until = self._good_until.get(token, 0.0)
        if time.time() < good_until:
            return
        try:
            # The audience is an URL of the service; any will do.
            claims = jwt.decode(  # type: ignore[no-untyped-call]
                token, certs=self._public_key
            )
        except (ValueError, TypeError) as error:
            raise _refusal("invalid authentication credentials") from error
        with self._lock:
            if len(self._good_until) >= _REMEMBERED:
                self._good_until.clear()
            self._good_until[token] = float(claims["exp"])


def _refusal(what: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        f"Request had {what}. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )
