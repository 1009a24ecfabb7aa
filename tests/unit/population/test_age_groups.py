from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epyflow.population.age_groups import (
    AgeGroup,
    map_groups,
    overlap_shares,
    parse_age_group,
    parse_age_groups,
    parse_interval,
)


def groups(*labels):
    return parse_age_groups(labels)


def intervals(*texts):
    return tuple(parse_interval(text) for text in texts)


@pytest.mark.parametrize(
    ("label", "first", "last"),
    [
        ("0-4", 0, 4),
        ("5", 5, 5),
        ("0", 0, 0),
        ("65+", 65, None),
        ("84+", 84, None),
        ("0+", 0, None),
    ],
)
def test_a_label_names_its_first_and_last_age(label, first, last):
    assert parse_age_group(label) == AgeGroup(label, first, last)


@pytest.mark.parametrize(
    "label",
    ["", "a", "4-", "-4", "4 - 5", "0–4", "05", "65 +", "1000", "5-", "0-4 ", "1.5", "٥", "all"],
)
def test_a_label_of_another_form_is_refused_by_name(label):
    with pytest.raises(
        ValueError, match='is not understood; expected a range such as "5-17"'
    ) as error:
        parse_age_group(label)

    assert f'"{label}"' in str(error.value)


def test_a_range_that_runs_backwards_is_refused():
    with pytest.raises(ValueError, match='age group "17-5" ends before it begins'):
        parse_age_group("17-5")


def test_contiguous_groups_with_an_open_last_one_are_read_in_order():
    assert groups("0-4", "5", "6+") == (
        AgeGroup("0-4", 0, 4),
        AgeGroup("5", 5, 5),
        AgeGroup("6+", 6, None),
    )


def test_one_open_group_from_birth_is_enough():
    assert groups("0+") == (AgeGroup("0+", 0, None),)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "there are no age groups"),
        (["1-4", "5+"], '"1-4" begins at 1; expected the first group to begin at 0'),
        (["0-4", "6+"], '"6\\+" begins at 6; expected the group after "0-4" to begin at 5'),
        (["0-4", "4+"], '"4\\+" begins at 4; expected the group after "0-4" to begin at 5'),
        (["0-4", "5-17"], '"5-17" is the last one but not open; expected "5\\+"'),
        (["0-4", "5+", "65+"], '"5\\+" is open but "65\\+" follows'),
        (["0-4", "0-4", "5+"], '"0-4" begins at 0; expected the group after "0-4" to begin at 5'),
        (["0-4", "x", "5+"], '"x" is not understood'),
    ],
)
def test_groups_that_miss_or_repeat_an_age_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        parse_age_groups(labels)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("6 Months - 4 Years", 0, 4),
        ("6 Months - 17 Years", 0, 17),
        ("5-12 Years", 5, 12),
        ("65+ Years", 65, None),
        ("18-49", 18, 49),
        ("65+", 65, None),
    ],
)
def test_intervals_of_data_files_are_read(text, first, last):
    assert parse_interval(text) == AgeGroup(text, first, last)


@pytest.mark.parametrize("text", ["All Ages", "18-49 years", "6 Months", "6 Months - 4 Months", ""])
def test_an_interval_of_another_form_is_refused_by_name(text):
    with pytest.raises(ValueError, match=f'age interval "{text}" is not understood'):
        parse_interval(text)


def test_each_source_group_goes_to_the_target_group_that_holds_it():
    source = groups("0", "1", "2-4", "5-9", "10+")

    index = map_groups(source, groups("0-1", "2-9", "10+"))

    assert index.tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (("0-4", "5-9", "10+"), ("0-6", "7+"), '"0-6" splits the data\'s age group "5-9"'),
        (("0-4", "5+"), ("0-4", "5-64", "65+"), '"5-64" splits the data\'s age group "5\\+"'),
    ],
)
def test_a_target_group_that_cuts_a_source_group_is_refused_naming_both(source, target, message):
    with pytest.raises(ValueError, match=message):
        map_groups(groups(*source), groups(*target))


def test_an_interval_within_one_target_group_belongs_to_it_wholly():
    shares = overlap_shares(
        intervals("6 Months - 4 Years", "5-12 Years", "13-17 Years", "65+ Years"),
        groups("0-4", "5-17", "18-64", "65+"),
        groups("0-4", "5-17", "18-64", "65+"),
        [10, 20, 30, 40],
    )

    assert shares.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


def test_an_interval_across_target_groups_is_shared_by_population():
    shares = overlap_shares(
        intervals("0-3"), groups("0-1", "2+"), groups("0", "1", "2", "3", "4+"), [1, 2, 4, 5, 100]
    )

    # 3 of the 12 persons aged 0-3 are under 2.
    assert shares.tolist() == [[0.25, 0.75]]


def test_ages_are_uniform_in_a_group_that_an_interval_cuts():
    shares = overlap_shares(
        intervals("3-24"), groups("0-4", "5+"), groups("0-4", "5-24", "25+"), [50, 60, 1000]
    )

    # Ages 3 and 4 are 2/5 of 50 persons: 20. With the 60 aged 5-24 they are 80.
    assert shares.tolist() == [[0.25, 0.75]]


def test_an_interval_inside_the_open_group_goes_where_that_group_goes():
    shares = overlap_shares(
        intervals("75+ Years", "65-74 Years"),
        groups("0-49", "50+"),
        groups("0-49", "50-64", "65+"),
        [5, 3, 2],
    )

    assert shares.tolist() == [[0, 1], [0, 1]]


def test_an_interval_that_ends_inside_the_open_group_is_refused():
    with pytest.raises(ValueError, match='"50-74" ends inside the open age group "65\\+"'):
        overlap_shares(intervals("50-74"), groups("0+"), groups("0-64", "65+"), [1, 1])


def test_a_target_group_inside_the_open_group_is_refused():
    with pytest.raises(
        ValueError, match='"75\\+" begins inside the data\'s open age group "65\\+"'
    ):
        overlap_shares(intervals("0-4"), groups("0-74", "75+"), groups("0-64", "65+"), [1, 1])


def test_an_interval_without_persons_is_shared_by_its_ages():
    shares = overlap_shares(
        intervals("3-6"), groups("0-3", "4+"), groups("0-2", "3-6", "7+"), [10, 0, 10]
    )

    # Of the ages 3, 4, 5 and 6, one is in the first group.
    assert shares.tolist() == [[0.25, 0.75]]


@st.composite
def age_groups(draw, oldest=90):
    starts = sorted(draw(st.sets(st.integers(1, oldest), max_size=8)) | {0})
    closed = [f"{a}-{b - 1}" if b - 1 > a else f"{a}" for a, b in pairwise(starts)]
    return parse_age_groups([*closed, f"{starts[-1]}+"])


@given(interval=age_groups(oldest=70), target=age_groups(oldest=70), data=st.data())
def test_spreading_counts_over_target_groups_conserves_their_sum(interval, target, data):
    fine = parse_age_groups([*map(str, range(70)), "70+"])
    sizes = data.draw(st.lists(st.integers(0, 10**6), min_size=71, max_size=71))
    counts = np.arange(1.0, len(interval) + 1)

    shares = overlap_shares(interval, target, fine, sizes)

    assert (shares >= 0).all()
    assert (counts @ shares).sum() == pytest.approx(counts.sum())


@given(fine=age_groups(), data=st.data())
def test_parsing_what_was_parsed_gives_the_same_groups(fine, data):
    del data
    assert parse_age_groups([group.label for group in fine]) == fine
