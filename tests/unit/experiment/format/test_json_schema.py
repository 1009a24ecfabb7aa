import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from epyflow.experiment.format.json_schema import export
from tests.unit.experiment.samples import ALL, CALIBRATION, SAMPLING, SIR, changed

ROOT = Path(__file__).resolve().parents[4]
SCHEMA = ROOT / "workflow" / "schemas" / "experiment.schema.json"
EXAMPLES = sorted((ROOT / "config" / "experiments").rglob("*.yaml"))


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(export())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def plain(value):
    """Return what an editor sees: a date is text to JSON."""
    return json.loads(json.dumps(value, default=str))


def test_the_schema_in_the_repository_is_current():
    assert SCHEMA.read_text(encoding="utf-8") == export(), "run: epyflow schema"


def test_the_schema_is_the_same_each_time():
    assert export() == export()


@pytest.mark.parametrize("name", ALL)
def test_valid_experiments_validate(validator, name):
    for role, section in ALL[name].items():
        validator.validate(plain({role: section}))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_validates(validator, path):
    validator.validate(plain(yaml.safe_load(path.read_text(encoding="utf-8"))))


def test_there_is_an_example():
    assert len(EXAMPLES) >= 3


@pytest.mark.shared
def test_real_experiments_validate(validator, shared):
    paths = sorted((shared / "experiments").rglob("*.yaml"))

    assert len(paths) >= 10
    for path in paths:
        validator.validate(plain(yaml.safe_load(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    ("sample", "role", "change"),
    [
        (SIR, "model", ("model.colour", "red")),
        (SIR, "model", ("model.transitions.0.type", "mediatd")),
        (SIR, "model", ("model.simulation.n_sims", 0)),
        (SIR, "model", ("model.timespan.delta_t", [1])),
        (SIR, "model", ("model.compartments.1.init", -1)),
        (SIR, "output", ("output.quantiles.selections", "all")),
        (SAMPLING, "modelset", ("modelset.sampling.samplers.0.strategy", "gird")),
        (SAMPLING, "modelset", ("modelset.population_names", 5)),
        (CALIBRATION, "modelset", ("modelset.calibration.distance_function", "rsme")),
        (CALIBRATION, "modelset", ("modelset.calibration.strategy.name", "SMCC")),
        (CALIBRATION, "output", ("output.posteriors", "yes")),
    ],
)
def test_an_editor_marks_mistakes(validator, sample, role, change):
    section = changed(sample, change)[role]

    assert not validator.is_valid(plain({role: section}))


def test_every_key_is_described_or_says_itself_what_it_is():
    definitions = json.loads(export())["$defs"]

    assert all(definition.get("description") for definition in definitions.values())
