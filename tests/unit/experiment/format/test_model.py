from datetime import date

import pytest

from epyflow.experiment.format.model import Model
from tests.unit.experiment.samples import GONE, SIR, changed, inspected, messages


def model_of(root, *changes):
    experiment, problems = inspected(root, changed(SIR, *changes))
    assert experiment is not None, [str(problem) for problem in problems]
    return experiment.model


def test_what_is_left_out_has_its_documented_default(root):
    model = model_of(root, ("model.simulation", GONE), ("model.timespan.delta_t", GONE))

    assert model.simulation.n_sims == 10
    assert model.simulation.resample_frequency is None
    assert model.timespan.delta_t == 1.0


def test_a_key_without_a_value_is_as_if_it_were_not_there(root):
    empty = model_of(
        root,
        ("model.simulation", None),
        ("model.meta", None),
        ("model.timespan.delta_t", None),
        ("model.compartments.0.label", None),
        ("model.interventions", None),
        ("model.interventions", None),
    )
    absent = model_of(
        root,
        ("model.simulation", GONE),
        ("model.meta", GONE),
        ("model.timespan.delta_t", GONE),
        ("model.compartments.0.label", GONE),
        ("model.interventions", GONE),
    )

    assert empty == absent


def test_a_required_key_without_a_value_is_called_empty(root):
    assert messages(root, SIR, ("model.timespan.end_date", None)) == [
        "model.timespan.end_date: empty; expected a value for 'end_date'"
    ]
    assert messages(root, SIR, ("model.timespan.end_date", GONE)) == [
        "model.timespan.end_date: missing; expected a value for 'end_date'"
    ]


@pytest.mark.parametrize("written", [date(2024, 10, 1), "2024-10-01"])
def test_a_date_may_be_quoted_or_not(root, written):
    model = model_of(root, ("model.timespan.start_date", written))

    assert model.timespan.start_date == date(2024, 10, 1)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("2024-13-01", "'2024-13-01' is not a day of the calendar"),
        ("01/02/2024", "'01/02/2024' is not a date; expected YYYY-MM-DD"),
        ("20241001", "'20241001' is not a date"),
        (20241001, "20241001 is not a date"),
        ("2024-10-01 12:00:00", "is not a date"),
        ("1066-10-14", "is out of range; expected a year from 1700 to 2200"),
        ([], "[] is not a date"),
    ],
)
def test_what_is_no_day_is_refused(root, written, what):
    (message,) = messages(root, SIR, ("model.timespan.end_date", written))

    assert message.startswith("model.timespan.end_date: ")
    assert what in message


def test_a_start_date_may_be_sampled_or_calibrated_and_nothing_else(root):
    (message,) = messages(root, SIR, ("model.timespan.start_date", "smapled"))

    assert "'smapled' is not a start date; expected YYYY-MM-DD, 'sampled' or 'cal" in message


def test_an_end_before_the_start_is_refused_and_the_same_day_is_not(root):
    (message,) = messages(root, SIR, ("model.timespan.end_date", "2024-09-30"))
    assert "end_date 2024-09-30 is before start_date 2024-10-01" in message

    daily = ("model.simulation.resample_frequency", "D")
    assert model_of(root, ("model.timespan.end_date", "2024-10-01"), daily)


def test_a_simulation_without_a_whole_week_is_refused(root):
    # From Tuesday the 1st; the first week from Sunday to Saturday ends on the 12th.
    end = "model.timespan.end_date"
    assert (
        f"{end}: 2024-10-01 to 2024-10-11 has no whole period of simulation.resample_frequency "
        "W-SAT; expected a later day"
    ) in messages(root, SIR, (end, "2024-10-11"))
    whole = messages(root, SIR, (end, "2024-10-12"))
    assert not any("whole period" in message for message in whole)


@pytest.mark.parametrize("step", [0, -1, 0.0001, 1000, "1/0", float("nan"), float("inf")])
def test_a_step_out_of_range_is_refused(root, step):
    (message,) = messages(root, SIR, ("model.timespan.delta_t", step))

    assert message.startswith("model.timespan.delta_t: ")


def test_more_than_a_million_steps_are_refused(root):
    (message,) = messages(
        root, SIR, ("model.timespan.end_date", "2200-01-01"), ("model.timespan.delta_t", 0.01)
    )

    # 175 years of 365 days, 42 leap days (2028 to 2196 without 2100), October to December: 92, and
    # 1 January.
    assert message == (
        "model.timespan.delta_t: 64,010 days in steps of 0.01; expected at most 1,000,000 steps"
    )


@pytest.mark.parametrize("alias", ["D", "W-SAT", "MS", "2W-SUN"])
def test_pandas_aliases_are_frequencies(root, alias):
    model = model_of(root, ("model.simulation.resample_frequency", alias))

    assert model.simulation.resample_frequency == alias


@pytest.mark.parametrize("alias", ["weekly", "", 7, ["D"]])
def test_what_pandas_does_not_know_is_no_frequency(root, alias):
    (message,) = messages(root, SIR, ("model.simulation.resample_frequency", alias))

    assert "is not a frequency; expected a pandas alias such as D, W-SAT or MS" in message


@pytest.mark.parametrize(
    ("groups", "what"),
    [
        (["0-17", "19+"], 'age group "19+" begins at 19'),
        (["0-17", "18-64"], "not open"),
        (["5-17", "18+"], "to begin at 0"),
        (["0-17", "18+", "65+"], "is open but"),
        (["zero", "18+"], "is not understood"),
        ([0, "1+"], "0 is not text; expected text: quote it"),
        ([], "there are no age groups"),
        ("0+", "'0+' is not a list; expected a list, such as ['0+']"),
    ],
)
def test_age_groups_out_of_line_are_refused(root, groups, what):
    found = messages(root, SIR, ("model.population.age_groups", groups))

    assert any("population.age_groups" in message and what in message for message in found)


@pytest.mark.parametrize(
    ("init", "read"),
    [
        ("default", "default"),
        (200, 200.0),
        (0.25, 0.25),
        ("1/4", 0.25),
        (0, 0.0),
        ([0.1, 20, "1/2"], (0.1, 20.0, 0.5)),
    ],
)
def test_an_initial_condition_is_a_number_a_list_or_default(root, init, read):
    assert model_of(root, ("model.compartments.2.init", init)).compartments[2].init == read


@pytest.mark.parametrize("init", [-1, "half", [0.1, -0.2, 0.3], [[1]], True, {}, float("inf")])
def test_what_counts_no_people_is_no_initial_condition(root, init):
    (message,) = messages(root, SIR, ("model.compartments.2.init", init))

    assert message.startswith("model.compartments[2].init: ")
    assert "is not an initial condition; expected a head count (1 or more), a share" in message


def test_the_share_for_a_percentage_is_offered(root):
    (message,) = messages(root, SIR, ("model.compartments.2.init", "30%"))

    assert message.endswith("'30%' is not an initial condition; write 0.3 for 30%")


@pytest.mark.parametrize("name", ["I to R", "1st", "S_to_I", "to", "to_I", "I_to", "", False, 5])
def test_a_compartment_needs_a_name_that_tables_can_use(root, name):
    found = messages(root, SIR, ("model.compartments.2.id", name))

    assert any(
        message.startswith("model.compartments[2].id") and "cannot name a compartment" in message
        for message in found
    )


@pytest.mark.parametrize("name", ["S", "S_vax", "I-a", "H.icu", "Total", "Toto_town"])
def test_letters_digits_and_signs_name_a_compartment(name):
    data = {
        "timespan": {"start_date": "2024-10-01", "end_date": "2024-10-02"},
        "population": {"age_groups": ["0+"]},
        "compartments": [{"id": name}],
        "transitions": [{"type": "spontaneous", "source": name, "target": name, "rate": 1}],
    }

    assert Model.model_validate(data).compartment_ids == (name,)


@pytest.mark.parametrize("name", ["eigenvalue", "exp", "minimum"])
def test_a_parameter_may_not_take_a_name_that_expressions_give_a_meaning(root, name):
    found = messages(root, SIR, (f"model.parameters.{name}", {"type": "scalar", "value": 1}))

    assert found == [
        f"model.parameters.{name}: {name!r} has a meaning in expressions; expected another name"
    ]


@pytest.mark.parametrize("name", ["lambda", "R 0", "2beta", "be-ta", "β"])
def test_a_parameter_needs_a_name_that_expressions_can_use(root, name):
    (message,) = messages(root, SIR, (f"model.parameters.{name}", {"type": "scalar", "value": 1}))

    assert f"model.parameters.{name}: {name!r} cannot name a parameter" in message


@pytest.mark.parametrize(
    "name", ["primary_id", "seed", "population", "start_date", "status", "init_I", "init_I_total"]
)
def test_a_parameter_may_not_take_the_name_of_a_column_of_the_metadata(root, name):
    found = messages(root, SIR, (f"model.parameters.{name}", {"type": "scalar", "value": 1}))

    assert any(
        f"{name!r} is a column of the table model_metadata; expected another" in message
        for message in found
    )


def test_the_columns_of_the_metadata_are_those_of_the_table():
    from epyflow.experiment.checks.model import METADATA_COLUMNS
    from epyflow.tables.metadata import COLUMNS

    assert (*METADATA_COLUMNS, "...") == COLUMNS


@pytest.mark.parametrize(
    "rate", ["__import__('os').system('x')", "beta.real", "beta*", True, [1], {"a": 1}]
)
def test_a_rate_that_is_no_expression_is_refused(root, rate):
    (message,) = messages(root, SIR, ("model.transitions.1.rate", rate))

    assert message.startswith("model.transitions[1].rate: ")
    assert "numbers, parameter names, + - * / **" in message


def test_a_rate_may_be_age_varying_and_calculated(root):
    model = model_of(root, ("model.transitions.1.rate", "mu*phi*exp(-R0)"))

    assert model.transitions[1].rate == "mu*phi*exp(-R0)"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("spontanous", "type is 'spontanous' (did you mean spontaneous?)"),
        ("S", "expected one of spontaneous, mediated, multi_mediated, vaccination"),
        (GONE, "'type' is missing; expected type: one of spontaneous, mediated"),
        (["S"], "expected one of spontaneous, mediated"),
    ],
)
def test_an_unknown_type_of_transition_is_refused_with_the_known_ones(root, kind, what):
    (message,) = messages(root, SIR, ("model.transitions.1.type", kind))

    assert message.startswith("model.transitions[1]")
    assert what in message


def test_a_transition_of_another_type_says_which_keys_it_lacks_and_has_too_many(root):
    found = messages(root, SIR, ("model.transitions.0.type", "multi_mediated"))

    expected = "expected one of type, source, target, mediators"
    assert found == [
        "model.transitions[0].mediator: unknown key 'mediator' (did you mean mediators?); "
        + expected,
        "model.transitions[0].mediators: 'I' is not a list; expected a list, such as ['I']",
        f"model.transitions[0].rate: unknown key 'rate'; {expected}",
    ]


@pytest.mark.parametrize("seed", [-1, 1.5, "seven", 2**63, True])
def test_a_seed_is_a_whole_number_that_a_table_can_hold(root, seed):
    (message,) = messages(root, SIR, ("model.random_seed", seed))

    assert message.startswith("model.random_seed: ")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("model.simulation.n_sims", 0, "0 is too small; expected 1 or more"),
        ("model.simulation.n_sims", 10**9, "1000000000 is too large; expected 10,000,000 or less"),
        ("model.simulation.n_sims", 2.5, "2.5 is not a whole number; expected a whole number"),
        ("model.simulation.n_sims", "ten", "'ten' is not a whole number; expected a whole number"),
        ("model.name", 5, "5 is not text; expected text: quote it"),
        (
            "model.name",
            False,
            "false is not text; expected text: quote it (YAML reads NO, ON and YES as true",
        ),
        ("model.simulation", 5, "5 is not a mapping (key: value); expected a mapping (key: value)"),
        ("model.compartments", {}, "a mapping is not a list; expected a list"),
        ("model.transitions", [], "empty; expected at least one entry"),
        ("model.population.name", "", "empty; expected text"),
        ("model.parameters.mu.value", {}, "a mapping is not a number; expected a number or arith"),
        (
            "model.interventions.2.contact_matrix_layer",
            "schol",
            "'schol' is not among the choices (did you mean school?); expected 'school', 'work', "
            "'home' or 'community'",
        ),
        ("model.interventions.2.scaling_factor", -0.5, "-0.5 is too small; expected 0 or more"),
    ],
)
def test_messages_are_in_the_words_of_those_who_write_yaml(root, place, value, message):
    found = messages(root, SIR, (place, value))

    assert any(message in each for each in found), found
    assert not any("tuple" in each or "dictionary" in each or "Input" in each for each in found)


def test_the_names_of_transitions_are_unique_and_in_order(root):
    model = model_of(root, ("model.transitions.end", SIR["model"]["transitions"][0]))

    assert model.transition_names == ("S_to_I", "I_to_R")


def test_a_model_written_as_json_is_read_as_the_same_model(root):
    model = model_of(root)

    assert Model.model_validate_json(model.model_dump_json()) == model
