"""Observations that no task could use are found when an experiment is validated."""

from copy import deepcopy

import pandas as pd
import pytest

from epyflow.data.observations import Column, read_observations
from epyflow.data.vintages import data_key, vintage_of
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.population.locations import find
from tests.unit.experiment.checks.observing import (
    FLUSIGHT,
    SATURDAYS,
    STATES,
    problems,
    weeks,
)
from tests.unit.experiment.samples import CALIBRATION, write_data, write_sections


def test_weeks_that_end_as_the_simulated_ones_are_no_problem(tmp_path):
    assert problems(tmp_path, weeks()) == []


def test_each_file_of_a_partitioned_folder_lies_below_the_root(tmp_path, tmp_path_factory):
    write_data(tmp_path)
    part = tmp_path / "common-data" / "parts" / "place=MA" / "a.csv"
    part.parent.mkdir(parents=True)
    part.write_text("date,value\n" + "".join(f"{day},1\n" for day in SATURDAYS))
    assert problems(tmp_path, [], observed_data_path="common-data/parts") == []

    part.symlink_to(part.rename(tmp_path_factory.mktemp("elsewhere") / "secret.csv"))

    [found] = problems(tmp_path, [], observed_data_path="common-data/parts")
    assert "parts/place=MA/a.csv leads out of the root through a link" in found


@pytest.mark.parametrize(
    ("places", "severity"), [(("US-MA",), "error"), (("US-MA", "US-UT"), "warning")]
)
@pytest.mark.parametrize("distance", ["wmape", "mape", "mae"])
def test_a_distance_that_divides_by_observations_is_not_used_with_zeros(
    tmp_path, places, severity, distance
):
    rows = [
        f"{day},{place},{value}" for day in SATURDAYS for place, value in (("MA", 0), ("UT", 3))
    ]
    write_data(tmp_path)
    (tmp_path / "common-data" / "admissions.csv").write_text("\n".join(["date,place,value", *rows]))
    sections = deepcopy(CALIBRATION)
    sections["modelset"] |= {"population_names": [*places], "exclude": []}
    sections["modelset"]["calibration"]["distance_function"] = distance

    _, found = inspect(locate(write_sections(tmp_path, sections)))

    said = [each for each in found if each.key == "modelset.calibration.distance_function"]
    assert [each.severity for each in said] == [severity] * (distance != "mae")
    assert all(
        each.message.startswith(
            f"{distance} is undefined where every observation is zero, as in the fitting window of "
            f"United_States_Massachusetts (1 of {len(places)} populations): their tasks fail"
        )
        for each in said
    )


# --- files of hubs -------------------------------------------------------------------------------


def publish(hub, name):
    """Write two versions of two targets as a hub publishes them; return the table."""
    table = pd.DataFrame(
        [
            (day, code, target, as_of, value)
            for target, base in (("wk inc flu hosp", 10.0), ("wk inc flu visits", 500.0))
            for as_of, change in (("2024-11-02", 0), ("2024-11-09", 5))
            for code in ("25", "36")
            for day, value in ((SATURDAYS[0], base + change), (SATURDAYS[1], base + change + 1))
        ],
        columns=["target_end_date", "location", "target", "as_of", "observation"],
    )
    path = hub / "target-data" / name
    path.parent.mkdir(parents=True)
    if name.endswith(".csv"):
        table.to_csv(path, index=False)
    elif name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        for day, rows in table.groupby("as_of"):
            (path / f"as_of={day}").mkdir(parents=True)
            rows.drop(columns="as_of").to_parquet(path / f"as_of={day}" / "part-0.parquet")


@pytest.mark.parametrize("name", ["time-series.csv", "time-series.parquet", "time-series"])
def test_a_hubs_target_data_are_observations_as_known_on_a_day(tmp_path, name):
    """Of 2024-11-02 the admissions were 10 and 11, of 2024-11-09 they are 15 and 16."""
    write_data(tmp_path)
    publish(tmp_path / "hub", name)
    sections = deepcopy(CALIBRATION)
    sections["modelset"]["population_names"] = ["US-MA"]
    sections["modelset"].pop("exclude")
    section = sections["modelset"]["calibration"]
    section |= {
        "observed_data_path": "hub",
        "observed_data_vintage": "2024-11-05",
        "observed_location_column": "location",
        "observed_rows": {"target": "wk inc flu hosp"},
    }
    for each in section["comparison"]:
        each |= {"observed_value_column": "observation", "observed_date_column": "target_end_date"}

    experiment, found = inspect(locate(write_sections(tmp_path, sections)))

    assert experiment is not None, found
    read = experiment.modelset.calibration
    path = experiment.data[data_key("hub", read.observed_data_vintage)]
    assert path == tmp_path / "hub" / "target-data" / name
    window = read.fitting_window
    dates, values = read_observations(
        path,
        find("US-MA").spellings,
        "location",
        [Column("observation", "target_end_date")],
        (window.start_date, window.end_date),
        vintage_of(path, read.observed_data_vintage, None),
        read.observed_rows,
    )
    assert [str(day) for day in dates] == list(SATURDAYS[:2])
    assert values[:, 0].tolist() == [10, 11]


def test_a_folder_without_a_vintage_is_refused(tmp_path):
    write_data(tmp_path)
    (tmp_path / "common-data" / "vintages").mkdir()
    (tmp_path / "common-data" / "vintages" / "a_2025-01-04.csv").write_text("date,place,value\n")

    found = problems(tmp_path, weeks(), observed_data_path="common-data/vintages")

    assert any("is a folder of several files; expected observed_data_vintage" in e for e in found)


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2024-10-19,MA,-1", "admissions.csv:4"),
        ("2024-10-19,MA,inf", "admissions.csv:4"),
        ("10/19/2024,MA,1", "10/19/2024"),
    ],
)
def test_a_value_or_date_that_no_task_could_read_is_an_error_with_its_line(tmp_path, row, says):
    found = problems(tmp_path, [*weeks(SATURDAYS[:2]), row])

    assert any(says in each for each in found), found


# --- places --------------------------------------------------------------------------------------


def test_places_without_observations_are_a_warning_that_names_them(tmp_path):
    [found] = problems(tmp_path, weeks(), places=STATES)

    assert "no observations in the fitting window of United_States_" in found
    assert "(2 of 3 populations)" in found


def test_if_no_place_has_observations_the_experiment_is_refused(tmp_path):
    [found] = problems(tmp_path, weeks(place="Utopia"), places=STATES)

    assert "place: no row for 25 or MA or" in found
    assert "the file has Utopia" in found


@pytest.mark.parametrize("written", ["6", "6.0"])
def test_a_code_without_its_zeros_is_refused_with_the_code(tmp_path, written):
    [found] = problems(tmp_path, [*weeks(), *weeks(place=written)], places=STATES[::2])

    assert f"'{written}' is there: spreadsheets drop zeros; expected 06" in found


# --- submissions ---------------------------------------------------------------------------------


def test_a_submission_reads_observations_of_before_the_fitting_window(tmp_path):
    rows = ["2024-09-28,MA,-5", *weeks()]

    assert problems(tmp_path, rows) == []
    [found] = problems(tmp_path, rows, output=FLUSIGHT)
    assert "admissions.csv:2: value: " in found


def test_a_place_without_observations_in_the_window_is_named_once(tmp_path):
    rows = [*weeks((*SATURDAYS, "2025-01-11")), "2024-09-28,NY,5"]
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}

    [found] = problems(tmp_path, rows, output=FLUSIGHT, places=STATES[:2], **window)

    assert "no observations in the fitting window of United_States_New_York (1 of 2" in found


def test_observations_of_rate_trends_are_checked(tmp_path):
    write_data(tmp_path)
    trends = {
        "observed_data_path": "common-data/trends.csv",
        "observed_value_column": "value",
        "observed_date_column": "date",
        "observed_location_column": "place",
    }
    output = {"flusight_format": {"reference_date": "2025-01-18", "rate_trends": trends}}

    def found(rows, head="date,place,value,target"):
        (tmp_path / "common-data" / "trends.csv").write_text("\n".join([head, *rows]) + "\n")
        its = problems(tmp_path, weeks(), output=output)
        return [each for each in its if "rate_trends" in each]

    both = [*weeks(target="hosp"), *weeks(("2023-10-07",), target="visits")]
    assert found(weeks(target="hosp")) == []
    [mixed] = found(both)
    assert mixed.startswith("output.flusight_format.rate_trends.observed_data_path: ")
    assert mixed.endswith("observed_rows: {target: hosp}")
    [old] = found(["2019-10-05,MA,none", *weeks()], "date,place,value")
    assert "trends.csv:2: value: " in old
    [other] = found(weeks(place="NY", target="hosp"))
    assert "no observations before 2025-01-18 of United_States_Massachusetts" in other
    trends["observed_rows"] = {"target": "cases"}
    [none] = found(both)
    assert none.startswith("output.flusight_format.rate_trends.observed_rows: ")
    assert "no row has 'cases'" in none
