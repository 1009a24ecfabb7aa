import pytest

from tests.unit import factories
from tests.unit.tables.reading import spec, table

HEADER = (
    "primary_id,population,generation,epsilon,particles,simulations,acceptance,"
    "effective_sample_size,min_distance,median_distance,location"
)


def progress(folder, *results):
    return table("calibration_progress", folder, results, spec(()))


def test_every_generation_has_a_row(tmp_path):
    lines = progress(tmp_path, factories.calibration(index=2))

    second = lines[2].split(",")
    place = "2,United_States_Massachusetts"
    assert lines[0] == HEADER
    # Distances 1 and 2, equal weights, everything accepted.
    assert lines[1] == f"{place},0,inf,2,2,1.0,2.0,1.0,1.5,US-MA"
    # Distances 0.25, 0.5, 1 and 4; 4 of 16 simulations accepted.
    assert second[2:7] == ["1", "1.5", "4", "16", "0.25"]
    assert second[8:] == ["0.25", "0.75", "US-MA"]
    # Weights 1/2, 1/4, 1/8, 1/8: 1 / (16/64 + 4/64 + 1/64 + 1/64).
    assert float(second[7]) == pytest.approx(64 / 22)
    assert len(lines) == 3


def test_failed_tasks_have_no_rows(tmp_path):
    assert len(progress(tmp_path, factories.failure(), factories.calibration())) == 3
