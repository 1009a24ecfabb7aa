"""The base of validated settings, and values in messages."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from epyflow.strict import Many, Strict, shown


class Shelf(Strict):
    """Settings of one text and of a list."""

    label: str | None = "none"
    books: Many[int] = ()


def test_a_key_without_a_value_is_as_if_it_were_not_there():
    assert Shelf.model_validate({"label": None, "books": None}) == Shelf()
    assert Shelf.model_validate({"label": "a", "books": [1, 2]}).books == (1, 2)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"lable": "a"}, "extra_forbidden"),
        ({"lable": None}, "extra_forbidden"),  # a misspelt key, even without a value
        ({"label": 1}, "string_type"),
        ({"books": [1.0]}, "int_type"),
        (["label"], "model_type"),
        (None, "model_type"),
    ],
)
def test_what_is_misspelt_or_of_another_type_is_refused(data: Any, kind: str):
    with pytest.raises(ValidationError) as raised:
        Shelf.model_validate(data)

    assert [each["type"] for each in raised.value.errors()] == [kind]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        ({"a": 1}, "a mapping"),
        ([[1]], "a list"),
        ([1, "b"], "[1, 'b']"),
        (date(2025, 1, 4), "2025-01-04"),
        ("a" * 58, f"'{'a' * 58}'"),  # 60 characters with its quotes
        ("a" * 59, f"'{'a' * 56}..."),
    ],
)
def test_a_value_is_written_as_in_yaml_and_cut_after_60_characters(value, text):
    assert shown(value) == text


def test_a_number_that_python_does_not_write_out_is_described():
    assert shown(10**5000) == "a number of thousands of digits"
