import numpy as np
import pytest
from scipy import stats

from epyflow.calibration.marginals import Asked, LogUniform, Uniform, WholeNumbers, marginal

UNIFORM = [
    stats.uniform(0.00005, 0.0009),
    stats.uniform(-3.3, 0.1),
    stats.uniform(scale=7.0),
    stats.uniform(),
]
LOG_UNIFORM = [
    stats.loguniform(0.00002, 0.001),
    stats.loguniform(0.4, 2.5),
    stats.loguniform(1, 100),
]
WHOLE = [
    stats.randint(0, 75),
    stats.randint(-4, 3),
    stats.randint(2, 3),
    stats.randint(0, 9, loc=5),
]
OTHERS = [
    stats.norm(0.4, 0.02),
    stats.truncnorm(-1, 2),
    stats.binom(9, 0.3),
    stats.randint(0.0, 9.0),  # numpy draws whole numbers between whole numbers only
    stats.loguniform(1.0, 2.0, scale=3.0),
    stats.uniform(1.0, 0.0),  # has no width, so it is not drawn from
]


def probability(prior, value):
    return prior.pdf(value) if hasattr(prior, "pdf") else prior.pmf(value)


@pytest.mark.parametrize("prior", [*UNIFORM, *LOG_UNIFORM, *WHOLE, *OTHERS[:5]])
def test_draws_are_those_of_scipy_and_leave_the_generator_as_scipy_does(prior):
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)

    drawn = [marginal(prior).draw(ours) for _ in range(200)]

    assert drawn == [prior.rvs(random_state=theirs) for _ in range(200)]
    assert ours.bit_generator.state == theirs.bit_generator.state


@pytest.mark.parametrize("prior", [*UNIFORM, *LOG_UNIFORM, *WHOLE, *OTHERS[:5]])
def test_densities_are_those_of_scipy_inside_outside_and_at_the_ends(prior):
    low, high = map(float, prior.interval(0.99))
    ends = [float(end) for end in prior.support() if np.isfinite(end)]
    values = [*np.linspace(low - 2, high + 2, 301), *np.arange(-6.0, 80.0), *ends]
    values += [np.nextafter(end, towards) for end in ends for towards in (-np.inf, np.inf)]

    densities = [marginal(prior).density(value) for value in values]

    assert densities == [float(probability(prior, value)) for value in values]
    assert max(densities) > 0


def test_scipy_is_asked_for_distributions_that_are_not_uniform():
    assert {type(marginal(prior)) for prior in UNIFORM} == {Uniform}
    assert {type(marginal(prior)) for prior in LOG_UNIFORM} == {LogUniform}
    assert {type(marginal(prior)) for prior in WHOLE} == {WholeNumbers}
    assert {type(marginal(prior)) for prior in OTHERS} == {Asked}


@pytest.mark.parametrize("prior", [*UNIFORM, *LOG_UNIFORM, *WHOLE, *OTHERS])
def test_the_support_is_that_of_scipy(prior):
    found = marginal(prior)

    assert found.support() == pytest.approx(prior.support(), rel=0, abs=0, nan_ok=True)
    assert found.discrete is not hasattr(prior, "pdf")
    assert marginal(found) is found
