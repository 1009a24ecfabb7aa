"""A task's posterior is that of epydemix's ABCSampler called by hand with the same generator.

By hand: an ``EpiModel`` with contact layers, ``epydemix.simulate`` from the drawn day on, the
weekly infections of both age groups, zero before the start, ``ABCSampler.calibrate``.
"""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from epydemix import EpiModel, population, simulate
from epydemix.calibration import ABCSampler, metrics
from scipy import stats

from epyflow import strategies
from epyflow.randomness import generator
from tests.building import SEED, layers
from tests.calibrating import (
    AGES,
    REFERENCE,
    SIZES,
    WEEKLY,
    WINDOW,
    calibration_task,
    observed,
    section,
)

# epydemix 1.5 calls a function of pandas 3 that announces a change; it reads the result as before.
pytestmark = pytest.mark.filterwarnings("ignore:A future version of pandas will return a BaseOff")

PRIORS = {
    "beta": stats.uniform(0.02, 0.05),
    "mu": stats.norm(0.4, 0.02),
    "init_I": stats.uniform(0.001, 0.02),
    "start_date_days": stats.randint(0, 12),
}


def sir_by_hand():
    written = EpiModel(compartments=["S", "I", "R"])
    people = population.Population()
    people.add_population(np.array(SIZES), list(AGES))
    for layer, matrix in layers(len(AGES)).items():
        people.add_contact_matrix(matrix, layer)
    written.set_population(people)
    written.add_parameter(parameters_dict={"beta": 0.0, "mu": 0.0})
    written.add_transition("S", "I", "mediated", ("beta", "I"))
    written.add_transition("I", "R", "spontaneous", "mu")
    return written


def infectious(share):
    """Return that share of each age group in whole persons, halves up."""
    exact = [Decimal(repr(share)) * size for size in SIZES]
    return np.array([int(persons.to_integral_value(ROUND_HALF_UP)) for persons in exact])


def simulation_by_hand(drawn):
    start = REFERENCE + timedelta(days=int(drawn["start_date_days"]))
    seeds = infectious(float(drawn["init_I"]))
    trajectory = simulate(
        sir_by_hand(),
        start_date=str(start),
        end_date=str(WINDOW[1]),
        initial_conditions_dict={"S": np.array(SIZES) - seeds, "I": seeds, "R": 0 * seeds},
        resample_frequency="W-SAT",
        beta=drawn["beta"],
        mu=drawn["mu"],
        rng=drawn["rng"],
    )
    weekly = pd.Series(trajectory.transitions["S_to_I_total"], index=trajectory.dates)
    return {"data": weekly.reindex(pd.DatetimeIndex(observed().dates), fill_value=0.0).to_numpy()}


def by_hand(strategy, **options):
    sampler = ABCSampler(
        simulation_by_hand,
        PRIORS,
        {},
        np.array(WEEKLY),
        metrics.rmse,
        rng=generator(SEED, "calibrate", "United_States_Massachusetts"),
    )
    made = []
    counted = sampler.simulation_function
    sampler.simulation_function = lambda drawn: made.append(1) or counted(drawn)
    return sampler.calibrate(strategy, verbose=False, **options), len(made)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("smc", {"num_particles": 15, "num_generations": 3}),
        (
            "smc",
            {
                "num_particles": 10,
                "num_generations": 9,
                "epsilon_quantile_level": 0.7,
                "total_simulations_budget": 60,
            },
        ),
        ("rejection", {"num_particles": 8, "epsilon": 1500.0}),
        ("top_fraction", {"Nsim": 60, "top_fraction": 0.2}),
    ],
    ids=["smc", "smc within a budget", "rejection", "top_fraction"],
)
def test_the_posterior_is_that_of_epydemix(name, options):
    expected, simulations = by_hand(name, **options)

    fit = strategies.run(calibration_task(section(name, options))).fit

    assert fit.names == tuple(PRIORS)
    assert len(fit.generations) == len(expected.posterior_distributions)
    for number, found in enumerate(fit.generations):
        assert (found.particles == expected.posterior_distributions[number].to_numpy()).all()
        assert (found.distances == np.array(expected.distances[number])).all()
        np.testing.assert_allclose(found.weights, expected.weights[number], rtol=1e-12, atol=0)
        series = np.array([each["data"] for each in expected.selected_trajectories[number]])
        assert (found.series.unpack()[:, :, 0] == series).all()
    made = sum(generation.simulations for generation in fit.generations)
    # epydemix also makes those of a generation that the budget cut short.
    assert made == simulations or (fit.ended == "total_simulations_budget" and made < simulations)


def test_epidemics_that_start_after_the_first_observation_are_among_those_compared():
    fit = strategies.run(
        calibration_task(section("top_fraction", {"Nsim": 60, "top_fraction": 1.0}))
    ).fit

    days = fit.generations[0].particles[:, 3]
    assert (days > (WINDOW[0] - REFERENCE).days).any()
