"""The shipped influenza experiment, on real data beside it."""

import shutil
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.run.input_build import prepare_build
from epyflow.run.settings import read_settings
from epyflow.tables.series import select_comparisons
from tests.unit.test_repository import ROOT

pytestmark = pytest.mark.shared

WEDNESDAY = date(2025, 1, 15)

INFLUENZA = ROOT / "config" / "experiments" / "influenza"


@pytest.fixture
def root(tmp_path, shared):
    """A root of a user's own: the experiment, and the data beside it."""
    shutil.copytree(INFLUENZA, tmp_path / "experiments" / "influenza")
    (tmp_path / "data").symlink_to(shared / "data")
    return tmp_path


def test_it_is_valid_where_its_data_are(root, shared):
    files = replace(locate("influenza", root, (shared,)), today=WEDNESDAY)
    experiment, problems = inspect(files)

    assert problems == []
    assert experiment.calibration.fitting_window.end_date == date(2025, 1, 11)
    assert experiment.output.hub[1].reference_date == date(2025, 1, 18)


def test_its_ensemble_of_a_small_state_begins_near_the_last_week(root, shared):
    modelset = root / "experiments" / "influenza" / "config" / "modelset.yaml"
    text = modelset.read_text(encoding="utf-8")
    for whole, part in (
        ("num_particles: 100, num_generations: 5", "num_particles: 20, num_generations: 2"),
        ("n_trajectories: 200", "n_trajectories: 50"),
        ("US-CA, US-TX, US-NY, US-FL, US-OH, US-MA, US-GA, US-WA, US-NE, US-VT", "US-VT"),
    ):
        assert whole in text
        text = text.replace(whole, part)
    modelset.write_text(text, encoding="utf-8")
    settings = {
        "experiment": "influenza",
        "experiments_root": str(root),
        "today": str(WEDNESDAY),
        "allowed_data_roots": [str(shared)],
    }
    prepare_build(read_settings(settings), seed=7).write({0: root / "input.pkl"})
    result = strategies.run(pickling.read_input(root / "input.pkl"))

    selection = select_comparisons(result, result.fit)
    (member,) = result.members
    weeks = selection.of(selection.counts(member))[..., 0]
    last = member.dates.index(result.fit.observations.dates[-1])
    # The vintage has 30 admissions in Vermont in the week that ends on 2025-01-11.
    assert result.fit.observations.values[-1, 0] == 30
    # The ensemble begins after it: two of its members near the observation, one at the model.
    assert 20 <= np.median(weeks[:, last + 1]) <= 60
    walks = [each.walk for (each,) in result.fit.reporting]
    assert walks[0] is None
    assert walks[1] > 0
