"""The short form of ``make chaos``: 20 runs, of every fault, with one seed."""

import re
from pathlib import Path

from tests.chaos.campaign import run_one, world
from tests.chaos.faults import FAULTS, SHORT
from tests.chaos.trial import TASKS

SEED = 1
BOUNDS = {"none": 0, "one": 1, "both": TASKS}

AGAIN = 100
"""Added to the number of a run that is made again."""


def test_the_documented_bounds_of_work_done_twice_are_those_of_the_campaign():
    page = Path("docs/reliability.md").read_text(encoding="utf-8")
    table = page.partition("| fault | what happens | tasks that may be done twice |")[2]
    documented = {}
    for line in table.strip().partition("\n\n")[0].splitlines()[1:]:
        _, faults, _, text, _ = (cell.strip() for cell in line.split("|"))
        bound = next(BOUNDS[word] for word in re.findall("[a-z]+", text) if word in BOUNDS)
        for fault in faults.split(", "):
            documented[fault] = 5 * bound if fault == "kill often" else bound

    assert documented == {fault.name: fault.twice for fault in FAULTS}


def test_every_disturbed_run_ends_with_the_undisturbed_tables_or_names_the_cause():
    with world(["local"]) as made:
        outcomes = [run_one(made, number, SEED, *cell) for number, cell in enumerate(SHORT)]
        # No seed fixes what a signal meets in Snakemake. `make chaos` counts what one moment does;
        # here the same fault has to do it twice.
        again = [
            run_one(made, AGAIN + each.number, SEED, *SHORT[each.number])
            for each in outcomes
            if each.problems
        ]

    assert len(outcomes) == 20
    assert [each for each in again if each.problems] == []
    assert len(again) <= 1, [each for each in outcomes if each.problems]
