import json

import pandas as pd
import pytest

from epyflow.figures.read_tables import Place
from epyflow.report.summary import Tables, summarise
from tests.unit.figures.test_fit import ONE, calibration, projection

PLACES = (Place("A", "Here"), Place("B", "There"))
ABOUT = {"fit": {"end": "2025-01-25"}, "reference_date": None}


def written(folder, **tables):
    paths = {}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv.gz", index=False)
        paths[name] = folder / f"{name}.csv.gz"
    files = {"summary": folder / "s.json", "numbers": folder / "s.csv"}
    summarise(Tables(**paths), PLACES, ABOUT, **files)
    return json.loads((folder / "s.json").read_text()), pd.read_csv(folder / "s.csv")


def members(*states):
    rows = [(name, state, "hot", "complete") for name, state in zip("AB", states, strict=True)]
    return pd.DataFrame(rows, columns=["population", "status", "cause", "ended"])


def test_a_simulation_has_a_state_for_each_population(tmp_path):
    found, numbers = written(tmp_path, members=members("ok", "failed"))

    assert found["failed"] == ["There"]
    assert found["warnings"] == ["There has no result: hot"]
    assert numbers.to_dict("records") == [
        {"location": "Here", "status": "ok"},
        {"location": "There", "status": "failed"},
    ]


def test_a_calibration_has_its_headline(tmp_path):
    last = {
        "population": "A",
        "generation": 1,
        "acceptance": 0.25,
        "particles": 10,
        "effective_sample_size": 9.0,
    }
    columns = ["population", "comparison", "date", "then", "since"]
    observed = pd.DataFrame([("A", ONE, "2025-01-25", 1040, 1040)], columns=columns)
    found, numbers = written(
        tmp_path,
        members=members("ok", "failed"),
        calibration=calibration().assign(population="A"),
        projection=projection().assign(population="A"),
        progress=pd.DataFrame([last]),
        observed=observed,
    )

    here = numbers.iloc[0]
    # The fit is from 1002.5 to 1097.5, around all of the three observations.
    assert (here["last_observed"], here["observed"]) == ("2025-01-25", 1040.0)
    assert here["median_to"] == 2050.0
    assert here["change_percent"] == pytest.approx(100 * (2050 / 1040 - 1), abs=1e-3)
    assert (here["coverage"], here["acceptance"]) == (1.0, 0.25)
    assert numbers.iloc[1].isna().sum() == len(numbers.columns) - 2
    assert found["newest"] == "2025-01-25"
    assert found["warnings"] == ["There has no result: hot"]
