"""Next-generation matrices of models for which they can be worked out by hand."""

import numpy as np
import pytest

from epyflow.model.assembler import Assembler
from epyflow.model.infections import find_infections
from epyflow.model.next_generation import NextGeneration
from tests.building import compartments, infection, member, people, scalar, sir, spontaneous

AGES, SIZES = ("0-17", "18+"), (300_000, 700_000)
CONTACTS = np.array([[6.0, 2.0], [1.0, 3.0]])
SUSCEPTIBLE = np.array([200_000, 600_000])
STAY = 1 / -np.expm1(-0.5)  # mean days that somebody who leaves at 0.5 a day stays


def generation(rates_of_j):
    """Return the data of a model in which I and J infect, and its matrix."""
    model = sir(
        ages=AGES,
        compartments=compartments(S="default", I=0.01, J=0.01, R=None),
        transitions=[
            infection("S", "I", "I", "a"),
            infection("S", "I", "J", "b"),
            spontaneous("I", "J", 0.5),
            spontaneous("J", "R", 0.5),
        ],
        parameters={
            "a": {"type": "age_varying", "values": [0.05, 0.03]},
            "b": {"type": "age_varying", "values": rates_of_j},
        },
    )
    built = Assembler(model, people(SIZES, {"all": CONTACTS}, AGES), None, ()).build(member())
    found = NextGeneration.of(built, find_infections(built.flows))
    steps = len(built.dates)
    held = np.tile(SUSCEPTIBLE.astype(float), (steps, 1, 1))
    (matrix,) = found.matrices(held, lambda values: values.mean(axis=0, keepdims=True))
    return found, matrix


def by_hand(rates_of_j):
    """Return the largest eigenvalue of the infections in a by a person of b, in I and then in J."""
    rates = np.array([0.05, 0.03]) + np.array(rates_of_j)
    matrix = (rates * SUSCEPTIBLE)[:, np.newaxis] * CONTACTS / np.array(SIZES) * STAY
    return np.abs(np.linalg.eigvals(matrix)).max()


def test_one_age_group_with_a_latent_state_has_the_number_of_a_state_without():
    """0.05 a contact, 6 contacts, of 1,000 people 600 susceptible, who infect for STAY days."""
    model = sir(
        ages=("0+",),
        compartments=compartments(S="default", L=0.01, I=0.01, R=None),
        transitions=[
            infection("S", "L", "I", "a"),
            spontaneous("L", "I", 0.25),
            spontaneous("I", "R", 0.5),
        ],
        parameters={"a": scalar(0.05)},
    )
    given = people((1000,), {"all": np.array([[6.0]])}, ("0+",))
    built = Assembler(model, given, None, ()).build(member())
    found = NextGeneration.of(built, find_infections(built.flows))
    held = np.full((len(built.dates), 1, 1), 600.0)

    (matrix,) = found.matrices(held, lambda values: values.mean(axis=0, keepdims=True))

    assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(0.05 * 6 * 0.6 * STAY)


@pytest.mark.parametrize(
    ("rates_of_j", "forces"),
    [
        ([0.10, 0.06], 1),  # twice those of I
        ([0.0, 0.0], 2),  # J infects nobody
        ([0.02, 0.04], 2),  # relative to the highest: 1 and 0.6 for I, 0.5 and 1 for J
    ],
)
def test_mediators_count_as_one_force_only_if_their_rates_are_proportional(rates_of_j, forces):
    found, matrix = generation(rates_of_j)

    assert found.weights.shape[:2] == (forces, forces)
    assert matrix.shape == (forces * 2, forces * 2)
    largest = np.abs(np.linalg.eigvals(matrix)).max()
    assert largest == pytest.approx(by_hand(rates_of_j), rel=1e-12)


def test_a_rate_that_changes_counts_on_the_days_of_its_change_alone():
    changed = {"target_parameter": "mu", "override_value": 0.25}
    model = sir(
        ages=("0+",),
        parameters={"beta": scalar(0.05), "mu": scalar(0.5)},
        interventions=[
            {"type": "parameter", **changed, "start_date": "2024-10-05", "end_date": "2024-10-06"}
        ],
    )
    given = people((1000,), {"all": np.array([[6.0]])}, ("0+",))
    built = Assembler(model, given, None, ()).build(member())
    found = NextGeneration.of(built, find_infections(built.flows))

    matrices = found.matrices(np.full((31, 1, 1), 600.0), lambda values: values)

    stays = np.full(31, STAY)
    stays[4:6] = 1 / -np.expm1(-0.25)
    assert matrices.ravel() == pytest.approx(0.05 * 6 * 0.6 * stays)
