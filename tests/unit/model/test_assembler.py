from datetime import date

import numpy as np
import pytest

from epyflow.artifacts.task import DailyDoses
from epyflow.model.assembler import Assembler
from epyflow.model.compartmental import Flow
from epyflow.model.epydemix_defaults import place_people_by_default
from tests.building import (
    SIZES,
    compartments,
    infection,
    layers,
    member,
    people,
    scalar,
    sir,
    spontaneous,
    transition,
)

VACCINATION = {
    "origin_compartment": "S",
    "eligible_compartments": ["S", "R"],
    "preprocessed_vaccination_data_path": "doses.csv",
}


def built(model, given=None, doses=None, closed=()):
    return Assembler(model, people(), doses, closed).build(given or member())


# --- time and people -----------------------------------------------------------------------------


def test_a_model_has_the_steps_and_people_of_its_experiment():
    model = built(sir(delta_t=0.5))

    assert model.compartments == ("S", "I", "R")
    assert model.age_groups == ("0-17", "18-64", "65+")
    assert model.sizes.tolist() == list(SIZES)
    assert model.delta_t == 0.5
    assert len(model.dates) == 62
    assert model.dates[0] == np.datetime64("2024-10-01")
    assert model.dates[-1] == np.datetime64("2024-10-31T12:00")


def test_a_drawn_start_takes_the_place_of_the_experiments():
    model = built(sir(start="sampled"), member(start_date=date(2024, 10, 30)))

    assert model.dates.astype("datetime64[D]").astype(str).tolist() == ["2024-10-30", "2024-10-31"]


def test_a_start_that_is_not_drawn_is_refused():
    with pytest.raises(ValueError, match="start_date is sampled, but no date was given"):
        built(sir(start="sampled"))


def test_members_that_start_together_share_what_depends_on_the_start():
    assembler = Assembler(sir(start="sampled"), people(), None, ())

    one, other, later = (
        assembler.build(member(start_date=date(2024, 10, day))) for day in (1, 1, 2)
    )

    assert one.matrices is other.matrices
    assert one.dates is other.dates
    assert len(later.dates) == len(one.dates) - 1


def test_first_days_that_were_longest_unused_are_forgotten_and_worked_out_again(monkeypatch):
    monkeypatch.setattr("epyflow.model.assembler.STARTS", 2)
    assembler = Assembler(sir(start="sampled"), people(), None, ())

    first, *_, again = (
        assembler.build(member(start_date=date(2024, 10, day))) for day in (1, 2, 3, 1)
    )

    assert again.dates is not first.dates
    assert (again.dates == first.dates).all()
    assert (again.matrices == first.matrices).all()


def test_models_built_one_after_another_do_not_change_one_another():
    sampled = sir(
        start="sampled",
        compartments=compartments(S="default", I="sampled", R=None),
        parameters={"beta": {"type": "sampled"}, "mu": scalar(0.4)},
    )
    assembler = Assembler(sampled, people(), None, ())
    members = [member(0, {"beta": 0.01 * n}, {"I": 0.1 * n}, date(2024, 10, 1)) for n in (1, 2, 3)]

    together = [assembler.build(each) for each in members]

    for each, found in zip(members, together, strict=True):
        alone = Assembler(sampled, people(), None, ()).build(each)
        assert (found.initial == alone.initial).all()
        for flow, expected in zip(found.flows, alone.flows, strict=True):
            assert (flow.values == expected.values).all()
        assert found.parameters == alone.parameters


# --- flows ---------------------------------------------------------------------------------------


def kinds(model):
    return [(flow.source, flow.target, flow.kind, flow.mediator) for flow in model.flows]


def test_each_kind_of_transition_becomes_its_flows():
    terms = [{"rate": "beta", "source": ["I", "R"]}, {"rate": "beta*2", "source": ["S"]}]
    model = built(
        sir(
            transitions=[
                infection("S", "I", "I", "beta"),
                transition("multi_mediated", "S", "I", mediators=terms),
                transition("vaccination", "S", "R"),
                spontaneous("I", "R", 0.25),
            ],
            vaccination=VACCINATION,
        ),
        doses=DailyDoses(date(2024, 10, 3), np.array([[1.0, 2.0, 3.0]])),
    )

    assert kinds(model) == [
        ("S", "I", "mediated", "I"),
        ("S", "I", "mediated", "I"),
        ("S", "I", "mediated", "R"),
        ("S", "I", "mediated", "S"),
        ("S", "R", "scheduled", ""),
        ("I", "R", "spontaneous", ""),
    ]
    assert [flow.values[0, 0] for flow in model.flows] == [0.03, 0.03, 0.03, 0.06, 0.0, 0.25]
    assert model.flows[4].eligible == ("S", "R")
    assert model.flows[4].values[1:4].tolist() == [[0, 0, 0], [1, 2, 3], [0, 0, 0]]
    assert model.transitions == ("S_to_I", "S_to_R", "I_to_R")


@pytest.mark.parametrize("section", [None, VACCINATION])
def test_vaccination_without_doses_is_refused(section):
    model = sir(transitions=[transition("vaccination", "S", "R")], vaccination=section)

    with pytest.raises(ValueError, match="no doses are given for the vaccination of S"):
        built(model)


# --- contacts ------------------------------------------------------------------------------------


def test_without_interventions_one_matrix_is_in_force_throughout():
    model = built(sir())

    assert model.matrices.shape == (1, 3, 3)
    assert model.matrices[0].tolist() == sum(layers().values()).tolist()
    assert set(model.matrix_index.tolist()) == {0}


def test_closures_and_contact_interventions_multiply():
    half = {"start_date": "2024-10-02", "end_date": "2024-10-03", "scaling_factor": 0.5}
    model = built(
        sir(
            interventions=[
                {"type": "contact_matrix", "contact_matrix_layer": "school", **half},
                {"type": "school_closure", "scaling_factor": 0.2},
            ]
        ),
        closed=[date(2024, 10, 3), date(2024, 10, 4)],
    )

    school = layers()["school"]
    others = sum(layers().values()) - school
    for step, factor in enumerate((1.0, 0.5, 0.1, 0.2, 1.0)):
        matrix = model.matrices[model.matrix_index[step]]
        assert np.allclose(matrix, others + factor * school, rtol=1e-14)


@pytest.mark.parametrize(
    ("strength", "factors"), [(0.0, (1, 1)), (0.5, (0.6, 0.8)), (1.0, (0.2, 0.6))]
)
def test_a_drawn_strength_scales_the_interventions_on_contacts(strength, factors):
    name = "contact_intervention_strength"
    work = {"start_date": "2024-10-02", "end_date": "2024-10-02", "scaling_factor": 0.6}
    interventions = [
        {"type": "contact_matrix", "contact_matrix_layer": "school", **work},
        {"type": "school_closure", "scaling_factor": 0.2},
    ]
    parameters = {"beta": scalar(0.03), "mu": scalar(0.4), name: {"type": "sampled"}}
    model = sir(interventions=interventions, parameters=parameters)

    drawn = built(model, member(parameters={name: strength}), closed=[date(2024, 10, 3)])

    others = sum(layers().values()) - layers()["school"]
    for step, factor in enumerate((1, factors[1], factors[0], 1)):
        matrix = drawn.matrices[drawn.matrix_index[step]]
        assert np.allclose(matrix, others + factor * layers()["school"], rtol=1e-14)
    with pytest.raises(ValueError, match=r"strength is 1\.5; expected 0 to 1"):
        built(model, member(parameters={name: 1.5}))


def test_a_layer_that_the_population_lacks_is_refused():
    population = people(contacts={"home": np.eye(3)})
    closure = sir(interventions=[{"type": "school_closure", "scaling_factor": 0.2}])

    with pytest.raises(ValueError, match="no contact layer 'school'; it has home"):
        Assembler(closure, population, None, [date(2024, 10, 3)]).build(member())


# --- initial conditions --------------------------------------------------------------------------


def initial(given=None, **inits):
    model = built(sir(compartments=compartments(**inits)), given)
    return dict(zip(model.compartments, model.initial.tolist(), strict=True))


def test_a_drawn_share_is_that_of_every_age_group():
    drawn = member(compartments={"I": 0.25})

    assert initial(drawn, S="default", I="sampled", R=None) == {
        "S": [15_000, 45_000, 15_001],
        "I": [5_000, 15_000, 5_000],
        "R": [0, 0, 0],
    }


@pytest.mark.parametrize(
    ("value", "infected"),
    # Of 20,000, 60,000 and 20,001 people: persons are spread in proportion, a share is of each.
    [(1.0, [0, 1, 0]), (10.0, [2, 6, 2]), (1000.4, [200, 600, 200]), (0.5, [10000, 30000, 10001])],
)
def test_a_drawn_value_is_persons_from_one_on_and_a_share_below(value, infected):
    drawn = member(compartments={"I": value})

    placed = initial(drawn, S="default", I="sampled", R=None)

    assert placed["I"] == infected
    assert initial(drawn, S="default", I=value, R=None) == placed  # as a number in the YAML


def test_a_drawn_share_of_nothing_is_nobody():
    drawn = member(compartments={"I": 0.0})

    assert initial(drawn, S="default", I="calibrated", R=None)["I"] == [0, 0, 0]


def test_more_people_than_there_are_is_refused_by_age_group():
    drawn = member(compartments={"I": 0.7})

    with pytest.raises(ValueError, match=r"age group 0-17 has 20000 persons, but .* of I, R place"):
        initial(drawn, S="default", I="sampled", R=0.5)


def test_more_people_than_there_are_is_refused_with_the_values_of_the_draw():
    drawn = member(compartments={"I": 90_000.5, "R": 0.25})

    with pytest.raises(ValueError, match=r"than that; drawn were I = 90000\.5, R = 0\.25$"):
        initial(drawn, S="default", I="sampled", R="calibrated")


# --- epydemix's own initial conditions -----------------------------------------------------------


def mediated(source, target, mediator):
    return Flow(source, target, "mediated", np.zeros((1, 1)), mediator=mediator)


def test_without_any_init_mediators_have_five_in_ten_thousand_and_their_source_the_rest():
    assert initial(S=None, I=None, R=None) == {
        "S": [19_990, 59_970, 19_991],
        "I": [10, 30, 10],
        "R": [0, 0, 0],
    }


def test_people_who_cannot_be_divided_among_sources_are_in_the_first():
    flows = (mediated("A", "I", "I"), mediated("B", "I", "I"))

    placed = place_people_by_default(("I", "A", "B"), flows, np.array([10_000, 10_001, 7]))

    # 5, 5 and 0 infectious; 9,995 and 9,996 and 7 for two sources.
    assert placed.tolist() == [[5, 5, 0], [4_998, 4_998, 4], [4_997, 4_998, 3]]


def test_people_left_over_are_in_the_first_source_whatever_its_place_and_the_groups():
    # Group 2 is the largest, and the only source is the compartment 0.
    placed = place_people_by_default(("S", "I"), (mediated("S", "I", "I"),), np.array([7, 10_001]))

    assert placed.tolist() == [[7, 9_996], [0, 5]]


def test_a_source_that_is_also_a_mediator_keeps_everybody():
    # Two groups infect each other's members: S is a source and also the only mediator.
    flows = (mediated("S", "I", "S"),)

    placed = place_people_by_default(("S", "I"), flows, np.array([10_000]))

    assert placed.tolist() == [[10_000], [0]]


def test_without_contact_nothing_says_where_people_start():
    with pytest.raises(ValueError, match="give one compartment init: default"):
        initial_without_contact()


def initial_without_contact():
    model = sir(
        compartments=compartments(S=None, I=None, R=None),
        transitions=[spontaneous("S", "I", 0.1)],
        parameters={"beta": scalar(1)},
    )
    return built(model)
