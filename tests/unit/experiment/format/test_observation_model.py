"""The observation model of a projection."""

import pytest

from tests.unit.experiment.samples import CALIBRATION, messages

MODEL = "modelset.calibration.projection.observation_model"


@pytest.mark.parametrize("dispersion", [0, 0.25, "1/20"])
def test_a_number_is_a_dispersion(root, dispersion):
    assert messages(root, CALIBRATION, (f"{MODEL}.dispersion", dispersion)) == []


@pytest.mark.parametrize("written", [-0.1, "estimate", True, "lots"])
@pytest.mark.parametrize("key", ["dispersion", "discrepancy.sd"])
def test_what_is_neither_a_number_nor_estimated_is_refused(root, key, written):
    (found,) = messages(root, CALIBRATION, (f"{MODEL}.{key}", written))

    assert "expected a number, 0 or more, or the word estimated" in found


@pytest.mark.parametrize("key", ["start", "model_growth", "residual_growth"])
def test_damping_is_a_number_from_0_to_1(root, key):
    assert messages(root, CALIBRATION, (f"{MODEL}.discrepancy.{key}", "2/3")) == []
    assert messages(root, CALIBRATION, (f"{MODEL}.discrepancy.{key}", 1.1))


def test_dispersion_and_discrepancy_cannot_both_be_estimated(root):
    (found,) = messages(root, CALIBRATION, (f"{MODEL}.dispersion", "estimated"))

    assert "the residuals of one fit do not tell the two apart" in found


def test_a_dispersion_alone_can_be_estimated(root):
    alone = {"type": "negative_binomial", "dispersion": "estimated"}

    assert messages(root, CALIBRATION, (MODEL, alone)) == []


def test_an_unknown_distribution_is_refused(root):
    (found,) = messages(root, CALIBRATION, (f"{MODEL}.type", "normal"))

    assert "negative_binomial" in found
