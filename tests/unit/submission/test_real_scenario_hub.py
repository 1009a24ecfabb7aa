"""From an experiment with scenarios to a submission that the Flu Scenario Modeling Hub accepts.

Its configuration is a small copy of the hub's own; its README names the repository.
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from epyflow.artifacts.task import PackedArray
from epyflow.errors import EpyflowError
from forecast_hub.checks.validation import validate
from tests.unit import factories
from tests.unit.submission.test_real_hubs import AGES, Case, plan, write_files

WEEKS = 43
# Horizon 1 of the origin date, Sunday 2025-08-10, ends on the Saturday after it.
ENDS = [date(2025, 8, 16) + timedelta(weeks=n) for n in range(WEEKS)]
CASE = Case(
    *("flu-scenario-modeling-hub", "inc hosp", "US-MA", "25", "2025-08-10"),
    *(tuple(map(str, ENDS)), 1, 30, 300, "parquet"),
)
SCENARIOS = {"low": "A-2025-07-29", "middle": "B-2025-07-29", "high": "C-2025-07-29"}
ADULTS = {"simulation": ["S_to_I_18+"], "task_ids": {"age_group": "18-130"}}
ALL = {"simulation": ["S_to_I_total"], "task_ids": {"age_group": "0-130"}}
TARGETS = [
    {"target": "inc hosp", **ALL},
    {"target": "inc hosp", **ADULTS},
    {"target": "cum hosp", **ALL},
    {"target": "peak size hosp", **ALL},
    {"target": "peak time hosp", **ALL},
]
CHANGES = {
    ("output", "hub_format", "targets"): TARGETS,
    ("output", "hub_format", "scenario_ids"): SCENARIOS,
    ("modelset", "calibration", "projection", "scenarios"): [{"id": name} for name in SCENARIOS],
}


def made_result(place):
    """In week n up to 20: 10 n children and 20 n adults, then fewer; two and three times as many.

    The last week of the peak, week 20, ends on 2025-12-27.
    """
    rise = np.array([min(n, max(40 - n, 0)) for n in range(WEEKS + 1)])
    members = []
    for times, scenario in enumerate(SCENARIOS, 1):
        moves = np.zeros((CASE.samples, WEEKS + 1, 1, len(AGES)), dtype=np.int64)
        moves[..., 0], moves[..., 1] = (times * of * rise[:, np.newaxis] for of in (10, 20))
        member = factories.member_result(
            compartments=np.ones((*moves.shape[:2], 2, 2)), scenario=scenario
        )
        dates = (ENDS[0] - timedelta(weeks=1), *ENDS)
        members.append(replace(member, dates=dates, transitions=PackedArray.pack(moves)))
    return factories.calibration(members, population=place.name, location=place.iso)


@pytest.fixture(scope="module")
def submitted(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenarios")
    experiment, destination, store = plan(root, CASE, CHANGES)
    result = made_result(experiment.populations[0])
    file, findings = write_files(root, experiment, destination, store, result)
    return root, file, findings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({("output", "hub_format", "scenario_ids"): {}}, "scenario_id 'low' is not the hub's"),
        (
            {("modelset", "calibration", "projection", "scenarios"): []},
            "'inc hosp' needs a value of scenario_id; .* one of A-2025-07-29, B-",
        ),
    ],
)
def test_scenarios_that_the_hub_does_not_have_are_refused_when_the_run_is_planned(
    tmp_path, changes, message
):
    with pytest.raises(EpyflowError, match=message):
        plan(tmp_path, CASE, CHANGES | changes)


@pytest.fixture(scope="module")
def rows(submitted):
    return pd.read_parquet(submitted[1], dtype_backend="pyarrow")


def values(rows, target, output_type, scenario="A", **more):
    chosen = rows[(rows["target"] == target) & (rows["output_type"] == output_type)]
    chosen = chosen[chosen["scenario_id"].str.startswith(scenario)]
    for column, value in more.items():
        chosen = chosen[chosen[column] == value]
    return chosen["value"].tolist()


def test_the_submission_is_accepted(submitted):
    findings = submitted[2]

    assert findings["accepted"], findings["messages"]


def test_weeks_are_those_after_the_origin_date(rows):
    for scenario, times in (("A", 1), ("B", 2), ("C", 3)):
        for horizon, persons in ((1, 30), (20, 600), (21, 570)):
            for age_group, part in (("0-130", 1), ("18-130", 2 / 3)):
                found = values(
                    rows, "inc hosp", "sample", scenario, horizon=horizon, age_group=age_group
                )
                assert found == [pytest.approx(times * persons * part)] * 300


def test_sums_and_peaks_are_of_the_same_weeks(rows):
    assert set(values(rows, "cum hosp", "quantile", horizon=3)) == {30 + 60 + 90}
    assert set(values(rows, "peak size hosp", "quantile", "B")) == {1200}
    # The CDC's week 33 of 2025 ends on 16 August, so 27 December ends week 52.
    for week, share in (("EW202551", 0), ("EW202552", 1), ("EW202601", 1)):
        assert values(rows, "peak time hosp", "cdf", output_type_id=week) == [share]


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        (lambda rows: rows[~(rows["run_grouping"] == 7).fillna(value=False)], {"spl_n"}),
        (lambda rows: rows.assign(horizon=rows["horizon"] + 1), {"valid_vals", "req_vals"}),
        (
            lambda rows: rows.assign(target=rows["target"].replace("cum hosp", "cum visits")),
            {"valid_vals"},
        ),
        (lambda rows: rows[rows["scenario_id"] != "C-2025-07-29"], {"req_vals"}),
    ],
)
def test_a_fault_is_refused(submitted, rows, fault, checks):
    root = submitted[0]
    wrong = root / "2025-08-10-team-model.parquet"
    fault(rows).to_parquet(wrong, index=False)

    found = validate(wrong, root / "hub").findings

    assert {each.check for each in found if each.severity == "error"} == checks
