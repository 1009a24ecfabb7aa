"""The model's metadata file is checked against the hub's own schema."""

import json
import re

import pytest
import yaml
from made_up_hubs import submission, tasks, write_hub, write_submission

from forecast_hub.checks.validation import validate
from forecast_hub.errors import UnreadableError

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "team_abbr": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 16},
        "model_abbr": {"type": "string"},
        "designated_model": {"type": "boolean"},
        "website_url": {"type": "string", "format": "uri"},
        "contributors": {
            "type": "array",
            "items": {"type": "object", "required": ["email"]},
        },
    },
    "required": ["team_abbr", "model_abbr", "designated_model"],
    "additionalProperties": False,
}

MODEL = {"team_abbr": "a", "model_abbr": "b", "designated_model": True}


@pytest.fixture
def hub(tmp_path):
    write_hub(tmp_path, tasks())
    (tmp_path / "hub-config" / "model-metadata-schema.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "model-metadata").mkdir()
    return tmp_path


def write(hub, data, name="a-b.yml"):
    path = hub / "model-metadata" / name
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data))
    return path


def messages(hub, severity="error", **more):
    verdict = validate(write_submission(hub, submission()), hub, **more)
    return [
        each.message
        for each in verdict.findings
        if each.check.startswith("metadata") and each.severity == severity
    ]


@pytest.mark.parametrize("name", ["a-b.yml", "a-b.yaml"])
def test_metadata_in_the_hubs_folder_is_found_and_accepted(hub, name):
    write(hub, MODEL, name)

    assert messages(hub) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"designated_model": "yes"}, "designated_model: 'yes' is not of type 'boolean'"),
        ({"licence": "CC0"}, "licence"),
        ({"contributors": [{"name": "x"}]}, r"contributors\[0\]: 'email' is a required"),
        ({"team_abbr": "A"}, "team_abbr: 'A' does not match"),
        ({"model_abbr": "c"}, "is of the model a-c .*; expected the file name a-c.yml"),
        ({"model_abbr": "c"}, "is of the model a-c; the submission's is a-b"),
    ],
)
def test_what_the_schema_refuses_is_named_by_key(hub, change, says):
    write(hub, MODEL | change)

    assert any(re.search(says, message) for message in messages(hub)), messages(hub)


@pytest.mark.parametrize("key", SCHEMA["required"])
def test_a_missing_key_is_named(hub, key):
    write(hub, {name: value for name, value in MODEL.items() if name != key})

    assert any(f"'{key}' is a required property" in message for message in messages(hub))


def test_a_model_without_metadata_is_refused(hub):
    assert messages(hub) == ["there is no model-metadata/a-b.yml; expected the model's metadata"]


def test_metadata_can_be_given(hub, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    path = other / "a-b.yml"
    path.write_text(yaml.safe_dump(MODEL | {"designated_model": None}))

    (message,) = messages(hub, metadata=path)

    assert "designated_model: None is not of type 'boolean'" in message


def test_metadata_that_is_no_yaml_is_refused(hub):
    write(hub, "a: [")

    (message,) = messages(hub)
    assert "a-b.yml is no YAML" in message


def test_metadata_that_is_not_there_cannot_be_judged(hub, tmp_path):
    with pytest.raises(UnreadableError, match=r"none.yml: cannot be read"):
        messages(hub, metadata=tmp_path / "none.yml")


def test_without_a_schema_a_warning_says_that_nothing_was_checked(hub):
    (hub / "hub-config" / "model-metadata-schema.json").unlink()
    write(hub, {"anything": 1})

    assert messages(hub) == []
    (warning,) = messages(hub, "warning")
    assert "so the metadata was not checked" in warning


def test_a_schema_elsewhere_is_not_fetched(hub):
    schema = SCHEMA | {"$ref": "http://127.0.0.1:9/schema.json"}
    (hub / "hub-config" / "model-metadata-schema.json").write_text(json.dumps(schema))
    write(hub, MODEL)

    with pytest.raises(UnreadableError, match=r"model-metadata-schema.json: cannot be used"):
        messages(hub)


@pytest.mark.shared
def test_flusights_schema_is_used_as_it_is(shared, tmp_path):
    folder = shared / "data" / "hub"
    example = folder / "2024-11-16-example-submission.csv"
    path = tmp_path / "example-submission.yml"
    complete = {
        "team_name": "Example",
        "team_abbr": "example",
        "model_name": "An example",
        "model_abbr": "submission",
        "model_contributors": [{"name": "A", "affiliation": "B", "email": "a@b.org"}],
        "license": "CC-BY-4.0",
        "designated_model": True,
        "data_inputs": "admissions",
        "methods": "m" * 200,
        "methods_long": "m",
        "ensemble_of_models": False,
        "ensemble_of_hub_models": False,
        "website_url": "https://example.org",
    }
    path.write_text(yaml.safe_dump(complete))
    assert validate(example, folder, metadata=path).count("error") == 0

    path.write_text(yaml.safe_dump(complete | {"methods": "m" * 201, "license": "none"}))
    verdict = validate(example, folder, metadata=path)

    assert [each.message.split(":")[0] for each in verdict.findings[:2]] == [
        "example-submission.yml, license",
        "example-submission.yml, methods",
    ]
