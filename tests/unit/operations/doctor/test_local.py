"""``epyflow doctor`` on this machine: one thing wrong at a time."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.google.site import Site
from epyflow.operations.doctor import this_machine
from epyflow.operations.doctor.checks import LOCAL, cloud_checks
from epyflow.repositories.token import VARIABLES

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder as a clone is, without a project in the cloud and without a token."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for name in ("EPYFLOW_GCP_SITE", *VARIABLES):
        monkeypatch.delenv(name, raising=False)
    for name in Site.model_fields:
        monkeypatch.delenv(f"EPYFLOW_GCP_{name.upper()}", raising=False)
    monkeypatch.setattr(this_machine.shutil, "disk_usage", lambda _: disk(free=100e9))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def disk(free: float) -> SimpleNamespace:
    return SimpleNamespace(total=1e12, free=free)


def doctor(*arguments: str):
    done = CliRunner().invoke(app.app, ["doctor", "--format", "json", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def wrong(*arguments: str) -> dict[str, tuple[str, str]]:
    """What is neither ok nor skipped: check to state and text."""
    done = doctor(*arguments)
    found = json.loads(done.stdout)["checks"]
    failed = any(each["state"] == "failed" for each in found)
    assert done.exit_code == int(failed)
    for each in found:
        assert bool(each["remedy"]) == (each["state"] in ("warning", "failed")), each
    return {
        each["id"]: (each["state"], f"{each['found']} → {each['remedy']}")
        for each in found
        if each["state"] in ("warning", "failed")
    }


def test_a_new_clone_is_well(folder):
    assert wrong() == {}


def test_no_project_in_the_cloud_is_looked_at_unless_there_is_one(folder, monkeypatch):
    assert "credentials" not in doctor().stdout

    monkeypatch.setenv("EPYFLOW_GCP_PROJECT", "my-project")
    asked = json.loads(doctor().stdout)["checks"]
    assert {each["id"]: each["state"] for each in asked}["site"] == "failed"
    assert "credentials" not in doctor("--no-cloud").stdout


def test_a_file_of_the_project_that_cannot_be_read_is_named(folder, monkeypatch):
    monkeypatch.setenv("EPYFLOW_GCP_SITE", "nowhere.yaml")
    assert "EPYFLOW_GCP_SITE names nowhere.yaml, which does not exist" in wrong()["site"][1]

    (folder / "nowhere.yaml").write_text("a: [")
    assert "nowhere.yaml: line 1, column 5: not valid YAML" in wrong()["site"][1]


def test_every_check_is_described():
    text = (ROOT / "docs" / "setting-up.md").read_text()
    rows = re.findall(r"^\| (`[a-z`, -]+`) \|", text, re.MULTILINE)

    described = re.findall(r"`([a-z-]+)`", " ".join(rows))
    assert sorted(described) == sorted(check.id for check in (*LOCAL, *cloud_checks()))


def test_a_site_that_is_not_there_is_named_where_it_is_asked_for(folder):
    (only,) = wrong("--cloud", "--check", "site").values()

    assert only[0] == "failed"
    assert "project: missing" in only[1]
    assert only[1].endswith("→ epyflow init --cloud")


def test_a_python_that_is_not_supported_is_named(folder, monkeypatch):
    monkeypatch.setattr(this_machine, "BEFORE", (3, 11))

    state, text = wrong()["python"]

    assert (state, "make setup PYTHON=" in text) == ("failed", True)


def test_packages_of_other_versions_than_locked_are_named(folder):
    version = this_machine.installed()["numpy"]
    (folder / "uv.lock").write_text('[[package]]\nname = "numpy"\nversion = "1.0"\n')

    state, text = wrong()["packages"]

    assert state == "warning"
    assert text == (
        f"other versions than in uv.lock: numpy {version} (1.0); results may differ → make setup"
    )


def test_packages_that_are_not_installed_are_named(folder, monkeypatch):
    installed = {
        name: each for name, each in this_machine.installed().items() if name != "epydemix"
    }
    monkeypatch.setattr(this_machine, "installed", lambda: installed)

    assert wrong() == {"packages": ("failed", "not installed: epydemix → make setup")}


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"snakemake": "8.30.0"}, "Snakemake 8.30.0, expected 9.27 or later"),
        ({"snakemake-logger-plugin-live": ""}, "not installed: snakemake-logger-plugin-live"),
    ],
)
def test_snakemake_and_its_plugins_are_looked_at(folder, monkeypatch, versions, words):
    installed = {k: v for k, v in (this_machine.installed() | versions).items() if v}
    monkeypatch.setattr(this_machine, "installed", lambda: installed)

    state, text = wrong()["snakemake"]

    assert (state, words in text) == ("failed", True)


def test_the_plugins_of_the_cloud_are_needed_for_the_cloud_alone(folder, monkeypatch):
    name = "snakemake-executor-plugin-googlebatch-array"
    installed = {k: v for k, v in this_machine.installed().items() if k != name}
    monkeypatch.setattr(this_machine, "installed", lambda: installed)

    assert wrong() == {}
    assert name in wrong("--cloud", "--check", "snakemake")["snakemake"][1]


@pytest.mark.parametrize(("free", "state"), [(4.0, "warning"), (0.1, "failed")])
def test_a_disk_that_is_nearly_full_is_named(folder, monkeypatch, free, state):
    monkeypatch.setattr(this_machine.shutil, "disk_usage", lambda _: disk(free * 1e9))

    found, text = wrong()["disk"]

    assert (found, f"{free:.1f} GB free" in text) == (state, True)


def test_a_setting_that_is_wrong_is_named_and_what_depends_on_it_is_skipped(folder):
    assert wrong("--config", "run_id=a/b").keys() == {"settings"}
    found = {each["id"]: each for each in json.loads(doctor("--config", "run=1").stdout)["checks"]}
    assert "unknown key 'run'" in found["settings"]["found"]
    assert "epyflow init" in found["settings"]["remedy"]
    assert [found[name]["because"] for name in ("experiment", "populations")] == ["settings"] * 2


def test_an_experiment_that_is_not_there_or_not_valid_is_named(folder):
    assert "no_such" in wrong("--config", "experiment=no_such")["experiment"][1]

    basemodel = next((folder / "config/experiments/example/config").glob("basemodel*"))
    basemodel.write_text(basemodel.read_text().replace("random_seed: ", "random_seed: -"))
    state, text = wrong()["experiment"]

    assert state == "failed"
    assert "1 error: " in text
    assert "model.random_seed" in text
    assert "→ epyflow validate " in text


def test_a_folder_to_check_is_named_as_a_shell_takes_it(folder):
    whole = folder / "config/experiments/example"
    basemodel = next((whole / "config").glob("basemodel*"))
    basemodel.write_text(basemodel.read_text().replace("random_seed: ", "random_seed: -"))
    whole.rename(whole.with_name("my study"))

    _, text = wrong("--config", "experiment=config/experiments/my study")["experiment"]

    assert re.search(r"→ epyflow validate '\S+/config/experiments/my study'", text)


def test_populations_that_would_be_downloaded_are_named(folder):
    for table in (folder / "config/common-data/populations").glob("*.csv"):
        kept = [line for line in table.read_text().splitlines() if "New_York" not in line]
        table.write_text("\n".join(kept) + "\n")

    state, text = wrong()["populations"]

    assert state == "warning"
    assert "lacks 1 of 2, which will be downloaded: United_States_New_York" in text


def test_populations_that_are_none_are_named(folder):
    (folder / "empty").mkdir()

    found = wrong("--config", f"population_data={folder / 'empty'}")

    assert "holds no population data" in found["experiment"][1]


def test_a_token_that_cannot_be_read_is_named(folder, monkeypatch):
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN_FILE", str(folder / "none"))

    state, text = wrong()["token"]

    assert (state, "which cannot be read" in text) == ("failed", True)


def test_a_token_is_not_shown(folder, monkeypatch):
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN", "much-secret")

    done = doctor()

    assert "the token is in EPYFLOW_GIT_TOKEN" in done.stdout
    assert "much-secret" not in done.output


def test_a_repository_is_asked_for_the_experiment(folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    repository = folder / "repository"
    shutil.copytree(folder / "config", repository)
    who = {
        f"GIT_{role}_{what}": "a@b"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=repository, check=True, env=os.environ | who)
    root = f"experiments_root=git+file://{repository}"

    assert wrong("--config", root) == {}
    state, text = wrong("--config", f"{root}@no-such-branch")["experiment"]
    assert (state, "no branch or tag 'no-such-branch'" in text) == ("failed", True)


def test_a_check_that_there_is_not_ends_with_2(folder):
    done = doctor("--check", "experimnet")

    assert done.exit_code == 2
    assert "there is no check 'experimnet' (did you mean experiment?)" in done.stderr


def test_lines_are_printed_where_there_is_no_terminal(folder):
    done = CliRunner().invoke(app.app, ["doctor", "--config", "experiment=no_such"])

    assert done.exit_code == 1
    assert "ok       settings       experiment no_such in config, run_id main\n" in done.stdout
    assert "skipped  populations    not checked, because experiment failed\n" in done.stdout
    assert done.stderr.rstrip().endswith("5 ok, 1 failed, 2 skipped")
