"""Priors of the user's own, named by what the tasks of a run carry."""

import json

import pytest

from epyflow.artifacts import pickling
from epyflow.errors import ArtifactError
from epyflow.experiment.reading.user_functions import UserFunctions
from epyflow.inputs.resolved_priors import with_named_priors
from epyflow.run import prior_names
from epyflow.storage.disk import Disk
from tests.calibrating import section
from tests.unit import factories


def inputs(folder, *things):
    storage = Disk(folder)
    for number, thing in enumerate(things):
        storage.write(f"input_{number}.pkl", pickling.to_bytes(thing))
    return [f"input_{number}.pkl" for number in range(len(things))], storage


def calibrating(folder):
    """A task whose prior of beta was a function."""
    text = "from scipy import stats\ndef mine():\n    return stats.norm(2, scale=0.5)\n"
    (folder / "own.py").write_text(text)
    given = {"beta": {"prior": {"type": "custom", "name": "mine"}}}
    resolved = with_named_priors(section("smc", {}, parameters=given), UserFunctions(folder))
    return factories.task(calibration=resolved.model_dump_json())


def test_what_a_function_returned_is_named_from_the_first_task_that_was_built(tmp_path):
    paths, storage = inputs(tmp_path, factories.failure(0), calibrating(tmp_path))

    prior_names.write_priors(["absent.pkl", *paths], storage, tmp_path / "priors.json")

    found = json.loads((tmp_path / "priors.json").read_text())
    assert found["beta"] == {"name": "norm", "args": [2.0], "kwargs": {"scale": 0.5}}


def test_where_no_task_could_be_built_nothing_is_named(tmp_path):
    paths, storage = inputs(tmp_path, factories.failure(0), factories.task())

    prior_names.write_priors(paths, storage, tmp_path / "priors.json")

    assert json.loads((tmp_path / "priors.json").read_text()) == {}


def test_a_damaged_input_is_named(tmp_path):
    (tmp_path / "input_0.pkl").write_bytes(b"?")

    with pytest.raises(ArtifactError, match=r"input_0\.pkl"):
        prior_names.write_priors(["input_0.pkl"], Disk(tmp_path), tmp_path / "priors.json")
