"""The populations of the example that comes with the project."""

from pathlib import Path

import numpy as np
import pytest

from epyflow.population.store import PopulationStore

FOLDER = Path(__file__).resolve().parents[3] / "config/common-data/populations"
AGE_GROUPS = ("0-4", "5-17", "18-49", "50-64", "65+")
STATES = ("United_States_Massachusetts", "United_States_New_York")


@pytest.mark.parametrize("name", STATES)
def test_the_example_s_populations_are_complete(name):
    population = PopulationStore.open(FOLDER, remote=False).load(name, AGE_GROUPS)

    assert population.sizes.min() > 100_000
    assert list(population.contacts) == ["school", "work", "home", "community"]
    assert all(matrix.shape == (5, 5) for matrix in population.contacts.values())


@pytest.mark.shared
@pytest.mark.parametrize("name", STATES)
def test_the_example_s_figures_are_those_of_epydemix_data_rounded(shared, name):
    real = PopulationStore.open(shared / "data/populations", remote=False).load(name, AGE_GROUPS)

    example = PopulationStore.open(FOLDER, remote=False).load(name, AGE_GROUPS)

    assert np.abs(example.sizes - real.sizes).max() <= 50
    assert (example.sizes % 100 == 0).all()
    for layer, matrix in example.contacts.items():
        np.testing.assert_allclose(matrix, real.contacts[layer], atol=0.0005)
        assert (matrix == matrix.round(3)).all()
