import pytest
from tests.unit.operations.runs.made_up import MadeUp

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.runs.run_lookup import find_run


@pytest.fixture(autouse=True)
def runs(made_up: MadeUp) -> None:
    made_up.finished("us/flu/first")
    made_up.finished("us/flu/second")
    made_up.finished("us/covid/main")
    made_up.finished("us/second/main")


@pytest.mark.parametrize(
    ("named", "run_id", "folder"),
    [
        ("us/flu", None, "us/flu/second"),  # the newest
        ("us/flu", "first", "us/flu/first"),
        ("us/flu/first", None, "us/flu/first"),
        ("results/us/flu/first/", None, "us/flu/first"),
        ("us/second", None, "us/second/main"),
    ],
)
def test_a_run_is_named_by_its_experiment_or_in_full(named, run_id, folder):
    assert find_run(named, run_id, None)[1].folder == folder


def test_a_folder_tells_where_the_run_is(made_up, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    storage, run = find_run(f"{made_up.root}/results/us/covid/main", None, None)

    assert (run.exp_id, run.run_id) == ("us/covid", "main")
    assert storage.below("results/us/covid/main")
    with pytest.raises(EpyflowError, match="expected no --storage"):
        find_run(f"{made_up.root}/results/us/covid/main", None, str(made_up.root))


@pytest.mark.parametrize(
    ("named", "run_id"),
    [("us/flu", "third"), ("us/flu/first", "second"), ("us", None), ("us/measles", None)],
)
def test_a_run_that_does_not_exist_is_refused(named, run_id):
    wanted = named if run_id is None else f"{named}/{run_id}"
    with pytest.raises(UnreadableError, match=f"no run {wanted} under"):
        find_run(named, run_id, None)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("../study/experiments/us/flu", "not the name of a run (did you mean us/flu?); "),
        ("./us/flu/config/", "not the name of a run (did you mean us/flu?); "),
        ("study/experiments/us/flu/config/output.yaml", "/results (did you mean us/flu?); "),
        ("/x/us/flu/first", "/results (did you mean us/flu/first?); "),
        ("../experiments/us/measles", "not the name of a run; expected the id of an experiment"),
        ("./us/covd", "not the name of a run (did you mean us/covid"),
    ],
)
def test_the_path_of_an_experiment_is_answered_with_its_id(named, said):
    with pytest.raises(UnreadableError) as refused:
        find_run(named, None, None)

    assert said in str(refused.value)
    assert str(refused.value).endswith("`epyflow runs` lists those there are")
