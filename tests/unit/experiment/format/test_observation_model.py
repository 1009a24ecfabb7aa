"""The observation model of a projection."""

import pytest

from tests.unit.experiment.samples import CALIBRATION, messages

MODEL = "modelset.calibration.projection.observation_model"


@pytest.mark.parametrize("dispersion", [0, 1e-300, 0.25, "1/20", 10])
def test_a_number_is_a_dispersion(root, dispersion):
    assert messages(root, CALIBRATION, (f"{MODEL}.dispersion", dispersion)) == []


@pytest.mark.parametrize("written", [-0.1, 10.1, 1e300, "estimate", True, "lots"])
@pytest.mark.parametrize("key", ["dispersion", "discrepancy.sd"])
def test_what_is_neither_a_number_nor_estimated_is_refused(root, key, written):
    (found,) = messages(root, CALIBRATION, (f"{MODEL}.{key}", written))

    assert "expected a number from 0 to 10, or the word estimated" in found


@pytest.mark.parametrize("key", ["start", "model_growth", "residual_growth"])
def test_damping_is_a_number_from_0_to_1(root, key):
    assert messages(root, CALIBRATION, (f"{MODEL}.discrepancy.{key}", "2/3")) == []
    assert messages(root, CALIBRATION, (f"{MODEL}.discrepancy.{key}", 1.1))


def test_a_default_step_of_more_than_10_is_refused(root):
    key = f"{MODEL}.discrepancy.default_sd"
    assert messages(root, CALIBRATION, (key, 10)) == []
    (found,) = messages(root, CALIBRATION, (key, 11))

    assert "11 is too large; expected 10 or less" in found


def test_dispersion_and_discrepancy_cannot_both_be_estimated(root):
    (found,) = messages(root, CALIBRATION, (f"{MODEL}.dispersion", "estimated"))

    assert "the residuals of one fit do not tell the two apart" in found


def test_a_dispersion_alone_can_be_estimated(root):
    alone = {"type": "negative_binomial", "dispersion": "estimated"}

    assert messages(root, CALIBRATION, (MODEL, alone)) == []


def test_an_unknown_distribution_is_refused(root):
    (found,) = messages(root, CALIBRATION, (f"{MODEL}.type", "normal"))

    assert "negative_binomial" in found


DRAWN = {"type": "negative_binomial", "dispersion": 0}
GROWTH = {"type": "damped_growth"}


@pytest.mark.parametrize(
    ("ensemble", "expected"),
    [
        ({"members": [DRAWN]}, "expected two or more to combine"),
        ({"members": [DRAWN] * 51}, "members has 51 forecasts; expected at most 50"),
        ({"members": [GROWTH, DRAWN]}, "expected a negative_binomial first"),
        ({"members": [DRAWN, GROWTH, GROWTH]}, "expected it once"),
        ({"members": [DRAWN, GROWTH], "periods": 5}, "expected at most 4"),
        ({"members": [DRAWN, {"type": "damped_grwth"}]}, "did you mean damped_growth"),
        ({"members": [DRAWN, {**GROWTH, "sd": 1}]}, "sd"),
        ({"members": [DRAWN, DRAWN], "method": "pool"}, "median"),
    ],
)
def test_an_ensemble_that_cannot_be_combined_is_refused(root, ensemble, expected):
    found = messages(root, CALIBRATION, (MODEL, {"type": "ensemble", **ensemble}))

    assert any(expected in each for each in found), found


def test_an_ensemble_without_damped_growth_needs_no_more_data(root):
    several = {"type": "ensemble", "members": [DRAWN, DRAWN], "periods": 20}

    assert messages(root, CALIBRATION, (MODEL, several)) == []


def test_damped_growth_without_a_year_of_observations_is_an_error(root):
    several = {"type": "ensemble", "members": [DRAWN, GROWTH]}
    (found,) = messages(root, CALIBRATION, (MODEL, several))

    assert "expected 300 or more" in found


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("model.simulation.resample_frequency", "D", "damped_growth forecasts weeks"),
        ("modelset.calibration.comparison.0.unit", "per 100,000", "forecasts counts of persons"),
    ],
)
def test_damped_growth_forecasts_weekly_persons(root, key, value, expected):
    several = {"type": "ensemble", "members": [DRAWN, GROWTH]}

    assert any(
        expected in each for each in messages(root, CALIBRATION, (MODEL, several), (key, value))
    )
