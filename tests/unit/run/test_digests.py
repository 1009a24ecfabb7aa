"""Include data files in the hash of a run's tasks."""

from types import SimpleNamespace

import pytest

from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.run.digests import flatten, hash_data
from tests.unit.experiment.samples import CALIBRATION, changed, write_data, write_sections

TRENDS = "output.flusight_format.rate_trends.observed_data_path"
STORE = SimpleNamespace(files=lambda name: ())


@pytest.mark.parametrize("trends", ["common-data/admissions.csv", "common-data/trends.csv"])
def test_data_that_only_an_output_reads_do_not_change_a_task(tmp_path, trends):
    write_data(tmp_path)
    data = tmp_path / "common-data"
    (data / "trends.csv").write_bytes((data / "admissions.csv").read_bytes())
    sections = changed(CALIBRATION, (TRENDS, trends))
    experiment = load(locate(write_sections(tmp_path, sections), tmp_path))
    (tmp_path / "calendar.csv").write_text("holidays\n")

    found = flatten(hash_data(experiment, STORE, tmp_path / "calendar.csv"))

    assert {"common-data/admissions.csv", "school_calendar"} <= found.keys()
    assert "common-data/trends.csv" not in found
    assert all(len(each) == 64 for each in found.values())
