import pandas as pd
import pytest

from epyflow.figures import draw_population, population, reading
from tests.unit.figures.test_fan_chart import quantiles


@pytest.fixture
def table(tmp_path):
    """Write a quantiles table of two places, the second with more persons."""
    here = quantiles(("S_total", "I_total")).assign(location="US-MA")
    there = here.assign(population="Namibia", location="NA")
    there[["S_total", "I_total"]] *= 10
    path = tmp_path / "quantiles_compartments.csv.gz"
    pd.concat([here, there]).to_csv(path, index=False)
    return path


def captured(monkeypatch):
    seen = {}

    def fan_chart(rows, series, title, labels):
        seen.update(rows=rows, series=series, title=title, labels=labels)
        return reading.nothing(title)

    monkeypatch.setattr(population, "fan_chart", fan_chart)
    return seen


def draw(table, name, path):
    draw_population(table, population=name, title="A place", labels={"S": "Well"}, path=path)


def test_a_figure_is_made_of_the_rows_of_one_population(table, tmp_path, monkeypatch):
    seen = captured(monkeypatch)

    draw(table, "Namibia", tmp_path / "a.svg")

    assert set(seen["rows"]["population"]) == {"Namibia"}
    assert seen["rows"]["S_total"].min() == 10_050
    assert seen["series"] == ["S_total", "I_total"]
    assert (seen["title"], seen["labels"]) == ("A place", {"S": "Well"})


def test_a_table_longer_than_what_is_read_at_a_time_is_read_whole(table, tmp_path, monkeypatch):
    seen = captured(monkeypatch)
    monkeypatch.setattr(reading, "_ROWS_AT_A_TIME", 4)

    draw(table, "Namibia", tmp_path / "a.svg")

    assert len(seen["rows"]) == 15


def test_a_figure_is_written(table, tmp_path):
    draw(table, "Namibia", tmp_path / "a.svg")

    assert (tmp_path / "a.svg").read_text().startswith("<?xml")


def test_a_population_whose_tasks_failed_has_a_figure_that_says_so(table, tmp_path):
    draw(table, "Atlantis", tmp_path / "a.svg")
    figure = reading.nothing("Atlantis")

    assert (tmp_path / "a.svg").is_file()
    assert [text.get_text() for text in figure.texts] == [
        "Atlantis",
        "No results: its tasks failed. run_metadata.json says why.",
    ]
