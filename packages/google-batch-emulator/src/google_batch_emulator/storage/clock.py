"""Shift the times in answers of the storage service, whose clock may differ from this machine's."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from google_batch_emulator.storage.upstream import StorageAnswer

_TIMES = re.compile(rb'("(?:timeCreated|updated)":\s*")([^"]+)"')


def shifted(answer: StorageAnswer, seconds: float) -> StorageAnswer:
    """Return an answer whose object times are later, or earlier if ``seconds`` is negative."""
    if not seconds:
        return answer
    shift = timedelta(seconds=seconds)

    def later(found: re.Match[bytes]) -> bytes:
        time = datetime.fromisoformat(found[2].decode()) + shift
        return found[1] + f'{time:%Y-%m-%dT%H:%M:%S.%fZ}"'.encode()

    headers = tuple(
        (key, format_datetime(parsedate_to_datetime(value) + shift, usegmt=True))
        if key.lower() == "last-modified"
        else (key, value)
        for key, value in answer.headers
    )
    is_json = "json" in answer.header("content-type")
    content = _TIMES.sub(later, answer.content) if is_json else answer.content
    return replace(answer, headers=headers, content=content)
