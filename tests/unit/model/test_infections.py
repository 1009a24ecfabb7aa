import pytest

from epyflow.errors import ReproductionNumberError
from epyflow.model.flows import FlowTerm
from epyflow.model.infections import find_infections


def contact(source, target, mediator):
    return FlowTerm(source, target, "mediated", None, mediator)


def alone(source, target):
    return FlowTerm(source, target, "spontaneous", None)


def doses(source, target):
    return FlowTerm(source, target, "scheduled", None, eligible=(source,))


SEIR = (contact("S", "E", "I"), alone("E", "I"), alone("I", "R"))


def test_the_latent_count_as_infected_and_the_recovered_do_not():
    found = find_infections(SEIR)

    assert found.infected == ("E", "I")
    assert (found.sources, found.entered, found.mediators) == (("S",), ("E",), ("I",))
    assert (found.infecting, found.leaving) == ((0,), (1, 2))


def test_immunity_that_wanes_makes_nobody_infected():
    found = find_infections([*SEIR, alone("R", "S")])

    assert found.infected == ("E", "I")


def test_a_pause_between_two_bouts_counts_as_infected():
    found = find_infections([contact("S", "I", "I"), alone("I", "Pause"), alone("Pause", "I"),
                        alone("I", "R")])  # fmt: skip

    assert found.infected == ("I", "Pause")


def test_those_who_wait_for_a_bed_do_not_infect_and_are_not_counted():
    found = find_infections([*SEIR, alone("I", "W"), alone("W", "H"), alone("H", "R")])

    assert found.infected == ("E", "I")


def test_the_vaccinated_are_a_source_of_their_own():
    vaccinated = [doses("S", "V"), contact("V", "E_V", "I"), contact("S", "E", "I_V")]
    found = find_infections([*SEIR, *vaccinated, alone("E_V", "I_V"), alone("I_V", "R")])

    assert found.sources == ("S", "V")
    assert found.entered == ("E", "E_V")
    assert found.mediators == ("I", "I_V")


def test_infections_from_outside_do_not_make_the_susceptible_infected():
    found = find_infections([*SEIR, alone("S", "E")])

    assert found.infected == ("E", "I")
    assert found.sources == ("S",)


def test_caution_at_the_sight_of_deaths_is_no_infection():
    found = find_infections([*SEIR, alone("I", "D"), contact("S", "Careful", "D"),
                        contact("Careful", "E", "I")])  # fmt: skip

    assert found.infected == ("E", "I")
    assert found.mediators == ("I",)
    assert found.infecting == (0, 5)


@pytest.mark.parametrize(
    ("ways", "why"),
    [
        ([alone("S", "R")], "no transition is mediated"),
        ([contact("S", "R", "I")], "no mediated transition leads from those who do not infect"),
        ([contact("S", "I", "I")], "people in I never leave"),
        ([*SEIR[:2], alone("I", "E")], "people in E, I never leave"),
        ([*SEIR, contact("I", "Isolated", "I")], "I_to_Isolated is mediated, so how long"),
        # Tuberculosis: those who were infected long ago are infected again.
        ([contact("S", "L", "I"), alone("L", "I"), contact("L", "I", "I"), alone("I", "R")],
         "L_to_I is mediated, but people in L come to infect without it too"),
        # Are people who are susceptible again, and fall ill without contact, imports or relapses?
        ([*SEIR, alone("R", "S"), alone("S", "E")], "S_to_E is mediated, but people in S come"),
        ([*SEIR, doses("E", "V")], "doses are given to people in E"),
    ],
    ids=["nobody infects", "who infects is not infected", "for ever", "in turn", "isolation",
         "reinfection", "import or relapse", "treatment"],
)  # fmt: skip
def test_where_infections_cannot_be_counted_the_reason_is_said(ways, why):
    with pytest.raises(ReproductionNumberError, match=why):
        find_infections(ways)
