import json
import re
from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_config
from typer.testing import CliRunner

from epyflow.cli.app import app
from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.setup.layers import (
    Layer,
    effective_settings,
    misspelt_variables,
    read_layers,
    secret_settings,
    site_settings,
)
from epyflow.run.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[4]
LAYERS = sorted((ROOT / "config" / "layers").rglob("*.yaml"))


def written(folder: Path, name: str, **values: object) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(values))
    return path


def sources(layers: list[Layer]) -> dict[str, tuple[object, str]]:
    return {each.name: (each.value, each.source) for each in effective_settings(layers)}


def test_a_later_layer_wins_and_each_value_says_where_it_comes_from(tmp_path):
    base = written(tmp_path, "base.yaml", experiment="a", run_id="one", engine="epydemix")
    prod = written(tmp_path, "prod.yaml", run_id="two", partial_results=True)
    flu = written(tmp_path, "flu.yaml", run_id="three", experiments_root="flu")

    found = sources(read_layers([prod, flu], ["experiment=b"], base))

    assert {name: found[name] for name in ("experiment", "run_id", "partial_results")} == {
        "experiment": ("b", "--config"),
        "run_id": ("three", str(flu)),
        "partial_results": (True, str(prod)),
    }
    assert found["engine"] == ("epydemix", str(base))
    assert found["experiments_root"] == ("flu", str(flu))
    assert found["output_config"] == (None, "default")
    assert list(found) == list(Settings.model_fields)


def test_the_section_of_another_workflows_file_is_read(tmp_path):
    ours = {"experiment": "a", "run_id": "007", "n_sims": 2, "partial_results": True}
    base = written(tmp_path, "base.yaml", samples="a.tsv", epyflow=ours)

    found = sources(read_layers([], [], base))

    assert {name: found[name] for name in ours} == {
        name: (value, str(base)) for name, value in ours.items()
    }


def test_an_empty_value_gives_the_default_back(tmp_path):
    base = written(tmp_path, "base.yaml", experiment="a", run_id="one")

    assert sources(read_layers([], ["run_id="], base))["run_id"] == ("main", "default")


@pytest.mark.parametrize(
    "value", ["7", "1.5", "1e3", "True", "true", "2024-11-16", "a=b", "", "[1, b]", "../x", "[a"]
)
def test_numbers_and_flags_of_the_command_line_are_read_as_snakemake_reads_them(value):
    pair = f"partial_results={value}"
    (layer,) = read_layers([], [pair], Path("nowhere"))

    assert layer.values == parse_config([pair])


def test_what_is_no_pair_is_refused():
    with pytest.raises(EpyflowError, match="expected KEY=VALUE"):
        read_layers([], ["run_id"])


def test_an_unknown_key_is_named_with_its_layer(tmp_path):
    path = written(tmp_path, "prod.yaml", runid="x", experiment="a")

    with pytest.raises(EpyflowError, match=r"prod.yaml: unknown key 'runid' \(did you mean run_id"):
        read_layers([path], [])


def test_of_very_many_unknown_keys_the_first_are_named(tmp_path):
    path = tmp_path / "prod.yaml"
    path.write_text("".join(f"key_{number}: 1\n" for number in range(1_025)))

    with pytest.raises(EpyflowError) as caught:
        read_layers([path], [])

    lines = str(caught.value).split("\n")
    assert (len(lines), lines[-1]) == (21, f"{path}: 1,005 more keys are unknown")


@pytest.mark.parametrize("text", ["- a\n", "text\n", "a: [\n"])
def test_a_layer_that_is_no_mapping_is_named(tmp_path, text):
    (tmp_path / "layer.yaml").write_text(text)

    with pytest.raises(UnreadableError, match=r"layer.yaml: (expected keys|line 2, column 1)"):
        read_layers([tmp_path / "layer.yaml"], [])


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.name)
def test_the_layers_of_the_repository_are_valid(path):
    values = yaml.safe_load(path.read_text(encoding="utf-8"))

    assert values
    assert read_settings({"experiment": "x"} | values)


def test_there_is_a_layer_for_each_environment_and_disease():
    assert {f"{path.parent.name}/{path.stem}" for path in LAYERS} == {
        *("environment/dev", "environment/prod"),
        *("disease/flu", "disease/covid", "disease/rsv"),
    }


def test_layers_of_one_kind_set_the_same_keys_so_that_one_replaces_another():
    for kind in ("environment", "disease"):
        keys = {
            frozenset(yaml.safe_load(path.read_text(encoding="utf-8")))
            for path in LAYERS
            if path.parent.name == kind
        }
        assert len(keys) == 1


def test_the_projects_values_come_from_variables_then_the_file(tmp_path):
    site = written(tmp_path, "site.yaml", project="my-project", region="us-central1")
    environment = {"EPYFLOW_GCP_SITE": str(site), "EPYFLOW_GCP_REGION": "europe-west1"}

    found = {each.name: (each.value, each.source) for each in site_settings(environment)}

    assert found["project"] == ("my-project", str(site))
    assert found["region"] == ("europe-west1", "EPYFLOW_GCP_REGION")
    assert found["environment"] == ("dev", "default")
    assert found["image"] == (None, "not set")
    assert found["network"] == (None, "not set")


def test_secrets_are_masked():
    secret = ("EPYFLOW_GIT_TOKEN", "EPYFLOW_NOTIFY_WEBHOOK", "EPYFLOW_SMTP_PASSWORD")
    secret += ("EPYFLOW_GITHUB_TOKEN", "EPYFLOW_SOCRATA_TOKEN")
    given = dict.fromkeys(secret, "planted")

    found = {each.name: each for each in secret_settings({"EPYFLOW_GIT_TOKEN_FILE": "/a", **given})}

    assert {(found[name].value, found[name].source) for name in secret} == {("***", "environment")}
    assert found["EPYFLOW_GIT_TOKEN_FILE"].value == "/a"


def show(*arguments: str):
    return CliRunner().invoke(app, ["config", "show", *arguments])


def test_the_command_shows_all_of_it_and_no_secret(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN", "planted")
    prod = "config/layers/environment/prod.yaml"

    table = show("--configfile", prod, "--config", "experiment=x[red]")
    document = json.loads(show("--configfile", prod, "--format", "json").stdout)

    lines = {line.split()[0]: line.split() for line in table.stdout.splitlines() if line.split()}
    assert lines["partial_results"] == ["partial_results", "true", prod]
    assert lines["experiment"] == ["experiment", "x[red]", "--config"]
    assert {"name": "run_id", "value": "main", "source": prod} in document["settings"]
    assert "planted" not in table.stdout + json.dumps(document)


def test_a_wrong_value_and_a_missing_file_have_exit_codes_of_their_own(tmp_path):
    assert show("--config", "runid=x").exit_code == 1
    assert show("--config", "experiment=x", "--config", "members_per_task=0").exit_code == 1
    assert show("--configfile", str(tmp_path / "nowhere.yaml")).exit_code == 2


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("EPYFLOW_EXPERIMNT", "EPYFLOW_EXPERIMENT"),
        ("EPYFLOW_RUNID", "EPYFLOW_RUN_ID"),
        ("EPYFLOW_GCP_STORGE", "EPYFLOW_GCP_STORAGE"),
        ("EPYFLOW_S3_STORGE", "EPYFLOW_S3_STORAGE"),
        ("EPYFLOW_TAKEOVER", "EPYFLOW_TAKE_OVER"),
        ("EPYFLOW_NOTIFY_WEBHOK", "EPYFLOW_NOTIFY_WEBHOOK"),
    ],
)
def test_a_misspelt_variable_is_named_and_its_value_is_not(name, meant):
    (warning,) = misspelt_variables({name: "planted", "HOME": "/", "EPYFLOW_SCREENSHOTS": "x"})

    assert warning == f"the environment variable {name} is not read (did you mean {meant}?)"


def test_no_variable_of_the_project_counts_as_misspelt():
    folders = ("src", "workflow", "profiles", "docker", "docs", "config", "tests/browser")
    files = [path for each in folders for path in (ROOT / each).rglob("*") if path.is_file()]
    named = {
        name
        for path in files
        if "__pycache__" not in path.parts
        for name in re.findall(r"\bEPYFLOW_[A-Z0-9_]*[A-Z0-9]\b", path.read_text(errors="replace"))
    }

    assert len(named) > 30
    assert misspelt_variables(dict.fromkeys(named, "x")) == []
