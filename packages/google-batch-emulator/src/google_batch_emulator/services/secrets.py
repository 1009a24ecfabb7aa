"""Implement google.cloud.secretmanager.v1.SecretManagerService with values from a file."""

from collections.abc import Mapping

import google_crc32c

from google_batch_emulator.errors import not_found
from google_batch_emulator.messages import AccessSecretVersionResponse, Message


class SecretsService:
    """Reads secrets.

    Parameters
    ----------
    values
        Name of a version, such as ``projects/p/secrets/s/versions/latest``, to its value.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def access_secret_version(self, request: Message) -> Message:
        """Return the value of a version of a secret."""
        if request.name not in self._values:
            raise not_found(request.name)
        data = self._values[request.name].encode()
        answer = AccessSecretVersionResponse(name=request.name)
        answer.payload.data = data
        answer.payload.data_crc32c = google_crc32c.value(data)
        return answer
