import re

import pytest
import yte

from epyflow.run.profile_variables import VARIABLES, variables_of_profile
from tests.cloud.test_profile import compute_rules
from tests.unit.test_repository import ROOT

PROFILES = ("s3", "aws-batch", "kubernetes")
EXAMPLES = {name: each.example for name, each in VARIABLES.items()}


def text_of(profile: str) -> str:
    return (ROOT / "profiles" / profile / "config.yaml").read_text(encoding="utf-8")


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in EXAMPLES.items():
        monkeypatch.setenv(name, value)


def test_every_example_is_valid():
    assert variables_of_profile(*VARIABLES, environment=EXAMPLES) == EXAMPLES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EPYFLOW_S3_STORAGE", "gs://my-bucket/epyflow"),
        ("EPYFLOW_S3_STORAGE", "s3://my-bucket/{x}"),
        ("EPYFLOW_WORKER_IMAGE", "registry.example.org/epyflow:latest"),
        ("EPYFLOW_AWS_JOB_ROLE", "epyflow-tasks"),
        ("AWS_DEFAULT_REGION", ""),
        ("EPYFLOW_S3_STORAGE", "s3://my-bucket/a/../b"),
        ("EPYFLOW_S3_STORAGE", "s3://my-bucket/."),
        ("EPYFLOW_WORKER_IMAGE", f"--x;id@sha256:{64 * '0'}"),
        ("EPYFLOW_AWS_JOB_QUEUE", "$(id)"),
        ("EPYFLOW_AWS_JOB_QUEUE", "-q"),
        ("EPYFLOW_AWS_JOB_ROLE", "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/x"),
        ("EPYFLOW_AWS_JOB_ROLE", "arn:aws:iam::123456789012:role/x;id"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_an_example(name, value):
    with pytest.raises(SystemExit) as stopped:
        variables_of_profile(*VARIABLES, environment=EXAMPLES | {name: value})

    (line,) = str(stopped.value).splitlines()[1:]
    assert line.startswith(f"  {name}: " + (f"{value!r} is not right" if value else "missing"))
    assert f"such as {EXAMPLES[name]}" in line


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_says_all_that_it_lacks_at_once(profile, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SystemExit) as stopped:
        yte.process_yaml(text_of(profile))

    named = set(re.findall(r"^  (\w+): missing", str(stopped.value), re.MULTILINE))
    assert named == {name for name in VARIABLES if f'"{name}"' in text_of(profile)}


def test_a_key_that_would_stand_in_the_definition_of_a_job_is_refused(examples, monkeypatch):
    monkeypatch.setenv("SNAKEMAKE_STORAGE_S3_SECRET_KEY", "a-secret")

    with pytest.raises(SystemExit) as stopped:
        yte.process_yaml(text_of("aws-batch"))

    assert "unset SNAKEMAKE_STORAGE_S3_SECRET_KEY" in str(stopped.value)
    assert "a-secret" not in str(stopped.value)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_stores_results_where_the_variables_say(examples, profile):
    found = yte.process_yaml(text_of(profile))

    assert found["default-storage-provider"] == "s3"
    assert found["default-storage-prefix"] == EXAMPLES["EPYFLOW_S3_STORAGE"]
    assert found["storage-s3-region"] == EXAMPLES["AWS_DEFAULT_REGION"]
    if profile != "s3":
        assert found["container-image"] == EXAMPLES["EPYFLOW_WORKER_IMAGE"]
        assert found["envvars"] == ["AWS_DEFAULT_REGION"]
        assert set(found["set-resources"]) == compute_rules()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_setting_and_resource_of_a_profile_is_explained(examples, profile):
    lines = text_of(profile).partition("__definitions__")[2].splitlines()
    explained_above = {"default-storage-prefix", "logger-live-pattern", "set-resources"}
    settings = [i for i, line in enumerate(lines) if re.match(r"[a-z]", line)]
    named = set(re.findall(r"^# (\w+) +\S", text_of(profile), re.MULTILINE))
    resources = yte.process_yaml(text_of(profile)).get("set-resources", {})

    bare = {lines[i].partition(":")[0] for i in settings if not lines[i - 1].startswith("#")}
    assert bare <= explained_above | {"set-threads"}
    assert {name for each in resources.values() for name in each} <= named


def test_runs_on_one_machine_have_the_same_settings_whether_results_are_in_s3_or_not(examples):
    local = yte.process_yaml(text_of("local"))

    found = yte.process_yaml(text_of("s3"))

    storage = {key for key in found if key.startswith(("storage-", "default-storage-"))}
    assert {key: value for key, value in found.items() if key not in storage} == local


def test_the_readme_names_every_variable():
    text = (ROOT / "profiles" / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) >= VARIABLES.keys()
