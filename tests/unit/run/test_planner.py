import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from epyflow.errors import ArtifactError, EpyflowError
from epyflow.report.front_page import front_page
from epyflow.run import input_record
from epyflow.run.calendar import with_calendar
from epyflow.run.input_build import build_inputs, bundle_experiment, experiment_of
from epyflow.run.layout import OWN_NAMES
from epyflow.run.plan import PLAN_VARIABLE, plan_checksum, read_plan_file
from epyflow.run.planner import plan_without_seed, write_run_plan
from epyflow.run.settings import Settings, read_settings
from epyflow.run.sources import gather, inspect_experiment
from epyflow.run.start import Start, read_start
from epyflow.storage.disk import Disk
from tests.unit.experiment.samples import write_dateless

MODEL = """\
model:
  timespan: {start_date: "2025-01-05", end_date: "2025-03-02"}
  simulation: {n_sims: 3}
  population: {name: US-MA, age_groups: ["0-17", "18+"]}
  compartments:
    - {id: S, init: default}
    - {id: I, init: 50}
  transitions:
    - {type: mediated, source: S, target: I, mediator: I, rate: beta}
  parameters:
    beta: {type: scalar, value: 0.3}
"""
SEEDED = MODEL.replace("model:\n", "model:\n  random_seed: 3\n")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """An experiment below the working directory; its populations need not be there to plan it."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path, SEEDED)
    return Settings(experiment="small", experiments_root=".")


def write_model(folder, text):
    path = folder / "experiments" / "small" / "config" / "basemodel.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def plan(settings, *command, storage=None):
    path = write_run_plan(gather(settings), command, storage or Disk())
    return read_plan_file(path.read_bytes())


def test_a_plan_is_the_same_file_when_the_run_is_started_again(settings):
    plan(settings, "first")
    path = settings.plan_path
    before = (path.read_bytes(), path.stat().st_mtime_ns)

    plan(settings, "second")

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_plan_that_cannot_be_written_is_named_with_the_reason(settings, tmp_path):
    (tmp_path / ".epyflow").touch()

    with pytest.raises(EpyflowError, match=r"small/main: the plan of the run .*: Not a directory"):
        plan(settings)


def test_no_experiment_is_named_like_the_file_that_names_the_newest_run(settings, tmp_path):
    (tmp_path / "experiments" / "small").rename(tmp_path / "experiments" / "latest")

    with pytest.raises(EpyflowError, match="latest: a folder of results cannot be named 'latest'"):
        plan(settings.model_copy(update={"experiment": "latest"}))


@pytest.mark.parametrize("model", [SEEDED, MODEL], ids=["seed", "drawn"])
def test_a_plan_that_is_not_the_submitted_one_is_refused_and_not_written(settings, tmp_path, model):
    write_model(tmp_path, model)
    submitted = {PLAN_VARIABLE: plan_checksum(plan_without_seed(gather(settings)))}
    path = write_run_plan(gather(settings), [], Disk(), submitted)
    path.unlink()

    write_model(tmp_path, model.replace("0.3", "0.4"))
    with pytest.raises(ArtifactError, match=f"expected {submitted[PLAN_VARIABLE]}.*submit again"):
        write_run_plan(gather(settings), [], Disk(), submitted)

    assert not path.exists()


@pytest.mark.parametrize("name", ["coordinator", "build-sources"])
def test_no_experiment_or_run_is_named_like_a_folder_that_tasks_may_not_write(
    settings, tmp_path, name
):
    with pytest.raises(EpyflowError, match=f"may not write in a folder '{name}'.*rename"):
        plan(settings.model_copy(update={"run_id": name}))

    (tmp_path / "experiments" / "small").rename(tmp_path / "experiments" / name)
    with pytest.raises(EpyflowError, match=f"the run {name}/main: tasks may not write"):
        plan(settings.model_copy(update={"experiment": name}))


@pytest.fixture(params=["run after replay", "replay after run"])
def two_runs(request, tmp_path, monkeypatch):
    """The settings of two runs with one folder of results, for a date of a replay and a run."""
    monkeypatch.chdir(tmp_path)
    write_dateless(tmp_path)
    write_model(tmp_path, SEEDED)
    (tmp_path / "experiments" / "small").rename(tmp_path / "experiments" / "sample" / "rep")
    dated = {"reference_dates": [date(2025, 1, 18)], "today": date(2025, 1, 29)}
    replay = Settings(experiment="sample", experiments_root=".", run_id="rep", **dated)
    run = Settings(experiment="sample/rep", experiments_root=".", run_id="2025-01-18")
    return (replay, run) if request.param == "run after replay" else (run, replay)


def build(planned, storage=None):
    """Record an input of the first run of a plan as built."""
    run = planned.runs[0]
    path = Path(run.layout.input(0))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    input_record.remember(run, {0: path}, storage or Disk())


def test_a_run_whose_folder_is_that_of_a_date_of_a_replay_is_refused(two_runs):
    first, second = two_runs
    build(plan(first))
    folder = Path("results/sample/rep/2025-01-18")
    inputs = {path: path.read_bytes() for path in folder.rglob("*.*")}

    with pytest.raises(EpyflowError, match="results/sample/rep/2025-01-18: holds the run") as error:
        plan(second)

    assert "run rep/2025-01-18 of the experiment sample" in str(error.value)
    assert "run 2025-01-18 of the experiment sample/rep" in str(error.value)
    assert "expected another name for this run: --config run_id=<name>" in str(error.value)
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == inputs
    assert not second.plan_path.exists()
    plan(first)  # its own inputs do not stop it


def test_a_run_may_begin_with_a_copy_of_the_inputs_of_another(settings):
    planned = plan(settings)
    build(planned)
    shutil.copytree(planned.layout.results, "results/small/copy")

    plan(copy := settings.model_copy(update={"run_id": "copy"}))

    assert read_start(copy).to_build == {}


def test_an_experiment_may_be_moved_into_a_folder_of_its_name_with_its_results(settings, tmp_path):
    build(plan(settings))
    for folder in (tmp_path / "experiments", Path("results")):
        (folder / "small").rename(folder / "moved")
        (folder / "small").mkdir()
        (folder / "moved").rename(folder / "small" / "us")

    plan(moved := settings.model_copy(update={"experiment": "small/us"}))

    assert read_start(moved).to_build == {}


@pytest.fixture(params=["{}/main", "{}/us/main", "{}"])
def nested(request, settings, tmp_path):
    """A function of a name: the settings of a run, and of one whose folder is in its own."""

    def settings_of(name):
        exp_id, _, run_id = f"small/rep/{request.param.format(name)}".rpartition("/")
        copy_experiment(tmp_path, exp_id)
        return (
            settings.model_copy(update={"run_id": "rep"}),
            settings.model_copy(update={"experiment": exp_id, "run_id": run_id}),
        )

    return settings_of


def copy_experiment(folder, exp_id):
    config = folder / "experiments" / exp_id / "config"
    shutil.copytree(folder / "experiments" / "small" / "config", config)


def refusal(settings):
    try:
        plan(settings)
    except EpyflowError as error:
        return str(error)
    return ""


def note_coordinator(planned, storage):
    storage.write(planned.layout.coordinator_record, b"{}")


@pytest.mark.parametrize("name", OWN_NAMES)
def test_a_run_is_not_within_the_files_of_another_but_may_have_their_names(nested, name):
    outer, inner = nested(name)
    plan(inner)
    plan(outer)

    note_coordinator(planned := plan(inner), Disk())
    with pytest.raises(EpyflowError, match=f"is below results/small/rep, .* to '{name}'; expected"):
        plan(outer)

    plan(inner)
    Disk().remove([planned.layout.coordinator_record])
    note_coordinator(plan(outer), Disk())
    with pytest.raises(EpyflowError, match=f"{planned.layout.results}: this folder of the run"):
        plan(inner)


def test_a_run_is_known_by_its_inputs_where_nothing_is_left_of_its_coordinator(nested):
    outer, inner = nested("figures")
    build(plan(outer))

    with pytest.raises(EpyflowError, match="where the run rep of the experiment small writes"):
        plan(inner)


@pytest.mark.parametrize("is_replay", [True, False])
def test_only_a_replay_of_a_date_has_files_of_this_date(tmp_path, monkeypatch, is_replay):
    monkeypatch.chdir(tmp_path)
    write_dateless(tmp_path)
    write_model(tmp_path, SEEDED)
    copy_experiment(tmp_path, exp_id := "sample/rep/2025-01-18/hub")
    day = date(2025, 1, 18 if is_replay else 25)
    dated = {"reference_dates": [day], "today": date(2025, 1, 29)}
    outer = Settings(experiment="sample", experiments_root=".", run_id="rep", **dated)
    inner = Settings(experiment=exp_id, experiments_root=".")

    note_coordinator(planned := plan(inner), Disk())
    assert ("the run rep/2025-01-18 of the experiment sample" in refusal(outer)) is is_replay

    Disk().remove([planned.layout.coordinator_record])
    build(plan(outer))
    assert ("the run 2025-01-18 of the experiment sample/rep" in refusal(inner)) is is_replay


def test_what_differs_between_starts_is_kept_apart(settings):
    plan(settings, "snakemake", "--cores", "2")

    start = read_start(settings)

    assert start.command == ("snakemake", "--cores", "2")
    assert start.to_build == {"main": (0,)}
    assert [Path(name).name for name in start.sources] == ["basemodel.yaml"]
    assert start.started.endswith("+00:00")


def test_a_worker_knows_nothing_of_the_start(settings):
    planned = plan(settings)
    settings.start_path.unlink()

    assert read_start(settings, planned.built_remotely) == Start()


def test_a_worker_that_builds_inputs_knows_which_ones(settings):
    planned = plan(settings.model_copy(update={"build": "remote"}))
    settings.start_path.unlink()

    assert read_start(settings, planned.built_remotely) == Start(to_build={"main": (0,)})


def test_the_plan_stays_the_same_once_a_job_has_built_the_inputs(settings, tmp_path):
    remote = settings.model_copy(update={"build": "remote"})
    first = plan(remote)
    inputs = tmp_path / first.layout.input(0)
    inputs.parent.mkdir(parents=True)
    inputs.write_bytes(b"")
    input_record.remember(first.runs[0], {0: inputs}, Disk())

    assert plan(remote) == first
    assert read_start(remote, first.built_remotely).to_build == {}


def test_a_bundle_is_not_built_from_by_other_code_than_the_plans(settings, tmp_path):
    bundle, target = tmp_path / "experiment.tar.gz", tmp_path / "input_00000.pkl"
    planned = plan(settings)
    bundle_experiment(settings, bundle)
    planned = replace(planned, code={**planned.code, "build": "0123456789ab"})

    with pytest.raises(EpyflowError, match="planned by code version 0123456789ab, but this worker"):
        build_inputs(settings, planned, {("main", 0): target}, Disk(), str(bundle))

    assert not target.exists()


def test_the_experiments_seed_is_the_runs(settings):
    assert plan(settings).seed == 3


def test_seed_and_number_of_simulations_of_the_settings_replace_the_experiments(settings):
    given = settings.model_copy(update={"seed": 11, "n_sims": 2})

    planned = plan(given)

    # One population, one parameter set: its simulations are those of the run.
    assert (planned.seed, planned.runs[0].simulations) == (11, 2)
    assert plan(settings).runs[0].simulations == 3


def test_replaced_values_need_no_section_in_the_experiment_and_are_checked(settings, tmp_path):
    write_model(tmp_path, MODEL.replace("  simulation: {n_sims: 3}\n", ""))

    assert plan(settings.model_copy(update={"n_sims": 4})).runs[0].simulations == 4
    assert plan(settings).runs[0].simulations == 10

    with pytest.raises(EpyflowError, match=r"config: n_sims: 0 is too small; expected 1 or more"):
        read_settings({"experiment": "small", "n_sims": 0})


def test_a_seed_that_was_drawn_is_kept(settings, tmp_path):
    write_model(tmp_path, MODEL)

    assert plan(settings).seed == plan(settings).seed


@pytest.mark.parametrize("seed", [-1, "3", True, [3], 1.5])
def test_a_previous_plan_with_something_else_than_a_seed_is_not_used(settings, tmp_path, seed):
    write_model(tmp_path, MODEL)
    plan(settings)
    content = json.loads(settings.plan_path.read_bytes())
    content["plan"]["seed"] = seed
    settings.plan_path.write_text(json.dumps(content))

    assert type(plan(settings).seed) is int


def test_the_seed_that_inputs_were_built_with_is_kept_by_whoever_goes_on(settings, tmp_path):
    write_model(tmp_path, MODEL)
    bucket = Disk(tmp_path / "bucket")
    first = plan(settings, storage=bucket)
    file = tmp_path / "input.pkl"
    file.write_bytes(b"")
    input_record.remember(first.runs[0], {0: file}, bucket)
    settings.plan_path.unlink()

    assert plan(settings, storage=bucket).seed == first.seed


def test_nothing_is_written_of_an_experiment_that_is_not_valid(settings, tmp_path):
    write_model(tmp_path, MODEL.replace("rate: beta", "rate: gamma"))

    with pytest.raises(EpyflowError, match="gamma"):
        plan(settings)

    assert not settings.plan_path.exists()


RELATIVE = SEEDED.replace('"2025-03-02"', "today + 6 weeks")


def test_a_run_keeps_its_relative_dates_in_another_week_unless_today_is_given(settings, tmp_path):
    write_model(tmp_path, RELATIVE)

    first = plan(settings.model_copy(update={"today": date(2025, 1, 19)}))
    again = plan(settings)
    other = plan(settings.model_copy(update={"today": date(2025, 1, 26)}))

    key = "model.timespan.end_date"
    assert first.dates["keys"] == {key: ["today + 6 weeks", "2025-03-02"]}
    assert again == first
    assert other.dates["keys"][key][1] == "2025-03-09"
    assert other.runs[0].tasks != first.runs[0].tasks


def test_relative_dates_give_the_tasks_of_the_days_written_and_jobs_read_them(settings, tmp_path):
    written = plan(settings)
    write_model(tmp_path, RELATIVE)
    relative = plan(settings.model_copy(update={"today": date(2025, 1, 19)}))

    assert relative.runs[0].tasks == written.runs[0].tasks
    config = {"experiment": "small", "experiments_root": ".", "plan": vars(relative)}
    assert experiment_of(read_settings(config)).model.timespan.end_date == date(2025, 3, 2)
    assert written.dates == {}


def test_a_start_and_its_report_warn_of_data_that_were_published_later(tmp_path, monkeypatch):
    """In a replay of the same date, the data are those of a week before it."""
    monkeypatch.chdir(tmp_path)
    config = write_dateless(tmp_path) / "config"
    for name, old, new in (
        ("output.yaml", "reference_date: next", "reference_date: 2025-01-25"),
        ("modelset.yaml", "common-data/vintages", "common-data/vintages/admissions_2025-01-29.csv"),
        ("modelset.yaml", "    observed_data_vintage: today\n", ""),
        ("modelset.yaml", "last observation", "2025-01-18"),
    ):
        text = (config / name).read_text()
        assert old in text
        (config / name).write_text(text.replace(old, new))
    given = {"experiment": "sample", "experiments_root": ".", "today": date(2025, 1, 29)}
    late = "are those known on 2025-01-29, after the reference date 2025-01-25"
    settings = Settings(**given)

    assert [late in each for each in gather(settings).warnings] == [True]
    about = plan(settings).about
    assert f"The observations {late}" in front_page(about, None)["warnings"][0]

    replay = Settings(**given, reference_dates=[date(2025, 1, 25)])
    assert [late in each for each in gather(replay).warnings if "known" in each] == []
    for each in (settings, replay):  # epyflow validate has the warnings of the run
        _, problems = inspect_experiment(with_calendar(each), each.sources(remote=False))
        assert problems == gather(each).problems
    assert plan(replay).about["warnings"] == []


def test_jobs_of_a_replay_know_the_calendar_that_it_was_planned_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_dateless(tmp_path)
    given = {"experiment": "sample", "experiments_root": "."}
    dates = [date(2025, 1, 18), date(2025, 1, 25)]

    found = plan(Settings(**given, reference_dates=dates, today=date(2025, 1, 29)))

    assert found.dates == {"today": "2025-01-29", "last_observation": "2025-01-25", "keys": {}}
    config = {**given, "reference_dates": dates, "plan": vars(found)}
    job = experiment_of(read_settings(config), "main/2025-01-18")
    assert job.calibration.fitting_window.end_date == date(2025, 1, 11)
