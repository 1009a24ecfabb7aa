import pytest

from epyflow.data.age_totals import leave_out_totals
from epyflow.population.age_groups import parse_interval


def labels_without_totals(*labels):
    return [group.label for group in leave_out_totals([parse_interval(label) for label in labels])]


def test_a_group_made_up_of_others_is_left_out():
    children = ["6 Months - 4 Years", "5-12 Years", "13-17 Years"]

    kept = labels_without_totals("65+ Years", "6 Months - 17 Years", *children)

    assert kept == [*children, "65+ Years"]


def test_totals_of_totals_are_left_out():
    assert labels_without_totals("0+", "0-64", "0-17", "18-64", "65+") == ["0-17", "18-64", "65+"]


def test_ages_may_be_missing_between_groups():
    assert labels_without_totals("65+", "5-12") == ["5-12", "65+"]


def test_a_group_that_is_alone_is_kept():
    assert labels_without_totals("0+") == ["0+"]


def test_groups_that_overlap_in_part_are_refused():
    with pytest.raises(ValueError, match='"0-17" and "12-20" overlap partly'):
        labels_without_totals("0-17", "12-20")


@pytest.mark.parametrize("part", ["5-12", "0-4", "13-17"])
def test_a_group_of_which_the_others_are_only_a_part_is_refused(part):
    with pytest.raises(ValueError, match=f'"0-17" overlap with "{part}" but are not made up'):
        labels_without_totals("0-17", part)


def test_one_group_under_two_names_is_refused():
    with pytest.raises(ValueError, match="overlap partly"):
        labels_without_totals("5-12", "5-12 Years")
