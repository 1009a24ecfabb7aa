"""Read runs, dates and tasks from names of files."""

import pytest

from epyflow.run import path_patterns
from epyflow.run.layout import OWN_NAMES, RunLayout

RUN = RunLayout("us/flu", "main")


@pytest.mark.parametrize("task", [0, 7, 99_999, 123_456])
def test_the_task_of_each_of_its_files_is_read_back(task):
    assert path_patterns.task_of_input(RUN.below(RUN.input(task))) == task
    assert path_patterns.task_of_result(RUN.below(RUN.result(task))) == task
    assert path_patterns.task_of_checkpoint(RUN.below(RUN.checkpoint(task))) == task
    log = RUN.task_log(task).removeprefix("logs/us/flu/main/")
    assert path_patterns.task_of_log(log) == task
    assert path_patterns.task_of_log(log.replace(".log", ".tsv")) == task


@pytest.mark.parametrize(
    ("path", "task"),
    [
        ("builder-artifacts/input_00003.pkl", 3),
        ("runner-artifacts/result_00004.pkl", 4),
        ("runner-artifacts/checkpoint_00005.pkl", 5),
        ("runner-artifacts/input_00003.pkl", None),
        ("builder-artifacts/input_3.pkl", None),
        ("builder-artifacts/input_00003.pkl.tmp", None),
        ("2030-01-05/builder-artifacts/input_00003.pkl", None),
        ("builder-artifacts/built.json", None),
        ("builder-artifacts/input_٠٠٠٠٣.pkl", None),
        ("builder-artifacts/input_000003.pkl", None),
        ("builder-artifacts/input_12345678901234567890.pkl", None),
    ],
)
def test_only_artifacts_of_tasks_have_a_task(path, task):
    assert path_patterns.task_of_artifact(path) == task


def test_a_log_of_another_rule_is_of_no_task():
    assert path_patterns.task_of_log("make_table/00001.log") is None


@pytest.mark.parametrize(
    ("path", "date", "rest"),
    [
        ("2030-01-05/outputs/a.csv.gz", "2030-01-05", "outputs/a.csv.gz"),
        ("outputs/2030-01-05/a.csv.gz", "", "outputs/2030-01-05/a.csv.gz"),
        ("2030-01-05-team-model.csv", "", "2030-01-05-team-model.csv"),
        ("2030-13-45/outputs/a.csv.gz", "", "2030-13-45/outputs/a.csv.gz"),
        ("٢٠٣٠-01-05/outputs/a.csv.gz", "", "٢٠٣٠-01-05/outputs/a.csv.gz"),
    ],
)
def test_the_date_of_a_replay_is_the_first_folder(path, date, rest):
    assert path_patterns.split_date(path) == (date, rest)


@pytest.mark.parametrize(
    ("path", "of_dates", "of_one"),
    [
        ("2030-01-05/builder-artifacts/input_00001.pkl", True, False),
        ("2030-01-05/runner-artifacts/result_00002.pkl", False, False),
        ("2030-01-05/run_task/00001.log", True, False),
        ("2030-01-05/run_task/00002.tsv", False, False),
        ("2030-01-05/outputs/a.csv.gz", True, False),
        ("2030-01-12/outputs/a.csv.gz", False, False),
        ("builder-artifacts/input_00000.pkl", False, True),
        ("run_task/00001.log", False, False),
        ("scores/scores.csv", True, True),
    ],
)
def test_a_plan_has_the_files_of_its_dates_and_tasks(path, of_dates, of_one):
    assert path_patterns.is_planned(path, RUN, {"main/2030-01-05": 2}) is of_dates
    assert path_patterns.is_planned(path, RUN, {"main": 1}) is of_one
    assert path_patterns.is_planned(path, RUN, {})


def test_a_name_is_split_into_experiment_and_run():
    assert path_patterns.split_name("us/flu/main") == ("us/flu", "main")


def test_runs_are_known_by_the_folders_of_their_files():
    paths = [
        "flu/main/builder-artifacts/input_00000.pkl",
        "flu/main/outputs/a.csv.gz",
        "us/rsv/test/hub/a.csv",
        "us/rsv/replay/2030-01-05/runner-artifacts/result_00000.pkl",
        "flu/figures-only/figures/a.svg",
        "outputs/a.csv.gz",
        "main/outputs/a.csv.gz",
    ]

    assert path_patterns.runs_with_files(paths) == {
        "flu/main",
        "us/rsv/test",
        "us/rsv/replay/2030-01-05",
    }


@pytest.mark.parametrize("name", OWN_NAMES)
def test_a_folder_is_that_of_no_run_because_it_holds_an_experiment_or_a_run_of_this_name(name):
    stamp = "20261128-231500-0a1b2c3d"
    for run in (RunLayout(f"us/flu/{name}", stamp), RunLayout("us/flu", name)):
        own = [run.input(0), run.metadata, run.submission("a.csv"), run.cost, run.complete]
        files = [*own, run.experiment_archive, run.latest, run.experiment_bundle]

        assert path_patterns.runs_with_files(path.removeprefix("results/") for path in files) == {
            run.name
        }


def test_a_run_is_known_by_its_bundle_alone_and_not_by_copies_of_outputs():
    path = RUN.experiment_bundle.removeprefix("results/")
    copies = RUN.stamped("20261128-231500-0a1b2c3d").removeprefix("results/")

    assert path_patterns.runs_with_files([path]) == {"us/flu/main"}
    assert path_patterns.runs_with_files([f"{copies}/outputs/a.csv.gz"]) == set()
    assert path_patterns.runs_with_files([f"{copies}/2030-01-05/hub/a.csv"]) == set()


def test_the_run_of_a_coordinators_record_is_its_folder():
    path = RUN.coordinator_record.removeprefix("coordinator/")

    assert path_patterns.run_of_record(path) == "us/flu/main"
    assert path_patterns.run_of_record("us/flu/main/run_task/00000.log") is None


def test_sources_of_a_coordinator_are_named_by_their_checksum():
    digest = "0123456789abcdef" * 4

    assert path_patterns.digest_of_sources(RUN.coordinator_sources(digest)) == digest
    assert path_patterns.digest_of_sources(RUN.coordinator_sources(digest[:-1])) is None
    assert path_patterns.digest_of_sources(f"results/x/sources-{digest}.tar.gz") is None


def test_paths_below_a_folder_are_found_between_those_of_similar_names():
    ordered = sorted(
        ["a-b/1", "a.b/1", "a/", "a/b", "a/b/c", "a/\U0010ffff", "a", "a0", "ab/1", "b"]
    )

    assert path_patterns.paths_below(ordered, "a") == ["a/", "a/b", "a/b/c", "a/\U0010ffff"]
    assert path_patterns.paths_below(ordered, "a/b") == ["a/b/c"]
    assert path_patterns.paths_below(ordered, "c") == []
