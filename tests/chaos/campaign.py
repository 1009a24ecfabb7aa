"""A seeded campaign: disturb many small runs by the table of faults, and count how they end.

    python -m tests.chaos.campaign --seed 1 --runs 200

Run n of a seed is always the same fault, in the same place, with the same choices; the moment at
which a signal meets a run also depends on the speed of the machine.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from epyflow.engine import compile_cache
from google_batch_emulator.emulator import Emulator
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.trial import Trial, World
from tests.cloud.conftest import forking_tasks

PLACES = ("local", "bucket", "batch")


@dataclass(frozen=True)
class Outcome:
    """How a disturbed run ended."""

    number: int
    fault: str
    place: str
    codes: tuple[int, ...]
    twice: int
    problems: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The column of the table: what the first start that was disturbed ended with."""
        code = self.codes[0] if self.codes else 0
        return "succeeded" if code == 0 else "killed" if code < 0 else "failed, cause named"


@contextmanager
def world(places: Sequence[str] = PLACES) -> Iterator[World]:
    """Start the emulator, and make an undisturbed run in each place."""
    with tempfile.TemporaryDirectory() as name:
        compiled = compile_cache.warm(lambda _: None).parent
        settings = forking_tasks(Path(name) / "python", NUMBA_CACHE_DIR=str(compiled))
        with Emulator(settings) as emulator:
            made = World(emulator, Path(name))
            for place in places:
                trial = Trial(made, place, f"undisturbed-{place}", random.Random(0))
                trial.workspace.plan()  # what is imported once takes no time of the next
                started = time.monotonic()
                with trial.started():
                    pass
                made.seconds[place] = time.monotonic() - started
                tables = trial.workspace.outputs()
                assert trial.codes == [0]
                assert tables == (made.tables or tables), "the place changes the tables"
                made.tables = tables
            yield made


def cells() -> list[tuple[Fault, str]]:
    """Return each fault with each of its places."""
    return [(fault, place) for fault in FAULTS for place in fault.places]


def run_one(made: World, number: int, seed: int, fault: Fault, place: str) -> Outcome:
    """Disturb one run and judge it."""
    trial = Trial(made, place, f"run-{number}", random.Random(f"{seed}/{number}"))
    try:
        fault.strike(trial)
        trial.finish()
    except (TimeoutError, AssertionError) as error:
        trial.problems.append(repr(error))
    if trial.twice > fault.twice:
        trial.problems.append(f"{trial.twice} tasks were done twice, {fault.twice} may be")
    codes = tuple(trial.codes)
    return Outcome(number, fault.name, place, codes, trial.twice, tuple(trial.problems))


def table(outcomes: Sequence[Outcome]) -> str:
    """Return faults and outcomes as a table in Markdown."""
    kinds = ("succeeded", "failed, cause named", "killed")
    lines = [f"| fault | place | runs | {' | '.join(kinds)} | tasks done twice | problems |"]
    lines.append("|---|---|" + "---:|" * (len(kinds) + 3))
    groups = defaultdict(list)
    for each in outcomes:
        groups[each.fault, each.place].append(each)
    for fault, place in ((fault.name, place) for fault, place in cells()):
        if found := groups[fault, place]:
            counts = Counter(each.kind for each in found)
            twice, bad = sum(e.twice for e in found), sum(bool(e.problems) for e in found)
            numbers = [len(found), *(counts[kind] for kind in kinds), twice, bad]
            lines.append(f"| {fault} | {place} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def main() -> int:
    """Run the campaign; return 1 if a run had a problem."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--start", type=int, default=0, help="number of the first run")
    parser.add_argument("--only", default="", help="name of a fault, or the number of one run")
    given = parser.parse_args()
    outcomes = []
    with world() as made:
        for number in range(given.start, given.start + given.runs):
            fault, place = cells()[number % len(cells())]
            if given.only and given.only not in (fault.name, str(number)):
                continue
            outcome = run_one(made, number, given.seed, fault, place)
            outcomes.append(outcome)
            print(f"{number} {fault.name}, {place}: {outcome.codes}, twice {outcome.twice}")
            for problem in outcome.problems:
                print(f"PROBLEM {problem}")
            sys.stdout.flush()
    print(table(outcomes))
    return int(any(outcome.problems for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
