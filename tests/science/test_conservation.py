"""People move between compartments; none appears and none is lost."""

import itertools

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epyflow import engine
from epyflow.artifacts.task import DailyDoses
from epyflow.experiment.format.model import Model
from epyflow.model.assembler import Assembler
from tests.building import (
    compartments,
    infection,
    layers,
    member,
    people,
    sir,
    spontaneous,
    transition,
)

NAMES = "ABCDE"
RATES = st.sampled_from([0.0, 1e-6, 0.02, 0.5, 3.0, 80.0])


@st.composite
def small_models(draw: st.DrawFn) -> Model:
    """Any compartments, any kinds of transitions between any of them, rates from none to wild."""
    groups = draw(st.integers(1, 3))
    ages = {1: ("0+",), 2: ("0-9", "10+"), 3: ("0-9", "10-64", "65+")}[groups]
    names = NAMES[: draw(st.integers(2, 5))]
    inits = {name: draw(st.sampled_from([None, 3, 0.1, 0.17])) for name in names}
    inits[draw(st.sampled_from(names))] = "default"
    pairs = draw(
        st.lists(st.sampled_from(list(itertools.permutations(names, 2))), min_size=1, max_size=6)
    )
    transitions = [draw(_transitions(names, source, target)) for source, target in pairs]
    changes = {}
    if draw(st.booleans()):
        origin, target = draw(st.sampled_from(pairs))
        transitions.append(transition("vaccination", origin, target))
        others = [name for name in names if name != origin and draw(st.booleans())]
        changes["vaccination"] = {
            "origin_compartment": origin,
            "eligible_compartments": [origin, *others],
            "preprocessed_vaccination_data_path": "doses.csv",
        }
    return sir(
        ages=ages,
        end="2024-10-08",
        delta_t=draw(st.sampled_from([0.2, 0.5, 1.0, 2.0])),
        compartments=compartments(**inits),
        transitions=transitions,
        parameters={},
        **changes,
    )


@st.composite
def _transitions(draw: st.DrawFn, names: str, source: str, target: str) -> dict[str, object]:
    kind = draw(st.sampled_from(["spontaneous", "mediated", "multi_mediated"]))
    rate = draw(RATES)
    if kind == "spontaneous":
        return spontaneous(source, target, rate)
    mediators = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    if kind == "mediated":
        return infection(source, target, mediators[0], rate)
    terms = [{"rate": rate, "source": mediators}, {"rate": draw(RATES), "source": [names[0]]}]
    return transition(kind, source, target, mediators=terms)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(model=small_models(), seed=st.integers(0, 2**32))
def test_every_age_group_keeps_its_people_at_every_step(model, seed):
    ages = model.population.age_groups
    sizes = (17, 1_000, 251)[: len(ages)]
    population = people(sizes, layers(len(ages)), ages)
    start = model.timespan.start_date
    doses = DailyDoses(start, np.full((5, len(ages)), 40.5))

    built = Assembler(model, population, doses, ()).build(member())
    run = engine.simulate(built, np.random.default_rng(seed))

    assert (built.initial.sum(axis=0) == sizes).all()
    assert (run.compartments.sum(axis=1) == sizes).all()
    assert (run.compartments >= 0).all()
    assert (run.transitions >= 0).all()
    _assert_flows_explain_changes(built, run)


def _assert_flows_explain_changes(built, run):
    """What a compartment gains in a step is what flows in less what flows out."""
    before = np.concatenate([built.initial[None], run.compartments[:-1]])
    change = np.zeros_like(before)
    for column, name in enumerate(built.transitions):
        source, target = name.split("_to_")
        change[:, built.compartments.index(source)] -= run.transitions[:, column]
        change[:, built.compartments.index(target)] += run.transitions[:, column]
    assert (before + change == run.compartments).all()
