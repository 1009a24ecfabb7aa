import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epyflow.errors import PopulationError
from epyflow.population.age_groups import parse_age_groups
from epyflow.population.aggregate import (
    LAYERS,
    FineContacts,
    FineGroups,
    aggregate,
    aggregate_contacts,
    aggregate_sizes,
    layers_in_order,
)
from epyflow.population.locations import Location

SOMEWHERE = Location("Somewhere", None, None, None, "Somewhere")


def fine(sizes, contacts, labels=("0", "1", "2+")):
    groups = FineGroups(parse_age_groups(labels), np.array(sizes, dtype=float))
    return FineContacts(groups, {"home": np.array(contacts, dtype=float)}, "made up")


def test_contacts_are_averaged_over_the_persons_of_the_new_group():
    place = fine([10, 30, 60], [[1, 2, 3], [4, 5, 6], [7, 8, 9]])

    population = aggregate(place, SOMEWHERE, parse_age_groups(["0-1", "2+"]))

    assert population.name == "Somewhere"
    assert population.age_groups == ("0-1", "2+")
    assert population.sizes.tolist() == [40, 60]
    assert population.sizes.dtype == np.int64
    # 10 persons meet 1 + 2, 30 meet 4 + 5 of the young: 300 contacts among 40 persons.
    # 10 meet 3, 30 meet 6 of the old: 210. 60 meet 7 + 8 of the young: 900 among 60.
    assert population.contacts["home"].tolist() == [[7.5, 5.25], [15.0, 9.0]]


def test_an_empty_group_of_the_data_has_no_weight():
    place = fine([0, 30, 60], [[1, 2, 3], [4, 5, 6], [7, 8, 9]])

    population = aggregate(place, SOMEWHERE, parse_age_groups(["0-1", "2+"]))

    assert population.contacts["home"].tolist() == [[9.0, 6.0], [15.0, 9.0]]


def test_an_empty_group_of_the_model_is_refused_by_name():
    place = fine([0, 30, 60], np.ones((3, 3)))

    with pytest.raises(PopulationError, match=r'Somewhere: .* no persons in age group "0"; join'):
        aggregate(place, SOMEWHERE, parse_age_groups(["0", "1+"]))


def test_a_group_of_more_persons_than_there_can_be_is_refused_by_name():
    place = fine([1, 9e18, 1e19], np.ones((3, 3)))

    with pytest.raises(PopulationError, match=r'1.9e\+19 persons in age group "1\+"; expected at'):
        aggregate(place, SOMEWHERE, parse_age_groups(["0", "1+"]))


def test_groups_that_cut_those_of_the_data_are_refused_naming_the_place_and_both():
    place = fine([1, 2, 3], np.ones((3, 3)), labels=("0-4", "5-9", "10+"))

    with pytest.raises(PopulationError, match=r'Somewhere: age group "0-6" splits .* "5-9"'):
        aggregate(place, SOMEWHERE, parse_age_groups(["0-6", "7+"]))


def test_estimates_are_rounded_to_whole_persons_after_adding_up():
    place = fine([0.4, 0.4, 7.0], np.ones((3, 3)))

    population = aggregate(place, SOMEWHERE, parse_age_groups(["0-1", "2+"]))

    assert population.sizes.tolist() == [1, 7]


def test_layers_come_in_epydemix_s_order_and_others_after_them():
    assert LAYERS == ("school", "work", "home", "community")
    assert layers_in_order(["bus", "home", "school"]) == ("school", "home", "bus")


@st.composite
def populations(draw):
    """Persons of 12 groups, contacts between them, and a grouping into 1 to 12 groups."""
    sizes = draw(hnp.arrays(np.float64, 12, elements=st.integers(1, 10**7).map(float)))
    rate = st.floats(0, 50, allow_subnormal=False)
    contacts = draw(hnp.arrays(np.float64, (12, 12), elements=rate))
    joins = draw(st.lists(st.booleans(), min_size=11, max_size=11))
    index = np.concatenate(([0], np.cumsum(joins))).astype(np.intp)
    return sizes, contacts, index


@given(populations())
def test_aggregation_conserves_persons_and_contacts(population):
    sizes, contacts, index = population

    new_sizes = aggregate_sizes(sizes, index, index[-1] + 1)
    new_contacts = aggregate_contacts(contacts, sizes, new_sizes, index)

    assert new_sizes.sum() == sizes.sum()
    assert sizes @ contacts.sum(axis=1) == pytest.approx(new_sizes @ new_contacts.sum(axis=1))


@given(populations())
def test_aggregation_preserves_reciprocity(population):
    sizes, contacts, index = population
    # As many contacts of i with j as of j with i.
    per_day = contacts * sizes[:, None]
    reciprocal = (per_day + per_day.T) / sizes[:, None]

    new_sizes = aggregate_sizes(sizes, index, index[-1] + 1)
    new_per_day = aggregate_contacts(reciprocal, sizes, new_sizes, index) * new_sizes[:, None]

    np.testing.assert_allclose(new_per_day, new_per_day.T, rtol=1e-9)


@given(populations())
def test_additions_are_made_in_the_order_of_epydemix_s_loops(population):
    sizes, contacts, index = population
    new_sizes = aggregate_sizes(sizes, index, index[-1] + 1)

    expected = np.zeros((len(new_sizes), len(new_sizes)))
    for i in range(12):
        for j in range(12):
            expected[index[i], index[j]] += contacts[i, j] * sizes[i]
    expected /= new_sizes[:, None]

    assert (aggregate_contacts(contacts, sizes, new_sizes, index) == expected).all()
