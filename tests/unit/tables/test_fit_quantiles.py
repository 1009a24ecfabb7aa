import numpy as np
import pytest
from epydemix.calibration.calibration_results import CalibrationResults

from epyflow.artifacts.task import Observations, PackedArray
from epyflow.errors import EpyflowError
from epyflow.tables import fit_quantiles
from tests.unit import factories
from tests.unit.tables.reading import spec, table

PLACE = "0,7,United_States_Massachusetts"


def quantiles(folder, *results, levels=(0.25, 0.5)):
    return table("quantiles_calibration", folder, results, spec(levels))


def test_quantiles_of_the_last_generation_stand_beside_the_observations(tmp_path):
    lines = quantiles(tmp_path, factories.calibration())

    # Accepted: 0, 4, 4, 8 and 4, 4, 8, 8, weights left aside. The quarter is three quarters of
    # the way from the first to the second. Nothing was observed on the second date.
    assert lines == [
        "primary_id,seed,population,date,quantile,S_to_I_total,observed_S_to_I_total,location",
        f"{PLACE},2025-01-04,0.25,3.0,12.0,US-MA",
        f"{PLACE},2025-01-11,0.25,4.0,,US-MA",
        f"{PLACE},2025-01-04,0.5,4.0,12.0,US-MA",
        f"{PLACE},2025-01-11,0.5,6.0,,US-MA",
    ]


def test_the_generation_that_was_projected_is_shown(tmp_path):
    fit = factories.fit(projected_generation=0)

    lines = quantiles(tmp_path, factories.calibration(fit=fit), levels=(0.5,))

    assert [line.split(",")[5] for line in lines[1:]] == ["0.0", "0.0"]


def test_every_comparison_has_its_column_and_its_observations(tmp_path):
    series = PackedArray.pack(np.array([[[1, 10], [2, 20]], [[3, 30], [4, 40]]]))
    fit = factories.fit(
        comparisons=("S_to_I_0-17", "S_to_I_0-17"),
        observations=Observations(factories.weeks(2), np.array([[5.0, np.nan], [6.0, 7.5]])),
        generations=(factories.generation(series=series),),
    )

    lines = quantiles(tmp_path, factories.calibration(fit=fit), levels=(0.5,))

    assert lines[0].split(",")[5:] == [
        "S_to_I_0-17",
        "S_to_I_0-17#2",
        "observed_S_to_I_0-17",
        "observed_S_to_I_0-17#2",
        "location",
    ]
    assert [line.split(",")[5:-1] for line in lines[1:]] == [
        ["2.0", "20.0", "5.0", ""],
        ["3.0", "30.0", "6.0", "7.5"],
    ]


def test_quantiles_are_bit_for_bit_those_of_epydemix():
    levels, series = [0.025, 0.3, 0.5, 0.975], np.random.default_rng(1).poisson(50, (37, 2, 1))
    accepted = factories.generation(
        np.ones((37, 2)), series=PackedArray.pack(series.astype(np.float64))
    )
    result = factories.calibration(fit=factories.fit(generations=(accepted,)))
    theirs = CalibrationResults(
        selected_trajectories={0: [{"data": one[:, 0].astype(float)} for one in series]}
    ).get_calibration_quantiles(quantiles=levels)

    (ours,) = fit_quantiles.chunks(result, spec(tuple(levels)))

    assert ours["S_to_I_total"].tolist() == theirs["data"].tolist()
    assert ours["quantile"].tolist() == theirs["quantile"].tolist()


def test_a_series_that_is_not_of_numbers_is_refused(tmp_path):
    broken = factories.generation(series=PackedArray.pack(np.full((2, 2, 1), np.nan)))
    result = factories.calibration(fit=factories.fit(generations=(broken,)))

    with pytest.raises(EpyflowError, match="fitted series of United_States_Massachusetts"):
        quantiles(tmp_path, result)


def test_failed_tasks_have_no_rows(tmp_path):
    assert len(quantiles(tmp_path, factories.failure(), factories.calibration())) == 5
