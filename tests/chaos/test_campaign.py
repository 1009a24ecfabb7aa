"""The short form of ``make chaos``: 20 runs, of every fault, with one seed."""

from tests.chaos.campaign import run_one, world
from tests.chaos.faults import SHORT

SEED = 1


AGAIN = 100
"""Added to the number of a run that is made again."""


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
