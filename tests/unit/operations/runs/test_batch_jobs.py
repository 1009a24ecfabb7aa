import pytest
from google.cloud import batch_v1

from epyflow.google.batch import label_value
from epyflow.operations.runs.batch_jobs import has_labels_of
from epyflow.operations.runs.snakemake_targets import parse_target

LONG = "a-name-of-sixty-two-characters-which-leaves-no-room-for-a-date"


def labelled(exp_id: str, run_id: str) -> batch_v1.Job:
    return batch_v1.Job(labels={"exp_id": label_value(exp_id), "run_id": label_value(run_id)})


@pytest.mark.parametrize(
    ("exp_id", "run_id", "expected"),
    [
        ("us/flu", "main", True),
        ("us-flu", "Main", True),  # it has the same labels
        ("us/flu", "main/2030-01-05", True),
        ("us/flu", "main-2", False),
        ("us/flu", "main-2030-01-05-again", False),
        ("us/covid", "main", False),
    ],
)
def test_labels_are_those_of_a_run_and_of_its_dates(exp_id, run_id, expected):
    assert has_labels_of(labelled(exp_id, run_id), "us/flu", "main") is expected


@pytest.mark.parametrize("run_id", [LONG, LONG[:-1], LONG[:55], f"{LONG}-and-more"])
def test_a_label_that_was_cut_before_the_date_may_be_of_the_run(run_id):
    assert has_labels_of(labelled("flu", f"{run_id}/2030-01-05"), "flu", run_id)
    assert not has_labels_of(labelled("flu", f"{run_id[:40]}-x"), "flu", run_id)


@pytest.mark.parametrize(
    ("text", "rule", "job", "run"),
    [
        ("run_task:exp_id=us/flu,run_id=main,i=00012", "run_task", "00012", ("us/flu", "main")),
        ("build_inputs:exp_id=flu,run_id=s/2030-01-05", "build_inputs", "", ("flu", "s")),
        ("plot:run_id=main,exp_id=flu,kind=a,part=b", "plot", "a/b", ("flu", "main")),
        ("all:", "all", "", None),
        ("other:x=1", "other", "1", None),
    ],
)
def test_a_target_tells_rule_job_and_run(text, rule, job, run):
    target = parse_target(text)

    assert (target.rule, target.job, target.run) == (rule, job, run)
