import math
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from epyflow.errors import CircleError, ExpressionError
from epyflow.experiment.format import expressions
from epyflow.experiment.format.expressions import in_order, number, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/1.5", 1 / 1.5),
        ("2 + 3*4", 14.0),
        ("-2**2", -4.0),
        ("(1 - 0.25)*2", 1.5),
        ("1e-4", 0.0001),
        (" 7 ", 7.0),
        ("exp(0) + cos(0)", 2.0),
        ("sqrt(16)", 4.0),
        ("abs(-3)", 3.0),
        ("minimum(2, 1) + maximum(2, 1)", 3.0),
        ("log(1) + sin(0)", 0.0),
    ],
)
def test_arithmetic_is_computed(text, expected):
    assert number(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "().__class__",
        "beta.real",
        "beta[0]",
        "lambda: 1",
        "lambda x: x",
        "[x for x in (1, 2)]",
        "{1: 2}",
        "[1, 2]",
        "(1, 2)",
        "'text'",
        "b'text'",
        "f'{beta}'",
        "(beta := 1)",
        "beta := 1",
        "beta = 1",
        "beta | 1",
        "beta & 1",
        "beta ^ 1",
        "beta << 1",
        "~beta",
        "not beta",
        "beta and 1",
        "beta < 1",
        "1 if beta else 2",
        "beta // 2",
        "beta % 2",
        "beta @ 2",
        "exp(x=1)",
        "exp(*beta)",
        "print(1)",
        "open('file')",
        "exp(exp)",
        "1j",
        "True",
        "None",
        "...",
        "import os",
        "1; 2",
        "1(2)",
        "beta # half of it",
        "beta\n*2",
        "",
        "   ",
        "beta\x00",
        "2beta",
    ],
)
def test_what_is_not_arithmetic_is_refused_before_it_is_computed(text):
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize("name", expressions.FUNCTIONS)
def test_a_function_is_no_name(name):
    with pytest.raises(ExpressionError, match=rf"{name} is a function; expected {name}\(\.\.\.\)"):
        parse(f"{name} * 2")


def test_a_function_with_too_many_arguments_is_refused():
    with pytest.raises(ExpressionError, match=r"exp has 2 arguments in .*; expected 1"):
        parse("exp(1, 2)")


def test_the_message_names_what_is_not_allowed_and_what_is():
    with pytest.raises(ExpressionError, match=r"'beta\.real' is not allowed .* \+ - \* / \*\*"):
        parse("1 + beta.real")


@pytest.mark.parametrize("text", ["9**9**9", "exp(1000)", "1e308*10", "9" * 1000])
def test_a_huge_number_is_refused_and_fills_no_memory(text):
    with pytest.raises(ExpressionError, match=r"too large|overflow|not a finite number"):
        parse(text).compute({})


@pytest.mark.parametrize(
    "text",
    [
        "1/0",
        "1/(1/0)",
        "1/exp(1/0)",
        "log(0)",
        "log(-1)",
        "sqrt(-1)",
        "(-1)**0.5",
        "abs((-1)**0.5)",
    ],
)
def test_what_has_no_finite_value_is_refused(text):
    with pytest.raises(ExpressionError, match="cannot be computed"):
        parse(text).compute({})


def test_division_by_an_array_with_a_zero_is_refused_as_by_a_zero():
    with pytest.raises(ExpressionError, match="divide by zero"):
        parse("1/(1/x)").compute({"x": np.array([1.0, 0.0])})


@pytest.mark.parametrize(
    "text", ["-" * 500 + "1", "+".join(["1"] * 500), "(" * 300 + "1" + ")" * 300]
)
def test_deep_nesting_is_refused(text):
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    ("one_more", "last"),
    [("1**", ""), ("-", ""), ("1+(", ")"), ("exp(", ")"), ("(", "+1)")],
    ids=["right", "sign", "parentheses on the right", "function", "parentheses on the left"],
)
def test_a_hundred_levels_are_the_most(one_more, last):
    def nested(levels):
        return one_more * levels + "x" + last * levels

    parse(nested(100))
    with pytest.raises(ExpressionError, match="nested more than 100 deep"):
        parse(nested(101))


def test_a_sum_of_a_hundred_terms_is_not_too_deep():
    assert number("+".join(["1"] * 100)) == 100


def test_a_very_long_text_is_refused():
    with pytest.raises(ExpressionError, match="2,001 characters; expected at most 2,000"):
        parse("1" * 2001)


def test_arrays_are_combined_element_by_element():
    values = {"beta": 0.5, "VE": np.array([0.0, 0.5, 1.0])}

    assert np.array_equal(parse("beta*(1-VE)").compute(values), [0.5, 0.25, 0.0])


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ExpressionError, match="cannot be computed"):
        parse("a+b").compute({"a": np.ones(2), "b": np.ones(3)})


def test_a_name_without_a_value_is_named():
    with pytest.raises(ExpressionError, match="'gamma' has no value"):
        parse("beta*gamma").compute({"beta": 1.0})


def test_names_are_those_of_parameters_in_the_order_of_use():
    assert parse("beta*exp(mu) + beta*alpha").names == ("beta", "mu", "alpha")


def test_a_number_uses_no_names():
    with pytest.raises(ExpressionError, match="uses the name 'beta'; expected a number"):
        number("beta*2")


def test_calculated_parameters_come_after_those_they_use():
    texts = {"a": "b + c", "b": "c*2", "c": "given"}

    order = in_order({name: parse(text) for name, text in texts.items()})

    assert order == ("c", "b", "a")


def test_a_circle_is_shown():
    texts = {"x": "1", "a": "b", "b": "c + 1", "c": "a"}

    with pytest.raises(CircleError) as caught:
        in_order({name: parse(text) for name, text in texts.items()})

    circle = caught.value.circle
    assert circle[0] == circle[-1]
    assert set(pairwise(circle)) == {
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
    }
    assert " -> ".join(circle) in str(caught.value)


def test_a_parameter_that_uses_itself_is_a_circle():
    with pytest.raises(CircleError, match="a -> a"):
        in_order({"a": parse("a*2")})


def test_a_chain_of_thousands_is_ordered():
    chain = {f"p{i}": parse(f"p{i + 1}*2") for i in range(5000)}

    assert in_order(chain)[0] == "p4999"


def test_a_warning_of_the_parser_does_not_reach_the_user():
    with pytest.raises(ExpressionError):
        parse("1if 2else 3")


def joined(sign, left, right):
    """Return text and function of two expressions joined by an operator."""
    compute = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
    }[sign]
    return (
        f"({left[0]}{sign}{right[0]})",
        lambda x, y: finite(compute(left[1](x, y), right[1](x, y))),
    )


def finite(value):
    """Refuse an infinite step, as an expression does: exp(-inf) would hide it."""
    if not math.isfinite(value):
        raise OverflowError
    return value


def called(name, function, *arguments):
    """Return text and function of a call."""
    text = f"{name}({','.join(text for text, _ in arguments)})"
    return text, lambda x, y: function(*(compute(x, y) for _, compute in arguments))


def cosine(value):
    """Return the cosine of an argument for which it is well defined.

    numpy's and Python's ``exp`` may differ in the last bit. That bit of a large argument, such as
    exp(40), is many periods of the cosine: neither answer is wrong.
    """
    if abs(value) > 1000:
        reject()
    return math.cos(value)


# Pairs of a text and the function of x and y that Python makes of the same steps.
numbers = st.floats(0.125, 8, width=16).map(lambda value: (repr(value), lambda x, y: value))
names = st.sampled_from([("x", lambda x, y: x), ("y", lambda x, y: y)])
terms = st.recursive(
    numbers | names,
    lambda inner: (
        st.builds(joined, st.sampled_from("+-*/"), inner, inner)
        | inner.map(lambda term: (f"(-{term[0]})", lambda x, y: -term[1](x, y)))
        | inner.map(lambda term: (f"({term[0]}**2)", lambda x, y: term[1](x, y) ** 2))
        | inner.map(lambda term: called("exp", math.exp, term))
        | inner.map(lambda term: called("cos", cosine, term))
        | inner.map(lambda term: called("abs", abs, term))
        | st.builds(lambda a, b: called("minimum", min, a, b), inner, inner)
        | st.builds(lambda a, b: called("maximum", max, a, b), inner, inner)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(terms, st.floats(-4, 4), st.floats(-4, 4))
def test_an_expression_computes_what_python_computes(term, x, y):
    text, compute = term
    try:
        expected = compute(x, y)
    except (ZeroDivisionError, OverflowError):
        expected = math.inf

    if math.isfinite(expected):
        found = parse(text).compute({"x": x, "y": y})
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-300)
    else:
        with pytest.raises(ExpressionError):
            parse(text).compute({"x": x, "y": y})


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_an_error_of_ours(text):
    with suppress(ExpressionError):
        parse(text).compute({"x": 1.0})
