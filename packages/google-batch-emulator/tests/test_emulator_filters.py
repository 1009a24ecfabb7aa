"""The filter language."""

import pytest

from google_batch_emulator.errors import ApiError
from google_batch_emulator.filters import compile_filter


class Values(dict[str, str]):
    """A record with one value to a field; compared as text."""

    def values(self, field: str) -> list[str]:  # type: ignore[override]
        return [self[field]] if field in self else (list(super().values()) if not field else [])

    def compare(self, field: str, value: str, wanted: str) -> int:
        return (value > wanted) - (value < wanted)


RECORD = Values({"a": "1", "b.c": "two words", "t": "2026-01-02T03:04:05Z"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a=1",
        'a = "1"',
        "a=1 AND b.c=~^two",
        "a=1 b.c:WORDS",
        "a=2 OR a=1",
        "a=1 a=2 OR a=1",
        "NOT a=2",
        "-a=2",
        "a!=2",
        "a>=1 AND a<2",
        "a=(3 OR 1)",
        "(a=2 OR a=1) AND (b.c:two)",
        "b.c:*",
        "NOT d:*",
        '"two words"',
        "words",
        "t>=2026-01-02T03:04:05Z",
        "b.c!~three",
        'b.c="two \\words"',
    ],
)
def test_what_matches(text):
    assert compile_filter(text)[0](RECORD)


@pytest.mark.parametrize(
    "text",
    ["a=2", "a=1 AND a=2", "a=2 OR a=3", "NOT a=1", "d=1", "d!=1 a=2", "a=(2 OR 3)", "three"],
)
def test_what_does_not_match(text):
    assert not compile_filter(text)[0](RECORD)


@pytest.mark.parametrize("text", ["a=", "(a=1", "a=1)", "AND", "a=1 OR", "a=~[", "f(x)", "=1", "!"])
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(ApiError, match="Invalid filter") as caught:
        compile_filter(text)
    assert caught.value.code.name == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1 b=2", "1"),
        ('b=2 AND a="1"', "1"),
        ("(a=1) b=2", "1"),
        ("a=1 OR b=2", None),
        ("b=2 OR a=1", None),
        ("NOT a=1", None),
        ("a>=1", None),
        ("a=(1 OR 2)", None),
        ("b=2", None),
    ],
)
def test_a_field_that_must_have_one_value_is_found(text, value):
    assert compile_filter(text, pinned="a")[1] == value
