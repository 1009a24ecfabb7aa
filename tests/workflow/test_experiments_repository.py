"""A run whose experiments are in a private repository."""

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.repositories.serving import BASIC, TOKEN, Repository, served
from tests.watching import command_lines
from tests.workflow.workspace import Workspace


class Private(Workspace):
    """A workspace with a token in its environment."""

    def environment(self) -> dict[str, str]:
        cache = {"XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder)}
        return super().environment() | cache | {"EPYFLOW_GIT_TOKEN": TOKEN}


@pytest.fixture
def private(tmp_path: Path) -> Private:
    return Private(tmp_path / "workspace")


def test_a_run_and_its_report_leave_no_trace_of_the_token(private, tmp_path):
    task = private.folder / "workflow" / "scripts" / "run_task.py"
    check = 'import os\nassert "EPYFLOW_GIT_TOKEN" not in os.environ\n'
    task.write_text(f"{task.read_text()}\n{check}")
    repository = Repository(tmp_path / "repository")
    shutil.copytree(private.study, repository.work, dirs_exist_ok=True)
    shutil.rmtree(private.study)
    commit = repository.commit({"README.md": "experiments\n"})

    with served(repository.bare.parent) as server, command_lines() as started:
        root = f"{server.address}@main"
        done = private.run(experiments_root=root)
        report = private.run("--report", "report.html", experiments_root=root)

    assert (done.code, report.code) == (0, 0), done.text + report.text
    outputs = private.folder / "results" / "small" / "main" / "outputs"
    metadata = json.loads((outputs / "run_metadata.json").read_text())
    assert metadata["experiments"]["commit"] == commit
    written = [path.read_bytes() for path in private.folder.rglob("*") if path.is_file()]
    assert any("git" in line and server.address.removeprefix("git+") in line for line in started)
    for secret in (TOKEN, BASIC):
        assert not any(secret.encode() in text for text in written)
        assert not any(secret in line for line in started)
        assert secret not in done.text + report.text


def test_layers_are_laid_as_the_command_says(tmp_path):
    workspace = Workspace(tmp_path)
    layer = tmp_path / "layer.yaml"
    layer.write_text("run_id: from-layer\nmembers_per_task: 1\n", encoding="utf-8")

    planned = workspace.run(
        "--dry-run", "--configfile", "config/layers/environment/dev.yaml", "layer.yaml"
    )

    assert "results/small/from-layer/" in planned.text
    assert planned.jobs["run_task"] == 8
