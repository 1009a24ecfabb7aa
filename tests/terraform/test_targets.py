"""The targets tf-* of the Makefile, with a program in place of terraform."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = {
    "project": "my-project",
    "region": "us-central1",
    "storage": "gs://my-bucket/epyflow",
    "service_account": "tasks@my-project.iam.gserviceaccount.com",
}
# `output -json site` prints one output, `output -json` all of them with their types.
FAKE = """#!/bin/sh
echo "$@" >>{folder}/calls
case "$*" in
  *"output -json site") cat {folder}/site.json ;;
  *"output -json") echo '{{"site": {{"value": '; cat {folder}/site.json; echo '}}}}' ;;
esac
"""


class Terraform:
    """A program that notes how it is called, and has the outputs of an applied configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "terraform"
        program.write_text(FAKE.format(folder=folder))
        program.chmod(0o755)
        (folder / "site.json").write_text(json.dumps(SITE))

    def make(self, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        # What the project is set up with is not this test's concern.
        fixed = ("--no-print-directory", "--old-file=.venv/.synced", "--old-file=setup")
        return subprocess.run(
            ["make", "-C", str(ROOT), *fixed, f"BIN={Path(sys.executable).parent}", *arguments],
            input=typed,
            env={
                "PATH": f"{self.folder}{os.pathsep}/usr/bin{os.pathsep}/bin",
                "EPYFLOW_GCP_SITE": str(self.folder / "site.yaml"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    return Terraform(tmp_path)


def test_init_needs_the_bucket_of_the_state(terraform):
    done = terraform.make("tf-init")

    assert (done.returncode, terraform.calls) == (2, [])
    assert "make tf-init STATE_BUCKET=NAME" in done.stdout

    assert terraform.make("tf-init", "STATE_BUCKET=my-project-terraform").returncode == 0
    assert terraform.calls == ["-chdir=terraform init -backend-config=bucket=my-project-terraform"]


def test_what_is_applied_is_the_plan_that_was_shown(terraform):
    assert terraform.make("tf-plan", "tf-apply", "ARGS=-parallelism=2").returncode == 0

    assert terraform.calls == [
        "-chdir=terraform plan -out plan.tfplan -parallelism=2",
        "-chdir=terraform apply -parallelism=2 plan.tfplan",
    ]


def test_outputs_are_written_to_the_profile(terraform):
    done = terraform.make("tf-output")

    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((terraform.folder / "site.yaml").read_text()) == SITE
    assert terraform.calls == ["-chdir=terraform output", "-chdir=terraform output -json"]


def test_destroying_waits_five_seconds_and_needs_the_name_of_the_project(terraform):
    start = time.monotonic()
    done = terraform.make("tf-destroy", typed="my-project\n")

    assert done.returncode == 0, done.stderr
    assert time.monotonic() - start > 5
    assert "deletes what terraform made in my-project" in done.stdout
    assert terraform.calls[-1] == "-chdir=terraform destroy"


def confirm(terraform: Terraform, typed: str) -> "subprocess.CompletedProcess[str]":
    script = [sys.executable, str(ROOT / "scripts/confirm_destroy.py"), "--pause", "0", "--"]
    command = [*script, str(terraform.folder / "terraform"), "-chdir=terraform"]
    return subprocess.run(command, input=typed, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "my-projekt\n"])
def test_another_name_deletes_nothing(terraform, typed):
    done = confirm(terraform, typed)

    assert done.returncode == 1
    assert "that is not my-project; nothing was deleted" in done.stderr


@pytest.mark.parametrize("state", ["", "null", "{}"])
def test_a_state_without_a_project_deletes_nothing(terraform, state):
    (terraform.folder / "site.json").write_text(state)

    done = confirm(terraform, "\n")

    assert done.returncode == 1
    assert "state does not name a project" in done.stderr
    assert "Traceback" not in done.stderr
