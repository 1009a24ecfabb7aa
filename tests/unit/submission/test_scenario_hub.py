"""Submissions to a scenario modeling hub: sample columns, cumulative targets and peak weeks.

The configuration is a short form of that of the Flu Scenario Modeling Hub: 4 weeks in place of 43,
2 to 3 samples in place of 300 to 600. Source: midas-network/flu-scenario-modeling-hub,
hub-config/tasks.json and validation.json, round of 2025-08-10.
"""

import json

import numpy as np
import pandas as pd
import pytest

from epyflow.submission.row_files import write_parquet
from forecast_hub.checks.validation import validate
from forecast_hub.config.reader import read_hub
from tests.unit import factories
from tests.unit.submission.test_result_rows import SERIES, made, member

ORIGIN = "2024-12-29"
"""A Sunday: horizon 1 ends on Saturday 2025-01-04, which is week 1 of 2025 for the CDC."""

ADMIN = {
    "schema_version": "https://raw.githubusercontent.com/hubverse-org/schemas/main/v6.0.0/admin-schema.json",
    "name": "Flu Scenario Modeling Hub",
    "maintainer": "Coordination Team",
    "contact": {"name": "Hub maintainers", "email": "maintainers@example.org"},
    "repository": {"host": "github", "owner": "midas-network", "name": "flu-scenario-modeling-hub"},
    "file_format": ["parquet"],
    "timezone": "US/Eastern",
}


def task(names, outputs, *, ahead, units="count"):
    targets = [
        {
            "target_id": name,
            "target_name": name,
            "target_units": units,
            "target_keys": {"target": name},
            "target_type": "continuous",
            "is_step_ahead": ahead,
        }
        | ({"time_unit": "week"} if ahead else {})
        for name in names
    ]
    return {
        "task_ids": {
            "origin_date": {"required": [ORIGIN], "optional": None},
            "scenario_id": {"required": ["A-2024-12-01", "B-2024-12-01"], "optional": None},
            "location": {"required": None, "optional": ["US", "25"]},
            "target": {"required": None, "optional": list(names)},
            "horizon": {"required": [1, 2, 3, 4] if ahead else None, "optional": None},
            "age_group": {"required": ["0-130"], "optional": None},
        },
        "output_type": outputs,
        "target_metadata": targets,
    }


def of(ids, value, **more):
    return {"output_type_id": {"required": ids}, "is_required": False, "value": value, **more}


COUNT, SHARE = {"type": "double", "minimum": 0}, {"type": "double", "minimum": 0, "maximum": 1}
SAMPLES = {
    "output_type_id_params": {
        "type": "integer",
        "min_samples_per_task": 2,
        "max_samples_per_task": 3,
        "compound_taskid_set": ["origin_date", "location"],
    },
    "is_required": True,
    "value": COUNT,
}
TASKS = {
    "schema_version": "https://raw.githubusercontent.com/hubverse-org/schemas/main/v6.0.0/tasks-schema.json",
    "rounds": [
        {
            "round_id": "origin_date",
            "round_id_from_variable": True,
            "submissions_due": {"start": "2024-12-01", "end": "2025-02-01"},
            "model_tasks": [
                task(["inc hosp"], {"sample": SAMPLES}, ahead=True),
                task(["inc hosp", "cum hosp"], {"quantile": of([0.5], COUNT)}, ahead=True),
                task(["peak size hosp"], {"quantile": of([0.5], COUNT)}, ahead=False),
                task(
                    ["peak time hosp"],
                    {"cdf": of(["EW202501", "EW202502", "EW202503", "EW202504"], SHARE)},
                    ahead=False,
                    units="",
                ),
            ],
        }
    ],
}
FILES = {
    "tasks.json": json.dumps(TASKS),
    "admin.json": json.dumps(ADMIN),
    "validation.json": json.dumps(
        {ORIGIN: {"merge_sample_col": ["run_grouping", "stochastic_run"]}}
    ),
    "locations.csv": "location,abbreviation,location_name,population\n25,MA,Massachusetts,1000\n",
}


@pytest.fixture
def rows(tmp_path):
    """Return the rows of three trajectories in two scenarios; twice as many in the second."""
    members = [
        member(scenario="A-2024-12-01"),
        member([[2 * n for n in row] for row in SERIES], scenario="B-2024-12-01"),
    ]
    targets = [
        {"target": name, "simulation": ["S_to_I_18+"], "task_ids": {"age_group": "0-130"}}
        for name in ("inc hosp", "cum hosp", "peak size hosp", "peak time hosp")
    ]
    spellings = {"United_States_Massachusetts": ["25", "MA", "Massachusetts"]}
    found, left_out = made(
        tmp_path,
        [factories.calibration(members)],
        files=FILES,
        reference_date=ORIGIN,
        targets=targets,
        spellings=spellings,
        observed={"United_States_Massachusetts": [None] * 4},
        scenario_ids={},
    )
    assert left_out == []
    return found


def of_target(rows, target, output_type, scenario="A-2024-12-01"):
    chosen = rows[(rows["target"] == target) & (rows["output_type"] == output_type)]
    return chosen[chosen["scenario_id"] == scenario]


def test_samples_have_numbers_in_columns_of_their_own_and_pair_the_scenarios(rows):
    for scenario, times in (("A-2024-12-01", 1), ("B-2024-12-01", 2)):
        samples = of_target(rows, "inc hosp", "sample", scenario)
        assert samples["output_type_id"].unique().tolist() == ["NA"]
        assert samples["stochastic_run"].unique().tolist() == ["1"]
        table = samples.pivot_table(
            "value", "run_grouping", "horizon", aggfunc=lambda each: int(each.iloc[0])
        )
        assert table.index.tolist() == ["1", "2", "3"]
        assert table.to_numpy().tolist() == [[times * n for n in row] for row in SERIES]
    assert rows[rows["output_type"] != "sample"]["run_grouping"].unique().tolist() == ["NA"]


def test_a_cumulative_target_counts_from_the_first_horizon(rows):
    # Sums of 5 1 10 0, 5 2 20 0 and 5 3 30 0; the medians are those of the second.
    assert of_target(rows, "cum hosp", "quantile")["value"].tolist() == ["5", "7", "27", "27"]
    assert of_target(rows, "inc hosp", "quantile")["value"].tolist() == ["5", "2", "20", "0"]


def test_the_peak_is_that_of_the_projection_and_its_weeks_are_named_as_the_hub_does(rows):
    (size,) = of_target(rows, "peak size hosp", "quantile")["value"].tolist()
    time = of_target(rows, "peak time hosp", "cdf")

    assert size == "20"
    # All three peak in the third week, which ends on 2025-01-18.
    assert time["output_type_id"].tolist() == ["EW202501", "EW202502", "EW202503", "EW202504"]
    assert time["value"].tolist() == ["0", "0", "1", "1"]
    assert time["horizon"].unique().tolist() == ["NA"]


def verdict(folder, rows):
    hub = folder / "hub"
    (hub / "hub-config").mkdir(parents=True, exist_ok=True)
    (hub / "auxiliary-data").mkdir(exist_ok=True)
    for name, text in FILES.items():
        place = "auxiliary-data" if name == "locations.csv" else "hub-config"
        (hub / place / name).write_text(text)
    typed = rows.assign(value=pd.to_numeric(rows["value"]).astype(np.float64))
    path = folder / f"{ORIGIN}-a-b.parquet"
    write_parquet(typed, path, read_hub(hub).types)
    return validate(path, hub)


def errors(found):
    return [each.message for each in found.findings if each.severity == "error"]


def test_the_submission_is_accepted(tmp_path, rows):
    assert errors(verdict(tmp_path, rows)) == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            lambda rows: rows.drop(columns="stochastic_run"),
            "no column stochastic_run; expected run_grouping, stochastic_run to number samples",
        ),
        (
            lambda rows: rows[(rows["output_type"] != "sample") | (rows["run_grouping"] == "1")],
            "1 sample",
        ),
        (
            lambda rows: rows.assign(
                output_type_id=rows["output_type_id"].where(rows["output_type"] != "sample", "1")
            ),
            "samples have an output_type_id; expected NA beside run_grouping, stochastic_run",
        ),
        (
            lambda rows: rows.assign(
                output_type_id=rows["output_type_id"].replace("EW202504", "EW202505")
            ),
            "EW202505",
        ),
        (
            lambda rows: rows[rows["scenario_id"] != "B-2024-12-01"],
            "B-2024-12-01",
        ),
        (
            lambda rows: rows.assign(target=rows["target"].replace("cum hosp", "cum death")),
            "cum death",
        ),
    ],
)
def test_a_fault_is_refused(tmp_path, rows, fault, message):
    assert any(message in each for each in errors(verdict(tmp_path, fault(rows))))
