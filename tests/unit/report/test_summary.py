import json

import pandas as pd
import pytest

from epyflow.figures.read_tables import Place
from epyflow.report.summary import summarise
from epyflow.tables.column_descriptions import HEADLINE
from tests.unit.figures.test_fit import ONE, calibration, projection

PLACES = (Place("A", "Here"), Place("B", "There"))
FIT = {"end": "2025-01-25", "units": ["Persons per week"], "strategy": "SMC"}
ABOUT = {
    "fit": FIT,
    "quantities": {},
    "reference_date": None,
    "time": {"period": "week"},
    "labels": {ONE: "Hospital admissions"},
}


def written(folder, **tables):
    paths = {}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv.gz", index=False)
        paths[name] = folder / f"{name}.csv.gz"
    files = {"summary": folder / "s.json", "numbers": folder / "s.csv"}
    summarise(paths, PLACES, ABOUT, **files)
    return json.loads((folder / "s.json").read_text()), pd.read_csv(folder / "s.csv")


def members(*states):
    rows = [
        (name, state, "hot", "complete", 20 if state == "ok" else "")
        for name, state in zip("AB", states, strict=True)
    ]
    return pd.DataFrame(rows, columns=["population", "status", "cause", "ended", "n_sims"])


def test_a_simulation_has_a_state_for_each_population(tmp_path):
    found, numbers = written(tmp_path, model_metadata=members("ok", "failed"))

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
        "epsilon": 1.0,
        "particles": 10,
        "simulations": 40,
        "effective_sample_size": 9.0,
    }
    columns = ["population", "comparison", "date", "then", "since"]
    observed = pd.DataFrame([("A", ONE, "2025-01-25", 1040, 1040)], columns=columns)
    found, numbers = written(
        tmp_path,
        model_metadata=members("ok", "failed"),
        quantiles_calibration=calibration().assign(population="A"),
        quantiles_projection_comparison=projection().assign(population="A"),
        calibration_progress=pd.DataFrame([last]),
        observed=observed,
    )

    assert found["unit"] == "hospital admissions a week"
    here = numbers.iloc[0]
    # The fit is from 1002.5 to 1097.5, around all of the three observations.
    assert (here["last_observed"], here["observed"]) == ("2025-01-25", 1040.0)
    # The projection ends two weeks after the observation; both weeks have a row.
    assert numbers["date"].tolist()[:2] == ["2025-02-01", "2025-02-08"]
    assert (here["median"], here["low_95"], here["high_95"]) == (2050.0, 2002.5, 2097.5)
    # Particles, effective sample size, generations, observations, and where the forecast begins.
    assert here["warnings"] == 5
    assert here["sentence"].endswith("5 of the warnings above concern this forecast.")
    assert here["change_percent"] == pytest.approx(100 * (2050 / 1040 - 1), abs=1e-3)
    assert (here["coverage"], here["acceptance"]) == (1.0, 0.25)
    there = numbers.iloc[2]
    assert (there["location"], there["status"]) == ("There", "failed")
    assert there.isna().sum() == len(numbers.columns) - 2
    assert found["newest"] == "2025-01-25"
    assert found["simulations"] == {"fit": 40, "kept": 20}
    assert found["warnings"][0] == "There has no result: hot"
    assert "Here (10): fewer than 100 particles; intervals are rough." in found["warnings"]
    assert "the data are up to date" in found["passed"]
    described = {name for names in HEADLINE for name in names.split(", ")}
    assert {*numbers.columns} <= described
    assert "every task gave a result" not in found["passed"]
