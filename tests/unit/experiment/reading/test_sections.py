"""One misspelt key does not hide other mistakes, and raises no false alarms."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.experiment.samples import (
    ALL,
    CALIBRATION,
    GONE,
    SAMPLING,
    SIR,
    changed,
    inspected,
    messages,
)


def renamed(sections, path, new):
    *way, old = path.split(".")
    home = sections
    for part in way:
        home = home[int(part) if isinstance(home, list) else part]
    return (".".join([*way, new]), home[old]), (path, GONE)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("model.timespan", "timspan"),
        ("model.parameters", "paramaters"),
        ("model.compartments", "comparments"),
        ("model.transitions.0.rate", "rat"),
        ("model.parameters.phi.values", "value"),
        ("model.population.age_groups", "agegroups"),
        ("model.interventions.0.target_parameter", "target"),
        ("output.quantiles.compartments", "compartment"),
    ],
)
def test_a_misspelt_key_is_one_problem(root, path, new):
    (message,) = messages(root, SIR, *renamed(SIR, path, new))

    assert f"unknown key {new!r} (did you mean " in message
    assert path.split(".")[-1] in message


def test_what_stands_under_a_misspelt_key_is_checked_at_its_line(root):
    experiment, problems = inspected(
        root,
        changed(
            SIR,
            *renamed(SIR, "model.parameters", "paramaters"),
            ("model.paramaters.mu.value", "fast"),
        ),
    )

    assert experiment is None
    first, second = problems
    assert "unknown key 'paramaters'" in str(first)
    assert "'fast' uses the name 'fast'; expected a number" in str(second)
    assert second.line > first.line
    text = second.file.read_text(encoding="utf-8").splitlines()
    assert text[second.line - 1].strip() == "value: fast"


def test_checks_across_files_go_on_after_a_misspelt_key(root):
    found = messages(
        root,
        SIR,
        *renamed(SIR, "model.simulation", "simulaton"),
        ("output.trajectories.compartments", ["Q_total"]),
    )

    assert any("unknown key 'simulaton'" in message for message in found)
    assert any("unknown compartment series 'Q_total'" in message for message in found)
    assert len(found) == 2


def test_checks_across_files_go_on_after_a_wrong_value_that_nothing_depends_on(root):
    found = messages(
        root,
        SIR,
        ("model.simulation.n_sims", "many"),
        ("model.simulation.resample_frequency", 5),
        ("model.random_seed", -1),
        ("model.compartments.1.label", 5),
        ("model.transitions.1.rate", -1),
        ("output.model_meta", 7),
        ("output.trajectories.compartments", ["Q_total"]),
    )

    assert {message.split(": ")[0] for message in found} == {
        "model.simulation.n_sims",
        "model.simulation.resample_frequency",
        "model.random_seed",
        "model.compartments[1].label",
        "model.transitions[1].rate",
        "output.model_meta",
        "output.trajectories.compartments[0]",
    }
    assert len(found) == 7


def test_checks_across_files_go_on_after_an_unknown_word(root):
    found = messages(
        root, SIR, ("model.colour", "red"), ("output.trajectories.compartments", ["Q_total"])
    )

    assert len(found) == 2
    assert found[0].startswith("model.colour: unknown key 'colour'; expected one of meta, name")


def test_what_an_unknown_section_may_define_is_not_called_unknown(root):
    # The parameters stand under a word that resembles no key: nothing can be said of the rates.
    found = messages(root, SIR, *renamed(SIR, "model.parameters", "zzz"))

    assert found == [
        "model.zzz: unknown key 'zzz'; expected one of meta, name, random_seed, timespan, "
        "simulation, population, compartments, transitions, parameters, vaccination, seasonality, "
        "interventions"
    ]


def test_an_option_of_another_strategy_is_unknown(root):
    place = "modelset.calibration.strategy.options.epsilon"

    (message,) = messages(root, CALIBRATION, (place, 5))

    assert message.startswith(f"{place}: unknown key 'epsilon' (did you mean minimum_epsilon")


def test_a_broken_modelset_does_not_keep_the_output_from_being_checked(root):
    found = messages(
        root,
        SAMPLING,
        ("modelset.sampling.samplers", 5),
        ("output.quantiles.compartments", ["Q_total"]),
    )

    assert [message.split(": ")[0] for message in found] == [
        "modelset.sampling.samplers",
        "output.quantiles.compartments[0]",
    ]


def test_a_broken_basemodel_does_not_keep_the_modelset_from_being_checked(root):
    found = messages(
        root,
        SAMPLING,
        ("model.timespan.end_date", "soon"),
        ("modelset.sampling.samplers.1.parameters", ["R0"]),
    )

    assert found == [
        "model.timespan.end_date: 'soon' is not a date; expected YYYY-MM-DD",
        "modelset.sampling.parameters.seasonality_min: no sampler draws seasonality_min; expected "
        "it in exactly one of samplers",
        "modelset.sampling.start_date: no sampler draws start_date; expected it in exactly one of "
        "samplers",
    ]


def test_problems_are_in_the_order_of_files_and_lines(root):
    _, problems = inspected(
        root,
        changed(
            SAMPLING,
            ("output.quantiles.compartments", ["Q_total", "P_total"]),
            ("model.transitions.4.rate", -1),
            ("model.timespan.end_date", "2024-10-05"),
            ("modelset.zzz", 1),
        ),
    )

    places = [(problem.file.name, problem.line) for problem in problems]
    assert len(places) >= 5
    assert places == sorted(places)


def test_what_is_missing_is_named_even_below_a_thing_of_the_same_name(root):
    found = messages(root, CALIBRATION, ("modelset.calibration.parameters.prior", {}))

    assert "modelset.calibration.parameters.prior.prior: missing; expected a value for 'prior'" in (
        found
    )


@pytest.mark.parametrize("tag", ["mediated", "spontaneous", "type"])
def test_a_key_that_is_called_like_a_type_is_an_unknown_key(root, tag):
    found = messages(
        root,
        SIR,
        (
            "model.transitions.0",
            {**SIR["model"]["transitions"][0], "zzz": 1, "rte": 2, tag + "x": 1},
        ),
        ("model.transitions.1." + (tag if tag != "type" else "types"), {"rate": {"rate": 1}}),
        ("model.transitions.1.rate", "a b"),
    )

    assert any("unknown key 'zzz'" in message for message in found)
    assert any("unknown key 'rte'" in message for message in found)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_number_of_keys_from_elsewhere_ends_in_messages(data, root):
    """Keys of one mapping put into another, where some are valid and some are called like tags."""
    words = ["smc", "mediated", "scipy", "type", "name", "options", "epsilon", "value", "rate"]
    name = data.draw(st.sampled_from(sorted(ALL)))
    sections = changed(ALL[name])
    mappings = list(_mappings(sections))
    for _ in range(data.draw(st.integers(1, 6))):
        home = data.draw(st.sampled_from(mappings))
        home[data.draw(st.sampled_from(words))] = data.draw(
            st.sampled_from([1, "smc", "mediated", {"smc": {"smc": 1}}, {"options": {"zzz": 1}}])
        )

    experiment, problems = inspected(root, sections)

    assert experiment is not None or problems


def _mappings(data):
    for value in data.values() if isinstance(data, dict) else data:
        if isinstance(value, dict):
            yield value
        if isinstance(value, dict | list):
            yield from _mappings(value)
