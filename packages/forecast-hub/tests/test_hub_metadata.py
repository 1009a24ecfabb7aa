"""The model's metadata file is checked against the hub's own schema."""

import json
import re
import shutil

import pytest
import yaml
from made_up_hubs import submission, tasks, write_hub, write_submission

from forecast_hub.checks import model_metadata
from forecast_hub.checks.metadata_values import parse_metadata
from forecast_hub.checks.validation import validate
from forecast_hub.errors import UnreadableError, YamlError
from forecast_hub.yaml_loader import MOST_VALUES

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
        ({"designated_model": "maybe"}, "designated_model: 'maybe' is not of type 'boolean'"),
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


def test_a_hub_without_the_folder_of_metadata_has_a_note_that_names_the_command(hub):
    shutil.rmtree(hub / "model-metadata")

    (note,) = messages(hub, "note")
    assert "was not checked, because none is here; the command validate takes one" in note


def test_metadata_can_be_given(hub, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    path = other / "a-b.yml"
    path.write_text(yaml.safe_dump(MODEL | {"designated_model": None}))

    (message,) = messages(hub, metadata=path)

    assert "designated_model: an empty value is not of type 'boolean'" in message


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


@pytest.mark.parametrize(
    "more",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "#"},
    ],
)
def test_a_schema_that_is_elsewhere_or_has_no_end_is_refused_and_not_fetched(hub, more):
    schema = SCHEMA | more
    (hub / "hub-config" / "model-metadata-schema.json").write_text(json.dumps(schema))
    write(hub, MODEL)

    with pytest.raises(UnreadableError, match=r"model-metadata-schema.json: cannot be used"):
        messages(hub)


@pytest.mark.parametrize("schema", [3, [], {"$schema": []}, {"properties": 1}, {"pattern": "("}])
def test_a_schema_that_is_none_is_named(hub, schema):
    (hub / "hub-config" / "model-metadata-schema.json").write_text(json.dumps(schema))
    write(hub, MODEL)

    with pytest.raises(UnreadableError, match=r"model-metadata-schema.json: is no JSON schema"):
        messages(hub)


# What R 4.2.2 with yaml 2.3.7 and jsonlite 1.8.4 makes of a value, where it was measured (the first
# six); the others follow from the implicit types that yaml documents.
VALUES = [
    ("2025-12-08", "2025-12-08"),
    ("12:30", "12:30"),
    ("1_0", "1_0"),
    ('["A paper"]', "A paper"),
    ("y", True),
    ("1.0", 1.0),
    ("2025-12-08T10:00:00Z", "2025-12-08T10:00:00Z"),
    ("1:20.5", "1:20.5"),
    ("N", False),
    ("off", False),
    ("On", True),
    ("Y es", "Y es"),
    ("'y'", "y"),
    ("010", 8),
    ("08", "08"),
    ("0x1F", 31),
    ("0b11", "0b11"),
    ("-7", -7),
    (".5", 0.5),
    ("1.2.3", "1.2.3"),
    ("1e5", "1e5"),
    ("1.5e+3", 1500.0),
    (".inf", "Inf"),
    ("-.INF", "-Inf"),
    (".nan", "NaN"),
    ("~", {}),
    ("", {}),
    ("'~'", "~"),
    ("[a, b]", ["a", "b"]),
    ("[[a]]", ["a"]),
    ("[{b: [a]}]", [{"b": "a"}]),
    ("[]", []),
    ("[~]", [{}]),
    ("!!timestamp 2025-12-08", "2025-12-08"),
]


@pytest.mark.parametrize(("written", "value"), VALUES)
def test_a_value_is_read_as_the_hub_reads_it(written, value):
    (read,) = parse_metadata(f"a: {written}").values()

    assert (read, type(read) is bool) == (value, type(value) is bool)


def test_keys_are_text_and_a_merged_key_gives_way_to_the_own():
    text = "base: &b {x: 1, z: 3}\nmine: {<<: *b, x: 2}\n2025-01-01: a\ny: b"

    assert parse_metadata(text) == {
        "base": {"x": 1, "z": 3},
        "mine": {"x": 2, "z": 3},
        "2025-01-01": "a",
        "y": "b",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2", "the key 'a' is there twice"),
        ("b: {a: 1, 'a': 2}", "the key 'a' is there twice"),
        ("? [a]\n: 1", "a key is no plain text"),
        ("a: &a [*a]", "contains itself"),
        (
            "a0: &a0 [x, y]\n"
            + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(30)),
            f"more than {MOST_VALUES:,} values",
        ),
        ("[" * 3000, "nested more than 50 deep"),
        ("a: !!int abc", "is not a whole number"),
    ],
)
def test_what_the_hub_cannot_read_is_an_error(text, says):
    with pytest.raises(YamlError, match=says):
        parse_metadata(text)


def test_metadata_that_came_with_an_earlier_file_are_a_warning(hub):
    write(hub, MODEL | {"licence": "CC0"})
    assert any("licence" in message for message in messages(hub))

    write_submission(hub, submission(), "2025-03-02-a-b.csv")

    assert messages(hub) == []
    (warning,) = messages(hub, "warning")
    assert re.search("licence.*; the hub refuses this file when it changes", warning)


def test_metadata_that_are_given_are_new(hub, tmp_path):
    write_submission(hub, submission(), "2025-03-02-a-b.csv")
    path = write(hub, MODEL | {"licence": "CC0"})

    assert any("licence" in message for message in messages(hub, metadata=path))


DOUBLED = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(16)}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"methods": {"pattern": "^(a+)+$"}}},
        {"$defs": {**DOUBLED, "a16": {}}, "$ref": "#/$defs/a0"},
    ],
    ids=["pattern", "references"],
)
def test_a_schema_that_takes_too_long_cannot_be_used(hub, schema, monkeypatch):
    (hub / "hub-config" / "model-metadata-schema.json").write_text(json.dumps(schema))
    write(hub, MODEL | {"methods": "a" * 26 + "!"})
    monkeypatch.setattr(model_metadata, "MOST_SECONDS", 0.2)

    with pytest.raises(UnreadableError, match=r"cannot be used \(it takes more than"):
        messages(hub)


def test_a_message_has_a_part_of_a_long_value(hub):
    write(hub, MODEL | {"team_abbr": ["a"] * 10_000})

    found = messages(hub)

    assert len(found) == 3  # the file's name, the submission's, and the type
    assert max(map(len, found)) < 700


@pytest.mark.parametrize(
    ("rule", "refused"),
    [({"maxLength": 21}, 0), ({"maxLength": 17}, 0), ({"maxLength": 16}, 1), ({}, 0), (True, 0)],
)
@pytest.mark.parametrize("part", ["team", "model"])
def test_the_hub_sets_the_length_of_short_names(hub, rule, refused, part):
    (hub / "model-metadata").rmdir()  # nothing else names the model
    schema = {"type": "object", "properties": {f"{part}_abbr": rule}}
    (hub / "hub-config" / "model-metadata-schema.json").write_text(json.dumps(schema))
    long = {"team": "a-b", "model": "a-b"} | {part: "seventeen_letters"}
    name = f"{long['team'][:17]}-{long['model'][:17]}".replace("a-b", "a")
    path = write_submission(hub, submission(), f"2026-03-02-{name}.csv")

    found = [each.message for each in validate(path, hub).findings if each.check == "file_name"]

    expected = f"the {part}'s short name 'seventeen_letters' has 17 characters; expected at most 16"
    assert found == [expected] * refused


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
