import pytest

from epyflow.report.quantity_words import distribution_in_words


def test_a_function_of_the_users_own_is_named_with_what_it_returned():
    words = "mine(), a custom function of the experiment"
    named = {"name": "norm", "args": [2.0], "kwargs": {"scale": 0.5}}

    assert distribution_in_words({"function": "mine"}) == words
    assert (
        distribution_in_words({"function": "mine"} | named) == f"norm(2, scale=0.5), from {words}"
    )


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "words"),
    [
        ("uniform", [1.0, 0.5], {}, "uniform from 1 to 1.5"),
        ("uniform", [], {}, "uniform from 0 to 1"),
        ("uniform", [2.0], {"scale": 3.0}, "uniform from 2 to 5"),
        ("randint", [0.0, 75.0], {}, "a whole number from 0 to 74"),
        ("randint", [], {"low": 1.0, "high": 4.0, "loc": 10.0}, "a whole number from 11 to 13"),
        ("gamma", [2.0], {"scale": 3.0}, "gamma(2, scale=3)"),
    ],
)
def test_a_range_is_written_by_its_ends(name, args, kwargs, words):
    assert distribution_in_words({"name": name, "args": args, "kwargs": kwargs}) == words
