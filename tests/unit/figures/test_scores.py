"""Scores by horizon: what is put beside each other, and what is drawn of it."""

import numpy as np
import pandas as pd
import pytest

from epyflow.figures.scores import LOOKS, draw_scores, score_chart, scores_by_horizon
from tests.unit.figures.legibility import cut_off, overlapping
from tests.unit.figures.test_fan_chart import titles

COVERED = ["covered_50", "covered_90", "covered_95"]


def means(models=("a-base", "uni-sir"), target="cases"):
    """WIS 10 times the horizon and 1 for each model before; intervals that hold 0.4, 0.8, 0.9."""
    rows = [
        (model, scale, target, horizon, 6, 10 * int(horizon) + n + 1, 0.4, 0.8, 0.9)
        for n, model in enumerate(models)
        for scale in ("log", "natural")
        for horizon in ("-1", "0", "1")
    ]
    columns = ["model", "scale", "target", "horizon", "forecasts", "wis", *COVERED]
    return pd.DataFrame(rows, columns=columns)


def relative():
    rows = [
        (model, 6, value, scale, horizon, "cases")
        for model, value in (("a-base", 1.0), ("uni-sir", 0.5))
        for scale in ("log", "natural")
        for horizon in ("all", "0", "1")
    ]
    columns = ["model", "forecasts", "relative_wis", "scale", "horizon", "target"]
    return pd.DataFrame(rows, columns=columns)


def test_the_models_own_scores_are_first_with_relative_ones_where_there_are():
    table = scores_by_horizon(means(), relative(), "uni-sir")

    assert list(dict.fromkeys(table["model"])) == ["uni-sir", "a-base"]
    first = table.head(3)
    assert first["scale"].tolist() == ["natural"] * 3
    assert first["horizon"].tolist() == [-1, 0, 1]
    assert first["wis"].tolist() == [-8, 2, 12]
    assert np.isnan(first["relative_wis"][0])
    assert first["relative_wis"].tolist()[1:] == [0.5, 0.5]


def test_targets_without_horizons_and_scores_of_classes_are_left_out():
    peak = means(target="peak").assign(horizon="NA")
    classes = means(target="classes").assign(wis=np.nan)

    table = scores_by_horizon(pd.concat([means(), peak, classes]), None, "uni-sir")

    assert table["target"].unique().tolist() == ["cases"]
    assert table["relative_wis"].isna().all()


def values_of(axes):
    """The y values of every line that has a mark, in the order drawn."""
    return [line.get_ydata().tolist() for line in axes.lines if line.get_marker() != "None"]


def test_relative_scores_are_above_and_coverage_below_with_what_it_should_be():
    figure = score_chart(scores_by_horizon(means(), relative(), "uni-sir"), "Scores", "a-base")

    assert titles(figure) == [
        "Relative WIS, counts",
        "Relative WIS, logarithms",
        *(f"Inside the {level}% interval" for level in (50, 90, 95)),
    ]
    assert figure.get_suptitle() == "Scores: cases"
    own, base = values_of(figure.axes[0])
    assert own[1:] == [0.5, 0.5]
    assert base[1:] == [1.0, 1.0]
    low, high = figure.axes[0].get_ylim()
    assert low < 0.5
    assert high > 1
    for axes, share, level in zip(figure.axes[2:], (0.4, 0.8, 0.9), (0.5, 0.9, 0.95), strict=True):
        assert values_of(axes) == [[share] * 3] * 2
        assert [level, level] in [list(line.get_ydata()) for line in axes.lines]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["uni-sir", "a-base (baseline)"]


def test_without_a_baseline_the_scores_themselves_are_drawn():
    table = means().assign(wis=[3.0, 4.0, 5.0] * 4)

    figure = score_chart(scores_by_horizon(table, None, "uni-sir"), "Scores")

    assert titles(figure)[0] == "WIS, counts"
    assert values_of(figure.axes[0]) == [[3.0, 4.0, 5.0]] * 2


@pytest.mark.parametrize("models", [1, 3, len(LOOKS)])
@pytest.mark.parametrize("targets", [1, 2])
def test_no_text_is_cut_off_or_over_another(models, targets):
    names = [f"Institution-model_{n}" for n in range(models)]
    each = [means(names, f"wk inc flu {n}").assign(wis=2.5) for n in range(targets)]

    figure = score_chart(scores_by_horizon(pd.concat(each), None, names[0]), "Scores by horizon")

    assert len(figure.axes) == 5 * targets
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def draw(folder, table):
    table.to_csv(folder / "means.csv", index=False)
    relative().to_csv(folder / "relative.csv", index=False)
    draw_scores(
        folder / "means.csv",
        folder / "relative.csv",
        own="uni-sir",
        baseline="a-base",
        title="Scores",
        labels={"cases": "Cases in all"},
        path=folder / "a.svg",
        numbers=folder / "a.csv",
    )
    return (folder / "a.svg").read_bytes(), (folder / "a.csv").read_text().splitlines()


def test_the_figure_and_its_table_are_the_same_bytes_each_time(tmp_path):
    svg, table = draw(tmp_path, means())

    assert draw(tmp_path, means()) == (svg, table)
    assert b"<title>" in svg or b"<dc:title>" in svg
    assert table[0].split(",")[:4] == ["model", "target", "scale", "horizon"]
    assert table[2] == "uni-sir,cases,natural,0,6,2,0.5,0.4,0.8,0.9"


def test_scores_without_any_horizon_say_so(tmp_path):
    svg, table = draw(tmp_path, means().assign(horizon="NA"))

    assert b"Scores" in svg
    assert len(table) == 1
