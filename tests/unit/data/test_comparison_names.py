import pytest

from epyflow.data.comparison_names import number_repeats, split_number, terms


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A_to_B_total", ("A_to_B_total",)),
        ("A_to_B_65+", ("A_to_B_65+",)),
        ("A_to_B_total+C_to_D_total", ("A_to_B_total", "C_to_D_total")),
        ("A_to_B_65++C_to_D_0-4", ("A_to_B_65+", "C_to_D_0-4")),
        ("A_to_B_0-4+C_to_D_65+", ("A_to_B_0-4", "C_to_D_65+")),
        ("A_to_B_65++C_to_D_65++E_to_F_65+", ("A_to_B_65+", "C_to_D_65+", "E_to_F_65+")),
    ],
)
def test_a_comparison_names_its_series(name, expected):
    assert terms(name) == expected
    assert "+".join(expected) == name


def test_repeated_names_are_numbered():
    assert number_repeats(("A", "B", "A", "A")) == ("A", "B", "A#2", "A#3")
    assert [split_number(name) for name in ("A", "A#2")] == [("A", 1), ("A", 2)]
