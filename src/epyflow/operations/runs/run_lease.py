"""Read and write the lease of a run, and find out whether its holder still renews it."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from epyflow.errors import UnreadableError
from epyflow.operations.runs.coordinator_presence import coordinator_name, format_time
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.operations.runs.log_lines import printable
from epyflow.operations.runs.run_request import Wanted
from epyflow.operations.runs.stored_records import warn_once
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import VersionedStorage, replace_version

LEASE_SECONDS, RENEW_SECONDS = 180.0, 30.0
"""Seconds after which a lease lapses, and between two renewals."""

WATCH_SECONDS, _LOOK_SECONDS = LEASE_SECONDS, 5.0
"""Seconds for which a lapsed lease is watched before it is replaced, and between two looks.

A clock may be wrong: then the lease of a living coordinator seems to have lapsed, or that of a dead
one to be of the future. Renewals may fail: a client of a bucket repeats a request for two minutes.
"""

_CERTAIN_SECONDS = 86_400.0
"""Age of a lease that is not held whatever the clocks: few are wrong by a day."""


_NOTICE_SECONDS = RENEW_SECONDS + 5.0
"""Seconds after which a coordinator has noticed that its lease was replaced, and has ended."""


class Lease(BaseModel):
    """The content of a lease.

    Attributes
    ----------
    holder
        The coordinator that holds it.
    nonce
        Random digits: tells the leases of one process apart.
    renewals
        How often it was renewed.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    holder: Coordinator
    nonce: str = Field(max_length=64)
    renewals: int = 0


@dataclass(frozen=True)
class FoundLease:
    """A lease that was read.

    Attributes
    ----------
    path
        Of its file.
    lease
        Its content; None if it is damaged.
    version
        Names what was read, for a conditional write.
    renewed
        When it was last written, by the clock of the storage.
    changes
        Whether it was renewed while it was watched; None if it was not watched.
    """

    path: str
    lease: Lease | None
    version: str
    renewed: datetime
    changes: bool | None = None

    @property
    def job(self) -> str | None:
        """The Batch job of its holder; None for a process, and if it is damaged."""
        return None if self.lease is None else self.lease.holder.job

    @property
    def nonce(self) -> str | None:
        """Its random digits; None if it is damaged."""
        return None if self.lease is None else self.lease.nonce

    @property
    def has_ended(self) -> bool:
        """Whether its holder is known to have ended."""
        return self.lease is not None and self.lease.holder.lives is False

    @property
    def is_certainly_free(self) -> bool:
        """Whether nobody holds it, also if a clock is hours off."""
        return self.has_ended or self.age > _CERTAIN_SECONDS

    @property
    def has_lapsed(self) -> bool:
        """Whether it seems to have lapsed, by the clock of this machine."""
        return self.age > LEASE_SECONDS

    @property
    def is_of_the_future(self) -> bool:
        """Whether it seems to be renewed in the future: then no clock tells when it lapses."""
        return self.age < -LEASE_SECONDS

    @property
    def age(self) -> float:
        """Seconds since it was last written, by the clock of this machine."""
        return (datetime.now(UTC) - self.renewed).total_seconds()

    @property
    def is_held(self) -> bool:
        """Whether a coordinator holds it, as far as is known."""
        if self.has_ended:
            return False
        if self.changes is not None:
            return self.changes
        return self.lease is not None and not self.has_lapsed

    def remove(self, storage: Storage) -> None:
        """Remove it, unless somebody has written it since."""
        if isinstance(storage, VersionedStorage):
            storage.remove_version(self.path, self.version)

    def described(self) -> str:
        """Say who holds the lease, since when, and until when."""
        until = format_time(self.renewed + timedelta(seconds=LEASE_SECONDS))
        renewed = format_time(self.renewed)
        if self.lease is None:
            return printable(f"{self.path}: it cannot be read, and a coordinator renews it")
        holder = self.lease.holder
        described = (
            f"{holder.exp_id}/{holder.run_id}: {coordinator_name(holder)} is its coordinator since "
            f"{format_time(holder.started)}, and last renewed its lease at {renewed}"
        )
        if self.changes:
            wrong = "ahead" if self.has_lapsed else "behind" if self.is_of_the_future else ""
            clock = wrong and f"; the clock of this machine is {wrong}, correct it"
            return printable(f"{described}, while it was watched{clock}")
        lapses = f"If it has ended without a trace, its lease lapses at {until}"
        return printable(f"{described}. {lapses}")

    def holder_described(self) -> str:
        """Say in a few words who holds the lease; the answer does not change with each renewal."""
        if self.lease is None:
            return "unknown: it cannot be read"
        holder = self.lease.holder
        if self.is_held:
            return f"held by {coordinator_name(holder)} since {format_time(holder.started)}"
        renewed = format_time(self.renewed)
        return f"held by nobody: {coordinator_name(holder)} last renewed it at {renewed}"


def new_lease(mine: Coordinator) -> Lease:
    """Return the first lease of a coordinator."""
    return Lease(holder=mine.model_copy(update={"wanted": Wanted()}), nonce=secrets.token_hex(8))


def write_lease(storage: VersionedStorage, lease: Lease, replaced: str | None) -> str | None:
    """Write a lease if nobody else has written it since version ``replaced``; None: no lease.

    Returns
    -------
    version
        None if somebody has.
    """
    path = RunLayout(lease.holder.exp_id, lease.holder.run_id).coordinator_lease
    data = lease.model_dump_json(indent=1).encode() + b"\n"
    return replace_version(storage, path, data, replaced)


def find_lease(exp_id: str, run_id: str, storage: Storage) -> FoundLease | None:
    """Read the lease of a run; None without one that can be read, and for a run on disk."""
    if not isinstance(storage, VersionedStorage):
        return None
    try:
        return read_lease(exp_id, run_id, storage)
    except UnreadableError as problem:
        warn_once(f"{problem}; the run is shown without its lease")
        return None


def running_since(record: Coordinator | None, storage: Storage) -> datetime | None:
    """Return when the coordinator of a record has started; None if it is not known to be running.

    On this machine its process is looked for, elsewhere it runs while it renews its lease.
    """
    if record is None or record.outcome is not None:
        return None
    lives = record.lives
    if lives is None:
        found = find_lease(record.exp_id, record.run_id, storage)
        lease = None if found is None or not found.is_held else found.lease
        lives = lease is not None and lease.holder.is_same(record)
    return record.started if lives else None


def may_be_held(run: RunLayout, storage: Storage, is_job_over: Callable[[str], bool]) -> bool:
    """Return whether a coordinator may hold the lease of a run, also if a clock is hours off.

    A Batch job that is over, by its name, holds none.
    """
    found = find_lease(run.exp_id, run.run_id, storage)
    if found is None or found.is_certainly_free:
        return False
    return found.job is None or not is_job_over(found.job)


def is_alone(mine: Coordinator, storage: Storage) -> bool:
    """Return whether certainly no other coordinator holds the lease of a run.

    Raises
    ------
    UnreadableError
        If the lease cannot be read.
    """
    if not isinstance(storage, VersionedStorage):
        return False  # there are no leases
    found = read_lease(mine.exp_id, mine.run_id, storage)
    if found is None or found.is_certainly_free:
        return True
    return found.lease is not None and found.lease.holder.is_same(mine)


def read_lease(exp_id: str, run_id: str, storage: VersionedStorage) -> FoundLease | None:
    """Read the lease of a run; None without one."""
    path = RunLayout(exp_id, run_id).coordinator_lease
    found = storage.read_version(path)
    if found is None:
        return None
    try:
        lease = Lease.model_validate_json(found.data)
    except ValidationError:
        lease = None
    return FoundLease(path, lease, found.name, found.modified)


def watch_lease(
    exp_id: str,
    run_id: str,
    storage: VersionedStorage,
    say: Callable[[str], object],
) -> FoundLease | None:
    """Read the lease of a run, and if it is not known whether it is held, wait for a renewal.

    A lease is watched that seems to have lapsed, or to be of the future, or is damaged, unless its
    holder is known to have ended. No clock counts then but the seconds of the waiting.

    Parameters
    ----------
    exp_id, run_id, storage
        The run and its storage.
    say
        Called with a message before the lease is watched.

    Returns
    -------
    lease
        None without one, or if it was removed meanwhile.
    """
    found = read_lease(exp_id, run_id, storage)
    if found is None or found.has_ended or (found.is_held and not found.is_of_the_future):
        return found
    seems = "to be renewed in the future" if found.is_of_the_future else "to have lapsed"
    say(
        f"{found.path}: the lease of another coordinator seems {seems}; waiting "
        f"{WATCH_SECONDS:.0f} s in case it is renewed"
    )
    for _ in range(round(WATCH_SECONDS / _LOOK_SECONDS)):
        time.sleep(_LOOK_SECONDS)
        now = read_lease(exp_id, run_id, storage)
        if now is None or now.version != found.version:
            return None if now is None else replace(now, changes=True)
    return replace(found, changes=False)


def wait_for_end(replaced: FoundLease, say: Callable[[str], object]) -> None:
    """Wait until a coordinator whose lease was replaced has noticed, and ended its local jobs.

    Jobs of both would write the same files, and those of the new one would fail.
    """
    say(
        f"{replaced.path}: waiting until the coordinator that held the lease has ended, "
        f"{_NOTICE_SECONDS:.0f} s at most"
    )
    for _ in range(round(_NOTICE_SECONDS)):
        if replaced.has_ended:
            return
        time.sleep(1.0)
