from datetime import date

import numpy as np
import pytest

from epyflow.experiment.format.base import parsed
from epyflow.model.dates import step_dates
from epyflow.model.parameter_actions import Forcing
from epyflow.model.parameters import Parameters, eigenvalue
from tests.building import calculated, scalar, sir

# Eigenvalues 5 and 2: trace 7, determinant 10.
CONTACTS = np.array([[4.0, 1.0], [2.0, 3.0]])
AGES = ("0-17", "18+")
SAMPLED = {"type": "sampled"}


def parameters(contacts=CONTACTS, **given):
    return Parameters(model(**given), contacts)


def model(interventions=(), **given):
    return sir(ages=AGES, parameters=given, transitions=ONE, interventions=list(interventions))


ONE = [{"type": "spontaneous", "source": "S", "target": "I", "rate": 0.1}]


def by_age(*values):
    return {"type": "age_varying", "values": list(values)}


# --- eigenvalue ----------------------------------------------------------------------------------


def test_the_eigenvalue_is_the_largest():
    assert eigenvalue(CONTACTS) == 5.0


def test_the_eigenvalue_has_thirteen_digits():
    # Eigenvalues 1 ± sqrt(2).
    assert eigenvalue(np.array([[1.0, 2.0], [1.0, 1.0]])) == 2.414213562373


def test_a_negative_eigenvalue_of_larger_size_counts_by_its_size():
    # Contacts between two groups only: eigenvalues are 2 and -2.
    assert eigenvalue(np.array([[0.0, 4.0], [1.0, 0.0]])) == 2.0


def test_nobody_meeting_anybody_is_refused():
    with pytest.raises(ValueError, match="the contact matrix is zero"):
        eigenvalue(np.zeros((2, 2)))


# --- values --------------------------------------------------------------------------------------


def test_values_are_in_the_order_of_the_model_and_drawn_ones_among_them():
    values = parameters(
        twice=calculated("2*beta"), beta=SAMPLED, mu=scalar("1/4"), p=by_age(1, 2)
    ).values({"beta": 0.3})

    assert list(values) == ["twice", "beta", "mu", "p"]
    assert values["twice"] == 0.6
    assert (values["beta"], values["mu"]) == (0.3, 0.25)
    assert values["p"].tolist() == [1.0, 2.0]


def test_calculated_parameters_use_one_another_in_any_order():
    values = parameters(
        c=calculated("b + a"), b=calculated("a*10"), a=calculated("x"), x=scalar(2)
    ).values({})

    assert values == {"c": 22.0, "b": 20.0, "a": 2.0, "x": 2.0}


def test_the_eigenvalue_can_be_used_and_is_no_parameter():
    values = parameters(R0=scalar(2), mu=scalar(0.5), beta=calculated("R0*mu/eigenvalue")).values(
        {}
    )

    assert values == {"R0": 2.0, "mu": 0.5, "beta": 0.2}


def test_calculated_parameters_of_values_by_age_are_by_age():
    values = parameters(p=by_age(0.1, 0.4), q=calculated("1 - 2*p")).values({})

    assert values["q"].tolist() == pytest.approx([0.8, 0.2])


def test_contacts_that_are_not_used_may_be_zero():
    assert parameters(np.zeros((2, 2)), x=scalar(1)).values({}) == {"x": 1.0}


def test_a_calculated_parameter_without_a_value_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^parameter beta: '1/x' (is not|cannot)"):
        parameters(beta=calculated("1/x"), x=SAMPLED).values({"x": 0.0})


# --- over time -----------------------------------------------------------------------------------


def over_time(interventions=(), drawn=None, delta_t=1.0, **given):
    section = model(interventions, **given)
    found = Parameters(section, CONTACTS)
    dates = step_dates(section.timespan.start_date, section.timespan.end_date, delta_t)
    return found.over_time(found.values(drawn or {}), Forcing.of(section, dates))


def halved(name, day):
    window = {"start_date": f"2024-10-{day:02}", "end_date": f"2024-10-{day:02}"}
    return {"type": "parameter", "target_parameter": name, "scaling_factor": 0.5, **window}


def test_a_rate_has_a_value_for_every_step_and_age_group():
    rate = over_time(p=by_age(0.1, 0.4), x=scalar(2)).rate(parsed("x*p"))

    assert rate.shape == (31, 2)
    assert (rate == [0.2, 0.8]).all()


def test_a_rate_that_is_a_number_is_the_same_everywhere():
    assert (over_time(x=scalar(2)).rate(parsed(0.25)) == np.full((31, 2), 0.25)).all()


def test_a_value_by_age_can_change_with_time():
    rate = over_time([halved("p", 3)], p=by_age(0.2, 0.4)).rate(parsed("p"))

    assert rate[:4].tolist() == [[0.2, 0.4], [0.2, 0.4], [0.1, 0.2], [0.2, 0.4]]


def test_what_a_calculated_parameter_uses_acts_through_others_in_between():
    found = over_time(
        [halved("x", 2), halved("z", 3)],
        z=calculated("y + 1"),
        y=calculated("2*x"),
        x=scalar(4),
    )

    assert found.rate(parsed("z"))[:4, 0].tolist() == [9.0, 5.0, 4.5, 9.0]
    assert found.rate(parsed("y"))[:4, 0].tolist() == [8.0, 4.0, 8.0, 8.0]


def test_what_is_calculated_from_the_eigenvalue_keeps_it_under_interventions():
    found = over_time(
        [halved("R0", 2)], R0=scalar(2), mu=scalar(0.5), beta=calculated("R0*mu/eigenvalue")
    )

    assert found.rate(parsed("beta"))[:3, 0].tolist() == [0.2, 0.1, 0.2]


def test_a_negative_rate_is_refused_with_its_day():
    override = {**halved("x", 9), "scaling_factor": None, "override_value": -0.5}

    with pytest.raises(ValueError, match=r"^rate '2\*x' is negative on 2024-10-09: -1; expected 0"):
        over_time([override], delta_t=0.5, x=scalar(2)).rate(parsed("2*x"))


def test_a_rate_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match=r"^rate '1/x' "):
        over_time([{**halved("x", 9), "scaling_factor": 0}], x=scalar(2)).rate(parsed("1/x"))


def test_a_rate_of_zero_is_a_rate():
    assert over_time(x=scalar(0)).rate(parsed("x")).max() == 0.0


def test_values_given_are_left_as_they_are():
    section = model([halved("p", 3)], p=by_age(0.2, 0.4))
    found = Parameters(section, CONTACTS)
    values = found.values({})

    dates = step_dates(section.timespan.start_date, section.timespan.end_date, 1)
    found.over_time(values, Forcing.of(section, dates))

    assert values["p"].tolist() == [0.2, 0.4]


# --- what is shared ------------------------------------------------------------------------------


def season(target):
    return {
        "target_parameter": target,
        "method": "balcan",
        "seasonality_max_date": "2024-10-01",
        "max_value": 1.0,
        "min_value": 0.5,
    }


def rates(text, drawn, interventions=(), seasonality=None, **given):
    """Return a rate under each of the drawn values, on the same days."""
    section = sir(
        ages=AGES,
        parameters=given,
        transitions=ONE,
        interventions=list(interventions),
        seasonality=seasonality,
    )
    found = Parameters(section, CONTACTS)
    forcing = Forcing.of(section, step_dates(section.timespan.start_date, date(2024, 10, 31), 1))
    expression = parsed(text)
    return [
        found.over_time(found.values(values), forcing).rate(expression).copy() for values in drawn
    ]


DRAWN = ({"x": 2.0}, {"x": 4.0})


def test_a_rate_follows_what_is_drawn_directly_or_through_what_is_calculated():
    direct = rates("x*k", DRAWN, x=SAMPLED, k=scalar(3))
    through = rates("z", DRAWN, z=calculated("y*k"), y=calculated("x + 1"), x=SAMPLED, k=scalar(3))

    assert [rate[0, 0] for rate in direct] == [6.0, 12.0]
    assert [rate[0, 0] for rate in through] == [9.0, 15.0]


def test_a_rate_that_nothing_drawn_enters_is_the_same_although_others_are_not():
    steady = rates("k", DRAWN, [halved("x", 2)], x=SAMPLED, k=scalar(3))

    assert (steady[0] == 3.0).all()
    assert (steady[1] == 3.0).all()


def test_a_given_rate_follows_a_drawn_seasonal_minimum():
    # Half a period of 365 days after the maximum the factor would be the minimum.
    drawn = ({"seasonality_min": 0.5}, {"seasonality_min": 1.0})
    given = {"k": scalar(3), "seasonality_min": SAMPLED, "twice": calculated("2*k")}

    for text, at_maximum in (("k", 3.0), ("twice", 6.0)):
        low, flat = rates(text, drawn, seasonality=season("k"), **given)
        assert low[0, 0] == pytest.approx(at_maximum)
        assert low[30, 0] < at_maximum
        assert flat[:, 0] == pytest.approx(at_maximum)


def test_the_same_rate_on_other_days_is_worked_out_again():
    section = model([halved("k", 3)], k=scalar(2))
    found = Parameters(section, CONTACTS)

    for days, expected in ((5, [2, 2, 1, 2, 2]), (2, [2, 2])):
        dates = step_dates(date(2024, 10, 1), date(2024, 10, days), 1)
        over = found.over_time(found.values({}), Forcing.of(section, dates))
        assert over.rate(parsed("k"))[:, 0].tolist() == expected


# --- what is steady ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "is_steady"),
    [
        ("k", True),
        ("of_k", True),
        ("drawn", False),
        ("of_drawn", False),
        ("acted", False),
        ("of_acted", False),
        ("of_of_acted", False),
    ],
)
def test_what_is_drawn_or_acted_on_and_what_uses_it_differs(name, is_steady):
    found = parameters(
        interventions=[
            {
                "type": "parameter",
                "target_parameter": "acted",
                "scaling_factor": 0.5,
                "start_date": "2024-10-05",
                "end_date": "2024-10-10",
            }
        ],
        k=scalar(3),
        of_k=calculated("2*k"),
        drawn=SAMPLED,
        of_drawn=calculated("k*drawn"),
        acted=scalar(4),
        of_acted=calculated("acted+1"),
        of_of_acted=calculated("of_acted+1"),
    )

    assert found.is_steady(parsed(f"2*{name}")) is is_steady
