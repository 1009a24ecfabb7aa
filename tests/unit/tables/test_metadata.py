import csv
from dataclasses import replace

import numpy as np
import pytest

from epyflow.artifacts.task import Observations, PackedArray
from epyflow.errors import EpyflowError
from tests.unit import factories
from tests.unit.tables.reading import spec, table

NOBODY = np.zeros((4, 1, 2, 2))
FIXED = "primary_id,seed,delta_t,population,location,start_date,end_date,n_sims,status,cause"
INITIAL = "init_S_0-17,init_S_18+,init_S_total,init_I_0-17,init_I_18+,init_I_total"
PERSONS = "290,690,980,10,10,20"
MEMBER = "0,7,0.5,United_States_Massachusetts,US-MA,2024-12-29,2025-03-01,4,ok,"


def member(number=0, **changes):
    return factories.member_result(number, compartments=NOBODY, **changes)


def metadata(folder, results, *, parameters=True):
    return table("model_metadata", folder, results, spec((), None, parameters))


def test_each_member_has_a_row_with_its_parameters_and_its_start(tmp_path):
    one = member(parameters={"beta": 0.1, "rate": 1e-05})

    lines = metadata(tmp_path, [factories.result([one])])

    # 290 children and 690 adults are susceptible, 10 of each are infectious.
    assert lines == [f"{FIXED},beta,rate,{INITIAL}", f"{MEMBER},0.1,1e-05,{PERSONS}"]


def test_a_parameter_that_varies_with_age_has_a_column_per_age_group(tmp_path):
    one = member(parameters={"beta": (0.25, 0.5), "gamma": 1.0})

    lines = metadata(tmp_path, [factories.result([one])])

    assert lines[0] == f"{FIXED},beta_0-17,beta_18+,gamma,{INITIAL}"
    assert lines[1] == f"{MEMBER},0.25,0.5,1.0,{PERSONS}"


def test_parameters_are_left_out_unless_asked_for(tmp_path):
    lines = metadata(tmp_path, [factories.result([member()])], parameters=False)

    assert lines == [f"{FIXED},{INITIAL}", f"{MEMBER},{PERSONS}"]


def test_a_failed_member_has_a_row_that_says_why(tmp_path):
    results = [factories.result([member()]), factories.failure()]

    lines = metadata(tmp_path, results)

    assert lines[0] == f"{FIXED},beta,{INITIAL}"
    assert lines[1] == f"{MEMBER},0.3,{PERSONS}"
    said = "failed,the population is not known check its name,,,,,,,"
    assert lines[2:] == [f"10,7,,Atlantis,,,,,{said}", f"11,7,,Atlantis,,,,,{said}"]


def test_a_failure_before_the_first_result_keeps_its_place(tmp_path):
    results = [factories.failure(), factories.result([member()])]

    lines = metadata(tmp_path, results)

    assert lines[0] == f"{FIXED},beta,{INITIAL}"
    assert [line.split(",")[0] for line in lines[1:]] == ["10", "11", "0"]


def test_when_all_failed_the_table_says_so(tmp_path):
    lines = metadata(tmp_path, [factories.failure()])

    assert lines[0] == FIXED
    assert [line.split(",")[8] for line in lines[1:]] == ["failed", "failed"]


def test_members_with_other_parameters_are_refused(tmp_path):
    results = [
        factories.result([member(0)]),
        factories.result([member(1, parameters={"gamma": 1.0})]),
    ]

    with pytest.raises(EpyflowError, match=r"\(primary_id 1\) has other columns .*: beta, gamma"):
        metadata(tmp_path, results)


def test_a_parameter_that_hides_a_column_is_refused(tmp_path):
    results = [factories.result([member(parameters={"n_sims": 1.0})])]

    with pytest.raises(EpyflowError, match="a parameter gives the column 'n_sims'"):
        metadata(tmp_path, results)


FITTED = (
    "strategy,fitting_start,fitting_end,projection_start,projection_end,generations,ended,"
    "simulations_used,missing_observations,settings"
)
SETTINGS = '"{""epsilon_schedule"":null,""max_time"":""4h"",""num_particles"":2}"'


def test_a_calibration_says_what_was_fitted_and_projected(tmp_path):
    # Saturdays from 2025-01-04 to 2025-02-01; the window ends on Sunday the 12th.
    projected = factories.member_result(compartments=np.zeros((3, 5, 2, 2)), initial={})

    lines = metadata(tmp_path, [factories.calibration([projected])])

    assert lines[0] == f"{FIXED},{FITTED},n_projections_baseline,beta"
    # Simulations: 2 and 16.
    assert lines[1] == (
        "0,7,0.5,United_States_Massachusetts,US-MA,2024-12-29,2025-03-01,3,ok,,"
        f"smc,2025-01-01,2025-01-12,2025-01-18,2025-02-01,2,complete,18,2025-01-11,{SETTINGS},3,0.3"
    )


def test_scenarios_have_their_numbers_of_trajectories_and_their_draws(tmp_path):
    # Particles of generation 1: beta 0.5, start 3.5 days (rounded to 4) after 2024-12-01.
    low, high = (
        replace(
            factories.member_result(compartments=np.zeros((len(drawn), 5, 2, 2)), scenario=name),
            initial={},
            particles=drawn,
        )
        for name, drawn in (("low", (0, 3)), ("high", (1, 1, 2)))
    )
    particles = ((0.5, 3.0), (0.25, 4.0), (0.75, 5.0), (1.0, 10.0))
    posterior = factories.generation(particles, series=PackedArray.pack(np.zeros((4, 2, 1))))
    fit = factories.fit(generations=(posterior,), projected_generation=0)
    asked = replace(spec((), None, True), projection_draws=True)

    lines = table("model_metadata", tmp_path, [factories.calibration([low, high], fit=fit)], asked)

    rows = list(csv.DictReader(lines))
    assert [row["scenario"] for row in rows] == ["low", "high"]
    for row in rows:
        assert (row["n_projections_low"], row["n_projections_high"]) == ("2", "3")
        assert row["proj_low_beta"] == "[0.5,1.0]"
        assert row["proj_high_beta"] == "[0.25,0.25,0.75]"
        assert row["proj_low_start_date"] == '["2024-12-04","2024-12-11"]'
        assert row["beta"] == "0.3"


def test_a_calibration_without_a_projection_has_its_row(tmp_path):
    lines = metadata(tmp_path, [factories.calibration(), factories.calibration(index=1)])

    assert lines[0] == f"{FIXED},{FITTED}"
    assert lines[1] == (
        "0,7,0.5,United_States_Massachusetts,US-MA,,,0,ok,,"
        f"smc,2025-01-01,2025-01-12,,,2,complete,18,2025-01-11,{SETTINGS}"
    )
    assert lines[2] == "1" + lines[1][1:]


def test_dates_without_an_observation_are_joined(tmp_path):
    observed = Observations(factories.weeks(3), np.array([[np.nan, 1], [2, 3], [4, np.nan]]))
    series = PackedArray.pack(np.zeros((2, 3, 2)))
    fit = factories.fit(
        comparisons=("S_to_I_total", "I_to_R_total"),
        observations=observed,
        generations=(factories.generation(series=series),),
    )

    lines = metadata(tmp_path, [factories.calibration(fit=fit)])

    assert ",2,2025-01-04;2025-01-18," in lines[1]


def test_a_failed_calibration_has_a_row_among_the_others(tmp_path):
    lines = metadata(tmp_path, [factories.failure(primary_ids=(4,)), factories.calibration()])

    assert lines[0] == f"{FIXED},{FITTED}"
    failed = "failed,the population is not known check its name"
    assert lines[1] == f"4,7,,Atlantis,,,,,{failed},,,,,,,,,,"
    assert lines[2].startswith("0,7,0.5,")


def test_calibrations_among_simulations_are_refused(tmp_path):
    with pytest.raises(EpyflowError, match="not of one experiment"):
        metadata(tmp_path, [factories.result([member()]), factories.calibration([member(1)])])
