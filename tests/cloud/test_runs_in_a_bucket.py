"""Runs in a bucket, looked at from a folder that knows nothing of them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from epyflow.cli import app
from epyflow.storage.bucket import Bucket
from tests.cloud.clouded import open_bucket

RUN = "results/us/flu/main"


@pytest.fixture
def bucket(storage_only, prefix, tmp_path, monkeypatch) -> Bucket:
    """The place of a run of two tasks, of which the first is done and the second failed."""
    monkeypatch.chdir(tmp_path)
    for name, value in storage_only.items():
        monkeypatch.setenv(name, value)
    bucket = open_bucket(prefix, storage_only)
    for task in ("00000", "00001"):
        bucket.write(f"{RUN}/builder-artifacts/input_{task}.pkl", b"in")
    bucket.write(f"{RUN}/runner-artifacts/result_00000.pkl", b"out")
    bucket.write("logs/us/flu/main/run_task/00000.log", b"2030-01-02 03:04:05,678 INFO begun\n")
    bucket.write("logs/us/flu/main/run_task/00001.log", b"2030-01-02 03:04:05,678 ERROR lost\n")
    return bucket


def finish(bucket: Bucket) -> None:
    record = {
        "exp_id": "us/flu",
        "run_id": "main",
        "counts": {"tasks": 2, "failed": 0},
        "failures": [],
    }
    bucket.write(f"{RUN}/runner-artifacts/result_00001.pkl", b"out")
    bucket.write(f"{RUN}/outputs/quantiles.csv.gz", b"table")
    bucket.write(f"{RUN}/outputs/run_metadata.json", json.dumps(record).encode())


def call(*arguments: str) -> Result:
    done = CliRunner().invoke(app.app, [*arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_listing_of_everything_below_a_folder_has_sizes_and_times(bucket):
    found = bucket.below("results/us")

    assert {path: its.size for path, its in found.items()} == {
        "flu/main/builder-artifacts/input_00000.pkl": 2,
        "flu/main/builder-artifacts/input_00001.pkl": 2,
        "flu/main/runner-artifacts/result_00000.pkl": 3,
    }
    ages = [datetime.now(UTC) - its.modified for its in found.values()]
    assert all(timedelta(minutes=-1) < age < timedelta(minutes=10) for age in ages)
    assert bucket.below("results/nowhere") == {}


def test_runs_of_a_bucket_are_listed_under_way_and_finished(bucket, prefix):
    arguments = ("runs", "us/*", "--storage", prefix, "--format", "json")

    (under_way,) = json.loads(call(*arguments).stdout)
    finish(bucket)
    (finished,) = json.loads(call(*arguments).stdout)

    numbers = ("tasks", "done", "failed", "missing", "complete")
    assert [under_way[name] for name in numbers] == [2, 1, 1, 0, False]
    assert [finished[name] for name in numbers] == [2, 2, 0, 0, True]
    assert finished["experiment"] == "us/flu"


def test_a_bucket_that_is_not_there_ends_with_2_and_what_to_do(bucket):
    done = call("runs", "--storage", "gs://no-such-bucket/x")

    assert done.exit_code == 2
    assert "buckets create" in done.stderr


def test_what_a_run_in_a_bucket_made_is_fetched_once(bucket, prefix, tmp_path):
    finish(bucket)

    first = call("fetch", f"{prefix}/results/us/flu/main")
    again = call("fetch", "us/flu", "--storage", prefix)

    assert (first.exit_code, first.stderr) == (0, "us/flu/main: 2 fetched\n")
    assert (again.exit_code, again.stderr) == (0, "us/flu/main: 2 unchanged\n")
    assert (tmp_path / "fetched/us/flu/main/outputs/quantiles.csv.gz").read_bytes() == b"table"


def test_a_name_in_a_bucket_that_leads_elsewhere_is_left_and_the_others_are_fetched(
    bucket, prefix, tmp_path
):
    finish(bucket)
    bucket.write(f"{RUN}/outputs/../../../../../../evil.csv", b"evil")

    done = call("fetch", "us/flu", "--storage", prefix, "--to", "fetched/deep")

    assert done.exit_code == 2
    assert "not a valid name for a local file" in done.stderr
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    folder = tmp_path / "fetched/deep/us/flu/main/outputs"
    assert written == {folder / "quantiles.csv.gz", folder / "run_metadata.json"}


def test_the_log_of_a_failed_task_in_a_bucket_is_shown(bucket, prefix):
    done = call("logs", "us/flu", "--failed", "--storage", prefix)

    assert (done.exit_code, done.stdout) == (0, "2030-01-02 03:04:05,678 ERROR lost\n")


def test_the_status_of_a_run_in_a_bucket_tells_what_failed_and_then_that_it_is_complete(
    bucket, prefix
):
    failed = call("status", "us/flu", "--storage", prefix)
    finish(bucket)
    complete = call("status", "us/flu", "--storage", prefix)

    assert (failed.exit_code, complete.exit_code) == (1, 0)
    assert "logs/us/flu/main/run_task/00001.log: lost\n" in failed.stdout
    assert "us/flu/main: complete" in complete.stdout
