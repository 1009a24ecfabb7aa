"""A lease that seems to have lapsed, by a clock that may be wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from types import SimpleNamespace

import pytest

from epyflow import stages
from epyflow.errors import EpyflowError, RunningError, UnreachableError
from epyflow.operations.runs import coordinator_lease, held_lease, run_lease
from epyflow.operations.runs.coordinator_lease import (
    TAKE_OVER_VARIABLE,
    acquire_lease,
    claim_run,
    confirm_before_jobs,
)
from epyflow.operations.runs.coordinator_record import Coordinator, this_coordinator
from epyflow.operations.runs.held_lease import HeldLease
from epyflow.operations.runs.run_lease import (
    LEASE_SECONDS,
    RENEW_SECONDS,
    WATCH_SECONDS,
    find_lease,
    read_lease,
    wait_for_end,
)
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk, SharedFolder
from epyflow.storage.stored_file import Version

LEASE = RunLayout("small", "main").coordinator_lease
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
FUTURE = datetime(2242, 1, 1, tzinfo=UTC)


@dataclass
class Store:
    """A storage of a lease and a record, whose clock has stopped, by default long ago.

    Before the first write that follows, ``meanwhile`` happens, once.
    """

    data: bytes | None = None
    writes: int = 0
    record: bytes = b"{}"
    clock: datetime = LONG_AGO
    meanwhile: Callable[[], object] = lambda: None

    def read_version(self, path: str) -> Version | None:
        if path != LEASE:
            return Version(self.record, self.record.decode(), LONG_AGO)
        return None if self.data is None else Version(self.data, str(self.writes), self.clock)

    def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        found = self.read_version(path)
        if replaced != (None if found is None else found.name):
            return None
        self.data, self.writes = data, self.writes + 1
        return str(self.writes)

    def remove_version(self, path: str, version: str) -> None:
        assert path == LEASE
        if int(version) == self.writes:
            self.data = None


@dataclass
class Waiting:
    """Time that passes only while a lease is watched; after 30 s, or later, something happens."""

    then: Callable[[], object] = lambda: None
    after: float = RENEW_SECONDS
    passed: float = 0.0
    said: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        before, self.passed = self.passed, self.passed + seconds
        if before < self.after <= self.passed:
            self.then()

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture
def waiting(monkeypatch) -> Waiting:
    waiting = Waiting()
    monkeypatch.setattr(run_lease, "time", waiting)
    return waiting


def elsewhere(**change: object) -> Coordinator:
    return this_coordinator("small", "main", {}).model_copy(update={"host": "laptop", **change})


def hold(store: Store, waiting: Waiting, holder: Coordinator | None = None) -> HeldLease:
    return acquire_lease(holder or elsewhere(), store, waiting.said.append)


@pytest.mark.parametrize(
    ("clock", "is_wrong", "seems"),
    [(LONG_AGO, "ahead", "to have lapsed"), (FUTURE, "behind", "to be renewed in the future")],
)
@pytest.mark.parametrize("failed", [0, 1, 4])
def test_a_coordinator_whose_lease_lapsed_by_a_wrong_clock_only_is_left_alone(
    waiting, clock, is_wrong, seems, failed
):
    store = Store(clock=clock)
    first = hold(store, waiting)
    waiting.then, waiting.after = first.renew, (1 + failed) * RENEW_SECONDS

    with pytest.raises(RunningError, match=rf"on laptop .* clock of this machine is {is_wrong}"):
        hold(store, waiting, elsewhere(host="desktop"))

    first.renew()
    assert waiting.passed == waiting.after
    assert f"seems {seems}; waiting {WATCH_SECONDS:.0f} s" in waiting.said[0]


def test_a_renewal_that_fails_after_minutes_is_tried_again_at_once(waiting, monkeypatch):
    store, tries, told = Store(), list[float](), Queue[str]()
    held = hold(store, waiting)
    monkeypatch.setattr(held_lease, "time", waiting)

    def fail() -> None:
        tries.append(waiting.passed)
        waiting.passed += 120.0 if len(tries) == 1 else 0.0
        raise EpyflowError("no answer")

    class Ending:
        def wait(self, seconds: float) -> bool:
            waiting.passed += seconds
            if len(tries) < 3:
                return False
            told.put("it has ended")  # the last that the thread asks for
            return True

    monkeypatch.setattr(held, "renew", fail)
    monkeypatch.setattr(held, "_ending", Ending())
    held._say = told.put
    held.keep(pytest.fail)

    for _ in range(4):
        told.get(timeout=30)
    assert tries == [30.0, 150.0, 180.0]


@pytest.mark.parametrize("clock", [LONG_AGO, FUTURE])
def test_a_lapsed_lease_is_replaced_after_more_than_an_interval_of_renewals(waiting, clock):
    store = Store(clock=clock)
    first = hold(store, waiting)

    second = hold(store, waiting, elsewhere(host="desktop"))

    second.renew()
    with pytest.raises(RunningError, match="on desktop is its coordinator"):
        first.renew()
    assert waiting.passed == WATCH_SECONDS > RENEW_SECONDS


def test_a_lease_that_is_removed_while_it_is_watched_is_free_at_once(waiting):
    store = Store()
    waiting.then = hold(store, waiting).release

    hold(store, waiting, elsewhere(host="desktop")).renew()
    assert waiting.passed == RENEW_SECONDS


@pytest.mark.parametrize(
    ("change", "seconds"),
    [({"process_started": 0.0}, 0), ({"process_started": 0.0, "machine": None}, WATCH_SECONDS)],
)
def test_a_process_that_is_gone_is_not_waited_for_on_its_own_machine_only(waiting, change, seconds):
    store, here = Store(), this_coordinator("small", "main", {})
    hold(store, waiting, here.model_copy(update=change))

    hold(store, waiting, here).renew()
    assert waiting.passed == seconds


@pytest.mark.parametrize("pid", [b"-1", b'"12"', b"1" + 30 * b"0"])
def test_a_damaged_lease_is_held_as_long_as_somebody_renews_it(waiting, pid):
    store = Store()
    hold(store, waiting)
    assert store.data is not None
    number = str(this_coordinator("small", "main", {}).pid).encode()
    store.data = store.data.replace(b'"pid": ' + number, b'"pid": ' + pid)
    waiting.then = lambda: store.write_version(LEASE, store.data or b"", str(store.writes))

    with pytest.raises(RunningError, match=f"{LEASE}: it cannot be read, and a coordinator renews"):
        hold(store, waiting)

    hold(store, waiting).renew()


@pytest.mark.parametrize(
    ("damage", "changed"),
    [
        (lambda data: None, "was removed"),
        (lambda data: b"{}", "was overwritten, and cannot be read"),
        (lambda data: data, "was replaced by an earlier one"),
    ],
)
@pytest.mark.parametrize("record", ["{}", "own", "of an earlier start"])
def test_a_lease_that_nobody_else_holds_is_written_again_and_its_holder_goes_on(
    waiting, damage, changed, record
):
    store, mine = Store(), elsewhere()
    earlier = elsewhere(host="desktop", started=LONG_AGO)
    records = {"own": mine, "of an earlier start": earlier}
    store.record = b"{}" if record == "{}" else records[record].model_dump_json().encode()
    held = hold(store, waiting, mine)
    first = store.data
    held.renew()
    store.data, store.writes = damage(first), store.writes + 1

    held.renew()
    held.renew()

    (said,) = waiting.said
    assert said.startswith(
        f"{LEASE}: the lease of this run {changed}, by whom is unknown. No other"
    )
    found = read_lease("small", "main", store)
    assert found is not None
    assert found.lease is not None
    assert (found.lease.holder.host, found.lease.renewals) == ("laptop", 3)


def test_a_holder_whose_lease_is_removed_does_not_replace_one_that_comes_at_this_moment(waiting):
    store = Store()
    first = hold(store, waiting)
    store.data = None
    store.meanwhile = lambda: hold(store, waiting, elsewhere(host="desktop"))

    with pytest.raises(RunningError, match="on desktop is its coordinator"):
        first.renew()


@pytest.mark.parametrize("released", [False, True])
@pytest.mark.parametrize("started", [LONG_AGO, FUTURE])
def test_a_paused_holder_that_another_has_replaced_never_holds_the_lease_again(
    waiting, released, started, monkeypatch
):
    monkeypatch.setattr(held_lease, "RENEW_SECONDS", 0.0)
    store, other, lost = Store(), elsewhere(host="desktop", started=started), Queue[str]()
    paused = hold(store, waiting)
    second = hold(store, waiting, other)
    store.record = other.after("complete").model_dump_json().encode()
    if released:
        second.release()
    before = store.data

    paused.keep(lost.put)

    assert "process" in (said := lost.get(timeout=30))
    assert "on desktop" in said
    assert store.data == before
    with pytest.raises(RunningError, match="on desktop"):
        paused.renew()
    with pytest.raises(RunningError, match="on desktop"):
        paused.confirm(lost.put)
    assert "on desktop" in lost.get_nowait()
    paused.release()
    assert store.data == before


def test_before_tasks_are_submitted_only_another_coordinator_matters(waiting):
    store = Store()
    held = hold(store, waiting)

    for content in (store.data, b"damaged", None):
        store.data = content
        held.confirm(pytest.fail)


@dataclass
class Scheduler:
    """Snakemake's scheduler, which hands jobs to an executor."""

    started: list[str] = field(default_factory=list)

    def run(self, jobs: list[str], executor: object = None) -> None:
        self.started += jobs


def test_the_lease_is_read_before_jobs_are_started_with_whatever_executor(waiting):
    store, scheduler, lost = Store(), Scheduler(), list[str]()
    confirm_before_jobs(scheduler, hold(store, waiting), lost.append)
    scheduler.run(["first"], executor="slurm")
    store.data = None
    hold(store, waiting, elsewhere(host="desktop"))

    with pytest.raises(RunningError, match="on desktop"):
        scheduler.run(["second"])

    assert scheduler.started == ["first"]
    assert len(lost) == 1
    confirm_before_jobs(None, hold(Store(), waiting), lost.append)  # no such method


def test_the_snakemake_of_a_submitted_coordinator_reads_its_lease_and_leaves_it(waiting):
    store, lost = Store(), list[str]()
    held = hold(store, waiting, elsewhere(job="jobs/1"))

    below = claim_run("small", "main", store, lost.append, lost.append, held.variables())
    assert below is not None
    held.renew()
    below.confirm(lost.append)
    below.release()

    assert lost == []
    # Google Batch has started the job again, and this machine lives on.
    hold(store, waiting, elsewhere(host="desktop", job="jobs/1"))
    with pytest.raises(RunningError, match="Batch job 1 is its coordinator"):
        below.confirm(lost.append)


@pytest.mark.parametrize(
    ("age", "take_over", "seconds"),
    [
        (0.0, "true", RENEW_SECONDS + 5.0),
        (LEASE_SECONDS + 1.0, "true", RENEW_SECONDS + 5.0),
        (LEASE_SECONDS + 1.0, "", WATCH_SECONDS),
    ],
)
@pytest.mark.parametrize("damaged", [False, True])
def test_who_takes_over_starts_no_job_until_the_first_has_noticed(
    waiting, age, take_over, seconds, damaged
):
    store = Store(clock=datetime.now(UTC) - timedelta(seconds=age))
    hold(store, waiting)
    store.data = b"{}" if damaged else store.data

    variables = {TAKE_OVER_VARIABLE: take_over}
    held = claim_run("small", "main", store, pytest.fail, waiting.said.append, variables)

    assert held is not None
    held.release()
    assert waiting.passed == seconds


def test_a_process_of_this_machine_is_waited_for_until_it_has_ended(waiting, monkeypatch):
    store, mine = Store(clock=datetime.now(UTC)), this_coordinator("small", "main", {})
    monkeypatch.setattr(Coordinator, "process", lambda self: waiting.passed < 3.0 or None)
    hold(store, waiting, mine)

    taken = acquire_lease(mine, store, waiting.said.append, take_over=True)

    assert taken.replaced is not None
    wait_for_end(taken.replaced, waiting.said.append)
    assert waiting.passed == 3.0


def test_a_renewal_that_comes_after_the_release_writes_nothing(waiting):
    store = Store()
    held = hold(store, waiting)
    held.release()

    held.renew()

    assert (store.data, waiting.said) == (None, [])


@pytest.mark.parametrize("lapsed", [False, True])
def test_of_two_that_replace_a_lease_at_once_one_wins(waiting, lapsed):
    store, won = Store(), list[HeldLease]()
    if lapsed:
        hold(store, waiting, elsewhere(host="lost"))

    def win() -> None:
        won.append(hold(store, waiting, elsewhere(host="desktop")))
        waiting.passed, waiting.then = 0.0, won[0].renew

    store.meanwhile = win

    with pytest.raises(RunningError, match="on desktop is its coordinator"):
        hold(store, waiting)

    assert len(won) == 1
    won[0].renew()


def test_what_a_lease_says_of_its_holder_has_no_control_characters(waiting, monkeypatch):
    monkeypatch.setattr(run_lease, "LEASE_SECONDS", timedelta(days=36500).total_seconds())
    store = Store()
    hold(store, waiting, elsewhere(host="\x1b[2J", job="jobs/\x1b[2Jx"))
    found = read_lease("small", "main", store)

    assert found is not None
    assert found.is_held
    assert "\x1b" not in found.described()


def test_who_holds_a_lease_is_said_in_a_few_words(waiting):
    store = Store()
    holder = elsewhere(pid=7, started=LONG_AGO)
    hold(store, waiting, holder)

    found = find_lease("small", "main", store)

    assert found is not None
    assert found.holder_described() == (
        "held by nobody: process 7 on laptop last renewed it at 2025-01-01 00:00:00 UTC"
    )
    held = replace(found, renewed=datetime.now(UTC))
    assert held.holder_described() == "held by process 7 on laptop since 2025-01-01 00:00:00 UTC"
    assert replace(held, lease=None).holder_described() == "unknown: it cannot be read"
    assert find_lease("small", "main", Disk()) is None
    assert find_lease("small", "main", Store()) is None


def test_a_lease_that_may_not_be_read_does_not_hide_its_run(tmp_path, caplog):
    shared = SharedFolder(tmp_path)
    shared.write(LEASE, b"")
    (tmp_path / LEASE).unlink()
    (tmp_path / LEASE).symlink_to("/dev/zero")

    assert find_lease("small", "main", shared) is None
    (said,) = caplog.messages
    assert said == f"{tmp_path / LEASE} is a link; remove it; the run is shown without its lease"


@pytest.mark.parametrize("refused", [RunningError, UnreachableError, EpyflowError])
def test_a_run_starts_without_a_lease_only_if_it_may_not_have_one(refused, monkeypatch):
    def fail(*_: object) -> None:
        raise refused("why")

    warned, path = list[str](), Path(stages.__file__).parents[2] / "workflow/rules/lease.smk"
    names = {
        "PLAN": SimpleNamespace(exp_id="small", run_id="main"),
        "storage_prefix": lambda: None,
        "workflow": SimpleNamespace(is_main_process=False),
        "logger": SimpleNamespace(warning=warned.append),
        "RefusalError": ValueError,
        "EpyflowError": EpyflowError,
    }
    exec(compile(path.read_text(), path, "exec"), names)  # noqa: S102 - our own rules
    monkeypatch.setattr(coordinator_lease, "claim_run", fail)

    if refused is not EpyflowError:
        with pytest.raises(ValueError, match="why"):
            names["claim"]()
        assert warned == []
        return
    names["claim"]()
    assert warned == ["Other coordinators of this run are not kept away: why"]
