from types import SimpleNamespace

import pytest

from epyflow.errors import EpyflowError
from epyflow.run import forecast_plan


@pytest.fixture
def settings(tmp_path, monkeypatch):
    (tmp_path / "truth.csv").write_text("date,value\n")
    # A run is what its forecast is for, here; None makes none.
    monkeypatch.setattr(
        forecast_plan, "choose_destination", lambda experiment, settings: experiment
    )
    monkeypatch.setattr(forecast_plan, "_submissions_of_others", lambda made, settings: {})
    return SimpleNamespace(
        **{"target_data": str(tmp_path / "truth.csv"), "score_models": ()},
        **{"team_abbr": "team", "model_abbr": "model"},
    )


def test_forecasts_are_scored_against_the_target_data(settings):
    scores, files = forecast_plan.plan_scores({"main": "a hub", "other": None}, settings)

    assert scores is not None
    assert (scores.own, scores.baseline) == ("team-model", None)
    assert forecast_plan.RELATIVE not in scores.tables
    assert files == {"target_data": settings.target_data, "others": []}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "makes no forecast to score"),
        ({"target_data": "nowhere.csv"}, "'nowhere.csv' is not a file"),
        ({"target_data": None, "score_models": ("a",)}, "nothing is scored without target_data"),
    ],
)
def test_runs_without_anything_to_score_are_refused(settings, changes, says):
    vars(settings).update(changes)

    with pytest.raises(EpyflowError, match=says):
        forecast_plan.plan_scores({"main": None}, settings)


def test_without_target_data_nothing_is_scored(settings):
    settings.target_data = None

    assert forecast_plan.plan_scores({"main": "a hub"}, settings) == (None, {})
