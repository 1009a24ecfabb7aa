"""Which figures a run has."""

import pytest

from epyflow.report.contents import figures_of_run

TABLES = ("quantiles_calibration", "quantiles_projection_comparison")


@pytest.mark.parametrize(
    ("fit", "locations", "has_map"),
    [
        ({"trajectories": 100}, ["US-NY"], True),
        ({"trajectories": 100}, [None, "US-NY"], True),
        ({"trajectories": 100}, [None, "IT"], False),
        ({"trajectories": 0}, ["US-NY"], False),  # nothing is projected
        (None, ["US-NY"], False),
    ],
)
def test_a_projection_of_us_states_has_a_map(fit, locations, has_map):
    names = [each.name for each in figures_of_run(TABLES, fit, None, locations)]

    assert ("change_map" in names) is has_map
