"""The newest finished run of an experiment is the one that the file beside its runs names."""

import pytest
from tests.unit.operations.runs.made_up import MadeUp

from epyflow.errors import UnreadableError
from epyflow.operations.runs.latest_runs import find_latest_runs
from epyflow.operations.runs.run_lookup import find_run
from epyflow.storage.disk import Disk


@pytest.fixture(autouse=True)
def runs(made_up: MadeUp) -> None:
    """Of flu the first of two runs has finished, and after it the only one of covid."""
    made_up.finished("us/flu/first")
    made_up.write("results/us/flu/latest", "first\n")
    made_up.finished("us/covid/main")
    made_up.write("results/us/covid/latest", "main\n")
    made_up.tasks("us/flu/second", 2, [0])


@pytest.mark.parametrize(
    ("named", "run_id", "folder"),
    [
        ("us/flu/latest", None, "us/flu/first"),
        ("us/flu", "latest", "us/flu/first"),
        ("results/us/flu/latest", None, "us/flu/first"),
        ("latest", None, "us/covid/main"),
        ("us/flu", None, "us/flu/second"),  # the newest, finished or not
    ],
)
def test_the_word_stands_for_the_newest_finished_run(named, run_id, folder):
    assert find_run(named, run_id, None)[1].folder == folder


def test_each_experiment_has_one_the_one_that_ended_last_first(made_up):
    found = find_latest_runs(Disk(made_up.root), "us/*")

    assert [run.folder for run in found] == ["us/covid/main", "us/flu/first"]


@pytest.mark.parametrize("text", ["gone\n", "../covid/main", "", "\udcff", "first\n" + " " * 600])
def test_a_file_that_names_no_run_of_the_experiment_names_none(made_up, text):
    data = text.encode(errors="surrogateescape")
    (made_up.root / "results" / "us" / "flu" / "latest").write_bytes(data)

    with pytest.raises(UnreadableError, match="results/us/flu/latest is missing, or names a run"):
        find_run("us/flu/latest", None, None)


def test_an_experiment_of_which_no_run_has_finished_has_none(made_up):
    made_up.finished("us/rsv/main")

    with pytest.raises(UnreadableError, match=r"no finished run: \./results/us/rsv/latest"):
        find_run("us/rsv", "latest", None)
