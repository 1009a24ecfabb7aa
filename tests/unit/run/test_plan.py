"""The plan travels as JSON, and what is asked of it has one answer."""

import json
from dataclasses import replace

import pytest

from epyflow.errors import ArtifactError, EpyflowError
from epyflow.run.layout import RunLayout
from epyflow.run.plan import Plan, Scores, Submission, plan_bytes, read_plan, read_plan_file
from tests.unit.run.made_up import LEFT, RIGHT, plan_of, run_plan

SUBMISSION = Submission(
    *("2030-01-05-team-model.csv", "1234", ("wk inc flu hosp", "peak"), ("count", "count")),
    hub="abcd",
)
SCORES = Scores("5678", "team-model", "hub-baseline", ("mean_scores.csv", "pmf_scores.csv.gz"))
SINGLE = plan_of(
    run_plan(submission=SUBMISSION, observed="9abc"), scores=SCORES, built_remotely=(0, 4)
)
REPLAY = plan_of(
    run_plan(run_id="main/2030-01-05", submission=SUBMISSION),
    run_plan(run_id="main/2030-01-12", tasks=("b",) * 6, data={}),
)


@pytest.mark.parametrize("plan", [SINGLE, REPLAY], ids=["one run", "a replay"])
def test_a_plan_is_read_as_it_was_written(plan):
    assert read_plan_file(plan_bytes(plan)) == plan


def test_the_file_is_a_configuration_that_says_once_what_runs_share():
    content = json.loads(plan_bytes(REPLAY))

    assert list(content) == ["plan"]
    assert content["plan"]["populations"] == [
        {"name": "Left", "label": "The left", "location": "US-LE"},
        {"name": "Right", "label": "The right", "location": None},
    ]
    assert content["plan"]["seed"] == 7
    assert set(content["plan"]["runs"][0]) == {
        *("run_id", "experiment", "data", "tasks", "members", "members_per_task", "simulations"),
        *("submission", "observed"),
    }
    assert content["plan"]["runs"][0]["submission"] == {
        "file": "2030-01-05-team-model.csv",
        "digest": "1234",
        "targets": ["wk inc flu hosp", "peak"],
        "units": ["count", "count"],
        "hub": "abcd",
    }


def test_equal_plans_are_equal_files():
    assert plan_bytes(SINGLE) == plan_bytes(replace(SINGLE))
    assert plan_bytes(SINGLE) != plan_bytes(replace(SINGLE, seed=8))


def test_what_rules_add_for_the_report_is_passed_over():
    content = json.loads(plan_bytes(SINGLE))["plan"] | {"front_page": {"text": "words"}}

    assert read_plan(content) == SINGLE


@pytest.mark.parametrize("missing", ["runs", "seed", "populations", "scores", "built_remotely"])
def test_the_plan_of_another_version_is_refused_with_what_to_do(missing):
    content = json.loads(plan_bytes(SINGLE))["plan"]
    del content[missing]

    with pytest.raises(ArtifactError, match=f"'{missing}'.*start the run again"):
        read_plan(content)


def test_a_run_with_a_field_of_another_version_is_refused():
    content = json.loads(plan_bytes(SINGLE))["plan"]
    content["runs"][0]["strategy"] = "smc"

    with pytest.raises(ArtifactError, match=r"strategy.*start the run again"):
        read_plan(content)


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"[]"])
def test_a_damaged_file_is_refused_with_what_to_do(data):
    with pytest.raises(ArtifactError, match=r"damaged.*start the run again"):
        read_plan_file(data)


@pytest.mark.parametrize(("task", "population"), [(0, LEFT), (2, LEFT), (3, RIGHT), (5, RIGHT)])
def test_populations_follow_one_another_with_equally_many_tasks(task, population):
    assert run_plan().population_of(task) == population


@pytest.mark.parametrize(
    ("member", "task"), [(0, 0), (1, 0), (2, 1), (4, 2), (5, 3), (6, 3), (7, 4), (9, 5)]
)
def test_members_fill_the_tasks_of_their_population(member, task):
    """Five members and two to a task: the third task of each population has one member."""
    assert run_plan().task_of(member) == task


def test_each_run_has_its_part_of_the_plan_and_its_folder():
    run = REPLAY.of_run("main/2030-01-12")

    assert run is REPLAY.runs[1]
    assert run.layout == RunLayout("202501/round1", "main/2030-01-12")
    assert REPLAY.layout == RunLayout("202501/round1", "main")


def test_a_run_that_is_not_planned_is_refused_with_those_that_are():
    with pytest.raises(EpyflowError, match=r"202501/round1/other is not in the plan.*run main, or"):
        SINGLE.of_run("other")


def test_a_replay_is_known_by_its_runs():
    assert (SINGLE.is_replay, REPLAY.is_replay) == (False, True)


def test_nothing_of_a_plan_can_be_changed():
    with pytest.raises(AttributeError):
        SINGLE.seed = 8

    assert isinstance(SINGLE, Plan)
