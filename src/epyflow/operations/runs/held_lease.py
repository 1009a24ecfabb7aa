"""Keep the lease of a run: renew it until the run ends or another coordinator has taken it over."""

import contextlib
import threading
import time
from collections.abc import Callable

from pydantic import ValidationError

from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.runs.coordinator_presence import coordinator_name, format_time
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.operations.runs.run_lease import (
    RENEW_SECONDS,
    FoundLease,
    Lease,
    read_lease,
    write_lease,
)
from epyflow.run.layout import RunLayout
from epyflow.storage.stored_file import Version, VersionedStorage

LEASE_VARIABLE = "EPYFLOW_COORDINATOR_LEASE"
"""The lease of a submitted coordinator, for the Snakemake that it starts."""

TRIES = 3
"""How often a lease is written if others write it at the same moment."""


class HeldLease:
    """A lease that this process holds.

    :func:`epyflow.operations.runs.coordinator_lease.acquire_lease` returns one. Without
    a version, the process that has started this one holds it, and renews and releases it.

    Attributes
    ----------
    replaced
        The lease of a coordinator that may run still, from which this one has taken the run over.
    """

    def __init__(
        self,
        storage: VersionedStorage,
        lease: Lease,
        version: str | None,
        say: Callable[[str], object],
        replaced: FoundLease | None = None,
        earlier: Version | None = None,
    ) -> None:
        self.replaced, self._earlier = replaced, earlier
        self._run = RunLayout(lease.holder.exp_id, lease.holder.run_id)
        self._storage, self._path = storage, self._run.coordinator_lease
        self._lease, self._version, self._say = lease, version, say
        self._ending, self._writing = threading.Event(), threading.Lock()

    def variables(self) -> dict[str, str]:
        """Return the environment of a Snakemake that works under this lease."""
        return {LEASE_VARIABLE: self._lease.model_dump_json()}

    def renew(self) -> None:
        """Renew the lease, unless it was released.

        One that was removed or damaged is written again, with a message.

        Raises
        ------
        RunningError
            If another coordinator has the run now: which one.
        EpyflowError
            If the storage does not answer.
        """
        with self._writing:
            if self._ending.is_set():
                return
            lease = self._lease.model_copy(update={"renewals": self._lease.renewals + 1})
            version = write_lease(self._storage, lease, self._version)
            for _ in range(TRIES):
                if version is not None:
                    self._lease, self._version = lease, version
                    return
                changed, replaced = self._change()
                version = write_lease(self._storage, lease, replaced)
                if version is not None:
                    self._say(
                        f"{self._path}: {changed}, by whom is unknown. No other coordinator holds "
                        "it: it was written again, and the run goes on. Find out who may write "
                        "the folder of this file"
                    )
        raise EpyflowError(f"{self._path}: somebody else writes it, too")

    def _change(self) -> tuple[str, str | None]:
        """Say how the lease was changed, and return its version; raise if another holds the run."""
        found = read_lease(self._run.exp_id, self._run.run_id, self._storage)
        lease = None if found is None else found.lease
        if found is not None and lease is not None:
            if lease.nonce != self._lease.nonce:
                raise RunningError(found.described())
            return "the lease of this run was replaced by an earlier one", found.version
        # Another one may have taken the run over, and released the lease at its end.
        record = self._storage.read_version(self._run.coordinator_record)
        with contextlib.suppress(ValidationError):
            other = Coordinator.model_validate_json(b"" if record is None else record.data)
            if record != self._earlier and not other.is_same(self._lease.holder):
                since = format_time(other.started)
                raise RunningError(
                    f"{self._run.name}: {coordinator_name(other)} was its coordinator since {since}"
                )
        if found is None:
            return "the lease of this run was removed", None
        return "the lease of this run was overwritten, and cannot be read", found.version

    def confirm(self, lost: Callable[[str], object]) -> None:
        """Read the lease, as before jobs are started: the next renewal may be seconds away.

        One that was removed or damaged is left to it, and so is a storage that does not answer.

        Parameters
        ----------
        lost
            As in :meth:`keep`.

        Raises
        ------
        RunningError
            If another coordinator has the run now, after ``lost`` was called.
        """
        try:
            self._change()
        except RunningError as error:
            lost(str(error))
            raise
        except (EpyflowError, OSError):
            return

    def keep(self, lost: Callable[[str], object]) -> None:
        """Renew the lease in a thread until it is released.

        If the storage does not answer, the thread says so and tries again.

        Parameters
        ----------
        lost
            Called in the thread, once, with the name of the other coordinator that has the run.
        """

        def renew_often() -> None:
            began = time.monotonic()
            # A request that fails may take minutes: then the next one follows at once.
            while not self._ending.wait(max(0.0, began + RENEW_SECONDS - time.monotonic())):
                began = time.monotonic()
                try:
                    self.renew()
                    began = time.monotonic()
                except RunningError as error:
                    lost(str(error))
                    return
                except (EpyflowError, OSError) as error:
                    self._say(f"The lease of this run is not renewed, will be tried again: {error}")

        threading.Thread(target=renew_often, name="lease", daemon=True).start()

    def release(self) -> None:
        """Remove the lease, unless another coordinator has it; errors are ignored: it lapses."""
        self._ending.set()
        if self._version is None:
            return
        with self._writing, contextlib.suppress(EpyflowError, OSError):
            self._storage.remove_version(self._path, self._version)
