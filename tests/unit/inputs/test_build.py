"""The inputs of an experiment with everything in it: what a task holds, and its bytes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from epyflow.experiment.format.model import Model
from epyflow.inputs.build import numeric_json
from tests.building import compartments, sir
from tests.unit.inputs.tiny_experiment import (
    CALIBRATED,
    COVERAGE,
    contents,
    edit,
    prepared,
    read,
    written,
)

# --- what a task holds ---------------------------------------------------------------------------


def test_a_task_holds_its_population_in_the_age_groups_of_the_model(root):
    new_york, *_ = read(prepared(root), root / "inputs")

    assert new_york.population.name == "United_States_New_York"
    assert new_york.population.location == "US-NY"
    assert new_york.population.age_groups == ("0-17", "18+")
    assert new_york.population.sizes.tolist() == [200, 300]
    assert list(new_york.population.contacts) == ["school", "home"]
    assert new_york.population.contacts["home"].tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_task_holds_the_settings_of_its_run(root):
    tasks = read(prepared(root), root / "inputs")

    assert [task.index for task in tasks] == [0, 1, 2, 3]
    for task in tasks:
        assert (task.seed, task.engine, task.strategy) == (7, "epydemix", "simulate")
        assert task.code == "0123456789ab"


def test_the_model_of_a_task_is_the_one_that_was_written(root):
    build = prepared(root)
    task, *_ = read(build, root / "inputs")

    model = Model.model_validate_json(task.model)

    assert model.transitions == build.experiment.model.transitions
    assert model.parameters == build.experiment.model.parameters
    assert model.timespan == build.experiment.model.timespan


def test_members_are_numbered_over_the_experiment_and_within_their_population(root):
    tasks = read(prepared(root), root / "inputs")

    held = [[(member.primary_id, member.index) for member in task.members] for task in tasks]
    assert held == [
        [(0, 0), (1, 1), (2, 2), (3, 3)],
        [(4, 4), (5, 5)],
        [(6, 0), (7, 1), (8, 2), (9, 3)],
        [(10, 4), (11, 5)],
    ]


def test_all_populations_have_the_same_parameter_sets(root):
    tasks = read(prepared(root, members_per_task=6), root / "inputs")

    ours, theirs = (
        [(m.parameters, m.compartments, m.start_date) for m in task.members] for task in tasks
    )
    assert ours == theirs
    assert [parameters["r"] for parameters, _, _ in ours] == [1, 1, 2, 2, 3, 3]
    assert all(1 < parameters["beta"] < 2 for parameters, _, _ in ours)
    assert all(0.01 <= shares["I"] <= 0.02 for _, shares, _ in ours)
    assert {start for _, _, start in ours} == {date(2024, 11, 1), date(2024, 11, 2)}


def test_doses_are_those_of_the_place_by_day(root):
    task, *_ = read(prepared(root), root / "inputs")

    # 2 of 200 and 30 of 300 in the seven days from Sunday, 3 November.
    assert task.doses.first_day == date(2024, 11, 3)
    assert task.doses.doses == pytest.approx(np.array([[2 / 7, 30 / 7]] * 7 + [[0, 0]] * 7))


def test_a_projection_scenario_has_the_doses_of_its_coverage(root):
    config = root / "experiments/tiny/config"
    basemodel = (config / "basemodel.yaml").read_text(encoding="utf-8")
    fixed = basemodel.replace("r: {type: sampled}", "r: {type: scalar, value: 1}").replace(
        "coverage.csv", "coverage.csv\n    scenario: few"
    )
    (config / "basemodel.yaml").write_text(fixed.replace("sampled", "calibrated"), encoding="utf-8")
    (config / "modelset.yaml").write_text(CALIBRATED, encoding="utf-8")
    header, *rows = COVERAGE.format(place="Massachusetts").strip().splitlines()
    header = header.replace("Coverage", "sc_few,sc_many")
    doubled = [f"{row},{2 * int(row.rsplit(',', 1)[1])}" for row in rows]
    (config / "coverage.csv").write_text("\n".join([header, *doubled]), encoding="utf-8")
    (config / "observed.csv").write_text(
        "location,day,cases\nUS-MA,2024-11-07,3\nUS-MA,2024-11-08,4\n", encoding="utf-8"
    )

    (task,) = read(prepared(root), root / "inputs")

    assert list(task.scenario_doses) == ["many"]
    ours, theirs = task.doses, task.scenario_doses["many"]
    until = (date(2024, 11, 8) - ours.first_day).days + 1
    assert (theirs.doses[:until] == ours.doses[:until]).all()
    assert (theirs.doses[until:] == 2 * ours.doses[until:]).all()
    assert ours.doses[until:].any()


def test_closure_days_are_those_of_the_place_from_the_first_start_to_the_end(root):
    new_york, _, massachusetts, _ = read(prepared(root), root / "inputs")

    breaks = {date(2024, 11, day) for day in range(1, 7)}
    thanksgiving, christmas = date(2024, 11, 28), date(2024, 12, 25)
    assert breaks | {thanksgiving, christmas} <= set(new_york.closure_days)
    assert date(2024, 12, 2) not in new_york.closure_days
    assert date(2024, 12, 2) in massachusetts.closure_days
    assert not breaks & set(massachusetts.closure_days)
    assert min(new_york.closure_days) >= date(2024, 11, 1)
    assert max(new_york.closure_days) <= date(2024, 12, 31)


def test_without_the_intervention_there_are_no_closure_days(root):
    config = root / "experiments/tiny/config/basemodel.yaml"
    edit(config, lambda text: text[: text.index("  interventions")])

    assert {task.closure_days for task in read(prepared(root), root / "inputs")} == {()}


def test_texts_for_people_are_left_out_of_the_model():
    plain = json.loads(numeric_json(sir()))
    labelled = [{**each, "label": "a label"} for each in compartments(S="default", I=0.01, R=None)]

    texts = sir(meta={"description": "some", "version": 2}, name="a name", compartments=labelled)

    assert json.loads(numeric_json(texts)) == plain


def test_tasks_that_are_not_asked_for_are_left_alone(root):
    all_of_them = contents(written(prepared(root), root / "inputs"))
    some = {index: root / f"{index}.pkl" for index in (1, 3)}

    prepared(root).write(some)

    assert contents(list(some.values())) == [all_of_them[1], all_of_them[3]]
    assert sorted(path.name for path in root.glob("*.pkl")) == ["1.pkl", "3.pkl"]


# --- bytes ---------------------------------------------------------------------------------------


def test_an_unchanged_experiment_gives_unchanged_files(root):
    once = contents(written(prepared(root), root / "once"))
    again = contents(written(prepared(root), root / "again"))

    assert once == again
    assert len(set(once)) == 4


def test_an_added_population_leaves_the_files_of_the_others(root):
    two = contents(written(prepared(root), root / "two"))
    edit(
        root / "experiments/tiny/config/modelset.yaml",
        lambda text: text.replace("[US-NY, US-MA]", "[US-NY, US-MA, US-VT]"),
    )

    three = contents(written(prepared(root), root / "three"))

    assert three[:4] == two
    assert len(three) == 6


def test_a_changed_draw_changes_the_files(root):
    once = contents(written(prepared(root), root / "once"))
    again = contents(written(replace(prepared(root), seed=8), root / "again"))

    assert all(one != other for one, other in zip(once, again, strict=True))


BUILD_HERE = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from tests.unit.inputs.tiny_experiment import prepared, written

written(prepared(Path(sys.argv[2])), Path(sys.argv[2]) / sys.argv[3])
"""


def test_files_do_not_depend_on_the_process_that_writes_them(root):
    here = contents(written(prepared(root), root / "here"))
    repository = str(Path(__file__).resolve().parents[3])

    for seed in ("0", "1"):
        subprocess.run(
            [sys.executable, "-c", BUILD_HERE, repository, str(root), seed],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        assert contents(sorted((root / seed).iterdir())) == here
