"""Colours that mean different things differ for everyone, also in grey."""

import importlib
from itertools import combinations, pairwise

import pytest

from epyflow.figures.change_map import colour_of
from epyflow.figures.style import BLUE, VERMILION, tint
from tests.unit.figures.colour_blindness import MATRICES, difference, lab


def module(name):
    return importlib.import_module(f"epyflow.figures.{name}")


PALETTES = {
    "places": module("calibration_progress").COLOURS,
    "scenarios": module("scenarios").COLOURS,
    "intervals": [look["color"] for look in module("coverage").LOOKS],
    "transitions": [look["color"] for look in module("model_diagram").LOOKS.values()],
    "models": [look["color"] for look in module("scores").LOOKS],
    "rate trends": module("rate_trends").COLOURS,
    "fit and projection": [BLUE, VERMILION],
}
# CIELAB units: about 2.3 is just noticeable, and 10 is seen at a glance.
CLEAR = 15


def test_the_simulation_leaves_grey_alone_and_confuses_red_with_green():
    for kind in MATRICES:
        assert difference("#808080", "#808080", kind) == 0
        assert lab("#808080", kind) == pytest.approx(lab("#808080"), abs=0.1)
    # Of equal lightness: what a deuteranope is tested with.
    assert difference("#B85C50", "#5E8C3A") > 60
    assert difference("#B85C50", "#5E8C3A", "deuteranopia") < 25


@pytest.mark.parametrize("eyes", [None, *MATRICES])
@pytest.mark.parametrize("palette", PALETTES)
def test_colours_that_are_told_apart_differ_whatever_the_eyes(palette, eyes):
    pairs = combinations(PALETTES[palette], 2)

    assert min(difference(one, other, eyes) for one, other in pairs) > CLEAR


@pytest.mark.parametrize("eyes", [None, *MATRICES])
def test_bands_of_one_colour_differ_in_lightness_whatever_the_eyes(eyes):
    for colour in (BLUE, VERMILION):
        lightness = [lab(tint(colour, strength), eyes)[0] for strength in (0, 0.16, 0.34, 0.58)]
        steps = [before - after for before, after in pairwise(lightness)]
        assert min(steps) > 4


@pytest.mark.parametrize("eyes", [None, *MATRICES])
def test_rises_and_falls_on_the_map_differ_whatever_the_eyes(eyes):
    for fall, rise in ((-50, 100), (-20, 25)):
        assert difference(colour_of(fall), colour_of(rise), eyes) > CLEAR
