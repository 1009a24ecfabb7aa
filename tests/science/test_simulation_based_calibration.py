"""Posteriors are right on average: the truth lies anywhere in them, as often as it should.

Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788): draw a truth from the prior,
simulate data under it, calibrate against these data, and find the rank of the truth among
independent draws from the posterior. Over many truths the ranks are uniform if the posteriors are
the right ones, and central 90% intervals hold the truth in 90% of the cases.

What the tolerance implies: ABC keeps particles whose data are near the observed ones, not equal
to them, so its posteriors are a little too wide and its intervals hold the truth a little too
often. Here the last tolerance is of the size of the model's own noise, and the effect is smaller
than what so many data sets can show: a larger one would not be noticed as bias, but as intervals
that hold the truth too often. Ranks would be uniform, too, if the calibration ignored the data and
returned the prior; so we ask that posteriors are much narrower than it.
"""

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from epyflow.artifacts.task import Observations
from epyflow.calibration.kernels import kernel
from epyflow.calibration.rejection import run_top_fraction
from epyflow.calibration.sampler import Limits, Priors
from epyflow.calibration.smc import Smc, SmcSettings
from epyflow.experiment.format.calibration import Calibration
from epyflow.model.assembler import Assembler
from epyflow.strategies.particle_simulator import Comparer, ParticleSimulator, priors
from tests.building import compartments, member, one_age, scalar, sir

DATA_SETS = 60
DRAWS = 9  # from each posterior, so that ranks are 0 to 9
DAYS = tuple(date(2024, 10, 1) + timedelta(days=number) for number in range(12))

MODEL = sir(
    ages=["0+"],
    end="2024-10-12",
    compartments=compartments(S="default", I=30, R=None),
    parameters={"beta": {"type": "calibrated"}, "mu": scalar(0.3)},
)
CALIBRATION = Calibration.model_validate(
    {
        "strategy": {"name": "smc"},
        "observed_data_path": "none.csv",
        "comparison": [
            {
                "observed_value_column": "value",
                "observed_date_column": "date",
                "simulation": ["S_to_I_total"],
            }
        ],
        "fitting_window": {"start_date": str(DAYS[0]), "end_date": str(DAYS[-1])},
        "parameters": {
            "beta": {"prior": {"type": "scipy", "name": "uniform", "args": [0.02, 0.05]}}
        },
    }
)
PRIORS: Priors = priors(CALIBRATION)
ASSEMBLER = Assembler(MODEL, one_age(2_000), None, ())


def simulator(values):
    """Return what simulates particles and compares them with the values."""
    return ParticleSimulator(
        calibration=CALIBRATION,
        model=MODEL,
        assembler=ASSEMBLER,
        base=member(),
        comparer=Comparer.of(CALIBRATION, MODEL),
        observations=Observations(DAYS, values),
        engine_name="compiled",
    )


def by_smc(simulate, rng):
    smc = Smc(
        PRIORS,
        [kernel(None, prior) for prior in PRIORS.distributions.values()],
        simulate,
        SmcSettings(particles=60, generations=4),
        Limits(),
        rng,
    )
    while smc.step():
        pass
    return smc.done[-1]


def by_top_fraction(simulate, rng):
    return run_top_fraction(PRIORS, simulate, 600, 0.1, rng)


@pytest.mark.parametrize("calibrate", [by_smc, by_top_fraction])
def test_ranks_of_the_truth_are_uniform_and_intervals_hold_it_as_often_as_they_say(calibrate):
    rng = np.random.default_rng(20250118)
    ranks, covered, widths = [], [], []
    for _ in range(DATA_SETS):
        truth = PRIORS.draw(rng)
        data = simulator(np.zeros((len(DAYS), 1)))(truth, rng).series
        posterior = calibrate(simulator(data), rng)
        values = rng.choice(posterior.particles[:, 0], 2_000, p=posterior.weights)
        low, high = np.quantile(values, [0.05, 0.95])
        ranks.append(int(np.sum(values[:DRAWS] < truth[0])))
        covered.append(low <= truth[0] <= high)
        widths.append(values.std())

    counts = np.bincount(ranks, minlength=DRAWS + 1).reshape(5, 2).sum(axis=1)
    assert stats.chisquare(counts).pvalue > 0.01
    assert 0.80 <= np.mean(covered) <= 0.98
    assert np.mean(widths) < 0.4 * 0.05 / np.sqrt(12)  # of the prior, uniform on 0.05
