"""Draw each figure from its data to its files."""

import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from epyflow.figures.figure_file import save
from epyflow.report import run_figures, score_figures
from epyflow.report.contents import FIGURES
from epyflow.report.drawing import COPIES, Given, draw
from epyflow.report.parts import copies_of
from epyflow.report.score_contents import COMPARISON_FIGURES, SCORE_FIGURES, SEASON_FIGURES

FILES = {
    "model": {"path": "model.svg"},
    "summary": {"summary": "summary.json", "numbers": "headline.csv"},
    "curves": {"path": "curves.json"},
    "outcomes": {"page": "outcomes.json", "numbers": "outcomes.csv"},
    "course_of_compartments": {"paths": ["fan_chart/compartments/{population}.svg"]},
    "course_of_transitions": {"paths": ["fan_chart/transitions/{population}.svg"]},
    "reproduction": {
        "paths": ["reproduction/{population}.svg"],
        "sheet": "reproduction_grid.svg",
        "table": "reproduction.csv",
    },
    "fits": {"paths": ["fit/{population}.svg"]},
    "forecast_grid": {"path": "forecast_grid.svg", "pages": "quantiles_grid_sidebyside.pdf"},
    "change_map": {"path": "change_map.svg", "numbers": "change_map.csv"},
    "fit_coverage": {"path": "fit_coverage.svg", "numbers": "fit_coverage.csv"},
    "calibration_progress": {
        "path": "calibration_progress.svg",
        "numbers": "calibration_progress.csv",
    },
    "posteriors": {"paths": ["posterior/{population}.svg"], "pages": "posterior_grid.pdf"},
    "posterior_intervals": {
        "path": "posterior_intervals.svg",
        "numbers": "posterior_intervals.csv",
    },
    "rate_trends": {
        "path": "rate_trends.svg",
        "numbers": "rate_trends.csv",
        "pages": "categorical_rate_trends.pdf",
    },
    "scores_by_horizon": {"path": "scores_by_horizon.svg", "numbers": "scores_by_horizon.csv"},
    "forecast_coverage": {"path": "forecast_coverage.csv"},
    "relative_scores": {"weeks": "scores_by_week.csv", "places": "scores_by_location.csv"},
    "season_scores": {"path": "season_scores.svg"},
    "season_forecasts": {"paths": ["season/{population}.svg"]},
    "forecast_calibration": {
        "path": "forecast_calibration.svg",
        "numbers": "forecast_calibration.csv",
    },
    "model_comparison": {"path": "model_comparison.svg", "numbers": "model_comparison.csv"},
}
"""Charts are svg or png, sheets of all populations pdf, numbers csv or json."""

SERIES = SimpleNamespace(dates=(date(2025, 1, 11),), counts=np.array([3.0]))
BRIEF = SimpleNamespace(
    spellings={},
    targets=(
        SimpleNamespace(target="cases", task_ids={"age_group": "young"}),
        SimpleNamespace(target="cases", task_ids={"age_group": "old"}),
    ),
    observed={"Left": (None, SERIES), "Right": (SERIES, None)},
    reference_date=date(2025, 1, 18),
)


FORECASTS = pd.DataFrame({"model": [], "output_type": [], "target": []})


class Anything(dict):
    """Files and a description of an experiment: whatever a figure asks for."""

    def __missing__(self, key):
        return Path(key)


def drawn(figure, monkeypatch, *kept, others=()):
    """Draw a figure with functions that only record their arguments, except those kept."""
    module = run_figures if figure in run_figures.DRAW else score_figures
    calls = []
    for name in vars(module):
        if name.startswith(("draw_", "write_")) or name == "summarise":
            monkeypatch.setattr(module, name, lambda *given, **named: calls.append((given, named)))
    monkeypatch.setattr(module, "read_brief", lambda path: BRIEF)
    monkeypatch.setattr(score_figures, "read_forecasts", lambda paths: FORECASTS)
    monkeypatch.setattr(score_figures, "read_ahead", lambda path: pd.DataFrame())
    if not kept:
        monkeypatch.setattr(score_figures, "_outcomes", lambda *given: "outcomes")
    scores = SimpleNamespace(own="a-b", baseline=None)
    about = Anything(quantities={}, fit={"units": ["count"]}, time={"period": "week"})
    plan = SimpleNamespace(exp_id="flu", populations=(), labels={}, about=about, scores=scores)
    listed = (*FIGURES, *SCORE_FIGURES, *SEASON_FIGURES, *COMPARISON_FIGURES)
    (pages,) = (each.pages for each in listed if each.name == figure)
    given = Given(Anything(), plan, [Path("own.csv")], others=others)
    module.DRAW[figure](given, [Path(page.path) for page in pages])
    (call,) = calls
    return call


@pytest.mark.parametrize("figure", [*run_figures.DRAW, *score_figures.DRAW])
def test_each_figure_is_drawn_to_its_own_files(figure, monkeypatch):
    given, named = drawn(figure, monkeypatch)

    if figure == "forecast_coverage":
        named = {"path": given[2]}
    if figure == "relative_scores":
        named = {"weeks": given[3], "places": given[4]}
    found = {key: named[key] for key in named if key in FILES[figure]}
    assert found == {
        key: [Path(each) for each in value] if isinstance(value, list) else Path(value)
        for key, value in FILES[figure].items()
    }


def test_a_comparison_shows_what_was_known_and_came_of_the_age_group_that_is_drawn(
    monkeypatch, tmp_path
):
    columns = ("model", "target", "horizon", "location", "age_group", "output_type", "value")
    rows = [("a-b", "cases", "0", "25", age, "quantile", 1.0) for age in ("old", "young")]
    truth = tmp_path / "truth.csv"
    truth.write_text("date,location,age_group,value\n2025-01-18,25,young,5\n2025-01-18,25,old,9\n")
    frame = pd.DataFrame(rows, columns=columns)
    monkeypatch.setattr(sys.modules[__name__], "FORECASTS", frame)
    monkeypatch.setattr(Anything, "__missing__", lambda self, key: truth)

    (_, outcomes, known), _ = drawn("model_comparison", monkeypatch, "_outcomes")

    assert known == {"Left": ((date(2025, 1, 11),), [3.0])}
    assert outcomes["observed"].tolist() == [9]


def test_a_comparison_leaves_out_a_file_of_another_model_that_cannot_be_used(
    monkeypatch, tmp_path, caplog
):
    other = tmp_path / "2025-01-18-c-d.csv"
    other.write_text("no forecast")

    (forecasts, *_), _ = drawn("model_comparison", monkeypatch, others=[other])

    assert forecasts.columns.tolist() == FORECASTS.columns.tolist()
    assert f"{other}: not compared: no column" in caplog.text


def test_a_figure_is_also_saved_in_the_kinds_asked_for_and_its_numbers_are_not(tmp_path):
    def draw_map(given, paths):
        save(Figure(), paths[0])
        paths[1].write_text("numbers")

    drawn = [tmp_path / "map.svg", tmp_path / "map.csv"]
    wanted = [tmp_path / copy for copy in copies_of("map.svg", ["pdf", "svg", "png"])]

    draw({"map": drawn, COPIES: wanted}, Given({}, SimpleNamespace()), {"map": draw_map})

    assert [path.name for path in wanted] == ["map.pdf", "map.png"]
    starts = {path.suffix: path.read_bytes()[:4] for path in wanted}
    assert starts == {".pdf": b"%PDF", ".png": b"\x89PNG"}
    assert copies_of("map.csv", ["pdf"]) == copies_of("posterior_grid.pdf", ["png"]) == []
