"""Experiments in the forms of epymodelingsuite run from YAML to tables.

Each has one possible draw, so that values follow by hand.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from epyflow import strategies, tables
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure
from epyflow.errors import EpyflowError
from epyflow.run.input_build import experiment_of, prepare_build
from epyflow.run.settings import Settings
from epyflow.run.table_requests import table_specs

POPULATIONS = Path(__file__).resolve().parents[3] / "config" / "common-data" / "populations"
AGES = ["0-4", "5-17", "18-49", "50-64", "65+"]
THREE_DAYS = {"type": "scipy", "name": "randint", "args": [3, 4]}
HUNDRED = {"type": "scipy", "name": "randint", "args": [100, 101]}


def model(**changes: Any) -> dict[str, Any]:
    section: dict[str, Any] = {
        "random_seed": 1,
        "timespan": {"start_date": "2024-10-04", "end_date": "2024-11-02"},
        "simulation": {"n_sims": 2, "resample_frequency": "W-SAT"},
        "population": {"age_groups": AGES, "name": "US-MA"},
        "compartments": [
            {"id": "S", "init": "default"},
            {"id": "I", "init": 100},
            {"id": "R"},
        ],
        "transitions": [
            {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta"},
            {"type": "spontaneous", "source": "I", "target": "R", "rate": 0.2},
        ],
        "parameters": {"beta": {"type": "scalar", "value": 0.02}},
    }
    return {"model": {**section, **changes}}


def drawn(how: str, **changes: Any) -> dict[str, Any]:
    """Return the model with I and the start, or beta too, sampled or calibrated."""
    compartments = [{"id": "S", "init": "default"}, {"id": "I", "init": how}, {"id": "R"}]
    timespan = {"start_date": how, "end_date": "2024-11-02"}
    return model(compartments=compartments, timespan=timespan, **changes)


def sampling(**changes: Any) -> dict[str, Any]:
    samplers = [
        {"strategy": "Lhs", "n_samples": 2, "parameters": ["start_date"], "compartments": ["I"]}
    ]
    section = {
        "samplers": samplers,
        "compartments": {"I": {"min": 100, "max": 100}},
        "start_date": {"reference_date": "2024-10-01", "prior": THREE_DAYS},
    }
    return {"modelset": {"sampling": {**section, **changes}}}


def calibration(name: str, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    section = {
        "strategy": {"name": name, "options": options},
        "observed_data_path": "common-data/cases.csv",
        "comparison": [
            {
                "observed_value_column": "value",
                "observed_date_column": "date",
                "observed_location_column": "place",
                "observed_location_format": "abbreviation",
                "simulation": ["S_to_I_total"],
            }
        ],
        "fitting_window": {"start_date": "2024-10-12", "end_date": "2024-10-26"},
        "start_date": {"reference_date": "2024-10-01", "distribution": THREE_DAYS},
        "compartments": {"I": {"prior": HUNDRED}},
        "parameters": {"beta": {"prior": {"name": "uniform", "args": [0.01, 0.02]}}},
        "projection": {"n_trajectories": 3},
    }
    return {"modelset": {"calibration": {**section, **changes}}}


def run(root: Path, *sections: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Write an experiment, build, run and tabulate it in this process; return its tables."""
    config = root / "experiments" / "one" / "config"
    config.mkdir(parents=True)
    for section in sections:
        (config / f"{next(iter(section))}.yaml").write_text(yaml.safe_dump(section))
    settings = Settings(
        experiment="one", experiments_root=str(root), population_data=str(POPULATIONS)
    )
    build = prepare_build(settings, seed=1)
    inputs = {task: root / f"input_{task}.pkl" for task in range(build.plan.task_count)}
    build.write(inputs)
    results = []
    for task, path in inputs.items():
        given = pickling.read_input(path)
        assert not isinstance(given, Failure), given.cause
        results.append(root / f"result_{task}.pkl")
        pickling.write(strategies.run(given), results[-1])
    specs = table_specs(experiment_of(settings))
    files = {name: root / f"{name}.csv.gz" for name in specs}
    parquet = {
        name: {place: root / path for place, path in spec["parquet"].items()}
        for name, spec in specs.items()
        if spec["parquet"]
    }
    asked = {name: (tables.TableSpec.of(spec), files[name]) for name, spec in specs.items()}
    tables.write(asked, results, parquet)
    return {name: pd.read_csv(path) for name, path in files.items()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    data = tmp_path / "common-data"
    data.mkdir()
    weeks = ("2024-10-12", "2024-10-19", "2024-10-26")
    lines = [f"MA,{week},{count}" for week, count in zip(weeks, (120, 150, 200), strict=True)]
    (data / "cases.csv").write_text("\n".join(["place,date,value", *lines]) + "\n")
    rows = [
        f"Massachusetts,{age},1000,{week},{percent}"
        for age in ("0-17 Years", "18+ Years")
        for week, percent in (("2024-10-12", 0), ("2024-10-19", 10), ("2024-10-26", 10))
    ]
    header = "Geography,Age,Population,Week_Ending_Sat,Coverage"
    (data / "coverage.csv").write_text("\n".join([header, *rows]) + "\n")
    return tmp_path


def test_sampled_persons_start_on_the_sampled_day(root):
    made = run(root, drawn("sampled"), sampling())

    members = made["model_metadata"]
    assert members["init_I_total"].tolist() == [100, 100]
    assert members["start_date"].tolist() == ["2024-10-04"] * 2
    # 100 persons in proportion to the five age groups.
    groups = [f"init_I_{group}" for group in AGES]
    assert members[groups].sum(axis=1).tolist() == [100, 100]
    assert (members["init_S_total"] == members["init_S_total"][0]).all()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Smc", {"num_particles": 4, "num_generations": 2}),
        ("REJECTION", {"num_particles": 4, "epsilon": 1e6}),
        ("Top_Fraction", {"Nsim": 8, "top_fraction": 0.5}),
    ],
)
def test_calibrated_persons_and_start_have_their_names_in_every_table(root, name, options):
    beta = {"parameters": {"beta": {"type": "calibrated"}}}
    output = {"output": {"posteriors": True, "model_meta": {"projection_parameters": True}}}

    made = run(root, drawn("calibrated", **beta), calibration(name, options), output)

    posteriors = made["posteriors"]
    assert set(posteriors["I"]) == {100.0}
    assert set(posteriors["start_date"]) == {"2024-10-04"}
    assert posteriors["beta"].between(0.01, 0.03).all()
    (row,) = made["model_metadata"].to_dict("records")
    assert (row["fitting_start"], row["fitting_end"]) == ("2024-10-12", "2024-10-26")
    assert row["n_projections_baseline"] == 3
    assert json.loads(row["proj_baseline_I"]) == [100.0] * 3
    assert json.loads(row["proj_baseline_start_date"]) == ["2024-10-04"] * 3
    assert set(json.loads(row["proj_baseline_beta"])) <= set(posteriors["beta"])


def test_a_scenario_beside_the_one_column_coverage_changes_nothing(root):
    vaccination = {
        "scenario_data_path": "common-data/coverage.csv",
        "origin_compartment": "S",
        "eligible_compartments": ["S"],
    }
    vaccinated = {"type": "vaccination", "source": "S", "target": "R"}
    found = []
    for number, scenario in enumerate(({}, {"scenario": "high_VE"})):
        section = model(vaccination=vaccination | scenario)
        section["model"]["transitions"].append(vaccinated)
        shutil.copytree(root / "common-data", root / str(number) / "common-data")
        output = {"output": {"trajectories": {"transitions": ["S_to_R_total"]}}}
        found.append(run(root / str(number), section, output)["trajectories_transitions"])

    pd.testing.assert_frame_equal(*found)
    # 10% of 2 x 1,000 persons in the week to 2024-10-19, none in the others.
    weekly = found[0].groupby("date")["S_to_R_total"].mean()
    assert weekly["2024-10-19"] == pytest.approx(200, abs=45)  # three standard deviations
    assert weekly["2024-10-12"] == weekly["2024-11-02"] == 0


def test_tables_of_an_older_schema_are_written_and_as_parquet_too(root):
    output = {
        "output": {
            "tabular_output_types": ["CSVBytes", "Parquet"],
            "quantiles": {"default_format": {"compartments": True}},
            "trajectories": {"compartments": ["I_total"], "transitions": False},
        }
    }

    made = run(root, model(), output)

    assert "quantiles_transitions" not in made
    parquet = pd.read_parquet(root / "trajectories_compartments.parquet")
    csv = made["trajectories_compartments"]
    assert parquet["I_total"].tolist() == csv["I_total"].tolist()
    assert parquet["date"].map(str).tolist() == csv["date"].tolist()
    assert len(pd.read_parquet(root / "quantiles_compartments.parquet")) == len(
        made["quantiles_compartments"]
    )


def test_more_persons_than_there_are_fail_with_the_values_of_the_draw(root):
    too_many = sampling(compartments={"I": {"min": 1e8, "max": 1e8}})

    with pytest.raises(EpyflowError, match=r"member 0: age group 0-4 .*drawn were I = 1e\+08"):
        run(root, drawn("sampled"), too_many)
