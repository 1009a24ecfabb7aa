"""Results in S3, computed on this machine: the same tables, and commands that look at them."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from epyflow.cli import app
from epyflow.operations.runs.coordinator_lease import acquire_lease
from epyflow.operations.runs.coordinator_record import this_coordinator
from epyflow.storage.disk import SharedFolder
from epyflow.storage.s3 import S3Bucket
from tests.cloud.in_s3 import InS3
from tests.workflow.partitioned import KEPT, REMOVED, TABLE, run_partitioned
from tests.workflow.workspace import TABLES, Workspace

OUTPUTS = "results/small/main/outputs"


@pytest.fixture
def workspace(tmp_path: Path, amazon: dict[str, str], s3_prefix: str, plugins: Path) -> InS3:
    return InS3(tmp_path / "workspace", s3_prefix, plugins)


def call(*arguments: str) -> Result:
    done = CliRunner().invoke(app.app, [*arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_run_in_s3_has_the_tables_of_one_on_disk_and_is_looked_at_and_fetched(
    workspace, local, s3_prefix, tmp_path
):
    done = workspace.run(*TABLES)
    again = workspace.plan()
    fetched = call("fetch", f"{s3_prefix}/results/small/main", "--to", str(tmp_path / "fetched"))
    (run,) = json.loads(call("runs", "--storage", s3_prefix, "--format", "json").stdout)
    status = call("status", "small", "--storage", s3_prefix)
    logs = call("logs", "small", "--storage", s3_prefix, "--rule", "build_inputs")

    assert done.code == 0, done.text
    assert not (workspace.folder / "results").exists()
    assert {"build_inputs", "run_task", "make_tables"} & again.jobs.keys() == set()
    assert fetched.exit_code == 0, fetched.output
    copies = {path.name: path.read_bytes() for path in (tmp_path / "fetched").rglob("*.csv.gz")}
    assert copies == local
    assert [run[name] for name in ("tasks", "done", "failed", "complete")] == [2, 2, 0, True]
    assert status.exit_code == 0
    assert "small/main: complete" in status.stdout
    assert "completed at" in status.stdout  # the coordinator, and nothing of Google
    assert "population 2 of 2" in logs.stdout


def test_a_table_by_population_in_s3_loses_the_file_of_one_that_was_removed(workspace):
    run_partitioned(workspace)
    folder = f"results/small/main/{TABLE}"
    before = set(workspace.bucket.names(folder))

    done = workspace.run(*TABLES)

    assert done.code == 0, done.text
    assert before == {KEPT, REMOVED}
    assert set(workspace.bucket.names(folder)) == {KEPT}


def test_a_name_in_s3_that_leads_elsewhere_is_left_and_the_others_are_fetched(
    amazon, s3_prefix, tmp_path
):
    bucket = S3Bucket(s3_prefix)
    bucket.write("results/small/main/builder-artifacts/input_00000.pkl", b"in")
    bucket.write(f"{OUTPUTS}/quantiles.csv.gz", b"table")
    bucket.write(f"{OUTPUTS}/../../../../../evil.csv", b"evil")

    done = call("fetch", "small", "--storage", s3_prefix, "--to", str(tmp_path / "deep"))

    assert done.exit_code == 2
    assert "not a valid name for a local file" in done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == [tmp_path / "deep/small/main/outputs/quantiles.csv.gz"]


def test_the_commands_say_what_is_not_there_and_what_to_do(amazon, s3_prefix):
    absent = call("runs", "--storage", "s3://no-such-bucket/x")
    bucket = S3Bucket(s3_prefix)
    bucket.write("results/small/main/builder-artifacts/input_00000.pkl", b"in")
    machine = call("logs", "small", "--machine", "--storage", s3_prefix)

    assert absent.exit_code == machine.exit_code == 2
    assert "aws s3 mb s3://" in absent.stderr
    assert f"small/main is on {s3_prefix}: its tasks did not run on Google Batch" in machine.stderr


def test_a_folder_that_machines_share_holds_results_through_the_plugin_fs(
    tmp_path, monkeypatch, plugins
):
    """The plugin copies with rsync, which may be missing here: another program copies instead."""
    rsync = tmp_path / "bin" / "rsync"
    rsync.parent.mkdir()
    rsync.write_text('#!/bin/bash\nexec cp -Lp "${@: -2:1}" "${@: -1}"\n')
    rsync.chmod(0o755)
    monkeypatch.setenv("PATH", str(rsync.parent), prepend=":")
    shared = tmp_path / "shared"
    shared.mkdir()
    options = ("--default-storage-provider", "fs", "--default-storage-prefix", str(shared))
    workspace = Workspace(tmp_path / "workspace")
    workspace.plugins = plugins

    other = this_coordinator("small", "main", {}).model_copy(update={"host": "node-1"})
    lease = acquire_lease(other, SharedFolder(shared), print)
    refused = workspace.run(*options, "--until", "build_inputs")
    lease.release()
    done = workspace.run(*options, "--until", "build_inputs")
    again = workspace.run(*options, "--until", "build_inputs", "--dry-run")

    assert refused.code == 1
    assert f"process {os.getpid()} on node-1 is its coordinator since" in refused.text
    assert done.code == 0, done.text
    assert done.jobs == {"build_inputs": 1}
    folder = shared / "results" / "small" / "main" / "builder-artifacts"
    names = {"built.json", "input_00000.pkl", "input_00001.pkl"}
    assert {path.name for path in folder.iterdir()} == names
    assert not (workspace.folder / "results").exists()
    assert again.jobs == {}
