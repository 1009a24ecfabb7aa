"""Contact interventions that overlap: where epydemix is wrong, we do not follow it.

See docs/decisions/0011-two-engines-one-result.md.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from epydemix import EpiModel, simulate
from epydemix.population import Population
from pydantic import ValidationError

from epyflow import engine
from epyflow.experiment.format.forcing import ContactMatrixIntervention
from epyflow.model.assembler import Assembler
from tests.building import compartments, member, one_age, scalar, sir

DAYS = pd.date_range("2024-10-01", "2024-10-07")
# 8 contacts a day; 4 in their place from the 2nd to the 5th; half of those from the 4th to the 6th.
MEANT = [8.0, 4.0, 4.0, 2.0, 2.0, 4.0, 8.0]


def by_hand():
    written = EpiModel(compartments=["S", "I", "R"])
    people = Population()
    people.add_population(np.array([100_000]), ["0+"])
    people.add_contact_matrix(np.array([[8.0]]), "school")
    written.set_population(people)
    written.add_parameter(parameters_dict={"beta": 0.05, "mu": 0.1})
    written.add_transition("S", "I", "mediated", ("beta", "I"))
    written.add_transition("I", "R", "spontaneous", "mu")
    written.add_intervention("school", "2024-10-02", "2024-10-05", new_matrix=np.array([[4.0]]))
    written.add_intervention("school", "2024-10-04", "2024-10-06", reduction_factor=0.5)
    return written


def contacts_in(written):
    written.compute_contact_reductions(DAYS)
    return [float(written.Cs[day]["overall"][0, 0]) for day in DAYS]


def test_epydemix_scales_a_replaced_matrix_again_on_each_day_and_in_each_simulation():
    # All days share the array that replaces: two days of overlap halve it twice, for all four.
    written = by_hand()

    assert contacts_in(written) == [8.0, 1.0, 1.0, 1.0, 1.0, 4.0, 8.0]
    assert contacts_in(written) == [8.0, 0.25, 0.25, 0.25, 0.25, 4.0, 8.0]


def test_both_engines_take_the_contacts_that_are_meant():
    model = sir(
        ages=("0+",),
        end="2024-10-07",
        compartments=compartments(S="default", I=2_000, R=None),
        parameters={"beta": scalar(0.05), "mu": scalar(0.1)},
    )
    built = Assembler(model, one_age(100_000), None, ()).build(member())
    values, index = np.unique(MEANT, return_inverse=True)
    meant = replace(built, matrices=values.reshape(-1, 1, 1), matrix_index=index)
    initial = dict(zip(built.compartments, built.initial, strict=True))

    infections = {
        name: engine.simulate(meant, np.random.default_rng(1), name).transitions[:, 0, 0]
        for name in ("compiled", "epydemix")
    }

    theirs = simulate(
        by_hand(), "2024-10-01", "2024-10-07", initial, rng=1, resample_frequency=None
    ).transitions["S_to_I_0+"]
    assert (infections["compiled"] == infections["epydemix"]).all()
    # The first day has no intervention; then epydemix has a quarter of the contacts.
    assert theirs[0] == infections["compiled"][0]
    assert theirs[1:5].sum() < infections["compiled"][1:5].sum() / 2


def test_an_experiment_cannot_replace_a_matrix():
    with pytest.raises(ValidationError, match="new_matrix"):
        ContactMatrixIntervention.model_validate(
            {
                "type": "contact_matrix",
                "contact_matrix_layer": "school",
                "scaling_factor": 0.5,
                "new_matrix": [[4.0]],
                "start_date": "2024-10-02",
                "end_date": "2024-10-05",
            }
        )
