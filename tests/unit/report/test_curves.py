import json

import pandas as pd
import pytest

from epyflow.figures.read_tables import Place
from epyflow.report import curves
from epyflow.report.curves import MEMBERS, write_curves
from epyflow.report.first_page_figures import figures_in_html
from tests.unit.figures.test_fit import ONE, calibration, projection

PLACES = (Place("A", "Here"), Place("B", "There"))
ABOUT = {
    "fit": {"units": ["Persons per week"]},
    "labels": {ONE: "Hospital admissions", "I_total": "Ill"},
    "time": {"period": "week"},
}


def written(folder, about=ABOUT, **tables):
    files = {}
    for name, table in tables.items():
        files[name] = folder / f"{name}.csv.gz"
        table.to_csv(files[name], index=False)
    write_curves(files, PLACES, about, folder / "curves.json")
    return json.loads((folder / "curves.json").read_text())


def test_a_fit_has_its_bands_its_projection_and_the_newest_observations(tmp_path):
    columns = ["population", "comparison", "date", "then", "since"]
    observed = pd.DataFrame([("A", ONE, "2025-01-25", 1040, 1060)], columns=columns)

    found = written(
        tmp_path,
        quantiles_calibration=calibration().assign(population="A"),
        quantiles_projection_comparison=projection().assign(population="A"),
        observed=observed,
    )

    assert found["places"] == ["Here"]
    assert found["series"] == ["Hospital admissions (persons per week)"]
    assert found["parts"] == ["Fit", "Projection", "Observed", "Observed later"]
    assert found["bands"] == ["95%", "50%"]
    by_part = {}
    for row in found["rows"]:
        by_part.setdefault(found["parts"][row[2]], []).append(row[3:])
    # Numbers have four digits.
    assert by_part["Fit"][0][1:] == [1002.0, 1025.0, 1050.0, 1075.0, 1098.0]
    assert by_part["Projection"][-1][:2] == ["2025-02-08", 2002.0]
    assert by_part["Observed"][-1] == ["2025-01-25", None, None, 1040.0, None, None]
    assert by_part["Observed later"] == [["2025-01-25", None, None, 1060.0, None, None]]


def members(count):
    rows = [
        (member, "A", day, level, 100 * member + number)
        for member in range(count)
        for day in ("2025-01-04", "2025-01-11")
        for number, level in enumerate((0.05, 0.25, 0.5, 0.75, 0.95))
    ]
    columns = ["primary_id", "population", "date", "quantile", "I_total"]
    return pd.DataFrame(rows, columns=columns).assign(**{"I_0-4": 1.0})


@pytest.mark.parametrize(
    ("count", "bands", "first"),
    [
        (1, ["90%", "50%"], [0.0, 1.0, 2.0, 3.0, 4.0]),
        # Of medians 2, 102 and 202, levels 0.05, 0.5 and 0.95.
        (3, [MEMBERS], [12.0, None, 102.0, None, 192.0]),
    ],
)
def test_simulations_have_totals_only_and_members_the_range_of_their_medians(
    tmp_path, count, bands, first
):
    found = written(tmp_path, ABOUT | {"fit": None}, quantiles_compartments=members(count))

    assert found["series"] == ["Ill (persons)"]
    assert found["bands"] == bands
    assert found["rows"][0] == [0, 0, 0, "2025-01-04", *first]


def test_a_page_holds_so_many_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(curves, "MOST_ROWS", 3)
    table = members(1).assign(J_total=5.0)

    found = written(tmp_path, ABOUT | {"fit": None}, quantiles_compartments=table)

    assert found["series"] == ["Ill (persons)"]
    assert len(found["rows"]) == 2


def test_text_of_the_users_own_is_no_markup_and_lines_are_short():
    found = {"bands": ["<b>"], "rows": [[0, 0, 0, "2025-01-04", 1, 1, 1, 1, 1]] * 2000}
    content = json.dumps(found, separators=(",", ":")).encode()

    html = figures_in_html(content, [("a/map.svg", 'The "map"', "<script>")])

    assert "<script>" not in html
    assert "<b>" not in html
    assert "&quot;map&quot;" in html
    # docutils refuses longer ones.
    assert max(map(len, html.splitlines())) < 10_000


def test_without_curves_and_pictures_there_is_nothing():
    assert figures_in_html(b'{"bands":[],"rows":[]}', []) == figures_in_html(None, []) == ""
