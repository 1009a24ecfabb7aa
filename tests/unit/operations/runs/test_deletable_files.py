"""Select files of runs that are safe to delete, and delete them, without a command."""

from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import batch_v1
from tests.unit.operations.runs.made_up import NOON, MadeUp

from epyflow.errors import EpyflowError
from epyflow.operations.runs import cleanup
from epyflow.operations.runs.activity import Activity
from epyflow.operations.runs.coordinator_record import this_coordinator, write_record
from epyflow.operations.runs.deletable_files import Search
from epyflow.operations.runs.run_lease import new_lease, write_lease
from epyflow.operations.runs.run_request import Wanted
from epyflow.storage.disk import Disk, SharedFolder

LATER = datetime.fromtimestamp(NOON, UTC) + timedelta(days=30)
WEEK = timedelta(days=7)


def waste(storage: Disk, pattern: str | None = None, keep: int = 0, older_than=WEEK):
    """Return the files of each kind that can be deleted."""
    found = Search(storage, Activity(LATER, older_than, ())).waste(pattern, keep)
    return {(each.kind, each.what): set(each.files) for each in found}


def test_older_runs_of_an_experiment_are_deleted_with_their_logs(made_up: MadeUp):
    for run in ("first", "second", "third"):
        made_up.finished(f"us/flu/{run}", tasks=1)
        made_up.write(f"logs/us/flu/{run}/run_task/00000.log")
    made_up.finished("us/covid/main", tasks=1)

    found = waste(Disk(made_up.root), "us/flu", keep=1)

    assert set(found) == {("old run", "us/flu/second"), ("old run", "us/flu/first")}
    assert "logs/us/flu/first/run_task/00000.log" in found["old run", "us/flu/first"]
    assert waste(Disk(made_up.root), "us/f*", keep=3) == {}
    assert waste(Disk(made_up.root), "us/covid") != {}


def test_the_name_of_the_newest_finished_run_is_deleted_with_that_run_alone(made_up: MadeUp):
    for run in ("first", "second"):
        made_up.finished(f"us/flu/{run}", tasks=1)
    pointer = made_up.write("results/us/flu/latest", "first\n")
    name = "results/us/flu/latest"

    assert name in waste(Disk(made_up.root), "us/flu", keep=1)["old run", "us/flu/first"]

    pointer.write_text("second\n")
    assert name not in waste(Disk(made_up.root), "us/flu", keep=1)["old run", "us/flu/first"]
    assert name in waste(Disk(made_up.root), "us/flu")["old run", "us/flu/second"]


def test_a_run_inside_another_experiments_folder_is_kept(made_up: MadeUp):
    made_up.finished("us/flu", tasks=1)
    made_up.finished("us/flu/main", tasks=1)

    (files,) = waste(Disk(made_up.root), "us").values()

    assert not any("us/flu/main/" in path for path in files)


def test_artifacts_of_tasks_that_are_no_longer_planned_are_deleted(made_up: MadeUp):
    made_up.finished("us/flu/main", tasks=3)
    storage = Disk(made_up.root)
    record = this_coordinator("us/flu", "main", {}, Wanted(tasks={"main": 2}))
    write_record(record.after("complete"), storage)
    made_up.write("logs/us/flu/main/run_task/00002.log")

    assert waste(storage) == {
        ("stale artifacts", "us/flu/main"): {
            "results/us/flu/main/builder-artifacts/input_00002.pkl",
            "results/us/flu/main/runner-artifacts/result_00002.pkl",
            "logs/us/flu/main/run_task/00002.log",
        }
    }


@pytest.mark.parametrize(
    ("tasks", "dropped"),
    [({"main/2030-01-05": 1}, ["main", "main/2030-01-12"]), ({"main": 1}, ["main/2030-01-12"])],
)
def test_of_dates_that_are_no_longer_planned_tables_and_their_logs_are_kept(
    made_up: MadeUp, tasks, dropped
):
    for run in ("main", *tasks, "main/2030-01-12"):
        made_up.finished(f"us/flu/{run}", tasks=1)
        for name in ("built.json", "hub.json"):
            made_up.write(f"results/us/flu/{run}/builder-artifacts/{name}")
        made_up.write(f"logs/us/flu/{run}/make_tables.log")
    made_up.write("results/us/flu/main/builder-artifacts/experiment.tar.gz")
    made_up.planned("us/flu/main", tasks)

    (found,) = waste(Disk(made_up.root)).values()

    names = ("builder-artifacts/built.json", "builder-artifacts/hub.json")
    names += ("builder-artifacts/input_00000.pkl", "runner-artifacts/result_00000.pkl")
    assert found == {f"results/us/flu/{run}/{name}" for run in dropped for name in names}


def test_files_of_an_earlier_plan_are_deleted_only_if_they_are_asked_for(made_up: MadeUp):
    made_up.finished("us/flu/main")
    made_up.judged("us/flu/main", accepted=True, name="2030-01-05-a-old.csv")
    made_up.judged("us/flu/main", accepted=True, name="2030-01-05-a-new.csv")
    named = ("hub/2030-01-05-a-old.csv", "outputs/gone.csv.gz", "complete.txt", "../next/hub/a.csv")
    made_up.write("results/us/flu/main/complete.txt")
    made_up.write("results/us/flu/next/hub/a.csv")
    storage = Disk(made_up.root)
    made_up.planned("us/flu/main", {"main": 2}, *named)

    assert waste(storage) == {}
    activity = Activity(LATER, WEEK, ())
    (found,) = Search(storage, activity).waste(unplanned=True)

    assert (found.kind, found.what, found.why) == ("earlier plan", "us/flu/main", named[0])
    assert found.files == {f"results/us/flu/main/{named[0]}": len("rows")}
    # Nothing of a run that may be running is deleted.
    write_record(this_coordinator("us/flu", "main", {}, Wanted(unplanned=named)), storage)
    assert Search(storage, activity).waste(unplanned=True) == []


def test_all_of_a_date_that_is_no_longer_planned_is_deleted_if_it_is_asked_for(made_up: MadeUp):
    for run in ("us/flu/season/2030-01-05", "us/flu/season/2030-01-12"):
        made_up.finished(run, tasks=1)
        made_up.judged(run, accepted=True)
        made_up.write(f"results/{run}/complete.txt")
        made_up.write(f"logs/{run}/make_tables.log")
        made_up.write(f"benchmarks/{run}/make_tables.tsv")
        # Tables that epyflow does not make, and notes, are the user's.
        made_up.write(f"results/{run}/figures/notes.md")
    made_up.write("results/us/flu/season/scores/scores.csv")
    made_up.planned("us/flu/season", {"season/2030-01-05": 1})
    own = ("quantiles.csv.gz", "notes.md")

    found = Search(Disk(made_up.root), Activity(LATER, WEEK, ())).waste(unplanned=True)

    files = (path for path in made_up.root.rglob("*") if path.is_file() and path.name not in own)
    of_date = [str(path.relative_to(made_up.root)) for path in files if "2030-01-12" in path.parts]
    assert sorted(path for each in found for path in each.files) == sorted(of_date)
    assert found[1].why.startswith("2030-01-12/hub/2030-01-05-a-b.csv, ")


def test_a_checkpoint_is_deleted_when_its_result_is_newer(made_up: MadeUp):
    folder = "results/us/flu/main/runner-artifacts"
    made_up.write(f"{folder}/checkpoint_00000.pkl")
    made_up.tasks("us/flu/main", 2, (0, 1))
    made_up.write(f"{folder}/checkpoint_00001.pkl")

    found = waste(Disk(made_up.root))

    assert found == {("stale artifacts", "us/flu/main"): {f"{folder}/checkpoint_00000.pkl"}}


@pytest.mark.parametrize("run", ["us/flu/2030-01-05", "flu/2030-01-05", "us/flu/main"])
def test_logs_of_a_run_that_is_named_by_a_date_make_no_other_run(made_up: MadeUp, run):
    made_up.tasks(run, 1, (0,))
    made_up.planned(run, {run.rpartition("/")[2]: 1})
    made_up.write(f"logs/{run}/run_task/00000.log")

    search = Search(Disk(made_up.root), Activity(datetime.fromtimestamp(NOON, UTC), WEEK, ()))

    assert (search.left_alone, set(search.records)) == ({}, {run})


def test_old_logs_without_results_are_deleted(made_up: MadeUp):
    made_up.write("logs/us/flu/gone/run_task/00000.log")
    made_up.write("benchmarks/us/flu/gone/run_task/00000.tsv")
    made_up.write("coordinator/us/flu/gone/coordinator.log")
    made_up.write("logs/other/notes.txt")
    made_up.write("logs/run_task/00000.log")  # of no run

    expected = {
        "logs/us/flu/gone/run_task/00000.log",
        "benchmarks/us/flu/gone/run_task/00000.tsv",
        "coordinator/us/flu/gone/coordinator.log",
    }
    assert waste(Disk(made_up.root)) == {("orphaned logs", "us/flu/gone"): expected}
    assert waste(Disk(made_up.root), older_than=timedelta(days=60)) == {}


def test_nothing_of_an_active_run_is_deleted(made_up: MadeUp):
    made_up.finished("us/flu/main", tasks=1)
    storage = Disk(made_up.root)
    write_record(this_coordinator("us/flu", "main", {}), storage)  # this process
    search = Search(storage, Activity(LATER, WEEK, ()))

    assert search.waste("us/flu") == []
    assert set(search.left_alone) == {"us/flu/main"}


def test_workflow_sources_in_a_bucket_are_deleted_if_no_run_may_be_active(made_up: MadeUp):
    path = f"snakemake-workflow-sources.{'0' * 64}.tar.xz"
    made_up.write(path)
    storage = Disk(made_up.root, "gs://made-up/runs")

    def found(jobs):
        return [set(each.files) for each in Search(storage, Activity(LATER, WEEK, jobs)).waste()]

    assert found(()) == [{path}]
    assert found(None) == []  # jobs cannot be listed
    write_record(this_coordinator("us/flu", "main", {}), storage)  # this process
    assert found(()) == []


class Batch:
    """Deletes jobs, except those that it may not."""

    def delete(self, name: str, reason: str) -> None:
        if name == "foreign":
            raise EpyflowError("foreign: no permission")


def test_files_and_jobs_that_were_deleted_are_counted_and_problems_told(made_up: MadeUp):
    made_up.finished("us/flu/main", tasks=1)
    storage = Disk(made_up.root)
    activity = Activity(LATER, WEEK, ())
    search = Search(storage, activity)
    found = search.waste("us/flu")

    removed = cleanup.remove(storage, found, search.records, activity)
    cleanup.delete(Batch(), ["a", "foreign", "b"], removed)

    assert (removed.files, removed.jobs) == (4, 2)
    assert removed.size == found[0].size > 0
    assert removed.problems == ["foreign: no permission"]
    assert storage.below("results") == {}
    assert not (made_up.root / "results/us/flu/main").exists()  # no empty folders are left
    assert (made_up.root / "results").exists()


@pytest.mark.parametrize("change", ["begins", "is over"])
def test_a_run_that_begins_meanwhile_is_left_alone(made_up: MadeUp, change):
    made_up.finished("us/flu/main", tasks=1)
    storage = Disk(made_up.root)
    activity = Activity(LATER, WEEK, ())
    search = Search(storage, activity)
    found = search.waste("us/flu")
    if change == "begins":
        write_record(this_coordinator("us/flu", "main", {}), storage)

    removed = cleanup.remove(storage, found, search.records, activity)

    assert (removed.files == 0) is (change == "begins")
    assert len(removed.problems) == (1 if change == "begins" else 0)


@pytest.mark.parametrize("state", ["FAILED", "RUNNING", None])
def test_a_lease_does_not_keep_a_run_if_the_job_that_holds_it_is_listed_as_over(tmp_path, state):
    made_up, storage = MadeUp(tmp_path), SharedFolder(tmp_path)
    made_up.finished("us/flu/main", tasks=1)
    mine = this_coordinator("us/flu", "main", {}).model_copy(update={"job": "projects/p/jobs/c1"})
    write_record(mine.after("failed"), storage)
    write_lease(storage, new_lease(mine), None)
    listed = [] if state is None else [batch_v1.Job(name="projects/1/jobs/c1")]
    for job in listed:
        job.status.state = batch_v1.JobStatus.State[state]
    now = Activity(LATER, WEEK, tuple(listed))
    later = Activity(LATER, WEEK, (batch_v1.Job(name="p/jobs/c1", status={"state": "FAILED"}),))

    search, found = Search(storage, now), Search(storage, later).waste("us/flu")

    over = state == "FAILED"
    assert (search.waste("us/flu") != []) is over
    assert over or "end it with epyflow cancel" in search.left_alone["us/flu/main"]
    assert (cleanup.remove(storage, found, search.records, now).files > 0) is over
