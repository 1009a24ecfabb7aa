"""The scenarios of a projection, and what they must fulfil together with the model."""

import pytest

from epyflow.experiment.checks import projection
from epyflow.tables import metadata, posteriors
from tests.unit import factories
from tests.unit.experiment.samples import CALIBRATION, GONE, REJECTION, messages
from tests.unit.tables.reading import spec

SCENARIOS = "modelset.calibration.projection.scenarios"
INTERVENTION = f"{SCENARIOS}.1.interventions.0"


def test_scenarios_are_accepted(root):
    assert messages(root, CALIBRATION) == []


def test_two_scenarios_of_one_id_are_refused(root):
    (found,) = messages(root, CALIBRATION, (f"{SCENARIOS}.1.id", "as_now"))

    assert "scenarios has the id 'as_now' twice; expected another" in found


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", 3, True])
def test_what_is_no_id_is_refused(root, name):
    (found,) = messages(root, CALIBRATION, (f"{SCENARIOS}.1.id", name))

    assert "cannot name a scenario; expected a letter or digit, then" in found


def test_an_intervention_in_the_fitting_window_is_refused(root):
    (found,) = messages(root, CALIBRATION, (f"{INTERVENTION}.start_date", "2025-01-11"))

    assert "2025-01-11 is not after fitting_window.end_date 2025-01-11; expected a later" in found


def test_an_intervention_on_nothing_is_refused(root):
    (found,) = messages(root, CALIBRATION, (f"{INTERVENTION}.target_parameter", "Rx"))

    assert "unknown parameter 'Rx'; expected one of Rt, mu, beta" in found


def test_a_closure_has_no_dates_of_its_own_and_is_refused(root):
    closure = {"type": "school_closure", "scaling_factor": 0.5}
    (found,) = messages(root, CALIBRATION, (INTERVENTION, closure))

    assert "school_closure" in found
    assert "contact_matrix" in found


def test_coverage_that_the_file_does_not_have_is_refused(root):
    (found,) = messages(root, CALIBRATION, (f"{SCENARIOS}.1.vaccination_scenario", "X_Y"))

    assert "unknown scenario 'X_Y'; expected one of A_B, C_D" in found


def test_coverage_without_a_coverage_file_is_refused(root):
    scenario = {"id": "more", "vaccination_scenario": "C_D"}
    (found,) = messages(root, REJECTION, (SCENARIOS, [scenario]))

    assert "the model has no vaccination.scenario_data_path; expected both, or neither" in found


def test_coverage_is_not_judged_without_its_file(root):
    path = ("model.vaccination.scenario_data_path", "common-data/gone.csv")

    (found,) = messages(root, CALIBRATION, path)
    assert "gone.csv" in found


@pytest.mark.parametrize(
    "name", ["scenario", "strategy", "fitting_end", "proj_a", "n_projections_a"]
)
def test_a_parameter_named_like_a_column_of_the_metadata_is_refused(root, name):
    parameter = (f"model.parameters.{name}", {"type": "scalar", "value": 1})

    found = messages(root, REJECTION, parameter)
    assert any(f"{name!r} is a column of the table model_metadata" in each for each in found)


@pytest.mark.parametrize("name", ["weight", "start_date_days"])
def test_a_calibrated_parameter_named_like_a_column_of_the_posteriors_is_refused(root, name):
    fixed = (f"model.parameters.{name}", {"type": "scalar", "value": 1})
    calibrated = (f"model.parameters.{name}", {"type": "calibrated"})
    prior = (
        f"modelset.calibration.parameters.{name}",
        {"prior": {"type": "scipy", "name": "expon"}},
    )
    wrong = f"{name!r} is a column of the table posteriors"

    assert any(wrong in each for each in messages(root, REJECTION, calibrated, prior))
    assert not any(wrong in each for each in messages(root, REJECTION, fixed))


def test_the_columns_are_those_of_the_tables():
    scenario = factories.member_result(compartments=[[[[1, 2], [3, 4]]]], scenario="a")
    (frame,) = metadata.chunks(factories.calibration([scenario]), spec())
    others = [name for name in frame.columns if name not in (*metadata.COLUMNS, "beta")]
    fitted = [name for name in others if not name.startswith(("init_", "n_projections_"))]
    starts = {"start_date_days", "start_date"}

    assert set(fitted) == set(projection.METADATA_COLUMNS)
    assert set(projection.POSTERIOR_COLUMNS) - starts == set(posteriors.COLUMNS) - {"..."}


def test_without_scenarios_nothing_is_asked_of_them(root):
    assert messages(root, CALIBRATION, (SCENARIOS, GONE)) == []
