"""``epyflow init``: what it writes, what it leaves alone, and what it asks."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.cli import init as cli_init
from epyflow.google.site import Site, read_site
from tests.unit.operations.slurm import answers as slurm

ROOT = Path(__file__).resolve().parents[3]
IMAGE = "us-central1-docker.pkg.dev/my-project/epyflow/epyflow@sha256:" + "1" * 64
CLOUD = ("--project", "my-project", "--storage", "gs://my-bucket/epyflow")
SITE = Path("profiles/gcp/site.yaml")
CONFIG = Path("config/config.yaml")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A clone that nothing was changed in, on a machine without gcloud."""
    for name in ("config", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("site.yaml"))
    for name in ("EPYFLOW_GCP_SITE", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CLOUDSDK_COMPUTE_REGION", "GOOGLE_CLOUD_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in Site.model_fields:
        monkeypatch.delenv(f"EPYFLOW_GCP_{name.upper()}", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: object, answers: str | None = None):
    done = CliRunner().invoke(app.app, ["init", *map(str, arguments)], input=answers)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def asked(folder, monkeypatch) -> Path:
    """The same, at a terminal."""
    monkeypatch.setattr(cli_init, "at_a_terminal", lambda: True)
    return folder


def test_settings_are_written_and_comments_stay(folder):
    before = CONFIG.read_text()

    done = init("--experiment", "my_study", "--config", "members_per_task=4")

    assert done.exit_code == 0, done.output
    after = CONFIG.read_text()
    assert yaml.safe_load(after) == yaml.safe_load(before) | {
        "experiment": "my_study",
        "members_per_task": 4,
    }
    expected = before.replace("experiment: example", "experiment: my_study")
    described = "\n# Parameter sets per task; absent: about two minutes of work.\n"
    assert after == f"{expected}{described}members_per_task: 4\n"
    assert done.stdout.splitlines() == [
        "config/config.yaml:",
        "  experiment: my_study   (was example)",
        "  members_per_task: 4",
        "wrote config/config.yaml",
        "next: write the experiment (docs/getting-started.md)",
        "next: epyflow doctor",
        "next: make run",
    ]
    assert not SITE.exists()


def test_the_project_is_written_with_what_is_likely(folder, monkeypatch):
    monkeypatch.setenv("CLOUDSDK_COMPUTE_REGION", "europe-west1")

    coordinator = "epyflow-coordinator@my-project.iam.gserviceaccount.com"

    done = init(*CLOUD, "--image", IMAGE, "--yes", "--coordinator-service-account", coordinator)

    assert done.exit_code == 0, done.output
    assert read_site() == Site(
        project="my-project",
        region="europe-west1",
        storage="gs://my-bucket/epyflow",
        image=IMAGE,
        service_account="epyflow-tasks@my-project.iam.gserviceaccount.com",
        coordinator_service_account=coordinator,
    )
    assert done.stdout.endswith("next: epyflow doctor\nnext: snakemake --profile profiles/gcp\n")
    assert CONFIG.read_text() == (ROOT / CONFIG).read_text()


def test_without_an_image_the_next_step_is_to_push_one(folder):
    assert "next: make image-push\nnext: epyflow doctor\n" in init(*CLOUD).stdout


def test_the_outputs_of_terraform_are_taken_and_options_win(folder):
    values = {
        "project": "my-project",
        "region": "us-central1",
        "storage": "gs://my-bucket/epyflow",
        "service_account": "t@my-project.iam.gserviceaccount.com",
    }
    outputs = json.dumps({"site": {"value": values}})

    done = init("--terraform", "-", "--region", "us-east1", "--image", IMAGE, answers=outputs)

    assert done.exit_code == 0, done.output
    assert read_site() == Site(**values | {"region": "us-east1", "image": IMAGE})


def test_what_is_missing_is_named_by_its_option_and_nothing_is_written(folder):
    done = init("--experiment", "my_study", "--cloud")

    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    options = [line.split(":")[0] for line in lines[:-1]]
    assert options == ["--project", "--storage", "--service-account"]
    assert lines[-1] == "nothing was written"
    assert "example" in CONFIG.read_text()
    CONFIG.write_text("run_id: main\n")
    assert "give --experiment" in init("--run-id", "week-1").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--run-id", "a/b"), "cannot name a run"),
        (("--experiments-root", "git+http://example.org/a/b"), "is not encrypted"),
        (("--config", "enigne=compiled"), "did you mean engine?"),
        ((*CLOUD, "--region", "Europe"), "'Europe' is not right"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(folder, arguments, words):
    done = init("--experiment", "my_study", *arguments)

    assert (done.exit_code, words in done.stderr) == (1, True), done.stderr
    assert CONFIG.read_text() == (ROOT / CONFIG).read_text()
    assert not SITE.exists()


def test_what_somebody_chose_is_replaced_with_force_alone(folder):
    init("--experiment", "first", *CLOUD)

    again = init("--experiment", "second", "--project", "other-project", "--yes")

    assert again.exit_code == 1
    assert "config/config.yaml: experiment: second   (was first)" in again.stderr
    assert "project: other-project   (was my-project)" in again.stderr
    assert yaml.safe_load(CONFIG.read_text())["experiment"] == "first"
    assert init("--experiment", "second", "--force").exit_code == 0
    assert yaml.safe_load(CONFIG.read_text())["experiment"] == "second"


def test_a_dry_run_shows_and_writes_nothing(folder):
    done = init("--experiment", "my_study", *CLOUD, "--dry-run")

    assert done.exit_code == 0
    assert "experiment: my_study   (was example)" in done.stdout
    assert "storage: gs://my-bucket/epyflow" in done.stdout
    assert "nothing was written" in done.stderr
    assert CONFIG.read_text() == (ROOT / CONFIG).read_text()
    assert not SITE.exists()


def test_what_is_so_already_is_not_written(folder):
    init("--experiment", "my_study", *CLOUD)
    before = [path.stat().st_mtime_ns for path in (CONFIG, SITE)]

    done = init("--experiment", "my_study", *CLOUD)

    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "nothing to change")
    assert [path.stat().st_mtime_ns for path in (CONFIG, SITE)] == before


def test_a_document_says_what_was_done(folder):
    done = init("--experiment", "my_study", "--format", "json")

    document = json.loads(done.stdout)
    assert document["written"] is True
    assert document["files"] == [
        {
            "path": "config/config.yaml",
            "changes": [
                {"name": "experiment", "before": "example", "after": "my_study", "replaces": False}
            ],
        }
    ]
    assert document["next"][-1] == "make run"


def test_elsewhere_than_in_a_clone_it_ends_with_2(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    done = init("--experiment", "my_study")

    assert done.exit_code == 2
    assert "change to the folder of the repository" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_yaml_ends_with_2(folder):
    CONFIG.write_text("a: [")

    assert init("--experiment", "my_study").exit_code == 2


def test_at_a_terminal_every_key_is_asked_with_what_is_likely(asked, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "my-project")
    answers = ["", "my_study", "week/1", "week-1", "", "y"]
    answers += ["", "", "my-bucket", "gs://my-bucket/epyflow", *[""] * 6, "y"]

    done = init(answers="\n".join(answers) + "\n")

    assert done.exit_code == 0, done.output
    assert yaml.safe_load(CONFIG.read_text()) == {
        "experiment": "my_study",
        "experiments_root": "config",
        "run_id": "week-1",
        "partial_results": False,
        "stamp_outputs": False,
    }
    assert yaml.safe_load(SITE.read_text()) == {
        "project": "my-project",
        "region": "us-central1",
        "storage": "gs://my-bucket/epyflow",
        "service_account": "epyflow-tasks@my-project.iam.gserviceaccount.com",
        "environment": "dev",
    }
    assert "'week/1' cannot name a run" in done.stderr
    assert "'my-bucket' is not right" in done.stderr
    assert "run_id (Name of the run" in done.stderr
    assert "experiments there: example, influenza\nexperiment (Id below" in done.stderr
    assert "[my-project]" in done.stderr
    assert done.stdout.startswith("wrote config/config.yaml\nwrote profiles/gcp/site.yaml\nnext: ")


def test_an_option_is_not_asked_for(asked):
    done = init(
        *("--experiment", "a", "--experiments-root", "config", "--run-id", "b"),
        *("--population-data", "c", "--no-cloud"),
        answers="n\n",
    )

    assert done.exit_code == 1
    assert done.stderr.count("Write this? [Y/n]") == 1
    assert "experiment (" not in done.stderr
    assert CONFIG.read_text() == (ROOT / CONFIG).read_text()


def test_a_person_who_is_asked_may_replace_what_was_chosen(asked):
    CONFIG.write_text("experiment: first\n")

    done = init("--experiment", "second", "--no-cloud", answers="\n\n\n\n")

    assert done.exit_code == 0, done.output
    assert yaml.safe_load(CONFIG.read_text())["experiment"] == "second"


def test_a_real_terminal_is_asked(folder):
    """The questions are seen and answered as by a person; what is printed can be piped."""
    theirs, ours = pty.openpty()
    command = [Path(sys.executable).with_name("epyflow"), "init", "--no-cloud"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=ours, stderr=ours, stdout=pipe, text=True) as it:
        os.close(ours)
        os.write(theirs, b"\nmy_study\n\n\ny\n")
        printed, _ = it.communicate(timeout=60)
        shown = os.read(theirs, 10_000).decode()
    os.close(theirs)

    assert it.returncode == 0
    assert printed.startswith("wrote config/config.yaml\n")
    assert "experiment (Id below" in shown


SLURM = Path("profiles/slurm/site.yaml")


def test_on_a_cluster_its_partition_and_account_are_proposed(asked, monkeypatch):
    slurm.install(asked / "bin", slurm.ACCOUNTED, monkeypatch)

    # No cloud; Slurm; another partition than the default one, and the account as proposed.
    done = init(answers="\n".join([*[""] * 4, "n", "y", "a b", "long", "", "", "y"]) + "\n")

    assert done.exit_code == 0, done.output
    assert "partitions there: day, long, short, old" in done.stderr
    assert "'a b' is not right; expected the partition" in done.stderr
    assert "[day]" in done.stderr
    assert "[epi_lab]" in done.stderr
    assert yaml.safe_load(SLURM.read_text()) == {
        "partition": "long",
        "account": "epi_lab",
        "status_command": "sacct",
    }
    assert "next: make setup WITH=slurm" in done.stdout
    assert done.stdout.endswith("next: snakemake --profile profiles/slurm\n")


def test_without_a_terminal_what_slurm_says_is_taken_and_options_win(folder, monkeypatch):
    slurm.install(folder / "bin", slurm.ALONE, monkeypatch)

    assert init("--experiment", "example", "--slurm").exit_code == 0
    assert yaml.safe_load(SLURM.read_text()) == {"partition": "day"}

    done = init("--partition", "short", "--qos", "low")
    assert done.exit_code == 1
    assert "partition: short   (was day)" in done.stderr
    assert init("--partition", "short", "--qos", "low", "--force").exit_code == 0
    assert yaml.safe_load(SLURM.read_text()) == {"partition": "short", "qos": "low"}


def test_without_a_cluster_settings_for_slurm_have_to_be_given(folder):
    done = init("--slurm")

    assert done.exit_code == 1
    assert "--slurm: Slurm does not answer on this machine" in done.stderr
    assert not SLURM.exists()
    assert init("--account", "lab-1").exit_code == 0
    assert yaml.safe_load(SLURM.read_text()) == {"account": "lab-1"}
