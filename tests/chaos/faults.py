"""The table of faults: what disturbs a run, where, and how much may be done twice."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from epyflow.operations.runs.coordinator_lease import TAKE_OVER_VARIABLE
from google_batch_emulator.faults import ApiFault, FaultPlan, StorageFault, TaskFault
from tests.chaos import full_disk
from tests.chaos.trial import TASKS, Trial
from tests.cloud.clouded import Clouded

METHODS = ("CreateJob", "GetJob", "ListJobs", "ListTasks", "DeleteJob", "ListLogEntries")
REQUESTS = ("upload", "download", "list", "get", "delete")
RATE, CALLS = 0.05, 60
"""Share of the calls of a method that fail, among the first so many."""
KILLED = r"SIGKILL|signal 9|code -9|exit code 137"
SKEW = 7200.0
ANY = "(?s).*"
"""Who presses Ctrl-C knows the cause."""
_SPOT = ("--preemptible-rules", "run_task", "--preemptible-retries", "2")


def kill(trial: Trial, times: int = 1) -> None:
    """Kill the coordinator with its processes at a random moment."""
    for _ in range(times):
        with trial.started() as run:
            trial.wait()
            _send(run.pid, signal.SIGKILL)
        trial.unlock()


def kill_often(trial: Trial) -> None:
    """Kill it five times."""
    kill(trial, 5)


def interrupt(trial: Trial) -> None:
    """Press Ctrl-C: the coordinator gets it, with its processes or alone."""
    with trial.started(cause=ANY) as run:
        trial.wait()
        _send(run.pid, signal.SIGINT, alone=trial.rng.random() < 0.5)


def kill_worker(trial: Trial) -> None:
    """Kill a job's process at a random moment."""
    with trial.started(cause=KILLED) as run, suppress(psutil.Error):
        trial.wait()
        coordinator = psutil.Process(run.pid)
        victims: list[psutil.Process] = []
        while not victims:
            victims = coordinator.children(recursive=True)
            time.sleep(0.01)
        trial.rng.choice(victims).kill()


def fill_disk(trial: Trial) -> None:
    """Let the disk be full for inputs, for results or for tables."""
    pattern = trial.rng.choice((".input_*", ".result_*", ".*.csv.gz*"))
    hook = {"FORK_HOOK": "chaos.full_disk", full_disk.VARIABLE: pattern}
    with trial.started(cause="No space left on device", **hook):
        pass


def fail_calls(trial: Trial) -> None:
    """Answer calls of each method with errors, before they take effect."""
    api = _some(METHODS, trial.rng, lambda method, skip: _api(method, skip, trial.rng, "before"))
    storage = _some(REQUESTS, trial.rng, lambda kind, skip: _refusal(kind, skip, trial.rng))
    _under(trial, FaultPlan(api=api, storage=storage))


def lose_replies(trial: Trial) -> None:
    """Let calls of each method take effect, and lose the answers."""
    api = _some(METHODS, trial.rng, lambda method, skip: _api(method, skip, trial.rng, "after"))
    storage = _some(REQUESTS, trial.rng, _lost)
    _under(trial, FaultPlan(api=api, storage=storage))


def preempt(trial: Trial) -> None:
    """Preempt Spot VMs at random moments."""
    _under(trial, FaultPlan(tasks=_blows(trial, "preempt")), *_SPOT)


def lose_machine(trial: Trial) -> None:
    """Lose a VM with what runs on it."""
    action = trial.rng.choice(("vm-reboot", "vm-recreated", "vm-timeout", "unresponsive"))
    _under(trial, FaultPlan(tasks=_blows(trial, action)))


def break_uploads(trial: Trial) -> None:
    """Cut, truncate or refuse uploads, or answer them with 412."""
    name = trial.rng.choice(("*/input_*", "*/result_*", "*.csv.gz"))
    action, status = trial.rng.choice(
        (("cut", 503), ("truncate", 503), ("refuse", 503), ("refuse", 403), ("refuse", 412))
    )
    times = trial.rng.choice((1, 3))
    fault = StorageFault(kind="upload", object=name, action=action, status=status, times=times)
    cause = {403: "403|permission|Forbidden", 412: "412|[Pp]recondition|conditionNotMet"}
    _under(trial, FaultPlan(storage=(fault,)), cause=cause.get(status, "^$"))


def skew_clock(trial: Trial) -> None:
    """Let the clock of Cloud Storage be two hours ahead or behind."""
    skew = trial.rng.choice((SKEW, -SKEW))
    for _ in range(2):
        _under(trial, FaultPlan(storage_clock_seconds=skew), cause="clock skew")


def start_two(trial: Trial) -> None:
    """Start a second coordinator of the run in another folder."""
    first, second = trial.workspace, trial.another_folder(f"{trial.name}-second")
    with trial.started(cause="is its coordinator"):
        trial.wait()
        trial.workspace = second
        with trial.started(cause="is its coordinator"):
            pass
        trial.workspace = first


def take_over(trial: Trial) -> None:
    """Let a second coordinator in another folder take the run over."""
    first, second = trial.workspace, trial.another_folder(f"{trial.name}-second")
    with trial.started(cause="has taken this run over|is its coordinator"):
        trial.wait()
        trial.workspace = second
        with trial.started(cause="^$", **{TAKE_OVER_VARIABLE: "true"}):
            pass
        trial.workspace = first
    # The second may have planned tasks that the first was at.
    trial.twice = max(trial.twice, trial.stored - TASKS)


def replace_object(trial: Trial) -> None:
    """Write an object anew while the run reads it: another generation, the same bytes."""
    assert isinstance(trial.workspace, Clouded)
    bucket = trial.workspace.bucket
    with trial.started(cause="^$") as run:
        deadline = time.monotonic() + 3 * trial.world.duration(trial.place)
        while psutil.pid_exists(run.pid) and time.monotonic() < deadline:
            for path in bucket.below("results/small/main"):
                data = bucket.read(f"results/small/main/{path}")
                if data is not None and path.endswith(".pkl"):
                    bucket.write(f"results/small/main/{path}", data)
            time.sleep(trial.rng.random())


def change_code(trial: Trial) -> None:
    """Let the results be of another version of the code."""
    with trial.started(cause="but this worker has", FORK_HOOK="chaos.other_code"):
        pass
    with trial.started(cause="^$"):
        pass


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    Attributes
    ----------
    places
        Where it is possible.
    twice
        How many tasks may be done twice at most.
    """

    strike: Callable[[Trial], None]
    places: tuple[str, ...]
    twice: int = 0

    @property
    def name(self) -> str:
        """The name in the campaign's table."""
        return self.strike.__name__.replace("_", " ")


FAULTS = (
    # Snakemake notes the end of a task after its result is there: a kill in between costs a task.
    Fault(kill, ("local", "bucket", "batch"), TASKS),
    Fault(kill_often, ("local", "bucket", "batch"), 5 * TASKS),
    Fault(interrupt, ("local", "bucket", "batch")),
    Fault(kill_worker, ("local", "bucket"), 1),
    Fault(fill_disk, ("local", "bucket")),
    Fault(fail_calls, ("bucket", "batch"), TASKS),
    Fault(lose_replies, ("bucket", "batch"), TASKS),
    Fault(preempt, ("batch",)),
    Fault(lose_machine, ("batch",), TASKS),
    Fault(break_uploads, ("bucket", "batch"), TASKS),
    Fault(skew_clock, ("bucket", "batch")),
    Fault(start_two, ("bucket", "batch")),
    Fault(replace_object, ("bucket", "batch"), TASKS),
    # Tasks of another version are rightly done again.
    Fault(change_code, ("local", "bucket", "batch"), TASKS),
    # Local jobs of both may run for some seconds.
    Fault(take_over, ("bucket", "batch"), TASKS),
)

_AT_RANDOM = (kill, interrupt, kill_worker)
SHORT = (
    *((fault, fault.places[0]) for fault in FAULTS if fault.strike is not take_over),
    *((fault, "local") for fault in FAULTS if fault.strike in _AT_RANDOM for _ in range(2)),
)
"""The 20 runs of ``make test``: each fault where it takes least; thrice, those of any moment.

A take-over has a test of its own, tests/cloud/test_take_over.py.
"""


def _send(pid: int, number: int, *, alone: bool = False) -> None:
    with suppress(ProcessLookupError):
        (os.kill if alone else os.killpg)(pid, number)


def _under(trial: Trial, plan: FaultPlan, *options: str, cause: str = "^$") -> None:
    trial.world.emulator.faults.replace(plan)
    with trial.started(*options, cause=cause):
        pass


def _some(names: tuple[str, ...], rng: random.Random, make: Callable[[str, int], object]) -> tuple:  # type: ignore[type-arg]
    """Make faults for a share of the calls of each name; a call that one met passes the others."""
    made = []
    for name in names:
        struck = [call for call in range(CALLS) if rng.random() < RATE]
        made += [make(name, call - before) for before, call in enumerate(struck)]
    return tuple(made)


def _api(method: str, skip: int, rng: random.Random, effect: str) -> ApiFault:
    code = rng.choice((429, 500, 503, 504))
    return ApiFault(method=method, skip=skip, code=code, effect=effect)  # type: ignore[arg-type]


def _refusal(kind: str, skip: int, rng: random.Random) -> StorageFault:
    return StorageFault(kind=kind, skip=skip, status=rng.choice((408, 429, 500, 503)))


def _lost(kind: str, skip: int) -> StorageFault:
    return StorageFault(kind=kind, skip=skip, action="lose-reply")


def _blows(trial: Trial, action: str) -> tuple[TaskFault, ...]:
    return tuple(
        TaskFault(
            job="run-task-*",
            task=task,
            action=action,  # type: ignore[arg-type]
            after_seconds=trial.rng.random() * trial.world.duration("batch") / 2,
        )
        for task in range(TASKS)
    )
