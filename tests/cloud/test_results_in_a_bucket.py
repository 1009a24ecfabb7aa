"""Results in a bucket, computed on this machine: the same tables, and no more work than needed."""

import json
import shutil
from pathlib import Path

import pytest

from epyflow.operations.runs.run_list import find_runs
from epyflow.run import task_execution
from epyflow.run.checkpoint_backup import Backup
from tests.calibrating import StoppedError, stopped_after
from tests.cloud.clouded import Clouded
from tests.workflow.calibrating import calibrate
from tests.workflow.partitioned import KEPT, REMOVED, TABLE, run_partitioned
from tests.workflow.workspace import TABLES, Workspace

RESULTS = "results/small/main"


def metadata(clouded: Clouded) -> dict:
    return json.loads(clouded.bucket.read(f"{RESULTS}/outputs/run_metadata.json"))


def told(clouded: Clouded) -> tuple[int, int, int, bool]:
    """What `epyflow runs` tells of the run: its tasks, those done and failed, if it is complete."""
    (run,) = find_runs(clouded.bucket)
    return run.tasks, run.done, run.failed, run.complete


def test_a_run_in_a_bucket_is_that_on_disk_and_goes_on_from_anywhere(clouded, local):
    assert clouded.run().code == 0

    assert clouded.outputs() == local
    assert clouded.plan().jobs == {}
    assert set(metadata(clouded)["times"]["tasks"]) == {"00000", "00001"}
    assert not (clouded.folder / "results").exists()
    assert clouded.bucket.read("results/small/latest") == b"main\n"
    assert "experiment.tar.gz" in clouded.bucket.names("results/small/main")

    report = clouded.run("--report", "report.html")
    assert report.code == 0, report.text
    figure = "figures/fan_chart/compartments/United_States_Massachusetts.svg"
    assert figure in (clouded.folder / "report.html").read_text()

    # Another coordinator, which knows nothing but the bucket.
    clouded.forget()
    assert clouded.plan().jobs == {}

    # An input that someone removed is built again, and its task alone is run.
    clouded.bucket.remove([f"{RESULTS}/builder-artifacts/input_00001.pkl"])
    jobs = clouded.plan().jobs
    assert (jobs["build_inputs"], jobs["run_task"]) == (1, 1)

    # What was built from something else is not taken for what it was, metadata or not.
    clouded.change("basemodel", lambda y: y["model"].update(random_seed=4))
    clouded.forget()
    assert clouded.plan().jobs["run_task"] == 2


def test_a_run_on_disk_does_not_hide_that_the_bucket_is_empty(clouded):
    on_disk = Workspace.command(clouded, "--until", "build_inputs")
    assert clouded.call(on_disk).code == 0

    jobs = clouded.plan().jobs

    assert jobs["build_inputs"] == 1
    assert jobs["run_task"] == 2


def test_partial_results_in_a_bucket_list_what_is_missing_and_are_completed(clouded, local):
    clouded.write_doses(["MA"])

    failed = clouded.run("--keep-going", partial_results="true")

    assert failed.code == 1
    assert "Traceback" not in failed.text
    assert metadata(clouded)["missing_populations"] == ["United_States_New_York"]
    assert "doses.csv" in metadata(clouded)["failures"][0]["cause"]
    assert told(clouded) == (2, 1, 1, False)

    clouded.write_doses(["MA", "NY", "VT"])
    mended = clouded.run("--keep-going", partial_results="true")

    assert mended.code == 0, mended.text
    assert metadata(clouded)["missing_populations"] == []
    assert told(clouded) == (2, 2, 0, True)
    assert clouded.outputs() == local


def test_tables_that_were_written_stay_in_the_bucket_when_another_fails(clouded, local):
    clouded.write_doses(["MA", "NY", "VT"])
    with clouded.broken("tables/reproduction_number.py", "_rows"):
        failed = clouded.run("--keep-incomplete", "--until", "make_tables")
    left = clouded.outputs()
    mended = clouded.run("--until", "make_tables")

    assert failed.code == 1
    assert "1 of 4 tables could not be written; the others are written" in failed.text
    assert local.keys() - left.keys() == {"effective_reproduction_number.csv.gz"}
    assert left.items() <= local.items()
    assert mended.code == 0, mended.text
    assert mended.jobs == {"make_tables": 1}
    assert clouded.outputs() == local


def test_a_table_by_population_loses_the_file_of_one_that_was_removed(clouded):
    run_partitioned(clouded)
    folder = f"{RESULTS}/{TABLE}"
    before = set(clouded.bucket.names(folder))
    clouded.bucket.write(f"{folder}/_notes.txt", b"mine")

    done = clouded.run(*TABLES)

    assert done.code == 0, done.text
    assert before == {KEPT, REMOVED}
    assert set(clouded.bucket.names(folder)) == {KEPT, "_notes.txt"}
    assert REMOVED in clouded.bucket.read("logs/small/main/write_run_metadata.log").decode()
    assert "earlier plan" not in done.text


def test_a_calibration_goes_on_from_the_generations_that_a_lost_machine_left(clouded, tmp_path):
    calibrate(clouded)
    assert clouded.run("--until", "build_inputs").code == 0
    lose_a_machine_after_a_generation(clouded, tmp_path / "machine")

    done = clouded.run("--until", "make_tables")

    assert done.code == 0, done.text
    log = clouded.bucket.read("logs/small/main/run_task/00000.log").decode()
    assert "continuing after generation 1" in log
    other = clouded.bucket.read("logs/small/main/run_task/00001.log").decode()
    assert "continuing" not in other


def lose_a_machine_after_a_generation(clouded: Clouded, machine: Path) -> None:
    """Run the first task up to its first generation; what is left of it is in the bucket."""
    machine.mkdir()
    task = machine / "input_00000.pkl"
    task.write_bytes(clouded.bucket.read(f"{RESULTS}/builder-artifacts/input_00000.pkl"))
    copy = Backup(clouded.bucket, f"{RESULTS}/runner-artifacts/checkpoint_00000.pkl")
    with stopped_after(1), pytest.raises(StoppedError):
        task_execution.run_task(task, machine / "result_00000.pkl", partial=False, backup=copy)
    shutil.rmtree(machine)


def test_a_prefix_that_cannot_be_listed_is_refused_before_anything_starts(clouded):
    clouded.prefix = "gs://no-such-bucket/epyflow"

    done = clouded.run()

    assert done.code == 1
    assert "Traceback" not in done.text
    assert "gs://no-such-bucket" in done.text
    assert "buckets create" in done.text
