"""The last week of a simulation is a week, whatever the step."""

import json
from datetime import date

import numpy as np
import pytest

from epyflow import strategies
from epyflow.tables.series import select
from tests.building import compartments, one_age, scalar, sir, spontaneous, task
from tests.calibrating import observed, section

PERSONS, HAZARD = 2_000_000_000, 1e-4
"""Of 2·10⁹ persons 1,400,000 fall ill a week; Monte Carlo error is 0.085%, depletion 0.07%."""
CLOSE = 0.006
"""Five standard errors of a difference of two weeks, and the depletion of one."""


def constant(delta_t, **changes):
    """Return a model in which people fall ill at a constant rate, from a Tuesday to a Saturday."""
    return sir(
        ages=("0+",), start="2024-10-01", end="2024-11-16", delta_t=delta_t, n_sims=1,
        resample_frequency="W-SAT", compartments=compartments(S="default", I=None),
        transitions=[spontaneous("S", "I", "hazard")],
        **({"parameters": {"hazard": scalar(HAZARD)}} | changes),
    )  # fmt: skip


@pytest.mark.parametrize("engine", ["compiled", "epydemix"])
@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.3, 0.1])
def test_the_last_week_of_a_table_is_like_the_one_before(delta_t, engine):
    result = strategies.run(task(constant(delta_t), one_age(PERSONS), engine=engine))

    (found,) = result.members
    chosen = select("transitions", result, ["S_to_I_total"])
    weekly = chosen.of(chosen.counts(found))[0, :, 0]
    # The week of the start has five days, and is left out.
    assert found.dates[0] == date(2024, 10, 12)
    assert found.dates[-1] == date(2024, 11, 16)
    assert weekly == pytest.approx(np.full(6, 7 * HAZARD * PERSONS), rel=CLOSE)


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.3, 0.1])
def test_a_simulation_that_ends_within_a_week_has_no_row_for_it(delta_t):
    model = constant(delta_t)
    timespan = model.timespan.model_copy(update={"end_date": date(2024, 11, 13)})
    cut = model.model_copy(update={"timespan": timespan})

    (found,) = strategies.run(task(cut, one_age(PERSONS))).members

    assert found.dates[-1] == date(2024, 11, 9)
    assert found.transitions.unpack()[0, -1].sum() == pytest.approx(7 * HAZARD * PERSONS, rel=CLOSE)


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.3, 0.1])
def test_the_newest_observation_is_compared_with_a_week_and_so_is_the_last_projected_one(delta_t):
    # The window ends on Saturday 26 October, the projection on 16 November.
    model = constant(delta_t, parameters={"hazard": {"type": "calibrated"}})
    always = {"prior": {"type": "scipy", "name": "uniform", "args": [HAZARD, 1e-12]}}
    calibration = section(
        "top_fraction", {"Nsim": 2, "top_fraction": 0.5}, start_date=None, compartments={},
        parameters={"hazard": always},
        comparison=[{
            "observed_value_column": "value", "observed_date_column": "date",
            "simulation": ["S_to_I_total"],
        }],
        fitting_window={"start_date": "2024-10-12", "end_date": "2024-10-26"},
    )  # fmt: skip
    seen = observed((1.0, 1.0, 1.0, 1.0))
    seen = type(seen)(seen.dates[1:], seen.values[1:])

    done = task(
        model, one_age(PERSONS), strategy="top_fraction", observations=seen,
        calibration=json.dumps(calibration.model_dump(mode="json")),
    )  # fmt: skip
    result = strategies.run(done)

    expected = 7 * HAZARD * PERSONS
    fitted = result.fit.generations[-1].series.unpack()
    assert fitted[:, :, 0] == pytest.approx(np.full(fitted.shape[:2], expected), rel=CLOSE)
    (projected,) = result.members
    weekly = projected.transitions.unpack()[:, :, 0, 0]
    assert projected.dates[-1] == date(2024, 11, 16)
    assert weekly == pytest.approx(np.full(weekly.shape, expected), rel=CLOSE)
