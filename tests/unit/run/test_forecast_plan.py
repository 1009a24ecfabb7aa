import json
from datetime import date
from types import SimpleNamespace

import pytest
from made_up_hubs import tasks, write_hub

from epyflow.errors import EpyflowError
from epyflow.population.locations import find
from epyflow.run import forecast_plan


def forecast(folder=None, day=date(2025, 1, 4)):
    """Return a forecast for the hub in a folder; None for one whose files are not here."""
    return SimpleNamespace(folder=folder, reference_date=day)


def run(hub=None):
    """Return an experiment of California that makes a forecast for a hub, or none."""
    return SimpleNamespace(hub=hub, populations=(find("US-CA"),))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    (tmp_path / "truth.csv").write_text("date,location,value\n2025-01-04,06,1\n")
    monkeypatch.setattr(
        forecast_plan, "choose_destination", lambda experiment, settings: experiment.hub
    )
    return SimpleNamespace(
        **{"target_data": str(tmp_path / "truth.csv"), "score_models": ()},
        **{"team_abbr": "team", "model_abbr": "model"},
    )


def test_forecasts_are_scored_against_the_target_data(settings):
    scores, files = forecast_plan.plan_scores({"main": run(forecast()), "other": run()}, settings)

    assert scores is not None
    assert (scores.own, scores.baseline) == ("team-model", None)
    assert forecast_plan.RELATIVE not in scores.tables
    assert files == {"target_data": settings.target_data, "others": []}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "makes no forecast to score"),
        ({"target_data": "nowhere.csv"}, "target_data: nowhere.csv: no such file"),
        ({"target_data": None, "score_models": ("a",)}, "nothing is scored without target_data"),
    ],
)
def test_runs_without_anything_to_score_are_refused(settings, changes, says):
    vars(settings).update(changes)

    with pytest.raises(EpyflowError, match=says):
        forecast_plan.plan_scores({"main": run()}, settings)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2025-01-04,6,1", r"target_data: .*truth.csv:2: location: '6' .* expected 06"),
        ("2025-01-04,CA,-1", r"target_data: .*truth.csv:2: value: is -1"),
        ("1/4/2025,CA,1", r"target_data: .*truth.csv:2: date: '1/4/2025' is not a date"),
    ],
)
def test_a_mistake_in_target_data_is_found_before_the_run(settings, tmp_path, row, says):
    (tmp_path / "truth.csv").write_text(f"date,location,value\n{row}\n")

    with pytest.raises(EpyflowError, match=says):
        forecast_plan.plan_scores({"main": run(forecast())}, settings)


NAMES = {
    **{"forecast_date": "origin_date", "outcome": "target", "region": "location"},
    **{"age": "age_group"},
}


def hub_of_ages(folder, *, end):
    """Write a hub with the usual columns; without ``end`` none says when a week ends."""
    text = json.dumps(tasks())
    for name, other in NAMES.items():
        text = text.replace(f'"{name}"', f'"{other}"')
    document = json.loads(text)
    for task in document["rounds"][0]["model_tasks"] if end else ():
        task["task_ids"]["target_date"] = {"required": None, "optional": ["2026-03-07"]}
    return write_hub(folder, document)


def test_target_data_by_age_group_are_read_for_a_hub_of_age_groups(settings, tmp_path):
    rows = "2025-01-04,06,0-17,1\n2025-01-04,06,18+,2\n"
    (tmp_path / "truth.csv").write_text(f"date,location,age_group,value\n{rows}")
    made = forecast(hub_of_ages(tmp_path / "hub", end=True), date(2026, 3, 2))

    scores, _ = forecast_plan.plan_scores({"main": run(made)}, settings)

    assert scores is not None
    with pytest.raises(EpyflowError, match="age_group: the outcomes of one place"):
        forecast_plan.plan_scores({"main": run(forecast())}, settings)


def test_forecasts_that_cannot_be_scored_are_refused_before_the_run(settings, tmp_path):
    made = forecast(hub_of_ages(tmp_path / "hub", end=False), date(2026, 3, 2))

    with pytest.raises(EpyflowError, match="cannot be scored: they have no column target_end_date"):
        forecast_plan.plan_scores({"main": run(made)}, settings)


def test_a_hubs_folder_stands_for_its_target_data(settings, tmp_path):
    (tmp_path / "target-data" / "time-series" / "as_of=2025-01-11").mkdir(parents=True)
    part = tmp_path / "target-data" / "time-series" / "as_of=2025-01-11" / "part.csv"
    part.write_text("target_end_date,location,observation\n2025-01-04,06,1\n")
    settings.target_data = str(tmp_path)

    _, files = forecast_plan.plan_scores({"main": run(forecast())}, settings)

    assert files["target_data"] == str(tmp_path / "target-data" / "time-series")


def test_without_target_data_nothing_is_scored(settings):
    settings.target_data = None

    assert forecast_plan.plan_scores({"main": run(forecast())}, settings) == (None, {})


def test_forecasts_of_the_hubs_baseline_and_ensemble_are_scored_beside_them(settings, tmp_path):
    hub = write_hub(tmp_path / "hub", tasks())
    for model in ("x-baseline", "x-ensemble", "y-z"):
        folder = hub / "submissions" / model
        folder.mkdir(parents=True)
        for day in ("2025-01-04", "2025-01-11"):
            (folder / f"{day}-{model}.csv").touch()

    scores, files = forecast_plan.plan_scores({"main": run(forecast(hub))}, settings)

    assert [path.rpartition("/")[2] for path in files["others"]] == [
        "2025-01-04-x-baseline.csv",
        "2025-01-04-x-ensemble.csv",
    ]
    assert scores.baseline == "x-baseline"
    assert forecast_plan.RELATIVE in scores.tables


def test_models_are_not_named_without_the_hub_that_has_them(settings):
    settings.score_models = ("x-baseline",)

    with pytest.raises(EpyflowError, match="score_models: there is no hub to take them from"):
        forecast_plan.plan_scores({"main": run(forecast())}, settings)
