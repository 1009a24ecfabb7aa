import pandas as pd
import pytest

from epyflow.errors import EpyflowError
from epyflow.figures import fan_charts, read_tables
from epyflow.figures.fan_charts import draw_populations
from epyflow.figures.figure_file import save
from epyflow.figures.read_tables import Place
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

    def fan_chart(rows, series, title, labels, unit):
        seen.update(rows=rows, series=series, title=title, labels=labels, unit=unit)
        return read_tables.nothing(title)

    monkeypatch.setattr(fan_charts, "fan_chart", fan_chart)
    return seen


def draw(table, folder, *names):
    places = [Place(name, f"{name} in words") for name in names]
    paths = [folder / f"{name}.svg" for name in names]
    draw_populations(
        table, places=places, labels={"S": "Well"}, paths=paths, unit="Persons per week"
    )
    return paths


def test_a_figure_is_made_of_the_rows_of_one_population(table, tmp_path, monkeypatch):
    seen = captured(monkeypatch)

    draw(table, tmp_path, "Namibia")

    assert set(seen["rows"]["population"]) == {"Namibia"}
    assert seen["rows"]["S_total"].min() == 10_050
    assert seen["series"] == ["S_total", "I_total"]
    assert (seen["title"], seen["labels"]) == ("Namibia in words", {"S": "Well"})
    assert seen["unit"] == "Persons per week"


def test_a_table_longer_than_what_is_read_at_a_time_is_read_whole(table, tmp_path, monkeypatch):
    seen = captured(monkeypatch)
    monkeypatch.setattr(read_tables, "_ROWS_AT_A_TIME", 4)

    draw(table, tmp_path, "Namibia")

    assert len(seen["rows"]) == 15


def test_every_population_has_its_figure(table, tmp_path):
    first, second = draw(table, tmp_path, "Namibia", "United_States_Massachusetts")

    assert first.read_text().startswith("<?xml")
    assert "<title>Namibia in words</title>" in first.read_text()
    assert "<title>United_States_Massachusetts in words</title>" in second.read_text()


def test_a_population_whose_tasks_failed_has_a_figure_that_says_so(table, tmp_path):
    (path,) = draw(table, tmp_path, "Atlantis")
    figure = read_tables.nothing("Atlantis in words")

    save(figure, tmp_path / "same.svg")
    assert path.read_bytes() == (tmp_path / "same.svg").read_bytes()
    assert [text.get_text() for text in figure.texts] == [
        "Atlantis in words",
        "No results: its tasks failed. run_metadata.json says why.",
    ]


def test_rows_of_a_population_that_are_apart_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(read_tables, "_ROWS_AT_A_TIME", 1)
    rows = pd.DataFrame({"population": ["A", "B", "A"], "x": [1, 2, 3]})
    rows.to_csv(tmp_path / "t.csv.gz", index=False)

    with pytest.raises(EpyflowError, match="the rows of A are not together"):
        list(read_tables.rows_by_population(tmp_path / "t.csv.gz"))


@pytest.mark.parametrize(
    ("members", "levels", "scenario", "kept"),
    [
        ([1, 1, 1, 1], [0.25, 0.5, 0.25, 0.5], False, 4),
        ([1, 1, 2, 2], [0.25, 0.5, 0.25, 0.5], False, 2),
        ([1, 1, 2, 2], [0.25, 0.5, 0.25, 0.5], True, 4),
        ([1, 1, 2, 2], [0.25, 0.75, 0.25, 0.75], False, 4),
    ],
    ids=["one member", "members", "scenarios", "no medians"],
)
@pytest.mark.parametrize("at_a_time", [1, 3, 100])
def test_only_medians_of_several_members_are_read(
    members, levels, scenario, kept, at_a_time, tmp_path, monkeypatch
):
    monkeypatch.setattr(read_tables, "_ROWS_AT_A_TIME", at_a_time)
    rows = pd.DataFrame({"primary_id": members, "quantile": levels}).assign(population="A")
    one = pd.DataFrame({"primary_id": [3, 3], "quantile": [0.25, 0.5]}).assign(population="B")
    table = pd.concat([rows, one]).assign(**({"scenario": "s"} if scenario else {}))
    table.to_csv(tmp_path / "t.csv.gz", index=False)

    found = dict(read_tables.rows_by_population(tmp_path / "t.csv.gz"))

    expected = rows if kept == len(rows) else rows[rows["quantile"] == 0.5]
    assert found["A"]["quantile"].tolist() == expected["quantile"].tolist()
    assert len(found["A"]) == kept
    assert len(found["B"]) == len(one)
