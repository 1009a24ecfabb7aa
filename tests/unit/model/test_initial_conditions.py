import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epyflow.model.initial_conditions import place_people

AGES = ("0-17", "18-64", "65+")
SIZES = np.array([100, 200, 100], dtype=np.int64)


def place(**inits):
    persons = place_people(inits, SIZES, AGES)
    assert persons.dtype == np.int64
    return dict(zip(inits, persons.tolist(), strict=True))


def test_a_head_count_is_spread_in_proportion_to_the_age_groups():
    assert place(S="default", I=8) == {"S": [98, 196, 98], "I": [2, 4, 2]}


def test_a_head_count_that_does_not_divide_keeps_its_total():
    # 10 of 400: 2.5, 5, 2.5; the one person over goes to the first of the largest remainders.
    assert place(S="default", I=10)["I"] == [3, 5, 2]


def test_one_is_a_person_and_not_a_share():
    # Quotas 0.25, 0.5, 0.25.
    assert place(S="default", I=1)["I"] == [0, 1, 0]


def test_a_head_count_with_a_fraction_is_rounded_half_up():
    assert sum(place(S="default", I=10.5)["I"]) == 11


def test_a_share_is_taken_of_every_age_group_and_rounded_half_up():
    # 1.5, 3 and 1.5 persons.
    assert place(S="default", I=0.015)["I"] == [2, 3, 2]


def test_shares_are_rounded_as_they_are_written():
    # 0.29 * 50 is 14.5; in binary it is 14.499999999999998.
    persons = place_people({"S": "default", "I": 0.29}, np.array([50]), ("0+",))

    assert persons.tolist() == [[35], [15]]


def test_a_list_gives_each_age_group_a_head_count_or_a_share():
    assert place(S="default", I=(7.0, 0.1, 0.0))["I"] == [7, 20, 0]


def test_what_is_absent_is_empty():
    assert place(S="default", I=None, R=0)["R"] == [0, 0, 0]
    assert place(S="default", I=None)["I"] == [0, 0, 0]


def test_default_compartments_share_the_remainder_and_the_first_ones_take_what_is_over():
    placed = place(A="default", I=(0.0, 0.0, 3.0), B="default", C="default")

    # 100 = 34 + 33 + 33, 200 = 67 + 67 + 66, 97 = 33 + 32 + 32.
    assert placed["A"] == [34, 67, 33]
    assert placed["B"] == [33, 67, 32]
    assert placed["C"] == [33, 66, 32]


def test_rows_are_in_the_order_of_the_compartments():
    persons = place_people({"R": 0.5, "S": "default"}, SIZES, AGES)

    assert persons.tolist() == [[50, 100, 50], [50, 100, 50]]


def test_too_many_people_are_an_error_that_names_age_group_compartments_and_number():
    with pytest.raises(ValueError, match=r"65\+ has 100 persons, .* of I, R place 7 more"):
        place(S="default", I=(0.0, 0.0, 57.0), R=0.5, H=0)


def test_rounding_alone_does_not_overfill_an_age_group():
    # Half of 101 is 50.5: rounded up twice it would be 102.
    persons = place_people({"S": 0.5, "R": 0.5, "D": "default"}, np.array([101]), ("0+",))

    assert persons.tolist() == [[51], [50], [0]]


def test_a_population_must_have_a_default():
    with pytest.raises(ValueError, match="init: default"):
        place(S=0.9, I=0.1)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_number_of_people_that_cannot_be_is_refused(value):
    with pytest.raises(ValueError, match=r"init of I is .*expected zero or a positive number"):
        place(S="default", I=value)


def test_a_list_of_another_length_is_refused():
    with pytest.raises(ValueError, match="init of I has 2 values; expected one per age group, 3"):
        place(S="default", I=(0.1, 0.1))


def test_nobody_can_be_placed_among_nobody():
    with pytest.raises(ValueError, match="5 persons cannot be placed"):
        place_people({"S": "default", "I": 5}, np.array([0]), ("0+",))


@given(
    sizes=st.lists(st.integers(0, 10**8), min_size=1, max_size=8).filter(any),
    shares=st.lists(st.floats(0, 1, exclude_max=True), max_size=4),
    defaults=st.integers(1, 3),
)
def test_people_are_conserved_for_any_shares_that_fit(sizes, shares, defaults):
    total = max(sum(shares), 1.0)
    inits = {f"X{k}": min(share / total, 0.999) for k, share in enumerate(shares)}
    inits |= {f"D{k}": "default" for k in range(defaults)}

    persons = place_people(inits, np.array(sizes), [str(k) for k in range(len(sizes))])

    assert (persons >= 0).all()
    assert persons.sum(axis=0).tolist() == sizes


@given(
    sizes=st.lists(st.integers(0, 10**8), min_size=1, max_size=8).filter(any), part=st.floats(0, 1)
)
def test_a_head_count_that_fits_is_placed_to_the_last_person(sizes, part):
    count = max(1, round(part * sum(sizes)))

    persons = place_people(
        {"I": float(count), "S": "default"}, np.array(sizes), [str(k) for k in range(len(sizes))]
    )

    assert persons[0].sum() == count
    assert persons.sum(axis=0).tolist() == sizes
