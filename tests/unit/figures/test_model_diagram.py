import pytest

from epyflow.figures.model_diagram import model_diagram
from epyflow.figures.model_layout import layout
from tests.unit.figures.legibility import cut_off, overlapping, shown_texts


def boxes(names):
    return [{"id": name, "label": f"The {name}, labelled" * 2} for name in names]


def ways(text):
    """``S*I E>I``: by contact, of its own accord, ``S~V``: by vaccination."""
    kinds = {"*": "mediated", ">": "spontaneous", "~": "vaccination"}
    found = []
    for word in text.split():
        sign = next(each for each in kinds if each in word)
        source, target = word.split(sign)
        found.append((source, target, kinds[sign]))
    return found


def transitions(text):
    keys = ("source", "target", "kind")
    found = [dict(zip(keys, way, strict=True)) for way in ways(text)]
    return [each | {"mediators": ["I"] if each["kind"] == "mediated" else []} for each in found]


def test_a_compartment_lies_after_all_that_lead_to_it():
    cells = layout("SIHR", ways("S*I I>H I>R H>R"))

    assert cells == {"S": (0, 0), "I": (1, 0), "H": (2, 0), "R": (3, 0)}


def test_a_way_back_does_not_count():
    cells = layout("SIR", ways("S*I I>R R>S"))

    assert [cells[name][0] for name in "SIR"] == [0, 1, 2]


def test_compartments_of_one_column_are_below_one_another_and_others_centred():
    cells = layout("SIAR", ways("S*I S*A I>R A>R"))

    assert cells == {"S": (0, 0.5), "I": (1, 0), "A": (1, 1), "R": (2, 0.5)}


def test_the_vaccinated_and_those_whom_nothing_reaches_are_bands_of_their_own():
    cells = layout(["S", "I", "S_v", "I_v", "M"], ways("S*I S~S_v S_v*I_v"))

    assert cells == {"S": (0, 0), "I": (1, 0), "S_v": (0, 1), "I_v": (1, 1), "M": (0, 2)}


def test_the_order_of_the_transitions_does_not_move_a_box():
    listed = ways("S*E E>I I>H I>R H>R R>S")

    assert layout("SEIHR", listed) == layout("SEIHR", [*listed[-2::-1], listed[-1]])


@pytest.mark.parametrize(
    ("names", "text"),
    [("SIR", "S*I I>R"), ("SEIHRV", "S*E E>I I>H I>R H>R S~V R>S"), ("S", "S>S")],
)
def test_every_compartment_is_named_and_no_text_is_cut_off(names, text):
    figure = model_diagram(boxes(names), transitions(text), "A model " * 6)

    assert len(shown_texts(figure)) >= len(names) + 2
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_those_who_infect_are_shaded():
    figure = model_diagram(boxes("SIR"), transitions("S*I I>R"), "")

    patches = [each for each in figure.axes[0].patches if hasattr(each, "get_boxstyle")]
    filled = [patch.get_facecolor() for patch in patches if not hasattr(patch, "get_arrowstyle")]
    assert len(filled) == 3
    assert filled[0] == filled[2] != filled[1]
