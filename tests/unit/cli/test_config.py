import json
from pathlib import Path

import pytest

from epyflow.operations.setup.named_setting import SETTINGS, SITE
from tests.unit.cli.command import run

CONFIG, SITE_FILE = Path("config/config.yaml"), Path("profiles/gcp/site.yaml")

WRITTEN = """\
# Which one.
experiment: a
run_id: 007  # a name
score_models: [b, c]
"""


@pytest.fixture(autouse=True)
def clone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CONFIG.parent.mkdir()
    CONFIG.write_text(WRITTEN)
    SITE_FILE.parent.mkdir(parents=True)
    SITE_FILE.write_text("# Ours.\nregion: us-east4\n")


def test_a_key_is_a_setting_of_runs_or_of_the_cloud_and_never_both():
    assert set(SETTINGS).isdisjoint(SITE)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("run_id",), "007\n"),
        (("engine",), "compiled\n"),
        (("partial_results",), "false\n"),
        (("score_models",), "b\nc\n"),
        (("region",), "us-east4\n"),
        (("run_id", "--config", "run_id=1_0"), "1_0\n"),
    ],
)
def test_get_prints_the_value_alone(arguments, printed):
    assert run("config", "get", *arguments).stdout == printed


def test_get_says_where_a_value_comes_from(monkeypatch):
    monkeypatch.setenv("EPYFLOW_RUN_ID", "010")

    document = json.loads(run("config", "get", "run_id", "--format", "json").stdout)

    assert document == {"name": "run_id", "value": "010", "source": "EPYFLOW_RUN_ID"}


@pytest.mark.parametrize(
    ("key", "message"),
    [("hub", "hub: not set"), ("runid", "did you mean run_id"), ("EPYFLOW_GIT_TOKEN", "unknown")],
)
def test_get_fails_for_what_is_not_set_or_unknown_and_shows_no_secret(key, message, monkeypatch):
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN", "planted")

    done = run("config", "get", key)

    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr
    assert "planted" not in done.output


def test_set_changes_one_value_and_keeps_the_comments():
    first = run("config", "set", "run_id", "1_0")
    run("config", "set", "n_sims", "3")
    run("config", "set", "region", "europe-west1")

    assert first.stdout == "config/config.yaml: run_id: 1_0   (was 007)\n"
    assert CONFIG.read_text().startswith(WRITTEN.replace("007", "'1_0'"))
    assert CONFIG.read_text().endswith(
        "\n# Replaces `simulation.n_sims` of the experiment.\nn_sims: 3\n"
    )
    assert SITE_FILE.read_text() == "# Ours.\nregion: europe-west1\n"
    assert run("config", "set", "run_id", "1_0").stdout == "nothing to change\n"


def test_set_to_nothing_gives_the_default_back():
    assert run("config", "set", "run_id", "").stdout.endswith("the default   (was 007)\n")
    assert run("config", "get", "run_id").stdout == "main\n"


def test_set_says_which_variable_wins(monkeypatch):
    monkeypatch.setenv("EPYFLOW_GCP_REGION", "us-central1")

    assert "EPYFLOW_GCP_REGION is set" in run("config", "set", "region", "us-west1").stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("n_sims", "many"), ("runid", "a"), ("region", "here"), ("experiment", "")),
        *(("experiment", "../x"), ("experiment", "a b"), ("experiment", "/no/such/folder")),
        *(("zones", "nonsense zone; id"), ("zones", "us-west1-a"), ("zones", "[us-east4-a]")),
        *(("storage", "gs://"), ("storage", "gs://bucket/.."), ("image", "x")),
    ],
)
def test_set_writes_no_wrong_value(key, value):
    before = CONFIG.read_text(), SITE_FILE.read_text()

    assert run("config", "set", key, value).exit_code == 1
    assert (CONFIG.read_text(), SITE_FILE.read_text()) == before


def test_set_leaves_no_other_value_wrong():
    run("config", "set", "zones", "us-east4-a,us-east4-b")
    before = SITE_FILE.read_text()
    done = run("config", "set", "region", "us-west1")

    assert done.exit_code == 1
    assert "region: with 'us-west1', zones is not right; change that first" in done.stderr
    assert SITE_FILE.read_text() == before


def test_set_needs_no_experiment_in_the_file():
    CONFIG.write_text("seed: 1\n")

    assert run("config", "set", "run_id", "week-3").exit_code == 0
    assert CONFIG.read_text().endswith("run_id: week-3\n")


def test_set_keeps_the_ends_of_lines():
    CONFIG.write_bytes(WRITTEN.replace("\n", "\r\n").encode())

    assert run("config", "set", "run_id", "week-3").exit_code == 0
    assert run("config", "set", "seed", "3").exit_code == 0
    lines = CONFIG.read_bytes().decode().split("\r\n")
    assert "run_id: week-3  # a name" in lines
    assert "seed: 3" in lines
    assert not any("\n" in line for line in lines)


def test_validate_reports_every_part(monkeypatch):
    monkeypatch.setenv("EPYFLOW_SEED", "-1")
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN", "planted")
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN_FILE", "elsewhere")

    done = run("config", "validate")

    assert done.exit_code == 1
    assert "EPYFLOW_SEED: " in done.stdout
    assert "project: missing" in done.stdout
    assert "EPYFLOW_GIT_TOKEN and EPYFLOW_GIT_TOKEN_FILE are set" in done.stdout
    assert "planted" not in done.output


def test_validate_accepts_a_machine_without_a_cloud():
    SITE_FILE.unlink()

    assert run("config", "validate").stdout == "the settings are valid\n"
    assert run("config", "validate", "--configfile", "none.yaml").exit_code == 2
    document = json.loads(run("config", "validate", "--config", "a=1", "--format", "json").stdout)
    assert document["valid"] is False


def test_path_lists_the_files_in_their_order(tmp_path):
    SITE_FILE.unlink()

    lines = run("config", "path", "--configfile", "prod.yaml").stdout.splitlines()

    assert lines == [
        f"{tmp_path / CONFIG}",
        f"{tmp_path / 'prod.yaml'}   (does not exist)",
        f"{tmp_path / SITE_FILE}   (does not exist)",
    ]
