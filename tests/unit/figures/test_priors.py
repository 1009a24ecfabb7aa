"""Priors that are drawn without scipy look as those of scipy."""

import numpy as np
import pytest
from scipy import stats

from epyflow.errors import ArtifactError
from epyflow.figures.priors import Frozen, Uniform, WholeNumbers, prior_of

LEVELS = [0.0001, 0.005, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95, 0.995, 1.0]


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "kind"),
    [
        ("uniform", [1.0, 2.0], {}, Uniform),
        ("uniform", [-3.3], {"scale": 0.1}, Uniform),
        ("uniform", [], {}, Uniform),
        ("randint", [0.0, 20.0], {}, WholeNumbers),
        ("randint", [-4.0, 3.0], {}, WholeNumbers),
        ("randint", [2.0, 3.0], {}, WholeNumbers),
        ("randint", [0.0, 9.0, 5.0], {}, Frozen),
        ("norm", [0.4, 0.02], {}, Frozen),
        ("poisson", [3.0], {}, Frozen),
    ],
)
def test_support_quantiles_and_densities_are_those_of_scipy(name, args, kwargs, kind):
    prior = prior_of({"name": name, "args": args, "kwargs": kwargs})
    theirs = getattr(stats, name)(*args, **kwargs)

    assert type(prior) is kind
    assert prior.discrete is hasattr(theirs.dist, "pmf")
    assert prior.support() == theirs.support()
    assert prior.ppf(LEVELS).tolist() == theirs.ppf(LEVELS).tolist()
    x = np.concatenate([np.linspace(-6, 25, 400), np.arange(-6.0, 25.0)])
    expected = theirs.pmf(x) if prior.discrete else theirs.pdf(x)
    assert prior.density(x).tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["bootstrap", "distributions", "__class__", "no_such_name", 3])
def test_a_name_that_is_of_no_distribution_is_not_called(name):
    with pytest.raises(ArtifactError, match=r"priors\.json: .* is not a distribution"):
        prior_of({"name": name, "args": [], "kwargs": {}})
