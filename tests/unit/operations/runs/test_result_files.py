"""The last lines of a run: where its results are, and what they say."""

import json
from pathlib import Path

import pytest
from tests.unit.run.made_up import plan_of, run_plan

from epyflow.operations.runs.result_files import describe_results
from epyflow.report.front_page import front_page
from epyflow.run.plan import Scores, Submission
from epyflow.storage.disk import Disk

PAGE = {
    "forcing": [],
    "quantities": {},
    "without_curves": False,
    "without_reproduction": None,
}
DAYS = ("2025-02-08", "2025-02-15")
SCORES = """\
model,target,scale,reference_date,forecasts,wis,baseline_wis,relative_wis,baseline
a-b,cases,natural,2025-02-08,8,30,60,0.5,base
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path, text=""):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def write_run(run, *, accepted):
    write(run.layout.metadata)
    found = {"hub": "A hub", "file": run.submission.file, "rows": 1, "accepted": accepted}
    write(run.layout.findings(run.submission.file), json.dumps(found))


def submitted(run_id, day):
    return run_plan(exp_id="flu", run_id=run_id, submission=Submission(f"{day}-a-b.csv", "", ()))


@pytest.mark.parametrize(("accepted", "verdict"), [(True, "accept"), (False, "refuse")])
def test_a_submission_is_named_with_the_verdict_of_its_hub(accepted, verdict):
    run = submitted("main", DAYS[0])
    write_run(run, accepted=accepted)

    assert describe_results(plan_of(run)) == [
        ("Tables", "results/flu/main/outputs/*.csv.gz"),
        (
            "Submission",
            f"results/flu/main/hub/2025-02-08-a-b.csv: A hub would {verdict} 2025-02-08-a-b.csv "
            "with 1 row, by its own checks.",
        ),
        ("Warnings", "not checked: this run has no summary"),
    ]


def test_a_replay_has_its_scores_and_a_pattern_for_the_files_of_its_dates():
    runs = [submitted(f"main/{day}", day) for day in DAYS]
    about = {"fit": {"particles": 24}}
    plan = plan_of(*runs, scores=Scores("", "a-b", "base", ("mean_scores.csv",)), about=about)
    for run in runs:
        write_run(run, accepted=run is runs[0])
    write(plan.layout.score("mean_scores.csv"))
    unscored = describe_results(plan)
    write(plan.layout.figure("scores_by_week.csv"), SCORES)
    rough = "Each calibration has 24 particles, fewer than 100; intervals are rough."

    assert unscored[2] == ("Scores", "results/flu/main/scores/*.csv")
    assert describe_results(plan) == [
        ("Tables", "results/flu/main/*/outputs/*.csv.gz"),
        (
            "Submission",
            "results/flu/main/*/hub/*-a-b.csv: A hub would accept 1 of 2 submissions.",
        ),
        (
            "Scores",
            "results/flu/main/scores/*.csv: cases: over 8 later observations, WIS 0.50 times "
            "(on counts) that of base.",
        ),
        ("Warnings", "1 on the first page of the report:"),
        ("", rough),
    ]
    write(plan.layout.figure("scores_by_week.csv"), SCORES.replace("30", "90"))
    worse = describe_results(plan)
    assert worse[-3:-1] == [("Warnings", "2 on the first page of the report:"), ("", rough)]
    assert "the forecasts were worse than base: WIS 1.50 times" in worse[-1][1]


def test_nothing_is_said_of_a_run_in_a_bucket():
    assert describe_results(plan_of(submitted("main", DAYS[0]))) == []


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ({"warnings": [], "passed": ["every task gave a result"]}, ["none"]),
        ({"warnings": ["W1."]}, ["1 on the first page of the report:", "W1."]),
        (
            {"warnings": [f"W{number}." for number in range(7)]},
            [
                "7 on the first page of the report:",
                *(f"W{number}." for number in range(5)),
                "and 2 more, on the first page of the report",
            ],
        ),
        (
            {"warnings": "W"},
            [
                "not known: the files of the report's first page: results/flu/main/figures/"
                "summary.json: damaged: warnings: Input should be a valid array"
            ],
        ),
    ],
)
def test_the_warnings_are_those_of_the_first_page_also_of_a_run_in_a_bucket(
    tmp_path, summary, said
):
    plan = plan_of(submitted("main", DAYS[0]))
    write(tmp_path / "bucket" / plan.layout.figure("summary.json"), json.dumps(summary))

    found = describe_results(plan, Disk(tmp_path / "bucket", "gs://bucket"))

    assert [kind for kind, _ in found] == ["Warnings", *[""] * (len(said) - 1)]
    assert [text for _, text in found] == said
    if isinstance(summary["warnings"], list):
        page = front_page(plan.about | PAGE, json.dumps(summary | {"headline": []}).encode())
        assert len(page["warnings"]) == len(summary["warnings"])


def test_a_warning_of_the_checks_comes_first():
    run = submitted("main", DAYS[0])
    write_run(run, accepted=True)
    plan = plan_of(run, about={"fit": None, "warnings": ["the data are old"]})

    assert describe_results(plan)[-1] == ("", "The data are old.")
