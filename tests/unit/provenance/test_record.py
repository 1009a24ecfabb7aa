import hashlib
import json
import platform
import subprocess
from datetime import UTC, datetime, timedelta, timezone

import pytest

from epyflow.provenance.benchmark_files import read_benchmark
from epyflow.provenance.code import code_version
from epyflow.provenance.record import Run, run_metadata, write_metadata
from epyflow.stages import STAGES
from tests.unit import factories

STARTED = datetime(2025, 1, 18, 12, 0, tzinfo=timezone(timedelta(hours=-5)))


@pytest.fixture
def record(package, tmp_path):
    """Return a function that makes the record of a run, of the made-up package."""

    def make(**changes):
        values = {
            "exp_id": "202501/round1",
            "run_id": "main",
            "experiment": "e" * 64,
            "data": {"b.csv": "2", "a.csv": "1"},
            "seed": 7,
            "tasks": 3,
            "members": 30,
            "simulations": 300,
            "failures": (),
            "started": STARTED,
            "finished": datetime(2025, 1, 18, 17, 30, 5, tzinfo=UTC),
            "command": ("epyflow", "run", "202501/round1"),
            "benchmarks": {},
            "project": tmp_path,
        }
        return run_metadata(Run(**{**values, **changes}), package)

    return make


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_the_record_says_what_was_given(record):
    found = record()

    assert (found["exp_id"], found["run_id"], found["seed"]) == ("202501/round1", "main", 7)
    assert found["experiment"] == "e" * 64
    assert found["data"] == {"a.csv": "1", "b.csv": "2"}
    assert found["counts"] == {"tasks": 3, "members": 30, "simulations": 300, "failed": 0}
    assert found["command"] == ["epyflow", "run", "202501/round1"]


def test_the_record_says_what_ran_it(record, package):
    found = record()

    assert found["code"]["stages"] == {stage: code_version(stage, package) for stage in STAGES}
    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["epydemix"].startswith("1.5")
    assert set(found["versions"]) >= {"epyflow", "snakemake", "numpy", "scipy", "numba", "pandas"}
    assert found["platform"] == platform.platform()


def test_times_are_in_utc(record):
    times = record()["times"]

    assert times["started"] == "2025-01-18T17:00:00+00:00"
    assert times["finished"] == "2025-01-18T17:30:05+00:00"


def test_a_time_without_a_zone_is_refused(record):
    with pytest.raises(ValueError, match="has no time zone"):
        record(started=datetime(2025, 1, 18))


def test_each_task_has_its_seconds_and_its_memory(record):
    header = b"s\th:m:s\tmax_rss\tmax_vms\tmean_load\n"
    benchmarks = {
        "00001": header + b"61.5\t0:01:01\t210.25\t900\t99\n",
        "00000": header + b"0.1\t0:00:00\tNA\tNA\t0\n",
        "00002": b"",
    }

    read = {task: read_benchmark(data) for task, data in benchmarks.items()}
    times = record(benchmarks=read)["times"]

    assert times["tasks"] == {
        "00000": {"seconds": 0.1, "max_rss_mb": None},
        "00001": {"seconds": 61.5, "max_rss_mb": 210.25},
        "00002": {"seconds": None, "max_rss_mb": None},
    }
    assert list(times["tasks"]) == ["00000", "00001", "00002"]


def test_failures_are_listed_with_what_is_missing(record):
    one = factories.failure(index=2, primary_ids=(10, 11), population="Atlantis")
    other = factories.failure(index=1, primary_ids=(5,), population="Atlantis", stage="build")

    found = record(failures=(one, other))

    assert found["counts"]["failed"] == 2
    assert found["missing_populations"] == ["Atlantis"]
    assert [failure["task"] for failure in found["failures"]] == [1, 2]
    assert found["failures"][1] == {
        "task": 2,
        "stage": "run",
        "population": "Atlantis",
        "location": None,
        "primary_ids": [10, 11],
        "cause": "the population is not known\ncheck its name",
    }


def test_the_revision_is_named_and_whether_files_differ_from_it(record, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init")
    git(project, "commit", "--allow-empty", "--message", "first")
    head = subprocess.run(
        ["git", "-C", project, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()

    assert record(project=project)["code"]["git"] == {"revision": head, "dirty": False}

    (project / "new.py").touch()

    assert record(project=project)["code"]["git"] == {"revision": head, "dirty": True}


def test_a_project_without_git_has_no_revision(record, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert record()["code"]["git"] is None

    monkeypatch.setenv("PATH", "")
    assert record()["code"]["git"] is None


def test_the_lock_file_is_hashed_where_there_is_one(record, tmp_path):
    assert record()["code"]["uv_lock"] is None

    (tmp_path / "uv.lock").write_bytes(b"abc")

    assert record()["code"]["uv_lock"] == hashlib.sha256(b"abc").hexdigest()


def test_the_image_is_named_inside_one(record, monkeypatch):
    monkeypatch.delenv("EPYFLOW_IMAGE_DIGEST", raising=False)
    assert record()["code"]["image_digest"] is None

    monkeypatch.setenv("EPYFLOW_IMAGE_DIGEST", "sha256:12")
    assert record()["code"]["image_digest"] == "sha256:12"


def test_the_record_is_written_as_json(record, tmp_path):
    found = record(failures=(factories.failure(cause="β is missing"),))

    write_metadata(found, tmp_path / "run_metadata.json")

    text = (tmp_path / "run_metadata.json").read_text(encoding="utf-8")
    assert json.loads(text) == found
    assert "β is missing" in text
    assert text.endswith("}\n")
