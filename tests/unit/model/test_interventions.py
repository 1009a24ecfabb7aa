from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from epydemix import EpiModel
from epydemix.population import Population

from epyflow.model.dates import step_dates
from epyflow.model.interventions import scale_contacts, steps_between, steps_on

START, END = date(2024, 9, 1), date(2024, 9, 30)
DAILY = step_dates(START, END, 1.0)


def layers(groups=3):
    rng = np.random.default_rng(7)
    return {name: rng.random((groups, groups)) for name in ("home", "school", "work", "community")}


def test_both_dates_are_inside():
    inside = steps_between(DAILY, date(2024, 9, 3), date(2024, 9, 5))

    assert np.flatnonzero(inside).tolist() == [2, 3, 4]


def test_every_step_of_the_last_day_is_inside():
    dates = step_dates(START, date(2024, 9, 4), 0.5)

    inside = steps_between(dates, date(2024, 9, 2), date(2024, 9, 3))

    assert np.flatnonzero(inside).tolist() == [2, 3, 4, 5]


def test_a_step_that_falls_nanoseconds_short_of_midnight_is_in_the_day_that_begins():
    # Steps of 0.3 days: step 10 stands at midnight of 4 September less 10 ns.
    dates = step_dates(START, END, 0.3)

    inside = steps_between(dates, date(2024, 9, 4), date(2024, 9, 4))

    assert np.flatnonzero(inside).tolist() == [10, 11, 12, 13]


def test_steps_on_days_are_exactly_the_steps_of_those_days():
    dates = step_dates(START, date(2024, 9, 4), 0.5)

    inside = steps_on(dates, (date(2024, 9, 3), date(2024, 9, 1), date(2023, 9, 1)))

    assert np.flatnonzero(inside).tolist() == [0, 1, 4, 5]


def test_no_day_marks_no_step():
    assert not steps_on(DAILY, ()).any()


def test_a_scaling_of_zero_removes_the_layer():
    contacts = {"home": np.array([[1.0]]), "school": np.array([[4.0]])}

    matrices, index = scale_contacts(contacts, [("school", np.array([False, True]), 0.0)], 2)

    assert matrices.tolist() == [[[5.0]], [[1.0]]]
    assert index.tolist() == [0, 1]


def test_overlapping_scalings_of_a_layer_multiply():
    contacts = {"home": np.array([[1.0]]), "school": np.array([[8.0]])}
    scalings = [
        ("school", np.array([False, True, True, False]), 0.5),
        ("school", np.array([False, False, True, True]), 0.25),
    ]

    matrices, index = scale_contacts(contacts, scalings, 4)

    assert matrices.ravel().tolist() == [9.0, 5.0, 2.0, 3.0]
    assert index.tolist() == [0, 1, 2, 3]


def test_each_matrix_is_kept_once():
    contacts = {"home": np.array([[1.0]]), "school": np.array([[8.0]])}
    scalings = [
        ("school", np.array([True, False, True, False]), 0.5),
        ("home", np.array([False, False, False, True]), 1.0),
    ]

    matrices, index = scale_contacts(contacts, scalings, 4)

    assert matrices.ravel().tolist() == [5.0, 9.0]
    assert index.tolist() == [0, 1, 0, 1]


def test_the_population_is_left_as_it_was():
    contacts = layers()

    scale_contacts(contacts, [("school", np.ones(2, dtype=bool), 0.5)], 2)

    assert all((contacts[name] == matrix).all() for name, matrix in layers().items())


def test_a_layer_that_is_not_there_is_an_error_that_names_those_that_are():
    with pytest.raises(ValueError, match="no contact layer 'scool'; it has home, school, work, co"):
        scale_contacts(layers(), [("scool", np.ones(2, dtype=bool), 0.5)], 2)


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"expected \(3,\)"):
        scale_contacts(layers(), [("home", np.ones(2, dtype=bool), 0.5)], 3)


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_contacts_are_those_of_epydemix_to_the_bit(delta_t, seed):
    rng = np.random.default_rng(seed)
    model = EpiModel(compartments=["S"])
    model.set_population(_population(layers(5)))
    dates = step_dates(START, END, delta_t)
    scalings = []
    for _ in range(rng.integers(0, 7)):
        layer, factor = rng.choice(list(layers())), rng.random() * 1.5
        first, last = (START + timedelta(int(day)) for day in sorted(rng.integers(0, 30, size=2)))
        # epydemix ends at midnight, so it is given the last moment of the last day.
        until = pd.Timestamp(last) + pd.Timedelta(days=1, milliseconds=-1)
        model.add_intervention(layer, first, until, reduction_factor=factor)
        scalings.append((layer, steps_between(dates, first, last), factor))
    model.compute_contact_reductions(list(dates))

    matrices, index = scale_contacts(layers(5), scalings, len(dates))

    theirs = np.array([model.Cs[when]["overall"] for when in dates])
    assert (matrices[index] == theirs).all()


def _population(contacts):
    population = Population(name="test")
    groups = [f"age {k}" for k in range(len(contacts["home"]))]
    population.add_population(Nk=np.full(len(groups), 1000), Nk_names=groups)
    for name, matrix in contacts.items():
        population.add_contact_matrix(matrix, layer_name=name)
    return population
