"""The short form of ``make chaos``: 20 runs, of every fault, with one seed."""

from tests.chaos.campaign import run_one, world
from tests.chaos.faults import SHORT

SEED = 1


def test_every_disturbed_run_ends_with_the_undisturbed_tables_or_names_the_cause():
    with world(["local"]) as made:
        outcomes = [run_one(made, number, SEED, *cell) for number, cell in enumerate(SHORT)]

    assert len(outcomes) == 20
    assert [outcome for outcome in outcomes if outcome.problems] == []
