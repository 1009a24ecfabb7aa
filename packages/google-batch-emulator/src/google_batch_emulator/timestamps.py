"""Convert times and durations to protocol buffers."""

import time

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def now() -> Timestamp:
    """Return the present, to the nanosecond."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def seconds_of(duration: Duration) -> float:
    """Return a duration in seconds."""
    return float(duration.seconds) + float(duration.nanos) / 1e9


def duration(seconds: float) -> Duration:
    """Return seconds as a duration, to the nanosecond."""
    whole = int(seconds)
    return Duration(seconds=whole, nanos=int((seconds - whole) * 1e9))
