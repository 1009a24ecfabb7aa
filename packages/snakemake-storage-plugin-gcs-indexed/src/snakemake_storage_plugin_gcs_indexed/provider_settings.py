"""Define the settings of the provider, added to those of the stock plugin.

Snakemake derives the names from the package's: ``project`` is ``--storage-gcs-indexed-project`` on
the command line and, where a field allows it, ``SNAKEMAKE_STORAGE_GCS_INDEXED_PROJECT`` in the
environment. Field types must be real types, not strings: Snakemake parses with them.
"""

from dataclasses import dataclass, field

import snakemake_storage_plugin_gcs as stock

from .errors import StorageError


@dataclass
class StorageProviderSettings(stock.StorageProviderSettings):
    """Settings of the stock plugin plus our own.

    Raises
    ------
    StorageError
        If a number is out of its range.
    """

    retries: int = field(
        default=8,
        metadata={
            "help": "How often a request is repeated after a fault that may pass: a broken "
            "connection, a damaged transfer, or one of the answers 408, 429, 500, 502, 503, 504. "
            "The waits double from half a second to 32 seconds: the default bridges about one "
            "minute.",
            "env_var": False,
            "required": False,
            "type": int,
        },
    )
    trust_seconds: float = field(
        default=60.0,
        metadata={
            "help": "While jobs run, how many seconds an object that has been seen in the bucket "
            "is taken to be still there, with the same size, without asking again. Higher saves "
            "requests; what others delete is noticed later. Absence and modification times are "
            "never older than one second; where listings are slow, four, or one less than "
            "--latency-wait. While the graph of jobs is built, one listing serves for all of it, "
            "whatever this is set to.",
            "env_var": False,
            "required": False,
            "type": float,
        },
    )
    parallel_downloads: int = field(
        default=8,
        metadata={
            "help": "How many inputs of a job on another machine are downloaded at the same time. "
            "They are fetched as soon as the job is known, one request each. 0 downloads one "
            "after the other when Snakemake asks, after a request for their sizes: less memory "
            "and disk is used at a time.",
            "env_var": False,
            "required": False,
            "type": int,
        },
    )

    def __post_init__(self) -> None:
        for name, least in (("retries", 0), ("trust_seconds", 0), ("parallel_downloads", 0)):
            value = getattr(self, name)
            if value < least:
                option = f"--storage-gcs-indexed-{name.replace('_', '-')}"
                raise StorageError(f"{option} is {value}: it must be {least} or more.")
