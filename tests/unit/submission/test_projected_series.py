from datetime import date

import numpy as np
import pytest

from epyflow.artifacts.task import NOT_STARTED
from epyflow.errors import EpyflowError
from epyflow.submission.projected_series import Observed, take_projection
from epyflow.tables.series import select, select_comparisons
from tests.unit import factories


def calibrated():
    """Two trajectories of three weeks and two age groups; the second starts in the second week."""
    moves = [
        [[[1, 2]], [[3, 4]], [[5, 6]]],
        [[[NOT_STARTED, NOT_STARTED]], [[7, 8]], [[9, 0]]],
    ]
    persons = np.ones((2, 3, 2, 2), dtype=int)
    persons[1, 0] = NOT_STARTED
    return factories.calibration([factories.member_result(compartments=persons, transitions=moves)])


def test_a_projection_is_what_the_calibration_compares_and_zero_before_its_start():
    result = calibrated()
    observed = Observed((date(2025, 1, 4),), np.array([2.0]))

    found = take_projection(
        result.members[0],
        select_comparisons(result, result.fit),
        {"location": "25"},
        observed,
    )

    assert found.trajectories.tolist() == [[3, 7, 11], [0, 15, 9]]
    assert found.dates == (date(2025, 1, 4), date(2025, 1, 11), date(2025, 1, 18))
    assert found.known_on(date(2025, 1, 4)).tolist() == [2, 2]
    assert found.known_on(date(2025, 1, 11)).tolist() == [7, 15]
    assert found.known_on(date(2025, 2, 1)) is None


def test_another_series_can_be_named():
    result = calibrated()
    selection = select("transitions", result, ["S_to_I_0-17", "S_to_I_18+"])

    found = take_projection(result.members[0], selection, {}, column="S_to_I_18+")

    assert found.trajectories.tolist() == [[2, 4, 6], [0, 8, 0]]
    with pytest.raises(EpyflowError, match=r"2 series .* expected the name of one"):
        take_projection(result.members[0], selection, {})
    with pytest.raises(EpyflowError, match="there is no series 'I_to_R'"):
        take_projection(result.members[0], selection, {}, column="I_to_R")
