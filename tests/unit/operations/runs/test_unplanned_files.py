"""Files of an earlier plan are found in the folders of a run's outputs, and named."""

import pytest
from tests.unit.run.made_up import plan_of, run_plan

from epyflow.operations.runs.coordinator_record import find_record, read_record
from epyflow.operations.runs.own_record import record_start
from epyflow.operations.runs.run_request import MOST_UNPLANNED, Wanted, describe_request
from epyflow.operations.runs.unplanned_files import (
    describe_unplanned,
    find_unplanned,
    unplanned_among,
    unplanned_warning,
)
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk

PLAN = plan_of(run_plan(run_id="main"))
DATES = ("main/2030-01-05", "main/2030-01-12")
REPLAY = plan_of(*(run_plan(run_id=run_id) for run_id in DATES))
RUN = PLAN.layout

PLANNED = ("outputs/a.csv.gz", "hub/2030-01-05-team-new.csv", "figures/fit/Left.svg")
OLD = (
    *("hub/2030-01-05-team-old.csv", "figures/fit/Right.svg", "outputs/posteriors.csv.gz"),
    "scores/mean_scores.csv",
)


@pytest.fixture
def storage(tmp_path):
    def write(*paths):
        for path in paths:
            place = tmp_path / RUN.results / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("x")

    found = Disk(tmp_path)
    found.fill = write
    return found


def paths(*names):
    return [f"gs://b/p/{RUN.results}/{name}" for name in names]


def test_outputs_that_the_plan_lacks_are_found_submissions_first(storage):
    storage.fill(*PLANNED, *OLD, "complete.txt", "experiment.tar.gz", "run_cost.csv")
    storage.fill("builder-artifacts/input_00009.pkl", "stamped/x/outputs/posteriors.csv.gz")

    assert find_unplanned(PLAN, paths(*PLANNED), storage) == OLD


def test_a_users_own_files_are_not_of_an_earlier_plan(storage):
    own = ("outputs/notes.md", "figures/my.svg", "hub/README.md", "scores/mine.csv", "outputs/a/b")
    storage.fill(*own, *OLD)

    assert find_unplanned(PLAN, (), storage) == OLD
    assert unplanned_among([*own, *OLD], RUN, Wanted(unplanned=(*own, *OLD))) == OLD
    dated = [f"2030-01-19/{path}" for path in own]
    assert unplanned_among(dated, RUN, Wanted(tasks={"main": 2})) == ()


def test_files_of_another_run_are_neither_planned_nor_found(storage):
    storage.fill(*OLD, "2030-01-05/outputs/posteriors.csv.gz", "nested/hub/2030-01-05-team-a.csv")

    other = ["results/202501/round1/next/scores/mean_scores.csv"]
    assert find_unplanned(PLAN, other, storage) == OLD


def test_of_a_replay_all_dates_are_looked_into_and_those_of_the_plan_recorded(storage):
    files = [f"{date}/hub/{date}-team-{name}.csv" for date in DATES for name in ("new", "old")]
    files = [path.removeprefix("main/").replace("hub/main/", "hub/") for path in files]
    others = ("2030-01-19/hub/2030-01-19-team-a.csv", "scores/mean_scores.csv")
    storage.fill(*files, *others, "nested/hub/2030-01-05-team-a.csv")

    found = find_unplanned(REPLAY, paths(*files[::2]), storage)

    assert found == (*files[1::2], *others)
    recorded = describe_request(REPLAY, (), (), None, found).unplanned
    assert recorded == (*files[1::2], "scores/mean_scores.csv")


def test_after_a_replay_its_dates_are_looked_into_until_their_files_are_deleted(storage):
    dated = "2030-01-05/hub/2030-01-05-team-a.csv"
    storage.fill(*PLANNED, dated, "2030-01-05/builder-artifacts/input_00000.pkl")
    replay = describe_request(REPLAY, (), (), None)

    first = find_unplanned(PLAN, paths(*PLANNED), storage, replay)
    after = describe_request(PLAN, (), (), None, first)
    second = find_unplanned(PLAN, paths(*PLANNED), storage, after)

    assert first == second == after.unplanned == (dated,)
    assert (
        find_unplanned(PLAN, paths(*PLANNED), storage, describe_request(PLAN, (), (), None)) == ()
    )


def test_a_bucket_that_others_fill_gives_a_record_that_can_be_read(storage, tmp_path):
    many = {f"figures/fit/P{number:05d}.svg": None for number in range(MOST_UNPLANNED + 1)}
    strange = dict.fromkeys(f"figures/fit/{name}.svg" for name in ("a\nb", "\udce9", "é" * 511))

    class Full(Disk):
        def below(self, folder):
            top = f"{folder.removeprefix(RUN.results).lstrip('/')}/"
            return {p.removeprefix(top): None for p in many | strange if p.startswith(top)}

    found = find_unplanned(PLAN, (), Full(tmp_path))

    assert found == tuple(many)
    asked = describe_request(PLAN, (), (), None, found)
    record_start(find_record(RUN.exp_id, RUN.run_id, storage), asked)
    recorded = read_record(RUN.exp_id, RUN.run_id, storage).wanted.unplanned
    assert recorded == found[:MOST_UNPLANNED]


def test_a_record_selects_outputs_that_are_there_and_nothing_else():
    named = ("../other/hub/a.csv", "/etc/passwd", "complete.txt", "outputs/gone.csv.gz", *OLD)
    files = ["complete.txt", *PLANNED, *OLD]

    assert unplanned_among(files, RUN, Wanted(unplanned=named)) == OLD
    assert unplanned_among(files, RUN, Wanted()) == ()


@pytest.mark.parametrize("tasks", [{DATES[0]: 2}, {"main": 2}])
def test_outputs_of_a_date_that_is_no_longer_planned_are_of_an_earlier_plan(tasks):
    gone = ("2030-01-12/hub/2030-01-12-team-a.csv", "2030-01-12/outputs/run_metadata.json")
    others = (f"2030-01-12/{name}" for name in ("complete.txt", "builder-artifacts/hub.json"))
    kept = ("scores/mean_scores.csv", *others)

    assert unplanned_among([*kept, *gone], RUN, Wanted(tasks=tasks)) == gone
    assert unplanned_among([*kept, *gone], RUN, Wanted()) == ()


def test_the_first_names_and_the_number_of_files_are_told():
    assert describe_unplanned(["hub/a.csv"]) == "1 file of an earlier plan: hub/a.csv"
    assert describe_unplanned([*OLD, "scores/\x1b.csv"]) == (
        "5 files of an earlier plan: hub/2030-01-05-team-old.csv, figures/fit/Right.svg, "
        "outputs/posteriors.csv.gz and 2 more"
    )


def test_the_end_of_a_run_names_its_own_submission():
    run = RunLayout("flu", "main")

    warning = unplanned_warning(OLD[:1], run, ["results/flu/main/hub/2030-01-05-team-new.csv"])

    assert warning == (
        "results/flu/main has 1 file of an earlier plan: hub/2030-01-05-team-old.csv. "
        "The submission of this run is results/flu/main/hub/2030-01-05-team-new.csv. "
        "`epyflow clean --unplanned` deletes files of earlier plans"
    )
    assert "submission of this run" not in unplanned_warning(OLD, run, [])
    assert unplanned_warning([], run, []) == ""
