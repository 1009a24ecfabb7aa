"""Write the brief of a submission where the hub and the data are."""

import json
from copy import deepcopy
from types import SimpleNamespace

import made_up_hubs as hubs
import numpy as np
import pytest

from epyflow.errors import EpyflowError
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.run.hub_choice import choose_destination
from epyflow.run.settings import Settings
from epyflow.submission.brief_writer import write_brief
from tests.unit.experiment.samples import CALIBRATION, write_data, write_sections

MASSACHUSETTS = "United_States_Massachusetts"
FLUSIGHT = {"flusight_format": {"reference_date": "2025-01-18"}}
HOSPITALISED = {"target": "cases", "simulation": ["I_to_H_65+"], "task_ids": {"age": "18+"}}
"""A target with a transition that the calibration does not compare."""

ADMISSIONS = """\
place,date,value
25,2024-09-28,1
25,2025-01-04,3
25,2025-01-11,
25,2025-01-18,5
25,2025-01-25,7
36,2025-01-11,9
"""


def store(persons=1234.4):
    """Stand in for the populations: two age groups everywhere."""
    return SimpleNamespace(fine=lambda name: SimpleNamespace(sizes=np.array([1000.0, persons])))


def prepared(tmp_path, output, calibration=(), text=ADMISSIONS, **settings):
    write_data(tmp_path)
    (tmp_path / "common-data" / "admissions.csv").write_text(text)
    sections = deepcopy(CALIBRATION) | {"output": output}
    sections["modelset"] |= {"population_names": ["US-MA", "US-NY"], "exclude": []}
    sections["modelset"]["calibration"] |= dict(calibration)
    experiment = load(locate(write_sections(tmp_path, sections), tmp_path))
    given = {"experiment": "own", "experiments_root": str(tmp_path)} | settings
    choice = choose_destination(experiment, Settings(**given))
    write_brief(experiment, choice, store(), tmp_path / "hub.json")
    return json.loads((tmp_path / "hub.json").read_text())


def test_without_a_hub_its_definition_and_the_populations_simulated_are_written(tmp_path):
    content = prepared(tmp_path, FLUSIGHT)

    assert sorted(content["files"]) == ["locations.csv", "tasks.json"]
    assert content["files"]["locations.csv"].splitlines() == [
        "abbreviation,location,location_name,population",
        "MA,25,Massachusetts,2234",
        "NY,36,New York,2234",
    ]
    document = json.loads(content["files"]["tasks.json"])
    ids = document["rounds"][0]["model_tasks"][0]["task_ids"]
    assert ids["location"]["optional"] == ["25", "36"]
    assert content["reference_date"] == "2025-01-18"
    assert {"Massachusetts", "25", "MA", "US-MA"} <= set(content["spellings"][MASSACHUSETTS])
    assert content["scenario_ids"] == {}


def test_what_was_observed_ends_with_the_fitting_window(tmp_path):
    content = prepared(tmp_path, FLUSIGHT)

    # From before the window on: the peak may be there. The window ends on 2025-01-11.
    series = {"dates": ["2024-09-28", "2025-01-04", "2025-01-11"], "counts": [1.0, 3.0, None]}
    assert content["observed"][MASSACHUSETTS] == [series] * 2
    assert content["observed"]["United_States_New_York"][0]["counts"] == [9.0]


def test_a_reference_date_within_the_window_ends_it(tmp_path):
    output = {"flusight_format": {"reference_date": "2025-01-04"}}

    observed = prepared(tmp_path, output)["observed"][MASSACHUSETTS][0]

    assert observed["dates"] == ["2024-09-28", "2025-01-04"]


def test_rate_trends_are_known_to_the_day_before_the_reference_date(tmp_path):
    trends = {
        "observed_data_path": "common-data/admissions.csv",
        "observed_location_column": "place",
        "observed_date_column": "date",
        "observed_value_column": "value",
    }
    output = {"flusight_format": {"reference_date": "2025-01-25", "rate_trends": trends}}

    observed = prepared(tmp_path, output)["observed"][MASSACHUSETTS][0]

    assert observed["dates"][-1] == "2025-01-18"


def test_a_place_without_observations_has_none(tmp_path):
    content = prepared(tmp_path, FLUSIGHT, text="place,date,value\n25,2025-01-04,3\n")

    assert content["observed"]["United_States_New_York"] == [None] * 2


def test_a_bad_row_of_the_observations_is_an_error_and_does_not_hide_the_others(tmp_path):
    trends = {
        "observed_data_path": "trends.csv",
        "observed_value_column": "value",
        "observed_date_column": "date",
        "observed_location_column": "place",
    }
    (tmp_path / "trends.csv").write_text("place,date,value\n25,2025-01-04,5\n25,2025-01-11,-1\n")
    output = {"flusight_format": {"reference_date": "2025-01-18", "rate_trends": trends}}

    with pytest.raises(EpyflowError, match=r"trends.csv:3.*-1"):
        prepared(tmp_path, output)


def test_a_hubs_own_files_and_the_targets_are_handed_on(tmp_path):
    document = hubs.tasks()
    for task in document["rounds"][0]["model_tasks"]:
        task["task_ids"]["forecast_date"]["optional"] = ["2025-01-18"]
        task["task_ids"]["region"]["optional"] = ["Massachusetts"]
    hub = hubs.write_hub(tmp_path / "hub", document)
    section = {
        "reference_date": "2025-01-18",
        "targets": [HOSPITALISED],
        "scenario_ids": {"as_now": "A-2025"},
    }

    content = prepared(tmp_path, {"hub_format": section}, hub=str(hub))

    assert json.loads(content["files"]["tasks.json"]) == document
    assert sorted(content["files"]) == ["admin.json", "tasks.json"]
    assert content["targets"] == [HOSPITALISED | {"output_types": []}]
    assert content["scenario_ids"] == {"as_now": "A-2025"}
    # Nothing that the calibration compares is of this transition.
    assert content["observed"][MASSACHUSETTS] == [None]


def test_several_series_must_be_named(tmp_path):
    comparison = [
        {
            "observed_date_column": "date",
            "observed_value_column": "value",
            "simulation": [name],
            "weight": 0.5,
        }
        for name in ("I_to_H_total", "I_to_R_total")
    ]

    with pytest.raises(EpyflowError, match=r"flusight_format.targets: .* compares 2 series"):
        prepared(tmp_path, FLUSIGHT, {"comparison": comparison})
