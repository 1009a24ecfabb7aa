"""From results to the rows of a submission, and what is left out of it."""

import gzip
import io
import json
from copy import deepcopy

import made_up_hubs as hubs
import numpy as np
import pandas as pd
import pytest

from epyflow import strategies
from epyflow.artifacts.pickling import write
from epyflow.errors import EpyflowError
from epyflow.submission.request import LeftOut
from epyflow.submission.result_rows import describe_left_out, make_rows
from tests.building import compartments, people, scalar, sir, spontaneous, task
from tests.unit import factories
from tests.unit.submission.briefs import FILES, write_brief

PLACE = "United_States_Massachusetts"
SERIES = [[5, 1, 10, 0], [5, 2, 20, 0], [5, 3, 30, 0]]
"""Infections of three trajectories in the weeks that end on 2025-01-04, 11, 18 and 25."""


def member(series=SERIES, scenario=None):
    """Give the series to the older of two age groups."""
    moves = np.zeros((len(series), len(series[0]), 1, 2), dtype=np.int64)
    moves[:, :, 0, 1] = series
    persons = np.full((*moves.shape[:2], 2, 2), 100)
    return factories.member_result(compartments=persons, transitions=moves, scenario=scenario)


def files(scenarios=None):
    """Return a hub with a round on Monday 2025-01-06: horizon 1 ends on the Saturday after."""
    document = deepcopy(hubs.tasks())
    for each in document["rounds"][0]["model_tasks"]:
        each["task_ids"]["forecast_date"]["optional"] = ["2025-01-06"]
        if scenarios is not None:
            each["task_ids"]["scenario_id"] = {"required": None, "optional": scenarios}
    return FILES | {"tasks.json": json.dumps(document)}


def made(folder, results, **changes):
    """Make the rows; return them with what is left out."""
    paths = []
    for number, result in enumerate(results):
        paths.append(folder / f"result_{number:05}.pkl")
        write(result, paths[-1])
    settings = {"reference_date": "2025-01-06", "files": files(), "observed": {PLACE: [None]}}
    prepared = write_brief(folder, **(settings | changes))
    table, left_out = folder / "table.csv.gz", folder / "left_out.json"
    make_rows(paths, prepared, table, left_out)
    text = gzip.decompress(table.read_bytes()).decode()
    rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return rows, json.loads(left_out.read_text())


def values(rows, output_type, horizon):
    chosen = rows[(rows["output_type"] == output_type) & (rows["horizon"] == horizon)]
    return chosen["value"].tolist()


def test_what_the_calibration_compares_is_submitted(tmp_path):
    rows, left_out = made(tmp_path, [factories.calibration([member()])])

    assert left_out == []
    assert list(rows.columns) == hubs.COLUMNS
    fixed = rows[["forecast_date", "outcome", "region", "age"]].drop_duplicates()
    assert fixed.to_numpy().tolist() == [["2025-01-06", "cases", "north", "18+"]]
    # Of 1, 2, 3 the quantiles at 0.1, 0.5 and 0.9 are 1.2, 2 and 2.8, in whole numbers.
    assert values(rows, "quantile", "1") == ["1", "2", "3"]
    assert values(rows, "mean", "1") == ["2"]
    assert values(rows, "sample", "1") == ["1", "2", "3"]
    assert values(rows, "sample", "2") == ["10", "20", "30"]


def test_a_transition_that_is_named_is_submitted_instead(tmp_path):
    wanted = [{"target": "cases", "simulation": ["S_to_I_18+"], "task_ids": {"age": "18+"}}]
    younger = [{"target": "cases", "simulation": ["S_to_I_0-17"], "task_ids": {"age": "0-17"}}]
    older_rows, _ = made(tmp_path, [factories.calibration([member()])], targets=wanted)
    younger_rows, _ = made(tmp_path, [factories.calibration([member()])], targets=younger)

    assert values(older_rows, "sample", "2") == ["10", "20", "30"]
    assert values(younger_rows, "sample", "2") == ["0", "0", "0"]


@pytest.mark.parametrize(
    ("asked", "made_types"),
    [
        ([["quantile"]], {"quantile"}),
        ([["quantile"], ["mean"]], {"quantile", "mean"}),
        ([["quantile"], []], {"quantile", "mean", "sample"}),
    ],
)
def test_a_target_has_the_output_types_that_are_asked_for(tmp_path, asked, made_types):
    # One target may be listed for each age group; one that lists no output type has all.
    targets = [
        {"target": "cases", "simulation": [], "task_ids": {"age": age}, "output_types": types}
        for age, types in zip(("18+", "0-17"), asked, strict=False)
    ]
    observed = {PLACE: [None] * len(targets)}

    rows, _ = made(
        tmp_path, [factories.calibration([member()])], targets=targets, observed=observed
    )

    assert set(rows["output_type"]) == made_types


@pytest.mark.parametrize(("column", "parts"), [("age", ("0-17", "18+")), ("region", "xy")])
def test_a_target_may_be_divided_over_model_tasks(tmp_path, column, parts):
    """All infections are of the older age group."""
    given = files()
    document = json.loads(given["tasks.json"])
    tasks = document["rounds"][0]["model_tasks"]
    tasks.insert(0, deepcopy(tasks[0]))
    for each, part in zip(tasks, parts, strict=False):
        each["task_ids"][column] = {"required": None, "optional": [part, f"not {part}"]}
    targets = [
        {"target": "cases", "simulation": [f"S_to_I_{age}"], "task_ids": {"age": age}}
        for age in ("0-17", "18+")
    ]

    rows, left_out = made(
        tmp_path,
        [factories.calibration([member()])],
        targets=targets,
        observed={PLACE: [None, None]},
        spellings={PLACE: ["y" if column == "region" else "North"]},
        files=given | {"tasks.json": json.dumps(document)},
    )

    assert left_out == []
    samples = rows[(rows["output_type"] == "sample") & (rows["horizon"] == "2")]
    by_age = {age: group["value"].tolist() for age, group in samples.groupby("age")}
    assert by_age == {"0-17": ["0"] * 3, "18+": ["10", "20", "30"]}
    assert samples["region"].unique().tolist() == ["y" if column == "region" else "north"]


def test_scenarios_have_the_hubs_names(tmp_path):
    results = [factories.calibration([member(scenario="as_now"), member(scenario="B")])]

    rows, _ = made(tmp_path, results, files=files(["A", "B"]))

    assert rows["scenario_id"].unique().tolist() == ["A", "B"]


def test_a_failed_task_and_a_place_that_the_hub_lacks_are_left_out(tmp_path):
    elsewhere = factories.calibration([member()], 2, population="Atlantis")

    rows, left_out = made(
        tmp_path,
        [
            factories.calibration([member()]),
            factories.failure(population="Lemuria", cause="no data"),
            elsewhere,
        ],
        spellings={PLACE: ["North"], "Atlantis": ["Atlantis", "AT"]},
        observed={PLACE: [None], "Atlantis": [None]},
    )

    assert rows["region"].unique().tolist() == ["north"]
    assert left_out == [
        "everything of 'all targets' left out of Lemuria: no data",
        "everything of 'cases' left out of Atlantis: it is no location of the hub",
    ]


def test_too_few_trajectories_cost_the_samples_alone(tmp_path):
    rows, left_out = made(tmp_path, [factories.calibration([member(SERIES[:1])])])

    assert set(rows["output_type"]) == {"quantile", "mean"}
    (sentence,) = left_out
    assert sentence.startswith("sample of 'cases' left out of ")
    assert "1 trajectories of 'cases'; the hub takes no fewer than 2 samples" in sentence


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.3, 0.1])
def test_the_last_week_that_is_simulated_is_submitted_as_a_week(tmp_path, delta_t):
    # Of 2·10⁹ persons 0.01% fall ill a day; horizon 3 ends with the simulation, on 25 January.
    model = sir(
        ages=("0-17", "18+"), start="2024-12-22", end="2025-01-25", delta_t=delta_t, n_sims=3,
        resample_frequency="W-SAT", compartments=compartments(S="default", I=None),
        transitions=[spontaneous("S", "I", "hazard")], parameters={"hazard": scalar(1e-4)},
    )  # fmt: skip
    here = people((10, 2_000_000_000), {"all": np.ones((2, 2))}, model.population.age_groups)
    wanted = [{"target": "cases", "simulation": ["S_to_I_18+"], "task_ids": {"age": "18+"}}]

    rows, _ = made(tmp_path, [strategies.run(task(model, here))], targets=wanted)

    weekly = [float(values(rows, "mean", horizon)[0]) for horizon in ("1", "2", "3")]
    # 1,400,000 a week, less 0.07% a week for those who have fallen ill; Monte Carlo error 0.05%.
    assert weekly == pytest.approx([1_400_000] * 3, rel=0.006)


def test_nothing_at_all_is_an_error_that_says_why(tmp_path):
    with pytest.raises(EpyflowError, match=r"nothing to submit.*\n.*left out of Atlantis: the pop"):
        made(tmp_path, [factories.failure()])


def test_reasons_are_given_once_for_all_places():
    missing = [
        LeftOut("peak", "pmf", "north", "north: the season is not over"),
        LeftOut("peak", "pmf", "south", "south: the season is not over"),
        LeftOut("peak", "quantile", "south", "south: another reason"),
    ]

    assert describe_left_out(missing) == [
        "pmf of 'peak' left out of north, south: the season is not over",
        "quantile of 'peak' left out of south: another reason",
    ]
