"""A run `us/flu`, and in its folder one of the experiment `us/flu` that is named by a date."""

from pathlib import Path

import pytest
from tests.unit.operations.runs.made_up import FAILED_LOG
from tests.unit.run.made_up import plan_of, run_plan

from epyflow.operations.runs.download import fetch
from epyflow.operations.runs.run_list import find_runs
from epyflow.operations.runs.run_logs import Choice, read_logs
from epyflow.operations.runs.run_request import describe_request
from epyflow.operations.runs.runs_without_inputs import find_new_runs
from epyflow.operations.runs.status import status
from epyflow.operations.runs.unplanned_files import find_unplanned
from epyflow.run.layout import RunLayout
from epyflow.run.stamped_outputs import stamp_outputs
from epyflow.storage.disk import Disk

OUTER, INNER = RunLayout("us", "flu"), RunLayout("us/flu", "2030-01-05")
OLD = "2030-01-12/hub/2030-01-12-a-b.csv"
"""Of a date that the replay `us/flu` had."""


@pytest.fixture(params=[{"flu": 2}, {"flu/2030-01-19": 2}], ids=["run", "replay"])
def storage(request, made_up):
    for run_id in request.param:
        made_up.finished(f"us/{run_id}")
    made_up.planned("us/flu", request.param)
    made_up.write(f"results/us/flu/{OLD}", "old")
    made_up.tasks(INNER.name, 1, ())
    made_up.judged(INNER.name, accepted=False)
    made_up.write(f"logs/{INNER.name}/run_task/00000.log", FAILED_LOG)
    made_up.planned(INNER.name, {"2030-01-05": 1})
    made_up.finished("us/flu/main")
    made_up.planned("us/flu/main", {"main": 2})
    return Disk(made_up.root)


def outer(storage):
    """Return the run whose folder has the others."""
    return next(run for run in find_runs(storage) if run.layout == OUTER)


def test_files_and_times_of_the_other_runs_are_not_of_the_outer_one(storage):
    names = {(run.exp_id, run.run_id) for run in find_runs(storage)}
    run = outer(storage)

    assert names == {("us", "flu"), ("us/flu", "2030-01-05"), ("us/flu", "main")}
    assert (run.unplanned, run.nested) == ((OLD,), ("2030-01-05/", "main/"))
    assert (run.tasks, run.submission, run.complete) == (2, None, True)
    files = storage.below("results/us/flu")
    assert run.modified == files[OLD].modified


def test_neither_logs_nor_progress_of_the_other_runs_are_of_the_outer_one(storage):
    now = status(storage, outer(storage))

    assert now.failures == {}
    assert {stage.name: stage.files for stage in now.stages if stage.files} == {
        "build": 2, "run": 2, "tables": 1,
    }  # fmt: skip
    assert list(read_logs(storage, outer(storage), Choice())) == []


def test_logs_of_the_other_runs_are_not_of_an_outer_one_that_has_no_inputs_yet(made_up):
    for run in (OUTER, INNER):
        made_up.planned(run.name, {run.run_id: 2})
    made_up.write(f"logs/{INNER.name}/run_task/00000.log", FAILED_LOG)
    storage = Disk(made_up.root)

    (run,) = find_new_runs(storage, "us")

    assert (run.layout, run.nested) == (OUTER, ("2030-01-05/",))
    assert list(read_logs(storage, run, Choice())) == []


def test_the_outer_run_is_fetched_and_stamped_without_the_others(storage):
    copies = fetch(storage, outer(storage), Path("copy"), what=["*"])
    stamp_outputs(OUTER, storage)

    stamped = storage.below(f"{OUTER.results}/stamped")
    for paths in ([copy.source for copy in copies], [path.partition("/")[2] for path in stamped]):
        assert len(paths) > 2
        assert not any(path.startswith(("2030-01-05/", "main/")) for path in paths)
    fetch(storage, find_runs(storage, "us/flu")[0], Path("copy"), what=["*"])
    again = fetch(storage, outer(storage), Path("copy"), what=["*"])
    assert not any(copy.became == "stale" for copy in again)


def test_files_of_the_other_runs_are_of_no_earlier_plan_at_the_start(storage):
    dates = [run_plan(exp_id="us", run_id=f"flu/2030-01-{day}") for day in ("19", "26")]
    replay = plan_of(*dates, run_id="flu")
    plan = plan_of(run_plan(exp_id="us", run_id="flu"), run_id="flu")

    before = describe_request(replay, (), (), None)
    for each in (replay, plan):
        assert OLD in find_unplanned(each, (), storage, before)
        assert not any("01-05/" in path for path in find_unplanned(each, (), storage, before))
