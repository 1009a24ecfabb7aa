import pytest

from tests.unit.experiment.samples import GONE, SAMPLING, SIR, changed, inspected, messages


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ([("scaling_factor", GONE)], "neither of scaling_factor and override_value given"),
        ([("override_value", 1)], "both of scaling_factor and override_value given"),
        ([("end_date", "2024-12-31")], "end_date 2024-12-31 is before start_date 2025-01-01"),
    ],
)
def test_a_parameter_intervention_does_one_thing_in_a_time_that_runs_forward(root, changes, what):
    edits = [(f"model.interventions.0.{key}", value) for key, value in changes]

    (message,) = messages(root, SIR, *edits)

    assert message.startswith(f"model.interventions[0]: {what}")


def test_zero_is_a_factor_and_an_override(root):
    changes = (f"model.interventions.{key}" for key in ("0.scaling_factor", "1.override_value"))
    experiment, _ = inspected(root, changed(SIR, *((key, 0) for key in changes)))

    assert experiment is not None
    model = experiment.model
    assert model.interventions[0].scaling_factor == 0.0
    assert model.interventions[1].override_value == 0.0


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("min_value", 1.5, "min_value 1.5 is above max_value 1"),
        ("max_value", 0, "0 is too small; expected a number above 0"),
        ("seasonality_min_date", "2025-01-10", "are the same day"),
        ("method", "sine", "'sine' is not among the choices; expected 'balcan'"),
    ],
)
def test_a_season_out_of_shape_is_refused(root, key, value, what):
    (message,) = messages(root, SAMPLING, (f"model.seasonality.{key}", value))

    assert message.startswith("model.seasonality")
    assert what in message
