"""The same draws, and so the same posterior, as epydemix's own ABCSampler."""

import numpy as np
import pytest
from epydemix.calibration import ABCSampler, metrics
from scipy import stats

from epyflow.calibration import distances
from epyflow.calibration.kernels import kernel
from epyflow.calibration.rejection import run_rejection, run_top_fraction
from epyflow.calibration.sampler import Limits, Priors
from epyflow.calibration.smc import Smc, SmcSettings
from tests.unit.calibration.toy import OBSERVED, PRIORS, simulate, simulated_series


def by_hand(seed, strategy, priors=PRIORS, **options):
    def simulation(parameters):
        values = [parameters[name] for name in PRIORS.names]
        return {"data": simulated_series(values, parameters["rng"])}

    sampler = ABCSampler(
        simulation, dict(priors.distributions), {}, OBSERVED, rng=np.random.default_rng(seed)
    )
    return sampler.calibrate(strategy, verbose=False, **options)


def smc(seed, settings, limits=None, priors=PRIORS):
    return Smc(
        priors,
        [kernel(None, prior) for prior in priors.distributions.values()],
        simulate,
        settings,
        limits or Limits(),
        np.random.default_rng(seed),
    )


def assert_same(ours, theirs, generation):
    assert (ours.particles == theirs.posterior_distributions[generation].to_numpy()).all()
    assert (ours.distances == np.array(theirs.distances[generation])).all()
    np.testing.assert_allclose(ours.weights, theirs.weights[generation], rtol=1e-12, atol=0)
    series = np.array([each["data"] for each in theirs.selected_trajectories[generation]])
    assert (ours.series[:, :, 0] == series).all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (SmcSettings(30, 4), {"num_particles": 30, "num_generations": 4}),
        (
            SmcSettings(20, 3, quantile=0.3),
            {"num_particles": 20, "num_generations": 3, "epsilon_quantile_level": 0.3},
        ),
        (
            SmcSettings(20, 3, schedule=(8.0, 5.0, 4.0)),
            {"num_particles": 20, "num_generations": 3, "epsilon_schedule": [8.0, 5.0, 4.0]},
        ),
        (
            SmcSettings(20, 8, minimum=4.5),
            {"num_particles": 20, "num_generations": 8, "minimum_epsilon": 4.5},
        ),
    ],
    ids=["default", "quantile", "schedule", "minimum"],
)
def test_smc_equals_epydemix(seed, settings, options):
    theirs = by_hand(seed, "smc", **options)
    ours = smc(seed, settings)
    while ours.step():
        pass

    assert len(ours.done) == len(theirs.posterior_distributions)
    for number, generation in enumerate(ours.done):
        assert_same(generation, theirs, number)


def test_one_particle_of_discrete_priors_equals_epydemix():
    numbers = (("rate", 1, 4), ("delay", 0, 4), ("size", 3, 7))
    priors = Priors({name: stats.randint(low, high) for name, low, high in numbers})
    theirs = by_hand(3, "smc", priors, num_particles=1, num_generations=3)
    ours = smc(3, SmcSettings(1, 3), priors=priors)
    while ours.step():
        pass

    assert len(ours.done) == 3
    for number, generation in enumerate(ours.done):
        assert_same(generation, theirs, number)


def test_smc_under_a_budget_equals_epydemix():
    theirs = by_hand(3, "smc", num_particles=20, num_generations=9, total_simulations_budget=150)
    ours = smc(3, SmcSettings(20, 9), Limits(simulations=150))
    while ours.step():
        pass

    assert ours.ended == "total_simulations_budget"
    assert len(ours.done) == len(theirs.posterior_distributions)
    assert_same(ours.done[-1], theirs, len(ours.done) - 1)


@pytest.mark.parametrize("seed", range(5))
def test_rejection_equals_epydemix(seed):
    theirs = by_hand(seed, "rejection", num_particles=25, epsilon=6.0)

    ours, ended = run_rejection(PRIORS, simulate, 25, 6.0, Limits(), np.random.default_rng(seed))

    assert ended == "complete"
    assert_same(ours, theirs, 0)


@pytest.mark.parametrize("seed", range(5))
def test_top_fraction_equals_epydemix(seed):
    theirs = by_hand(seed, "top_fraction", Nsim=200, top_fraction=0.1)

    ours = run_top_fraction(PRIORS, simulate, 200, 0.1, np.random.default_rng(seed))

    assert_same(ours, theirs, 0)


@pytest.mark.parametrize("name", ["rmse", "wmape", "mae", "mape"])
def test_distances_are_those_of_epydemix(name):
    rng = np.random.default_rng(1)
    observed, simulated = rng.poisson(9, 20) + 1.0, rng.poisson(9, 20).astype(float)

    theirs = getattr(metrics, name)({"data": observed}, {"data": simulated})

    assert getattr(distances, name)(observed, simulated) == theirs
