"""Building the inputs of an experiment with everything in it: two populations of two age groups,
a grid with draws, doses, closures and a sampled start.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure, Task
from epyflow.errors import DataError
from epyflow.experiment.format.model import Model
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.inputs.build import Build, numeric_json
from epyflow.inputs.fan_out import plan
from epyflow.population.store import PopulationStore
from epyflow.run.bundle import Sources, unpack_bundle, write_bundle
from tests.building import compartments, sir

BASEMODEL = """
model:
  meta: {description: for tests}
  name: tiny
  random_seed: 7
  timespan: {start_date: sampled, end_date: "2024-12-31"}
  population: {age_groups: ["0-17", "18+"]}
  compartments:
    - {id: S, label: Susceptible, init: default}
    - {id: I, init: sampled}
    - {id: V}
  transitions:
    - {type: mediated, source: S, target: I, mediator: I, rate: beta}
    - {type: vaccination, source: S, target: V}
  parameters:
    beta: {type: sampled}
    r: {type: sampled}
  vaccination:
    scenario_data_path: coverage.csv
    origin_compartment: S
    eligible_compartments: [S]
  interventions:
    - {type: school_closure, scaling_factor: 0.5}
"""

MODELSET = """
modelset:
  population_names: [US-NY, US-MA]
  sampling:
    samplers:
      - {strategy: grid, parameters: [r]}
      - {strategy: LHS, n_samples: 2, parameters: [beta, start_date], compartments: [I]}
    parameters:
      r: {values: [1, 2, 3]}
      beta: {distribution: {type: custom, name: between_one_and_two}}
    compartments:
      I: {min: 0.01, max: 0.02}
    start_date:
      reference_date: 2024-11-01
      distribution: {type: scipy, name: randint, args: [0, 2]}
"""

CALIBRATED = """
modelset:
  population_names: [US-MA]
  calibration:
    strategy: {name: top_fraction}
    observed_data_path: observed.csv
    comparison:
      - observed_value_column: cases
        observed_date_column: day
        simulation: [S_to_I_total]
    fitting_window: {start_date: 2024-11-07, end_date: 2024-11-08}
    start_date:
      reference_date: 2024-11-01
      prior: {type: scipy, name: randint, args: [0, 2]}
    parameters:
      beta: {prior: {type: scipy, name: uniform, args: [1, 1]}}
    compartments:
      I: {prior: {type: scipy, name: uniform, args: [0.01, 0.01]}}
    projection:
      n_trajectories: 2
      scenarios:
        - {id: few}
        - {id: many, vaccination_scenario: many}
"""

# In the first week 1% of 200 children and 10% of 300 adults, in the second nobody else.
COVERAGE = """
Geography,Age,Population,Week_Ending_Sat,Coverage
{place},0-17 Years,200,2024-11-09,1
{place},0-17 Years,200,2024-11-16,1
{place},18+ Years,300,2024-11-09,10
{place},18+ Years,300,2024-11-16,10
"""

POPULATION = """
population,age_group,persons
United_States_New_York,0-17,200
United_States_New_York,18+,300
United_States_Massachusetts,0-17,20
United_States_Massachusetts,18+,30
"""

CALENDAR = """
state,event_name,start_day,start_month,end_day,end_month
NY,Autumn break,1,11,6,11
MA,Autumn break,2,12,2,12
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with the experiment, its populations and its data."""
    return tiny_experiment(tmp_path)


def tiny_experiment(root: Path) -> Path:
    """Write the experiment, its populations and its data below a root."""
    coverage = [COVERAGE.format(place=place) for place in ("New York", "Massachusetts")]
    contacts = ["population,layer,age_group,contact_age_group,contacts_per_day"]
    for number, name in enumerate(("United_States_New_York", "United_States_Massachusetts")):
        for layer in ("school", "home"):
            for row in ("0-17", "18+"):
                contacts += [
                    f"{name},{layer},{row},{column},{number + 1}" for column in ("0-17", "18+")
                ]
    write = {
        "experiments/tiny/config/basemodel.yaml": BASEMODEL,
        "experiments/tiny/config/modelset.yaml": MODELSET,
        "experiments/tiny/config/coverage.csv": coverage[0] + coverage[1].split("\n", 2)[2],
        "experiments/tiny/functions/priors.py": """
            from scipy import stats

            def between_one_and_two():
                return stats.uniform(1, 1)
        """,
        "populations/population.csv": POPULATION,
        "populations/contacts.csv": "\n".join(contacts) + "\n",
        "calendar.csv": CALENDAR,
    }  # fmt: skip
    for name, text in write.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return root


def prepared(root: Path, members_per_task: int = 4) -> Build:
    experiment = load(locate("tiny", root))
    return Build(
        experiment=experiment,
        plan=plan(experiment, members_per_task),
        store=PopulationStore.open(root / "populations", remote=False),
        calendar_file=root / "calendar.csv",
        seed=7,
        engine="epydemix",
        run_code="0123456789ab",
    )


def written(build: Build, folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = {index: folder / f"input_{index:05d}.pkl" for index in range(build.plan.task_count)}
    build.write(paths)
    return list(paths.values())


def read(build: Build, folder: Path) -> list[Task | Failure]:
    return [pickling.read_input(path) for path in written(build, folder)]


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))


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


# --- failures ------------------------------------------------------------------------------------


def without_massachusetts(text):
    return "".join(line for line in text.splitlines(keepends=True) if "Massachusetts" not in line)


def test_a_population_that_cannot_be_built_fails_alone(root):
    for name in ("population.csv", "contacts.csv"):
        edit(root / "populations" / name, without_massachusetts)
    build = prepared(root)

    first, second, third, fourth = read(build, root / "inputs")

    assert isinstance(first, Task)
    assert isinstance(second, Task)
    assert isinstance(third, Failure)
    assert (third.index, third.primary_ids, third.stage) == (2, (6, 7, 8, 9), "build")
    assert (fourth.index, fourth.primary_ids) == (3, (10, 11))
    assert (third.population, third.location) == ("United_States_Massachusetts", "US-MA")
    assert third.cause.startswith("there is no population United_States_Massachusetts in ")


def test_data_without_the_place_fail_the_place_alone(root):
    edit(
        root / "experiments/tiny/config/coverage.csv",
        lambda text: text.replace("New York", "New Jersey"),
    )

    first, _, third, _ = read(prepared(root), root / "inputs")

    assert isinstance(first, Failure)
    assert "coverage.csv: Geography: no row for" in first.cause
    assert " or NY or " in first.cause
    assert isinstance(third, Task)


@pytest.mark.parametrize(
    ("file", "old", "new", "cause"),
    [
        (
            "experiments/tiny/config/coverage.csv",
            "New York",
            "New Jersey",
            "coverage.csv: Geography: ",
        ),
        ("populations/population.csv", "17,200", "17,x", "population_data/population.csv, line 2"),
    ],
)
def test_a_bundle_gives_the_same_bytes_of_a_failure(root, file, old, new, cause):
    edit(root / file, lambda text: text.replace(old, new))
    here = prepared(root)
    write_bundle(here.experiment, Sources(here.experiment.files, here.store, None), root / "b.tgz")

    with unpack_bundle(root / "b.tgz") as sources:
        there = replace(here, experiment=load(sources.place), store=sources.store)
        elsewhere = contents(written(there, root / "elsewhere"))

    failure, *_ = read(here, root / "inputs")
    assert failure.cause.startswith(cause)
    assert contents(written(here, root / "inputs")) == elsewhere


def test_ages_of_the_data_that_the_population_cannot_tell_apart_fail_the_place(root):
    # The population's last group begins at 12 and cannot be cut at 17.
    edit(
        root / "populations/population.csv",
        lambda text: text.replace("0-17,", "0-11,").replace("18+,", "12+,"),
    )
    edit(
        root / "populations/contacts.csv",
        lambda text: text.replace("0-17", "0-11").replace("18+", "12+"),
    )
    edit(
        root / "experiments/tiny/config/basemodel.yaml",
        lambda text: text.replace('"0-17", "18+"', '"0-11", "12+"'),
    )

    first, *_ = read(prepared(root), root / "inputs")

    assert isinstance(first, Failure)
    assert (
        'vaccination data: age interval "0-17 Years" ends inside the open age group' in first.cause
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "experiments/tiny/functions/priors.py",
            "stats.uniform(1, 1)",
            "1 / 0",
            r"priors.py: between_one_and_two\(\) raised ZeroDivisionError",
        ),
        (
            "experiments/tiny/functions/priors.py",
            "stats.uniform(1, 1)",
            "stats.uniform(1, 1).mean()",
            "the distribution of beta has no quantiles: ppf raised AttributeError",
        ),
        ("calendar.csv", "NY,Autumn break,1", "NY,Autumn break,44", "calendar.csv:2: start_day"),
    ],
)
def test_what_all_populations_share_fails_the_build_and_writes_nothing(
    root, file, old, new, message
):
    edit(root / file, lambda text: text.replace(old, new))

    with pytest.raises(DataError, match=message):
        written(prepared(root), root / "inputs")

    assert list((root / "inputs").iterdir()) == []


def test_starts_after_the_end_are_refused_before_anything_is_simulated(root):
    edit(
        root / "experiments/tiny/functions/priors.py",
        lambda text: text + "\ndef late():\n    return stats.uniform(100, 1)\n",
    )
    edit(
        root / "experiments/tiny/config/modelset.yaml",
        lambda text: text.replace(
            "{type: scipy, name: randint, args: [0, 2]}", "{type: custom, name: late}"
        ),
    )

    # The first of November and 100 or 101 days.
    with pytest.raises(
        DataError,
        match=r"6 of 6 drawn start dates are after timespan.end_date 2024-12-31, the latest "
        r"2025-02-(09|10)",
    ):
        written(prepared(root), root / "inputs")


# --- bytes ---------------------------------------------------------------------------------------


def contents(paths: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]


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

from tests.unit.inputs.test_build import prepared, written

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
