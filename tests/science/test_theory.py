"""Simulations agree with what can be calculated about them, within Monte Carlo error.

Means over trajectories are compared at four standard errors, estimated from the trajectories
themselves; with the seeds fixed, each comparison either always passes or always fails.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from epyflow import engine
from epyflow.model.assembler import Assembler
from tests.building import calculated, compartments, layers, member, one_age, people, scalar, sir

STANDARD_ERRORS = 4.0
BETA = calculated("R0*mu/eigenvalue")


def simulated(built, count, seed=1):
    run = engine.simulator(built)
    rng = np.random.default_rng(seed)
    return [run(rng) for _ in range(count)]


def assert_means(samples, expected):
    """Compare the mean over the first axis with ``expected``, entry by entry."""
    samples = np.asarray(samples, dtype=np.float64)
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - expected) < STANDARD_ERRORS * error)


def reproduction(rate, recovery, delta_t):
    """Infections by one infectious person among susceptibles, in steps of ``delta_t`` days.

    A person recovers in a step with probability 1 - exp(-recovery * delta_t), so is infectious
    for 1 / (1 - exp(-recovery * delta_t)) steps on average. This tends to rate / recovery, which
    is R0, as steps become short; with steps of one day it is larger.
    """
    return rate * delta_t / -np.expm1(-recovery * delta_t)


@pytest.mark.parametrize("delta_t", [1.0, 0.25])
def test_the_final_size_of_an_sir_epidemic_solves_its_equation(delta_t):
    size, seeds, r0, recovery = 1_000_000, 20, 1.6, 0.4
    model = sir(
        ages=("0+",),
        end="2025-09-30",
        delta_t=delta_t,
        compartments=compartments(S="default", I=seeds, R=None),
        parameters={"R0": scalar(r0), "mu": scalar(recovery), "beta": BETA},
    )
    built = Assembler(model, one_age(size), None, ()).build(member())

    runs = simulated(built, 40)
    infected = np.array([run.transitions[:, 0].sum() for run in runs]) / size
    took_off = infected[infected > 0.1]

    assert all(run.compartments[-1, 1].sum() == 0 for run in runs), "the epidemic is not over"
    assert len(took_off) > 35
    # z = 1 - exp(-R z) for a vanishing number of seeds; they count among the infected.
    started, reach = seeds / size, reproduction(r0 * recovery, recovery, delta_t)
    expected = brentq(
        lambda z: z - (1 - started) * -np.expm1(-reach * (z + started)), 0.1, 1.0, xtol=1e-12
    )
    assert_means(took_off, expected)
    # The tolerance is small beside what R0 itself would give with steps of one day.
    assert took_off.std(ddof=1) / np.sqrt(len(took_off)) < 5e-4


@pytest.mark.parametrize("r0", [0.7, 2.5])
def test_r0_is_the_largest_eigenvalue_of_the_next_generation_matrix(r0):
    population, recovery = people(), 0.3
    model = sir(parameters={"R0": scalar(r0), "mu": scalar(recovery), "beta": BETA})

    beta = Assembler(model, population, None, ()).build(member()).parameters["beta"]

    # Infections in a, over its whole course, by one infectious person of b.
    sizes = population.sizes
    next_generation = np.array(
        [
            [
                beta * sum(layer[a, b] for layer in population.contacts.values())
                * (sizes[a] / sizes[b]) / recovery
                for b in range(len(sizes))
            ]
            for a in range(len(sizes))
        ]
    )  # fmt: skip
    largest = max(abs(np.linalg.eigvals(next_generation)))
    assert largest == pytest.approx(r0, rel=1e-10)


def test_the_first_step_infects_each_age_group_at_its_force_of_infection():
    sizes, infectious = np.array([20_000, 60_000, 20_000]), np.array([500, 100, 20])
    population = people(sizes)
    model = sir(
        end="2024-10-01",
        compartments=compartments(S="default", I=infectious.tolist(), R=None),
        parameters={"beta": scalar(0.05), "mu": scalar(0.4)},
    )
    built = Assembler(model, population, None, ()).build(member())

    infections = [run.transitions[0, 0] for run in simulated(built, 400)]

    contacts = sum(layers().values())
    force = 0.05 * (contacts * (infectious / sizes)).sum(axis=1)
    assert_means(infections, (sizes - infectious) * -np.expm1(-force))


def test_below_one_an_epidemic_dies_out_at_the_size_of_its_chains_of_infection():
    sizes, seeds, recovery = np.array([30_000_000, 50_000_000]), np.array([200, 100]), 0.4
    population = people(sizes, layers(2), ("0-17", "18+"))
    model = sir(
        ages=("0-17", "18+"),
        end="2025-09-30",
        compartments=compartments(S="default", I=seeds.tolist(), R=None),
        parameters={"R0": scalar(0.6), "mu": scalar(recovery), "beta": BETA},
    )
    built = Assembler(model, population, None, ()).build(member())

    runs = simulated(built, 60)

    # Each generation K of infections causes the next: K i + K² i + ... = (1 - K)⁻¹ K i.
    contacts = sum(layers(2).values())
    one_step = built.parameters["beta"] * contacts * (sizes[:, None] / sizes)
    generation = reproduction(one_step, recovery, 1.0)
    expected = np.linalg.solve(np.eye(2) - generation, generation @ seeds)
    assert all(run.compartments[-1, 1].sum() == 0 for run in runs)
    assert_means([run.transitions[:, 0].sum(axis=0) for run in runs], expected)
