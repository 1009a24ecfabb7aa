"""Rate trends: what of a submission is drawn, how long each part is, and what it is called."""

import pandas as pd
import pytest

from epyflow.figures.rate_trends import (
    COLOURS,
    PANELS_ON_A_PAGE,
    draw_rate_trends,
    names_of_codes,
    rate_trend_chart,
    rate_trend_page,
    rate_trends,
)
from epyflow.figures.read_tables import Place
from forecast_hub.config.flusight import CLASSES
from tests.unit.figures.legibility import cut_off, overlapping, shown_texts
from tests.unit.figures.test_fan_chart import titles

PLACES = [Place("B", "Boston"), Place("A", "Alabama", "US-AL"), Place("C", "Carolina")]
SPELLINGS = {"B": ["Boston", "25"], "A": ["01", "AL"], "C": ["37"]}
ENDS = ["2025-01-18", "2025-01-25"]


def submission(shares=None):
    """Rows of two locations and two horizons, and one of another target, in no order."""
    shares = shares or {("01", 0): [0.1, 0.2, 0.3, 0.4, 0], ("01", 1): [1, 0, 0, 0, 0]}
    shares |= {("25", 1): [0, 0, 0.5, 0.25, 0.25]}
    rows = [
        (place, str(n), ENDS[n], "wk flu hosp rate change", "pmf", name, str(value))
        for (place, n), values in shares.items()
        for name, value in zip(CLASSES, values, strict=True)
    ]
    rows.append(("01", "0", ENDS[0], "wk inc flu hosp", "quantile", "0.5", "120"))
    columns = ["location", "horizon", "target_end_date", "target", "output_type"]
    return pd.DataFrame(rows[::-1], columns=[*columns, "output_type_id", "value"])


def test_a_row_is_a_location_as_people_call_it_and_a_horizon():
    table = rate_trends(submission(), names_of_codes(PLACES, SPELLINGS))

    assert table.columns.tolist() == ["location", "horizon", "target_end_date", *CLASSES]
    # In the order of the places, horizons ascending.
    assert table.to_numpy().tolist() == [
        ["Boston", 1, "2025-01-25", 0, 0, 0.5, 0.25, 0.25],
        ["Alabama", 0, "2025-01-18", 0.1, 0.2, 0.3, 0.4, 0],
        ["Alabama", 1, "2025-01-25", 1, 0, 0, 0, 0],
    ]


def test_a_location_that_is_no_population_is_called_as_the_hub_does_and_is_last():
    table = rate_trends(submission(), {"25": "Boston"})

    assert table["location"].tolist() == ["Boston", "01", "01"]


def test_each_class_takes_its_share_of_the_bar_from_low_to_high():
    table = rate_trends(submission(), names_of_codes(PLACES, SPELLINGS))
    figure = rate_trend_chart(table, "Rate trends")

    assert titles(figure) == ["Boston", "Alabama"]
    bars = [[(bar.get_x(), bar.get_width()) for bar in kind] for kind in figure.axes[1].containers]
    first = [kind[0] for kind in bars]
    assert [left for left, _ in first] == pytest.approx([0, 0.1, 0.3, 0.6, 1.0])
    assert [width for _, width in first] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["Large decrease", "Decrease", "Stable", "Increase", "Large increase"]
    assert len(COLOURS) == len(CLASSES)
    # Shares with room for their number, in per cent, and the weeks.
    texts = {text.get_text() for text in shown_texts(figure)}
    assert {"10", "20", "30", "40", "100", "0: 18 Jan", "1: 25 Jan"} <= texts
    assert figure.axes[1].yaxis_inverted()


def many(count):
    shares = [0.09, 0.11, 0.6, 0.1, 0.1]
    rows = [
        (f"Northern Carolina {n}", horizon, f"2025-01-{11 + 4 * horizon}", *shares)
        for n in range(count)
        for horizon in range(4)
    ]
    return pd.DataFrame(rows, columns=["location", "horizon", "target_end_date", *CLASSES])


@pytest.mark.parametrize("count", [1, 2, 9, 10, 52])
def test_every_location_has_a_panel_and_no_text_is_cut_off(count):
    figure = rate_trend_chart(many(count), "Rate trends: probability of each class, per cent")

    assert len(figure.axes) == count
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_no_text_of_a_page_is_cut_off():
    figure = rate_trend_page(many(PANELS_ON_A_PAGE), "Rate trends")

    assert len(figure.axes) == PANELS_ON_A_PAGE
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def draw(folder, rows):
    path = folder / "output_hub_formatted.csv.gz"
    rows.to_csv(path, index=False)
    draw_rate_trends(
        path,
        places=PLACES,
        spellings=SPELLINGS,
        title="Rate trends",
        path=folder / "a.svg",
        numbers=folder / "a.csv",
        pages=folder / "a.pdf",
    )
    return [(folder / f"a.{kind}").read_bytes() for kind in ("svg", "csv", "pdf")]


def test_the_figure_its_table_and_its_pages_are_the_same_bytes_each_time(tmp_path):
    made = draw(tmp_path, submission())

    assert made == draw(tmp_path, submission())
    assert b"Rate trends (2 of 3 locations; the others have no rows)" in made[0]
    assert made[1].decode().splitlines()[1] == "Boston,1,2025-01-25,0,0,0.5,0.25,0.25"
    assert made[2].startswith(b"%PDF")


def test_a_submission_without_rate_trends_says_so(tmp_path):
    rows = submission()

    svg, table, _ = draw(tmp_path, rows[rows["output_type"] == "quantile"])

    assert b"Rate trends" in svg
    assert table.decode().splitlines() == [
        ",".join(["location", "horizon", "target_end_date", *CLASSES])
    ]
