"""Read an experiment for another reference date."""

from copy import deepcopy
from datetime import date

import pytest

from epyflow.errors import EpyflowError
from epyflow.experiment import as_of
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from tests.unit.experiment.samples import CALIBRATION, SIR, write_data, write_sections

ADMISSIONS = "date,place,value\n2024-11-02,MA,1\n"


@pytest.fixture
def root(tmp_path):
    write_data(tmp_path)
    folder = tmp_path / "common-data" / "vintages"
    folder.mkdir()
    for day in ("2024-12-28", "2025-01-11", "2025-02-08"):
        (folder / f"admissions_{day}.csv").write_text(ADMISSIONS)
    return tmp_path


def experiment(root, **changed: object) -> Experiment:
    """Load one fitted to a week before 2025-01-18, from the vintage of 2025-01-11."""
    sections = deepcopy(CALIBRATION)
    calibration = sections["modelset"]["calibration"]
    calibration["observed_data_path"] = "common-data/vintages/admissions_2025-01-11.csv"
    trends = sections["output"]["flusight_format"]["rate_trends"]
    trends["observed_data_path"] = "common-data/vintages/admissions_2025-01-11.csv"
    calibration["projection"].pop("scenarios")
    sections["model"]["timespan"]["end_date"] = changed.get("end", "2025-05-31")
    calibration |= changed.get("calibration", {})  # type: ignore[arg-type]
    return load(locate(write_sections(root, sections)))


def test_reference_date_vintages_and_window_keep_their_distances(root):
    other = as_of.at(experiment(root), date(2025, 2, 15))

    assert other.output.flusight_format.reference_date == date(2025, 2, 15)
    calibration = other.modelset.calibration
    assert calibration.observed_data_vintage == date(2025, 2, 8)
    assert calibration.fitting_window.start_date == date(2024, 10, 5)
    assert calibration.fitting_window.end_date == date(2025, 2, 8)
    assert other.output.flusight_format.rate_trends.observed_data_vintage == date(2025, 2, 8)
    assert {path.name for name, path in other.data.items() if "vintages" in name} == {
        "admissions_2025-02-08.csv"
    }


def test_a_week_without_a_vintage_of_its_own_uses_the_one_before(root):
    other = as_of.at(experiment(root), date(2025, 1, 11))

    chosen = [path.name for name, path in other.data.items() if "vintages" in name]
    assert set(chosen) == {"admissions_2024-12-28.csv"}


def test_a_vintage_of_the_experiments_own_keeps_its_distance(root):
    own = experiment(root, calibration={"observed_data_vintage": "2025-01-14"})

    other = as_of.at(own, date(2025, 2, 15))

    assert other.modelset.calibration.observed_data_vintage == date(2025, 2, 11)


@pytest.mark.parametrize(
    ("end", "day", "expected"),
    [
        ("2025-05-31", date(2025, 3, 15), date(2025, 5, 31)),  # a season's end stays
        ("2025-05-31", date(2025, 5, 17), date(2025, 6, 14)),  # less than four weeks are left
        ("2025-02-01", date(2025, 2, 15), date(2025, 3, 1)),  # two weeks, as the experiment has
    ],
)
def test_the_projection_ends_where_it_did_unless_that_is_too_near(root, end, day, expected):
    other = as_of.at(experiment(root, end=end), day)

    assert other.model.timespan.end_date == expected


def test_the_experiments_own_date_gives_the_experiment_with_its_vintage(root):
    own = experiment(root)

    same = as_of.at(own, date(2025, 1, 18))

    assert (same.model, same.populations) == (own.model, own.populations)
    assert same.modelset.calibration.fitting_window == own.modelset.calibration.fitting_window


def test_what_is_not_valid_at_a_date_is_refused_with_the_date(root):
    with pytest.raises(
        EpyflowError, match=r"reference date 2024-11-16: .*no file is dated 2024-11-09"
    ):
        as_of.at(experiment(root), date(2024, 11, 16))


def test_runs_are_named_by_their_dates_in_order(root):
    dates = [date(2025, 2, 15), date(2025, 1, 18)]

    runs = as_of.runs(experiment(root), "season", dates)

    assert list(runs) == ["season/2025-01-18", "season/2025-02-15"]


def test_a_date_twice_is_refused(root):
    with pytest.raises(EpyflowError, match="2025-01-18 is listed twice"):
        as_of.runs(experiment(root), "main", [date(2025, 1, 18)] * 2)


def test_an_experiment_without_a_reference_date_cannot_be_replayed(root):
    own = load(locate(write_sections(root, SIR)))

    with pytest.raises(EpyflowError, match=r"no reference date to replace.*flusight_format"):
        as_of.runs(own, "main", [date(2025, 1, 18)])
