"""Charts of all populations at once: forecasts, changes, coverage, tasks."""

import math

import numpy as np
import pandas as pd
import pytest

from epyflow.figures.change_map import change, change_map, colour_of, draw_change_map
from epyflow.figures.coverage import coverage, coverage_chart, draw_coverage
from epyflow.figures.forecast_grid import Pair, draw_forecast_grid, forecast_grid, page
from epyflow.figures.observations import LastObservation, last_observations
from epyflow.figures.read_tables import Place
from epyflow.figures.tasks import costs_of, tasks_chart, tasks_of
from epyflow.figures.us_tiles import TILES, tile_of
from epyflow.figures.wording import change_in_words
from tests.unit import factories
from tests.unit.figures.legibility import cut_off, overlapping, shown_texts
from tests.unit.figures.test_fan_chart import titles
from tests.unit.figures.test_fit import (
    DAYS,
    LATER,
    ONE,
    calibration,
    observed_in,
    projection,
    quantiles,
)


def pairs(count):
    return [Pair(f"Northern Carolina {n}", calibration(), projection()) for n in range(count)]


def tables(folder, places, skipped=()):
    """Write the tables of fit and projection of some places; return their paths."""
    paths = []
    for name, table in (("fitted", calibration()), ("ahead", projection())):
        whole = [table.assign(population=p.name) for p in places if p.name not in skipped]
        pd.concat(whole or [table.iloc[:0]]).to_csv(folder / f"{name}.csv.gz", index=False)
        paths.append(folder / f"{name}.csv.gz")
    return paths


PLACES = [Place("A", "Alabama", "US-AL"), Place("B", "Boston"), Place("C", "The States", "US")]


# --- the sheet ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5, 52])
def test_every_population_has_a_panel_and_no_text_is_cut_off(count):
    figure = forecast_grid(pairs(count), "Fit and projection")

    assert titles(figure) == [pair.label for pair in pairs(count)]
    assert len(shown_texts(figure)) > 3 * count
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_a_page_has_each_population_whole_and_beside_it_its_recent_weeks():
    days = factories.weeks(40)
    fitted = quantiles(days[:30], 10, observed=[1.0] * 30)
    figure = page([Pair("A", fitted, quantiles(days, 10))], "")

    whole, recent = figure.axes
    spans = [np.ptp(axes.dataLim.intervalx) for axes in (whole, recent)]
    # 39 weeks; and 8 before the end of the fit with 4 after it.
    assert spans == [39 * 7, 12 * 7]
    assert cut_off(figure) == []


def test_one_panel_with_later_observations_puts_them_into_the_legend():
    later = Pair("Late", calibration(), projection(), LATER)

    figure = forecast_grid([later, *pairs(8)], "Fit and projection")

    assert cut_off(figure) == []
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {name for name in names if "%" not in name} == {
        "Observed, as then known",
        "Observed, as known since",
        "Fit, median",
        "Projection, median",
    }
    plain = forecast_grid(pairs(9), "Fit and projection").legends[0].get_texts()
    assert plain[0].get_text() == "Observed"


def test_populations_without_a_row_are_counted_in_the_title_of_the_sheet(tmp_path):
    paths = tables(tmp_path, PLACES, skipped=["B"])

    draw_forecast_grid(
        *paths,
        observed_in(tmp_path),
        places=PLACES,
        labels={},
        title="Fit",
        path=tmp_path / "a.svg",
        pages=tmp_path / "a.pdf",
        unit="Percent of visits",
    )

    assert "Percent of visits" in (tmp_path / "a.svg").read_text()
    assert "Fit (2 of 3 populations; the others failed)" in (tmp_path / "a.svg").read_text()
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


# --- the map -----------------------------------------------------------------------------------


def test_there_is_a_tile_for_every_state_the_capital_and_the_country():
    assert len(TILES) == 51 + 2
    assert len(set(TILES.values())) == len(TILES)
    assert (tile_of("US-MA"), tile_of("US"), tile_of("FR"), tile_of(None)) == (
        "MA",
        "US",
        None,
        None,
    )
    assert tile_of("US-XX") is None
    # Neighbours: Washington is north of Oregon, and Maine is the most eastern.
    assert TILES["WA"] == (TILES["OR"][0] - 1, TILES["OR"][1])
    assert max(column for _, column in TILES.values()) == TILES["ME"][1]


def growing(weeks, start=100.0, step=50.0):
    """Median ``start``, growing by ``step`` a week; the other levels are far off."""
    days = factories.weeks(weeks)
    table = quantiles(days, 0)
    position = table["date"].map({day.isoformat(): n for n, day in enumerate(days)})
    table[ONE] = (start + step * position) * np.where(table["quantile"] == 0.5, 1, 9)
    return table, [day.isoformat() for day in days]


def last(day, value):
    return LastObservation(day, value, ONE)


def test_the_change_is_from_the_last_observation_to_the_median_three_weeks_later():
    table, days = growing(10)

    found = change(table, last(days[2], 500.0))

    # The model's own median is 200 in week 2; the observation is 500, and the median of week 5 350.
    assert found == {
        "from": days[2],
        "to": days[5],
        "observed": 500.0,
        "median_to": 350.0,
        "change_percent": pytest.approx(-30.0),
    }


def test_a_projection_that_ends_earlier_is_compared_at_its_end():
    table, days = growing(4)

    assert change(table, last(days[2], 9.0))["to"] == days[3]
    assert change(table, last(days[3], 9.0))["to"] == ""


def test_a_change_from_less_than_a_person_is_not_said():
    table, days = growing(6)

    assert math.isnan(change(table, last(days[1], 0.0))["change_percent"])
    assert change_in_words(math.nan) == "few"


def test_the_first_scenario_is_the_one_on_the_map():
    one, days = growing(6)
    other, _ = growing(6, step=0.0)
    both = pd.concat([one.assign(scenario="a"), other.assign(scenario="b")])

    assert change(both, last(days[0], 100.0))["change_percent"] == 150.0


def test_the_last_observation_is_the_newest_known_to_the_run(tmp_path):
    rows = [("A", ONE, "2025-01-11", "5", "9"), ("A", ONE, "2025-01-04", "7", "7")]
    rows += [("A", ONE, "2025-01-18", "", "8"), ("A", "other", "2025-01-11", "1", "1")]
    rows += [("B", ONE, "2025-01-18", "", "8")]

    assert last_observations(observed_in(tmp_path, *rows)) == {"A": last("2025-01-11", 5.0)}


@pytest.mark.parametrize(
    ("percent", "words"), [(12.4, "+12%"), (-30.0, "−30%"), (0.0, "+0%"), (1900.0, "×20")]
)
def test_changes_are_short_words(percent, words):
    assert change_in_words(percent) == words


def test_a_doubling_is_as_dark_as_a_halving_and_more_is_no_darker():
    assert colour_of(100) == colour_of(900)
    assert colour_of(-50) == colour_of(-100)
    assert colour_of(0) == "#ffffff"


def test_no_text_of_the_map_is_cut_off():
    figure = change_map(dict.fromkeys(TILES, 152.0), "Change " * 20)

    assert len(shown_texts(figure)) > 2 * len(TILES)
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_a_place_outside_the_country_is_in_the_table_alone(tmp_path):
    _, ahead = tables(tmp_path, PLACES)
    rows = [(place.name, ONE, DAYS[3].isoformat(), "5", "5") for place in PLACES]

    draw_change_map(
        ahead,
        observed_in(tmp_path, *rows),
        places=PLACES,
        title="C",
        path=tmp_path / "a.svg",
        numbers=tmp_path / "a.csv",
    )

    table = pd.read_csv(tmp_path / "a.csv")
    assert table["location"].tolist() == ["Alabama", "Boston", "The States"]
    assert (tmp_path / "a.svg").is_file()


# --- coverage ----------------------------------------------------------------------------------


def test_observations_inside_are_counted_with_the_ends_and_without_the_missing():
    # Bands: 50 % is 1025 to 1075, 80 % is 1010 to 1090, 95 % is 1002.5 to 1097.5.
    observed = [1025.0, "", 1010.0, 1100.0]
    table = coverage(quantiles(factories.weeks(4), 1000, observed=observed))

    assert table["nominal"].tolist() == [0.5, 0.8, 0.95]
    assert table["observations"].tolist() == [3, 3, 3]
    assert table["inside"].tolist() == [1, 2, 2]
    assert table["coverage"].tolist() == pytest.approx([1 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize("count", [1, 52])
def test_coverage_has_a_row_per_population_and_no_text_is_cut_off(count):
    rows = [(f"Place {n}", level, 0.4) for n in range(count) for level in (0.5, 0.8, 0.95)]
    table = pd.DataFrame(rows, columns=["location", "nominal", "coverage"])

    figure = coverage_chart(table, "Coverage")

    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][:1] == ["Place 0"]
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_two_intervals_that_hold_the_same_observations_do_not_hide_each_other():
    rows = [("A", level, 0.9) for level in (0.5, 0.8, 0.95)]
    table = pd.DataFrame(rows, columns=["location", "nominal", "coverage"])

    axes = coverage_chart(table, "Coverage").axes[0]

    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [line.get_xdata().tolist() for line in marks] == [[90.0]] * 3
    heights = [line.get_ydata()[0] for line in marks]
    assert heights == sorted(set(heights))
    # All in the row of the place, and around its name.
    assert heights[1] == 0
    assert max(np.abs(heights)) < 0.5


def test_coverage_is_written_beside_its_figure(tmp_path):
    path, _ = tables(tmp_path, PLACES, skipped=["C"])

    draw_coverage(
        path, places=PLACES, title="C", path=tmp_path / "a.svg", numbers=tmp_path / "a.csv"
    )

    table = pd.read_csv(tmp_path / "a.csv")
    assert table["location"].unique().tolist() == ["Alabama", "Boston"]


# --- tasks -------------------------------------------------------------------------------------


def record(tasks, failed=()):
    return {
        "counts": {"tasks": tasks},
        "failures": [{"task": n, "cause": "Too\nhot"} for n in failed],
        "times": {
            "tasks": {
                f"{n:05d}": {"seconds": 10.0 + n, "max_rss_mb": None if n == 0 else 300.0}
                for n in range(tasks)
                if n not in failed
            }
        },
    }


def test_tasks_are_those_of_the_populations_in_turn():
    table = tasks_of(record(6, failed=[3]), PLACES, {"00004": 0.25})

    assert table["location"].tolist() == ["Alabama"] * 2 + ["Boston"] * 2 + ["The States"] * 2
    assert table["status"].tolist() == ["ok", "ok", "ok", "failed", "ok", "ok"]
    assert table["cause"][3] == "Too hot"
    assert table["seconds"][4] == 14.0
    assert math.isnan(table["max_rss_mb"][0])
    assert table["usd"][4] == 0.25
    assert math.isnan(table["usd"][0])


def test_costs_are_those_of_tasks_that_were_measured_and_paid_for():
    table = pd.DataFrame(
        [
            ("run_task", "00000", "google-batch", 0.5),
            ("run_task", "00001", "google-batch", None),
            ("run_task", "00002", "local", 0.2),
            ("make_tables", "x", "google-batch", 0.1),
        ],
        columns=["rule", "job", "ran_on", "usd"],
    )

    assert costs_of(table) == {"00000": 0.5}


@pytest.mark.parametrize(("tasks", "failed"), [(3, ()), (6, (1,)), (300, (7,))])
def test_no_text_of_the_tasks_is_cut_off(tasks, failed):
    figure = tasks_chart(tasks_of(record(tasks, failed), PLACES, {"00000": 0.25}), "Tasks")

    said = f"{len(failed)} of {tasks} failed" if failed else f"all {tasks} gave a result"
    assert figure.get_suptitle() == f"Tasks: {said}"
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_a_run_that_was_not_measured_says_so():
    table = tasks_of(record(3), PLACES, {}).assign(seconds=math.nan, max_rss_mb=math.nan)

    texts = [text.get_text() for text in tasks_chart(table, "Tasks").texts]
    assert texts == ["Tasks: all 3 gave a result", "Neither time nor memory was measured."]


def test_failed_tasks_are_marked():
    figure = tasks_chart(tasks_of(record(6, failed=[1, 4]), PLACES, {}), "Tasks")

    marks = [text.get_text() for text in figure.axes[0].texts]
    assert marks == ["failed", "failed"]
