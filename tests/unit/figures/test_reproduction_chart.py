from datetime import date

import numpy as np
import pandas as pd
import pytest

from epyflow.figures.read_tables import Place, dated
from epyflow.figures.reproduction_chart import (
    NAME,
    Numbers,
    draw_reproduction,
    drawn,
    reproduction_chart,
    reproduction_grid,
)
from epyflow.figures.style import date_number
from tests.unit import factories
from tests.unit.figures.legibility import cut_off, overlapping
from tests.unit.figures.test_fan_chart import drawn as shapes
from tests.unit.figures.test_fan_chart import height, legend

DAYS = [day.isoformat() for day in factories.weeks(12)]
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def rows(place="A", first=1.4, members=(0,), scenario=None):
    """From ``first`` down by 0.1 a week; level 0.5 + x is x higher, each member 0.2 higher."""
    found = [
        {"primary_id": member, "seed": 7, "population": place, "date": day, "quantile": level,
         NAME: first - 0.1 * week + level - 0.5 + 0.2 * member, "location": "US-MA"}
        for member in members
        for level in LEVELS
        for week, day in enumerate(DAYS)
    ]  # fmt: skip
    return pd.DataFrame(found).assign(**({"scenario": scenario} if scenario else {}))


def numbers(**changes):
    return Numbers("Massachusetts", dated(rows(**changes)))


def horizontal(figure, axes=0):
    return [line for line in figure.axes[axes].lines if set(line.get_ydata()) == {1}]


def test_one_parameter_set_is_a_median_in_its_bands_with_a_line_at_1():
    figure = reproduction_chart(numbers(), date(2025, 1, 25))

    lines, fills = shapes(figure)
    assert lines[0].get_ydata()[0] == pytest.approx(1.4)
    assert [height(fill)[1] for fill in fills] == pytest.approx([1.65, 1.8, 1.875])
    assert len(horizontal(figure)) == 1
    assert legend(figure) == ["Median", "50%", "80%", "95% of simulations",
                              "1: infections neither rise nor fall"]  # fmt: skip
    assert [text.get_text() for text in figure.axes[0].texts] == ["Fitted until 2025-01-25"]
    assert not cut_off(figure)
    assert not overlapping(figure)


def test_without_a_fit_there_is_no_line_where_it_ends():
    assert not reproduction_chart(numbers()).axes[0].texts


def test_several_parameter_sets_are_a_line_each_and_the_range_of_these():
    figure = reproduction_chart(numbers(members=range(5)))

    assert legend(figure)[:3] == ["Median of each parameter set", "Median of these",
                                  "90% of these"]  # fmt: skip


@pytest.mark.parametrize("first", [0.7, 1.4, 6.0])
def test_the_axis_shows_1_and_all_that_is_drawn(first):
    figure = reproduction_chart(numbers(first=first))

    low, high = figure.axes[0].get_ylim()
    tops = [height(fill) for fill in shapes(figure)[1]]
    assert 0 <= low <= 0.9
    assert high >= max(1.1, *(top for _, top in tops))


@pytest.mark.parametrize("count", [2, 11])
def test_the_panels_of_the_sheet_have_one_scale_that_cuts_nothing_off(count):
    populations = [
        Numbers(f"Place {n}", dated(rows(first=1.2 + 0.4 * n / count))) for n in range(count)
    ]

    figure = reproduction_grid(populations, "Reproduction", date(2025, 1, 25))

    assert len(figure.axes) == count
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    for place in range(count):
        low, high = figure.axes[place].get_ylim()
        ends = [height(fill) for fill in shapes(figure, place)[1]]
        assert high >= max(top for _, top in ends)
        assert low == 0 or low <= min(bottom for bottom, _ in ends)
        assert len(horizontal(figure, place)) == 1
        verticals = [line.get_xdata()[0] for line in figure.axes[place].lines
                     if len(set(line.get_xdata())) == 1]  # fmt: skip
        assert verticals == [date_number(date(2025, 1, 25))]
    assert not cut_off(figure)
    assert not overlapping(figure)


def test_what_is_drawn_of_one_parameter_set_is_its_median_and_widest_band():
    table = drawn(numbers())

    first = table.iloc[0]
    assert (first["location"], first["scenario"], first["date"]) == ("Massachusetts", "", DAYS[0])
    assert first[["low", "median", "high"]].tolist() == pytest.approx([0.925, 1.4, 1.875])
    assert first["inside"] == pytest.approx(0.95)
    assert table["date"].tolist() == DAYS


def test_what_is_drawn_of_several_is_the_median_and_the_range_of_their_medians():
    first = drawn(numbers(members=range(5))).iloc[0]

    medians = 1.4 + 0.2 * np.arange(5)
    assert first[["low", "median", "high"]].tolist() == pytest.approx(
        np.quantile(medians, [0.05, 0.5, 0.95]).tolist()
    )
    assert first["inside"] == 0.9


def test_scenarios_are_drawn_and_written_apart():
    both = pd.concat([rows(scenario="as_now"), rows(scenario="less", first=1.1)])
    given = Numbers("Massachusetts", dated(both))

    assert legend(reproduction_chart(given))[:2] == ["as_now, median", "less, median"]
    assert drawn(given)["scenario"].tolist() == ["as_now"] * 12 + ["less"] * 12


def draw(folder, *tables):
    path = folder / f"{NAME}.csv.gz"
    pd.concat(tables).to_csv(path, index=False)
    places = [Place("A", "Alpha"), Place("B", "Beta")]
    paths = [folder / "A.svg", folder / "B.svg"]
    draw_reproduction(
        path, places=places, fit={"end": "2025-01-25"}, paths=paths,
        sheet=folder / "sheet.png", table=folder / "table.csv",
    )  # fmt: skip
    return folder


def test_every_population_has_its_figure_and_equal_tables_give_equal_bytes(tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        draw(folder, rows("A"), rows("B"))

    names = ("A.svg", "B.svg", "sheet.png", "table.csv")
    one, two = ([(folder / name).read_bytes() for name in names] for folder in folders)
    assert one == two
    assert b"<title>Alpha</title>" in one[0]
    lines = one[3].decode().splitlines()
    assert lines[:2] == [
        "location,scenario,date,low,median,high,inside",
        f"Alpha,,{DAYS[0]},0.925,1.4,1.875,0.95",
    ]
    assert len(lines) == 1 + 2 * len(DAYS)


def test_a_population_without_rows_has_a_figure_that_says_so(tmp_path):
    draw(tmp_path, rows("A"))

    assert "<title>Beta: effective reproduction number</title>" in (tmp_path / "B.svg").read_text()
    assert "Beta" not in (tmp_path / "table.csv").read_text()


def test_without_any_rows_there_are_figures_still(tmp_path):
    draw(tmp_path, rows("A").iloc[:0])

    assert (tmp_path / "sheet.png").exists()
    assert (tmp_path / "table.csv").read_text().splitlines() == [
        "location,scenario,date,low,median,high,inside"
    ]
