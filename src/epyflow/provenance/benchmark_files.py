"""Read the benchmark files that Snakemake writes of jobs: run time and memory."""

import csv
import math
from dataclasses import dataclass

LARGEST_BENCHMARK = 2**13
"""Bytes of the largest benchmark file that is read; one has some hundred."""


@dataclass(frozen=True)
class Benchmark:
    """What a job took.

    Attributes
    ----------
    seconds
        Wall-clock run time; None if Snakemake did not measure it.
    max_rss_mb
        Peak resident memory; None if Snakemake did not measure it.
    """

    seconds: float | None
    max_rss_mb: float | None


def read_benchmark(data: bytes) -> Benchmark:
    """Read the content of a benchmark file.

    A job that was repeated has a row for each time: the last one counts. A short job has ``NA`` or
    ``-`` where Snakemake had no time to measure. Of a damaged file, nothing is known.

    Source: Snakemake's documentation, "Benchmark rules".
    """
    try:
        rows = list(csv.DictReader(data.decode(errors="replace").splitlines(), delimiter="\t"))
        last: dict[str, str] = rows[-1] if rows else {}
        return Benchmark(measured_number(last.get("s")), measured_number(last.get("max_rss")))
    except (ValueError, csv.Error):
        return Benchmark(None, None)


def measured_number(text: str | None) -> float | None:
    """Return a number of a benchmark or of a table made from one; None if there is none.

    Raises
    ------
    ValueError
        If it is no number, infinite or negative.
    """
    if not text or text in ("NA", "-"):
        return None
    number = float(text) if text.isascii() and "_" not in text else math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"{text[:40]!r} is no number of seconds, megabytes or dollars")
    return number
