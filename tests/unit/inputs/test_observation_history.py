"""Collect the observations of fitted series: as the run knew them, and later ones."""

import csv
from copy import deepcopy
from datetime import date

import pytest

from epyflow.experiment.experiment import Experiment
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.inputs.observation_history import Final, Observed
from epyflow.inputs.task_observations import read_task_observations
from tests.unit.experiment.samples import CALIBRATION, write_data, write_sections

# The fitting window is from 2024-10-05 to 2025-01-11; the reference date is 2025-01-18.
WEEKS = [date(2025, 1, day).isoformat() for day in (4, 11, 18, 25)]
MINE = "I_to_H_total"


@pytest.fixture
def root(tmp_path):
    write_data(tmp_path)
    (tmp_path / "common-data" / "vintages").mkdir()
    return tmp_path


def write(root, name, *lines, head="date,place,value"):
    (root / "common-data" / name).write_text("\n".join([head, *lines]) + "\n")


def experiment(root, **calibration) -> Experiment:
    sections = deepcopy(CALIBRATION)
    sections["modelset"]["population_names"] = ["US-MA", "US-NY"]
    sections["modelset"].pop("exclude")
    section = sections["modelset"]["calibration"]
    section["projection"].pop("scenarios")
    section |= calibration
    return load(locate(write_sections(root, sections)))


def written(root, observed):
    """Return comparison and population to the rows of date, then and since."""
    observed.write(root / "observed.csv")
    found = {}
    with (root / "observed.csv").open() as file:
        for row in csv.DictReader(file):
            key = row["comparison"], row["population"].removeprefix("United_States_")
            found.setdefault(key, []).append((row["date"], row["then"], row["since"]))
    return found


def vintages(root):
    write(root, "vintages/a_2025-01-04.csv", "2025-01-04,MA,10")
    write(root, "vintages/a_2025-01-11.csv", "2025-01-04,MA,11", "2025-01-11,MA,20")
    write(root, "vintages/a_2025-01-25.csv", *(f"{day},MA,{n}" for n, day in enumerate(WEEKS, 30)))
    write(root, "vintages/b_2025-03-01.csv", "2025-01-04,MA,999")


KNOWN = [
    (WEEKS[0], "11", "30"),
    (WEEKS[1], "20", "31"),
    (WEEKS[2], "", "32"),
    (WEEKS[3], "", "33"),
]


def test_since_is_the_newest_of_the_files_that_differ_in_their_date_alone(root):
    vintages(root)
    own = experiment(root, observed_data_path="common-data/vintages/a_2025-01-11.csv")

    observed = Observed(own)

    assert written(root, observed) == {(MINE, "Massachusetts"): KNOWN}
    assert [path.name for path in observed.files] == ["a_2025-01-11.csv", "a_2025-01-25.csv"]


def test_a_vintage_that_is_asked_for_is_what_was_known_then(root):
    vintages(root)
    (root / "common-data" / "vintages" / "b_2025-03-01.csv").unlink()
    asked = {"observed_data_path": "common-data/vintages", "observed_data_vintage": "2025-01-12"}

    assert written(root, Observed(experiment(root, **asked))) == {(MINE, "Massachusetts"): KNOWN}


def test_of_a_file_that_says_when_rows_were_known_the_last_ones_are_since(root):
    lines = ["2025-01-04,MA,10,2025-01-05", "2025-01-04,MA,12,2025-01-20"]
    lines += ["2025-01-11,MA,20,2025-01-12", "2025-01-18,MA,30,2025-01-20"]
    write(root, "said.csv", *lines, head="date,place,value,as_of")
    asked = {"observed_data_path": "common-data/said.csv", "observed_data_vintage": "2025-01-12"}

    assert written(root, Observed(experiment(root, **asked)))[MINE, "Massachusetts"] == [
        ("2025-01-04", "10", "12"),
        ("2025-01-11", "20", "20"),
        ("2025-01-18", "", "30"),
    ]


def test_rows_of_a_vintage_after_the_reference_date_were_known(root):
    lines = [f"{day},MA,{n},2025-01-26" for n, day in enumerate(WEEKS, 1)]
    write(root, "said.csv", *lines, head="date,place,value,as_of")
    asked = {"observed_data_path": "common-data/said.csv", "observed_data_vintage": "2025-01-26"}

    assert written(root, Observed(experiment(root, **asked)))[MINE, "Massachusetts"] == [
        (day, str(n), str(n)) for n, day in enumerate(WEEKS, 1)
    ]


def test_of_a_file_without_a_vintage_what_lies_before_the_reference_date_was_known(root):
    write(root, "admissions.csv", *(f"{day},MA,{n}" for n, day in enumerate(WEEKS, 1)))

    # The last week before 2025-01-18 is the last one fitted.
    assert written(root, Observed(experiment(root)))[MINE, "Massachusetts"] == [
        (WEEKS[0], "1", "1"),
        (WEEKS[1], "2", "2"),
        (WEEKS[2], "", "3"),
        (WEEKS[3], "", "4"),
    ]


def test_nothing_is_taken_from_before_the_fit_or_after_the_simulation(root):
    days = ("2024-10-04", "2024-10-05", "2025-05-31", "2025-06-01")
    write(root, "admissions.csv", *(f"{day},MA,1" for day in days))

    rows = written(root, Observed(experiment(root)))[MINE, "Massachusetts"]

    assert [day for day, _, _ in rows] == ["2024-10-05", "2025-05-31"]


def test_what_was_observed_in_the_end_goes_before_a_later_vintage(root):
    vintages(root)
    own = experiment(root, observed_data_path="common-data/vintages/a_2025-01-11.csv")
    lines = ["2025-01-11,25,700", "2025-01-18,25,NA", "2025-01-25,36,5"]
    write(root, "final.csv", *lines, head="date,location,value")
    final = root / "common-data" / "final.csv"

    found = written(root, Observed(own, Final(final)))

    assert found[MINE, "Massachusetts"] == [(WEEKS[0], "11", ""), (WEEKS[1], "20", "700")]
    assert found[MINE, "New_York"] == [(WEEKS[3], "", "5")]
    in_percent = written(root, Observed(own, Final(final, factor=100)))
    assert in_percent[MINE, "New_York"] == [(WEEKS[3], "", "500")]
    other = Observed(own, Final(final, ("I_to_R_total",)))
    assert written(root, other) == {(MINE, "Massachusetts"): KNOWN}


def test_of_final_observations_by_age_those_of_the_submission_are_taken(root):
    vintages(root)
    own = experiment(root, observed_data_path="common-data/vintages/a_2025-01-11.csv")
    lines = [f"2025-01-18,25,{age},{value}" for age, value in (("0-4", 5), ("65+", 700))]
    write(root, "final.csv", *lines, head="date,location,age_group,value")

    final = Final(root / "common-data" / "final.csv", task_ids={"age_group": "65+"})

    found = written(root, Observed(own, final))[MINE, "Massachusetts"]
    assert (WEEKS[2], "", "700") in found


def test_a_later_vintage_that_cannot_be_read_is_left_out_and_logged(root, caplog):
    vintages(root)
    write(root, "vintages/a_2025-02-01.csv", "x", head="other")
    own = experiment(root, observed_data_path="common-data/vintages/a_2025-01-11.csv")

    found = written(root, Observed(own))

    assert found[MINE, "Massachusetts"] == [(WEEKS[0], "11", ""), (WEEKS[1], "20", "")]
    assert "a_2025-02-01.csv:1: no column" in caplog.text


def test_what_is_observed_later_changes_the_hashes(root):
    vintages(root)
    own = experiment(root, observed_data_path="common-data/vintages/a_2025-01-11.csv")
    before = Observed(own).hashes
    assert Observed(own).hashes == before

    write(root, "vintages/a_2025-02-01.csv", "2025-01-04,MA,31")

    assert Observed(own).hashes != before


@pytest.mark.parametrize(
    ("values", "said"), [((3, 0.5, 2.25), ": value: 0.5 for Massachusetts is no"), ((3, 1, 2), "")]
)
def test_a_share_that_is_called_a_count_is_a_warning_of_the_first_one(root, caplog, values, said):
    days = ("2024-10-05", "2024-10-12", "2024-10-19")
    write(root, "admissions.csv", *map("{},MA,{}".format, days, values))
    own = experiment(root)

    read_task_observations(own, own.modelset.calibration, own.populations[0])

    assert said in caplog.text
    assert bool(caplog.messages) is bool(said)
