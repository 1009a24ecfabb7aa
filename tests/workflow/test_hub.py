"""Submissions and scores in the workflow: with and without a hub, and for a season replayed."""

import csv
import json
from collections import Counter

import pandas as pd
import pyarrow.parquet as pq
import pytest
from made_up_hubs import tasks, write_hub

from epyflow.operations.runs.coordinator_record import read_record
from epyflow.storage.disk import Disk
from forecast_hub.checks.validation import validate
from forecast_hub.config import flusight
from tests.workflow.forecasting import (
    forecast,
    write_hub_with_baseline,
    write_target_data,
    write_vintage,
)
from tests.workflow.workspace import EPYFLOW, Workspace

SUBMITTED = ("--until", "make_submission")
"""For snakemake: the submission and what the hub's checks say of it, and no figure."""

DATES = ["2025-02-08", "2025-02-15"]


def results(workspace: Workspace, run_id: str = "main"):
    return workspace.folder / "results" / "small" / run_id


def test_without_a_hub_flusights_rows_are_made_and_what_cannot_be_made_is_said(workspace):
    targets = [{"target": name} for name in flusight.TARGETS]
    forecast(workspace, "flusight_format", reference_date="2025-02-15", targets=targets)
    workspace.change("output", lambda y: y["output"].update(posteriors=True))
    own_prior(workspace)
    final = write_target_data(workspace)

    done = workspace.run(target_data=final)

    assert done.code == 0, done.text
    rows = workspace.table("output_hub_formatted")
    assert rows[0] == [
        "reference_date", "target", "horizon", "location", "target_end_date",
        "output_type", "output_type_id", "value",
    ]  # fmt: skip
    made = Counter((row[1], row[5]) for row in rows[1:])
    assert made == {
        # Two states; the projection ends on 2025-03-02, so horizon 3 is not there.
        ("wk inc flu hosp", "quantile"): 2 * 4 * 23,
        ("wk flu hosp rate change", "pmf"): 2 * 3 * 5,
    }
    said = json.loads((results(workspace) / "outputs" / "run_metadata.json").read_text())
    left_out = said["left_out_of_submission"]
    assert len(left_out) == 3
    assert any("sample" in each and "5 trajectories" in each for each in left_out)
    peaks = [each for each in left_out if "peak" in each]
    assert all("expected all weeks from 2024-11-23 to 2025-05-31" in each for each in peaks)
    file = results(workspace) / "hub" / "2025-02-15-team-model.csv"
    findings = json.loads(file.with_name(f"{file.name}.findings.json").read_text())
    assert findings["accepted"] is True
    assert findings["left_out"] == left_out
    trends = pd.read_csv(results(workspace) / "figures" / "rate_trends.csv")
    assert trends["location"].tolist() == ["Massachusetts"] * 3 + ["New York"] * 3
    assert trends.iloc[:, 3:].sum(axis=1).tolist() == pytest.approx([1] * 6)
    pages = results(workspace) / "figures" / "categorical_rate_trends.pdf"
    assert pages.read_bytes().startswith(b"%PDF")
    compared = pd.read_csv(results(workspace) / "figures" / "model_comparison.csv")
    # Horizons -1 to 2 of each state, against later observations; there is no other model.
    assert compared.groupby(["location", "model"]).size().to_dict() == {
        ("Massachusetts", "team-model"): 4,
        ("New York", "team-model"): 4,
    }
    assert compared.notna().all(axis=None)
    assert (results(workspace) / "figures" / "model_comparison.svg").is_file()
    log = workspace.folder / "logs" / "small" / "main" / "make_submission.log"
    assert all(each in log.read_text() for each in left_out)
    observed = pd.read_csv(results(workspace) / "builder-artifacts" / "observed.csv")
    known = observed[observed["population"] == "United_States_New_York"].set_index("date")
    # Known were the weeks to 2025-02-08; the projection ends on 2025-03-02.
    assert known["then"].dropna().tolist() == [40.0, 80.0, 120.0, 160.0, 200.0]
    assert known["since"].tolist() == [45.0, 85.0, 125.0, 165.0, 205.0, 245.0, 285.0, 325.0]
    write_vintage(workspace, "2025-02-22")
    jobs = workspace.plan(target_data=final).jobs
    assert jobs == {"gather_observations": 1, "draw_figures": 1, "finish_run": 1}
    with (results(workspace) / "run_cost.csv").open() as file:
        cost = Counter((row["stage"], row["rule"]) for row in csv.DictReader(file))
    assert cost["hub", "make_submission"] == cost["figures", "draw_figures"] == 1
    # Drawn on the coordinator, as what is scored is.
    assert ("figures", "draw_scores") not in cost
    priors = json.loads((results(workspace) / "builder-artifacts" / "priors.json").read_text())
    assert priors == {"R0": {"name": "uniform", "args": [1.2, 1.5], "kwargs": {}}}


def own_prior(workspace: Workspace) -> None:
    """Let a function of the experiment's own say the prior."""
    folder = workspace.config.parent / "functions"
    folder.mkdir()
    text = "from scipy import stats\n\n\ndef mine():\n    return stats.uniform(1.2, 1.5)\n"
    (folder / "own.py").write_text(text)

    def ask(data):
        custom = {"prior": {"type": "custom", "name": "mine"}}
        data["modelset"]["calibration"]["parameters"]["R0"] = custom

    workspace.change("modelset", ask)


def made_up_hub(workspace: Workspace) -> str:
    """A hub of other columns, targets, levels and dates, whose places are named in full."""
    document = tasks()
    for task in document["rounds"][0]["model_tasks"]:
        ids = task["task_ids"]
        ids["forecast_date"]["optional"] = ["2025-02-10", "2025-02-17"]
        ids["region"] = {"required": None, "optional": ["Massachusetts", "New York", "north"]}
    return str(write_hub(workspace.folder / "another-hub", document))


def test_another_hub_is_served_by_configuration_alone(workspace):
    hub = made_up_hub(workspace)
    forecast(
        workspace,
        "hub_format",
        reference_date="2025-02-10",
        targets=[
            {
                "target": "cases",
                "simulation": [f"S_to_I_{age}"],
                "task_ids": {"age": age},
            }
            for age in ("0-17", "18+")
        ],
    )

    done = workspace.run(
        *SUBMITTED, hub=hub, team_abbr="uni", model_abbr="sir_2", hub_file_format="parquet"
    )

    assert done.code == 0, done.text
    path = results(workspace) / "hub" / "2025-02-10-uni-sir_2.parquet"
    assert validate(path, workspace.folder / "another-hub").accepted()
    frame = pq.read_table(path).to_pandas()
    assert set(frame["region"]) == {"Massachusetts", "New York"}
    # A round on a Monday: horizon 1 is the week that it is in, so 3 ends on 2025-03-01.
    assert set(frame["horizon"]) == {1, 2, 3}
    assert set(frame[frame["output_type"] == "quantile"]["output_type_id"]) == {"0.1", "0.5", "0.9"}
    assert set(frame["output_type"]) == {"quantile", "mean", "sample"}


def test_a_submission_that_the_hub_would_refuse_stops_the_run_and_names_the_rows(workspace):
    document = tasks()
    for task in document["rounds"][0]["model_tasks"]:
        ids = task["task_ids"]
        ids["forecast_date"]["optional"] = ["2025-02-10"]
        ids["region"] = {"required": ["north"], "optional": ["Massachusetts", "New York"]}
    hub = write_hub(workspace.folder / "another-hub", document)
    one = {"target": "cases", "simulation": ["S_to_I_total"], "task_ids": {"age": "18+"}}
    forecast(workspace, "hub_format", reference_date="2025-02-10", targets=[one])

    done = workspace.run("--keep-going", "--keep-incomplete", hub=str(hub))

    assert done.code == 1
    assert "the hub would refuse it" in done.text
    assert "region north" in done.text
    name = "2025-02-10-team-model.csv"
    findings = json.loads((results(workspace) / "hub" / f"{name}.findings.json").read_text())
    assert findings["accepted"] is False
    # All else is there; only the word that the run is complete is not.
    assert (results(workspace) / "figures" / "fit_coverage.svg").is_file()
    assert (results(workspace) / "figures" / "tasks.svg").is_file()
    assert (results(workspace) / "outputs" / "run_metadata.json").is_file()
    assert workspace.plan(hub=str(hub)).jobs == {"finish_run": 1}
    reported = workspace.run("--report", "report.html", hub=str(hub))
    assert "The run made all of its results, and then ended with an error" in reported.text
    assert "not the results of the experiment" not in reported.text


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two reference dates of the small study, forecast and scored."""
    workspace = Workspace(tmp_path_factory.mktemp("replayed"))
    forecast(workspace, "flusight_format", reference_date="2025-02-15")
    done = workspace.run(**replay(workspace))
    assert done.code == 0, done.text
    return workspace


def replay(workspace: Workspace, *more: str) -> dict[str, str]:
    days = [*DATES, *more]
    return {
        "reference_dates": f"[{', '.join(days)}]",
        "target_data": write_target_data(workspace),
        "hub": write_hub_with_baseline(workspace, DATES),
    }


def test_a_replay_scores_the_forecasts_of_all_reference_dates(replayed):
    with (results(replayed) / "scores" / "mean_scores_by_reference_date.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["wis"]]

    assert {row["reference_date"] for row in rows} == set(DATES)
    assert {row["model"] for row in rows} == {"FluSight-baseline", "team-model"}
    # Two states; the projection ends on 2025-03-02: horizons 0 to 3, and 0 to 2.
    own = [row for row in rows if (row["model"], row["scale"]) == ("team-model", "log")]
    counts = {row["reference_date"]: int(row["forecasts"]) for row in own}
    assert counts == {"2025-02-08": 8, "2025-02-15": 6}
    scores = pd.read_csv(results(replayed) / "scores" / "quantile_scores.csv.gz")
    parts = scores["dispersion"] + scores["underprediction"] + scores["overprediction"]
    assert (scores["wis"] - parts).abs().max() < 1e-9


@pytest.fixture(scope="module")
def page(replayed: Workspace) -> str:
    """The report of the replay."""
    done = replayed.run("--report", "report.html", **replay(replayed))
    assert done.code == 0, done.text
    return (replayed.folder / "report.html").read_text()


def test_the_report_of_a_replay_has_its_scores_by_horizon(replayed, page):
    assert "figures/scores_by_horizon.svg" in page
    drawn = pd.read_csv(results(replayed) / "figures" / "scores_by_horizon.csv")
    # Two states; both dates have horizons -1 to 2, and the first has 3.
    own = drawn[(drawn["model"] == "team-model") & (drawn["scale"] == "natural")]
    own = own.set_index("horizon")
    assert own["forecasts"].to_dict() == {-1: 4, 0: 4, 1: 4, 2: 4, 3: 2}
    # The baseline has no past weeks.
    assert own.index[own["relative_wis"].isna()].tolist() == [-1]
    assert drawn["wis"].gt(0).all()


def test_the_report_of_a_replay_has_every_forecast_and_a_warning_of_worse_weeks(replayed, page):
    folder = results(replayed) / "figures"

    for state in ("Massachusetts", "New_York"):
        file = f"season/United_States_{state}.svg"
        assert page.count(f"figures/{file}") > 1  # on the first page, too
        assert "1 week after the reference date" in (folder / file).read_text()
    for file in ("season_scores.svg", "forecast_calibration.svg"):
        assert page.count(f"figures/{file}") > 1
    weeks = pd.read_csv(folder / "scores_by_week.csv").set_index(["model", "scale"])
    own = weeks.loc[("team-model", "natural")]
    # Two states; of the second date, horizon 3 is not forecast.
    assert own["forecasts"].tolist() == [8, 6]
    assert own["relative_wis"].gt(1).all()
    said = "in the last four weeks (reference dates 2025-02-08 to 2025-02-15) the forecasts were "
    assert f"{said}worse than FluSight-baseline" in " ".join(page.split())


def test_the_front_page_of_a_replay_says_what_its_forecasts_held(replayed, page):
    held = pd.read_csv(results(replayed) / "figures" / "forecast_coverage.csv")

    # Two states and two dates; the horizons of one are 0 to 3, of the other 0 to 2.
    assert held["forecasts"].tolist() == [4, 4, 4]
    assert held["observations"].tolist() == [14, 14, 14]
    assert "of 14 later observations of 4 forecasts" in page


def test_each_forecast_of_a_replay_saw_its_own_vintage_alone(replayed):
    for day, last in (("2025-02-08", "2025-02-01"), ("2025-02-15", "2025-02-08")):
        content = json.loads(
            (results(replayed, f"main/{day}") / "builder-artifacts" / "hub.json").read_text()
        )
        observed = content["observed"]["United_States_New_York"][0]["dates"]
        assert observed[-1] == last


def test_poisoned_later_vintages_change_no_earlier_forecast(replayed):
    write_vintage(replayed, "2025-02-08", times=1000)
    write_vintage(replayed, "2025-02-15", times=1000)

    jobs = replayed.plan(**replay(replayed)).jobs
    alone = replayed.run(
        "--forceall", reference_dates="[2025-02-08]", run_id="alone", hub=replay(replayed)["hub"]
    )
    write_vintage(replayed, "2025-02-08")
    write_vintage(replayed, "2025-02-15")

    # The forecast of 2025-02-15 alone has seen the first of the two: two states run again.
    assert jobs["run_task"] == 2
    assert jobs["make_submission"] == 1
    assert alone.code == 0, alone.text
    name = "2025-02-08-team-model.csv"
    clean, poisoned = (
        (results(replayed, f"{run}/2025-02-08") / "hub" / name).read_bytes()
        for run in ("main", "alone")
    )
    assert clean == poisoned


def test_no_file_of_a_replay_is_of_an_earlier_plan(replayed):
    done = replayed.run(**replay(replayed))

    assert "Nothing to be done" in done.text
    record = read_record("small", "main", Disk(replayed.folder))
    assert (record.wanted.unplanned, record.wanted.files["hub"]) == ((), 2)


def test_a_further_reference_date_runs_that_date_alone(replayed):
    assert replayed.plan(**replay(replayed)).jobs == {}

    jobs = replayed.plan(**replay(replayed, "2025-02-22")).jobs

    assert jobs["run_task"] == 2
    assert jobs["make_submission"] == 1
    assert jobs["score_forecasts"] == 1


def test_a_replay_is_complete_without_the_date_that_failed(replayed):
    hub = replay(replayed)["hub"]
    cut_vintage(replayed, "2025-02-08")
    both = f"[{', '.join(DATES)}]"
    failed = replayed.run("--keep-going", reference_dates=both, run_id="fewer", hub=hub)
    write_vintage(replayed, "2025-02-08")
    before = replayed.call([EPYFLOW, "status", "small/fewer"])

    alone = replayed.run(reference_dates=f"[{DATES[0]}]", run_id="fewer", hub=hub)
    after = replayed.call([EPYFLOW, "status", "small/latest"])
    errors = replayed.call([EPYFLOW, "logs", "small/fewer", "--failed"])
    cleaned = replayed.call([EPYFLOW, "clean", "--yes"])

    assert (failed.code, before.code) == (1, 1), before.text
    assert "Nothing to be done" in alone.text
    assert (after.code, errors.code, cleaned.code) == (0, 1, 0), after.text
    assert "small/fewer: complete" in after.text
    assert "build    2 of 2\n" in after.text
    left = results(replayed, f"fewer/{DATES[1]}")
    assert not list(left.glob("*-artifacts"))


def cut_vintage(workspace: Workspace, day: str) -> None:
    """Take New York out of what was known on a day."""
    path = workspace.study / "common-data" / "vintages" / f"cases_{day}.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if ",NY," not in line))


def test_editing_how_submissions_are_made_makes_them_anew_and_calibrates_nothing(replayed):
    module = replayed.copy_code() / "submission" / "result_rows.py"
    module.write_text(module.read_text() + "\nEDITED = True\n")

    jobs = replayed.plan(**replay(replayed)).jobs
    replayed.share_code()

    assert jobs.keys() <= {
        *("prepare_submission", "make_submission", "write_run_metadata", "finish_run"),
        *("score_forecasts", "draw_scores"),
    }
    assert jobs["make_submission"] == 2


def test_editing_scores_makes_scores_alone(replayed):
    module = replayed.copy_code() / "submission" / "scores.py"
    module.write_text(module.read_text() + "\nEDITED = True\n")

    jobs = replayed.plan(**replay(replayed)).jobs
    replayed.share_code()

    assert jobs == {"score_forecasts": 1, "draw_scores": 1}
