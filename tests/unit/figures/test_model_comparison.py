"""Forecasts of several models beside each other: what is taken from them, and what is drawn."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from epyflow.figures.model_comparison import (
    LEVELS,
    comparison_chart,
    draw_comparison,
    intervals,
    seen_of,
    weekly_target,
)
from epyflow.figures.read_tables import Place
from tests.unit.figures.legibility import cut_off, overlapping
from tests.unit.figures.test_fan_chart import titles

PLACES = [Place("B", "Boston"), Place("A", "Alabama", "US-AL")]
SPELLINGS = {"B": ["25", "Boston"], "A": ["01"]}
NAMES = {"25": "Boston", "Boston": "Boston", "01": "Alabama"}
WEEKS = ("2025-01-18", "2025-01-25")
OUTCOMES = pd.DataFrame(
    {
        "location": ["01", "01", "01", "99"],
        "target_end_date": ["2025-01-11", *WEEKS, WEEKS[0]],
        "observed": [90.0, 105.0, 115.0, 1.0],
    }
)
KNOWN = {"cases": {"A": ([date(2025, 1, 4), date(2025, 1, 11)], [70.0, 80.0])}}


def submission(model, median, locations=("01", "25"), weeks=WEEKS, target="cases"):
    """Quantiles at 0.025, 0.25, ... that are the median and 100 times the level less 50."""
    rows = [
        (model, target, place, week, "quantile", f"{level:g}", median + 100 * level - 50, str(n))
        for place in locations
        for n, week in enumerate(weeks)
        for level in (*LEVELS, 0.9)
    ]
    columns = ["model", "target", "location", "target_end_date", "output_type"]
    return pd.DataFrame(rows, columns=[*columns, "output_type_id", "value", "horizon"])


def both():
    other = submission("a-base", 200, ["01", "99"], [*WEEKS, "2025-02-01"])
    return pd.concat([other, submission("uni-sir", 100)], ignore_index=True)


def test_the_runs_own_model_is_first_and_others_only_have_its_locations_and_weeks():
    table = intervals(both(), "uni-sir", NAMES)

    assert table[["location", "model", "target_end_date"]].to_numpy().tolist() == [
        ["Boston", "uni-sir", WEEKS[0]],
        ["Boston", "uni-sir", WEEKS[1]],
        ["Alabama", "uni-sir", WEEKS[0]],
        ["Alabama", "uni-sir", WEEKS[1]],
        ["Alabama", "a-base", WEEKS[0]],
        ["Alabama", "a-base", WEEKS[1]],
    ]
    assert table.iloc[0, 3:].tolist() == [52.5, 75.0, 100.0, 125.0, 147.5]
    assert table.iloc[4, 3:].tolist() == [152.5, 175.0, 200.0, 225.0, 247.5]


def test_of_age_groups_the_runs_first_is_drawn_not_their_mean():
    others = both().assign(age_group="old")
    others["value"] *= 10
    ages = pd.concat([both().assign(age_group="young"), others])

    table = intervals(ages, "uni-sir", NAMES)

    pd.testing.assert_frame_equal(table, intervals(both(), "uni-sir", NAMES))


def test_the_target_is_the_first_of_the_own_model_that_has_horizons():
    peak = submission("uni-sir", 1, target="peak").assign(horizon="NA")
    other = submission("a-base", 1, target="deaths")

    forecasts = pd.concat([other, peak, submission("uni-sir", 1)])

    assert weekly_target(forecasts, "uni-sir") == "cases"
    assert weekly_target(peak, "uni-sir") is None


def test_marks_are_the_medians_beside_each_other_and_rings_are_what_came():
    seen = seen_of(PLACES, KNOWN["cases"], OUTCOMES, NAMES)
    figure = comparison_chart(intervals(both(), "uni-sir", NAMES), seen, "Forecasts")

    assert titles(figure) == ["Boston", "Alabama"]
    rings, dots, own, base = figure.axes[1].lines
    assert rings.get_ydata().tolist() == [90, 105, 115]
    assert rings.get_markerfacecolor() == "white"
    assert dots.get_ydata().tolist() == [70, 80]
    assert own.get_ydata().tolist() == [100, 100]
    assert base.get_ydata().tolist() == [200, 200]
    # Side by side around the last day of the week.
    assert np.add(own.get_xdata(), base.get_xdata()) / 2 == pytest.approx(rings.get_xdata()[1:])
    assert (own.get_xdata() < base.get_xdata()).all()
    thin, thick = figure.axes[1].collections[:2]
    ends = [[segment[:, 1].tolist() for segment in each.get_segments()] for each in (thin, thick)]
    assert ends == [[[52.5, 147.5]] * 2, [[75, 125]] * 2]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["uni-sir", "a-base", "Observed, as then known", "Observed, as known since"]


@pytest.mark.parametrize("count", [1, 2, 9, 52])
def test_every_location_has_a_panel_and_no_text_is_cut_off(count):
    one = intervals(both(), "uni-sir", {"01": "Alabama"})
    names = [f"Northern Carolina {n}" for n in range(count)]
    table = pd.concat([one.assign(location=name) for name in names])
    values = table.columns[3:]
    table[values] *= 100
    unseen = seen_of(PLACES, {}, OUTCOMES, {})

    figure = comparison_chart(table, unseen, "Forecasts beside other models")

    assert titles(figure) == names
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def draw(folder, forecasts):
    draw_comparison(
        forecasts,
        OUTCOMES,
        KNOWN,
        own="uni-sir",
        places=PLACES,
        spellings=SPELLINGS,
        title="Forecasts",
        labels={"wk inc flu hosp": "Admissions"},
        path=folder / "a.svg",
        numbers=folder / "a.csv",
    )
    return (folder / "a.svg").read_bytes(), (folder / "a.csv").read_text().splitlines()


def test_the_figure_and_its_table_are_the_same_bytes_each_time(tmp_path):
    svg, table = draw(tmp_path, both())

    assert draw(tmp_path, both()) == (svg, table)
    assert b"Forecasts: cases" in svg
    assert table[1] == "Boston,uni-sir,2025-01-18,52.5,75,100,125,147.5"
    assert len(table) == 1 + 6


def test_a_submission_without_weekly_quantiles_says_so(tmp_path):
    svg, table = draw(tmp_path, both().assign(output_type="sample"))

    assert b"Forecasts" in svg
    assert len(table) == 1
