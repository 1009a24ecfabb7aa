import logging

import pytest

from epyflow.errors import EpyflowError
from tests.unit import factories
from tests.unit.tables.reading import spec, table


def posteriors(folder, *results, generations=None):
    return table("posteriors", folder, results, spec((), generations=generations))


def test_every_particle_of_every_generation_has_a_row(tmp_path):
    lines = posteriors(tmp_path, factories.calibration(index=3))

    assert lines[:3] == [
        "primary_id,population,generation,particle,weight,distance,"
        "beta,start_date_days,start_date,location",
        # The start is counted from 1 December; 10.5 is rounded to the even number, as it was run.
        "3,United_States_Massachusetts,0,0,0.5,1.0,0.25,3.0,2024-12-04,US-MA",
        "3,United_States_Massachusetts,0,1,0.5,2.0,0.75,10.5,2024-12-11,US-MA",
    ]
    assert [line.split(",")[2:6] for line in lines[3:]] == [
        ["1", "0", "0.5", "0.5"],
        ["1", "1", "0.25", "4.0"],
        ["1", "2", "0.125", "0.25"],
        ["1", "3", "0.125", "1.0"],
    ]


def test_generations_are_chosen(tmp_path):
    lines = posteriors(tmp_path, factories.calibration(), generations=(1,))

    assert [line.split(",")[2] for line in lines[1:]] == ["1"] * 4


def test_a_generation_that_was_not_reached_has_no_rows_and_the_log_says_so(tmp_path, caplog):
    short = factories.calibration(
        fit=factories.fit(generations=(factories.generation(),), ended="max_time")
    )

    with caplog.at_level(logging.WARNING):
        lines = posteriors(tmp_path, factories.calibration(), short, generations=(1, 5))

    assert len(lines) == 1 + 4
    assert [record.getMessage() for record in caplog.records] == [
        "United_States_Massachusetts: no posterior of generation 5: "
        "the calibration ended with generation 1 (complete)",
        "United_States_Massachusetts: no posterior of generation 1, 5: "
        "the calibration ended with generation 0 (max_time)",
    ]


def test_when_no_calibration_reached_a_generation_there_is_an_error(tmp_path):
    with pytest.raises(EpyflowError, match="no calibration that reached a generation asked for"):
        posteriors(tmp_path, factories.calibration(), generations=(7,))


def test_without_a_calibrated_start_there_is_no_date(tmp_path):
    fit = factories.fit(names=("beta", "init_I"), reference_date=None)

    lines = posteriors(tmp_path, factories.calibration(fit=fit))

    assert lines[0].endswith(",distance,beta,I,location")


def test_a_compartment_has_its_name_in_the_experiment_and_a_parameter_keeps_its_own(tmp_path):
    # The result has the compartments S and I; no compartment is called V.
    fit = factories.fit(names=("init_I", "init_V"))

    lines = posteriors(tmp_path, factories.calibration(fit=fit))

    assert lines[0].endswith(",distance,I,init_V,location")
    assert lines[1].split(",")[-3:] == ["0.25", "3.0", "US-MA"]


@pytest.mark.parametrize("name", ["weight", "location", "start_date"])
def test_a_parameter_that_hides_a_column_is_refused(tmp_path, name):
    fit = factories.fit(names=(name, "start_date_days"))

    with pytest.raises(EpyflowError, match=f"a parameter or compartment gives the column '{name}'"):
        posteriors(tmp_path, factories.calibration(fit=fit))


def test_failed_tasks_have_no_rows(tmp_path):
    lines = posteriors(tmp_path, factories.failure(), factories.calibration())

    assert len(lines) == 1 + 6
