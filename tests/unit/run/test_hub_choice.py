"""Choose the hub of a run's submission, and the targets that are submitted."""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path

import made_up_hubs as hubs
import pytest

from epyflow.errors import EpyflowError
from epyflow.experiment.format.projection import ProjectionScenario
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.run.hub_choice import choose_destination, hash_destination, hash_hub
from epyflow.run.settings import Settings
from tests.unit.experiment.samples import CALIBRATION, write_data, write_sections

DAY = date(2025, 1, 18)


def loaded(tmp_path, output):
    if not (tmp_path / "common-data").exists():
        write_data(tmp_path)
    sections = deepcopy(CALIBRATION) | {"output": output}
    return load(locate(write_sections(tmp_path, sections), tmp_path))


def chosen(tmp_path, output, **settings):
    given = {"experiment": "own", "experiments_root": str(tmp_path)} | settings
    return choose_destination(loaded(tmp_path, output), Settings(**given))


def submission_hash(choice, experiment):
    return hash_destination(choice, experiment, hash_hub(choice))


def made_up(folder, day="2025-01-18"):
    document = hubs.tasks()
    for task in document["rounds"][0]["model_tasks"]:
        task["task_ids"]["forecast_date"]["optional"] = [day]
        task["task_ids"]["region"]["optional"] = ["Alabama", "south"]
    return hubs.write_hub(folder, document)


FLUSIGHT = {"flusight_format": {"reference_date": "2025-01-18"}}
ADULTS = {"target": "cases", "task_ids": {"age": "18+"}}


def submitting(**target):
    return {"hub_format": {"reference_date": "2025-01-18", "targets": [ADULTS | target]}}


ANY = submitting()


def test_without_targets_quantiles_of_admissions_and_rate_changes_go_to_flusight(tmp_path):
    choice = chosen(tmp_path, FLUSIGHT)

    assert choice.folder is None
    assert choice.file == "2025-01-18-team-model.csv"
    assert [(each.target, each.output_types) for each in choice.targets] == [
        ("wk inc flu hosp", ("quantile",)),
        ("wk flu hosp rate change", ()),
    ]
    assert all(not each.simulation for each in choice.targets)


def test_a_definition_of_an_earlier_season_is_warned_of(tmp_path, caplog):
    later = {"flusight_format": {"reference_date": "2026-11-28"}}

    assert chosen(tmp_path, FLUSIGHT) is not None
    assert caplog.messages == []
    assert chosen(tmp_path, later) is not None
    assert caplog.messages == [
        "output.flusight_format: the round of 2026-11-28 is of a later season than the definition "
        "of the hub that epyflow includes, of 2026-06-30; expected --config hub=<folder of a copy "
        "of the hub>"
    ]


def test_an_experiment_without_a_hub_format_submits_nothing(tmp_path):
    assert chosen(tmp_path, {"quantiles": {"compartments": True}}) is None


def test_a_hub_below_the_root_is_used_where_it_serves(tmp_path):
    made_up(tmp_path / "data" / "hub")

    assert chosen(tmp_path, ANY).folder == tmp_path / "data" / "hub"
    assert chosen(tmp_path, FLUSIGHT).folder is None  # it has none of FluSight's targets


@pytest.mark.parametrize(
    ("output", "settings", "message"),
    [
        ({"flusmh_format": {"reference_date": "2025-01-18"}}, {}, r"--config hub=<folder"),
        ({"flusmh_format": {}}, {}, "flusmh_format: no reference_date"),
        ({"hub_format": {"reference_date": "2025-01-18"}}, {"hub": "hub"}, "targets: missing"),
        (ANY | {"hub_format": {"reference_date": "2025-01-25"}}, {"hub": "hub"}, "is no round"),
        (
            submitting(target="case"),
            {"hub": "hub"},
            "no target 'case'.*did you mean cases",
        ),
        (
            submitting(target="level"),
            {"hub": "hub"},
            r"how cdf of 'level' \(the level\) is computed from trajectories is not known",
        ),
        (
            submitting(task_ids={"ages": "18+"}),
            {"hub": "hub"},
            "task_ids of 'cases': the hub has no column 'ages'.*did you mean age",
        ),
        (
            submitting(task_ids={"age": "18-"}),
            {"hub": "hub"},
            r"age '18-' is not the hub's.*expected one of 0-17, 18\+",
        ),
        (
            submitting(task_ids={}),
            {"hub": "hub"},
            r"'cases' needs a value of age; .*task_ids: \{age: ...\}\} with one of 0-17, 18\+",
        ),
        (ANY, {"hub": "hub", "hub_locations": "nowhere.csv"}, "hub_locations.*is not a file"),
        (ANY, {"hub": "nowhere"}, "no such folder"),
    ],
)
def test_what_cannot_be_submitted_is_refused_before_anything_runs(
    tmp_path, monkeypatch, output, settings, message
):
    monkeypatch.chdir(tmp_path)
    made_up(tmp_path / "hub")

    with pytest.raises(EpyflowError, match=message):
        chosen(tmp_path, output, **settings)


HUBS = Path(__file__).parents[3] / "packages" / "forecast-hub" / "tests" / "hubs"


@pytest.mark.parametrize(
    ("simulation", "message"),
    [(["S_to_I_total"], None), (["S_to_I_65+"], r"'inc hosp' needs a value of age_group")],
)
def test_usual_targets_of_the_scenario_hub_are_of_all_ages_if_their_series_is(
    tmp_path, simulation, message
):
    output = {"flusmh_format": {"reference_date": "2025-08-10"}}
    experiment = loaded(tmp_path, output)
    section = experiment.modelset.calibration
    compared = section.comparison[0].model_copy(update={"simulation": tuple(simulation)})
    scenarios = tuple(ProjectionScenario(id=f"{name}-2025-07-29") for name in "ABC")
    projection = section.projection.model_copy(update={"scenarios": scenarios})
    section = section.model_copy(update={"comparison": (compared,), "projection": projection})
    modelset = experiment.modelset.model_copy(update={"calibration": section})
    experiment = replace(experiment, modelset=modelset)
    settings = Settings(experiment="own", hub=str(HUBS / "flu-scenario-modeling-hub"))

    if message is None:
        targets = choose_destination(experiment, settings).targets
        assert [(each.target, each.task_ids) for each in targets] == [
            ("inc hosp", {"age_group": "0-130"}),
            ("peak size hosp", {"age_group": "0-130"}),
        ]
    else:
        with pytest.raises(EpyflowError, match=message):
            choose_destination(experiment, settings)


def test_a_file_of_a_hub_that_is_a_link_out_of_it_is_refused(tmp_path):
    tasks = made_up(tmp_path / "data" / "hub") / "hub-config" / "tasks.json"
    tasks.symlink_to(tasks.rename(tmp_path / "secret.json"))

    with pytest.raises(EpyflowError, match=r"tasks\.json leads out of the hub .* remove the link"):
        chosen(tmp_path, ANY)


def test_a_hub_without_any_of_the_populations_is_refused_before_anything_runs(tmp_path):
    hub = hubs.write_hub(tmp_path / "hub", hubs.tasks())
    section = submitting()["hub_format"] | {"reference_date": "2026-03-02"}

    with pytest.raises(EpyflowError, match=r"none of the experiment's populations \(Alabama, .*50"):
        chosen(tmp_path, {"hub_format": section}, hub=str(hub))


@pytest.mark.parametrize(
    ("extra", "is_read"),
    [
        ({}, False),
        ({"rate_trends": CALIBRATION["output"]["flusight_format"]["rate_trends"]}, True),
    ],
)
def test_a_submission_is_made_again_if_what_its_rate_trends_start_from_changes(
    tmp_path, extra, is_read
):
    output = {"flusight_format": FLUSIGHT["flusight_format"] | extra}

    def hashed():
        return submission_hash(chosen(tmp_path, output), loaded(tmp_path, output))

    first = hashed()
    assert hashed() == first
    with (tmp_path / "common-data/admissions.csv").open("a") as file:
        file.write("25,2024-10-12,4\n")
    assert (hashed() != first) is is_read


def test_a_submission_is_not_made_again_if_rows_are_added_that_became_known_later(tmp_path):
    trends = CALIBRATION["output"]["flusight_format"]["rate_trends"] | {
        "observed_data_path": "common-data/trends.csv",
        "observed_data_vintage": "2024-10-09",
    }
    output = {"flusight_format": FLUSIGHT["flusight_format"] | {"rate_trends": trends}}
    write_data(tmp_path)
    file = tmp_path / "common-data" / "trends.csv"
    file.write_text("as_of,date,place,value\n2024-10-09,2024-10-05,25,2\n")
    first = submission_hash(chosen(tmp_path, output), loaded(tmp_path, output))

    with file.open("a") as rows:
        rows.write("2024-10-16,2024-10-05,25,4\n")

    assert submission_hash(chosen(tmp_path, output), loaded(tmp_path, output)) == first


def test_a_submission_without_rate_trends_is_made_again_if_the_hubs_files_change(tmp_path):
    folder = made_up(tmp_path / "data" / "hub")
    experiment = loaded(tmp_path, ANY)
    first = submission_hash(chosen(tmp_path, ANY), experiment)

    with (folder / "hub-config" / "tasks.json").open("a") as file:
        file.write("\n")

    assert submission_hash(chosen(tmp_path, ANY), experiment) != first


def weekly_hub(folder, day, ends):
    """Return a hub whose rounds list the ends of horizons 1 to 3."""
    document = hubs.tasks()
    for task in document["rounds"][0]["model_tasks"]:
        task["task_ids"]["forecast_date"]["optional"] = [day]
        task["task_ids"]["target_end_date"] = {"required": None, "optional": ends}
        task["task_ids"]["region"]["optional"] = ["Alabama", "south"]
    return hubs.write_hub(folder, document)


def with_periods(tmp_path, frequency, **submission):
    write_data(tmp_path)
    sections = deepcopy(CALIBRATION) | {"output": submitting(**submission)}
    sections["model"]["simulation"]["resample_frequency"] = frequency
    return load(locate(write_sections(tmp_path, sections), tmp_path))


def plan(tmp_path, experiment):
    settings = Settings(experiment="own", experiments_root=str(tmp_path), hub=str(tmp_path / "hub"))
    return choose_destination(experiment, settings)


ENDS = ["2025-01-25", "2025-02-01", "2025-02-08"]
"""Of horizons 1 to 3 in the round of Saturday 2025-01-18."""


def test_the_week_of_horizon_0_is_the_one_that_the_hub_lists(tmp_path):
    weekly_hub(tmp_path / "hub", "2025-01-18", ENDS)

    choice = plan(tmp_path, with_periods(tmp_path, "W-SAT"))

    assert choice.horizon_0_days == {"cases": 0}


def test_a_week_that_contradicts_the_hubs_dates_is_refused(tmp_path):
    weekly_hub(tmp_path / "hub", "2025-01-18", ENDS)
    experiment = with_periods(tmp_path, "W-SAT")
    section = experiment.output.hub_format.model_copy(update={"horizon_0_days": 7})
    output = experiment.output.model_copy(update={"hub_format": section})

    with pytest.raises(
        EpyflowError, match=r"hub_format.horizon_0_days is 7, but horizon 0 of 'cas"
    ):
        plan(tmp_path, replace(experiment, output=output))


@pytest.mark.parametrize(
    ("frequency", "says"),
    [
        ("7D", "resample_frequency is 7D, whose periods are"),
        ("MS", "2025-01-11 is between the dates of the simulated"),
    ],
)
def test_periods_dated_by_their_first_day_are_refused(tmp_path, frequency, says):
    weekly_hub(tmp_path / "hub", "2025-01-18", ENDS)

    with pytest.raises(EpyflowError, match=says):
        plan(tmp_path, with_periods(tmp_path, frequency))
