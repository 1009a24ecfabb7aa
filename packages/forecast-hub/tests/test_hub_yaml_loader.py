"""YAML of others is read within limits, and every mistake has a line and what to write."""

import time
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecast_hub import yaml_loader
from forecast_hub.errors import YamlError
from forecast_hub.yaml_loader import LimitedLoader, load, read_text

LAUGHS = "a0: &a0 [1, 1]\n" + "".join(
    f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(30)
)
CHAIN = "a0: &a0 {x: 1}\n" + "".join(f"a{i + 1}: &a{i + 1} {{<<: *a{i}}}\n" for i in range(2000))


def test_values_are_those_of_yaml():
    text = "a: [1, -0.5, 0, 0x1F, 1e3, 2024-11-16, NO, ~, '0100', 0.30]\n2: &x {b: c}\nd: *x"

    values = load(text)

    assert [str(each) for each in values["a"]] == (
        ["1", "-0.5", "0", "31", "1e3", "2024-11-16", "False", "None", "0100", "0.3"]
    )
    assert (values[2], values["d"]) == ({"b": "c"}, {"b": "c"})
    assert load("# nothing\n") is None


@pytest.mark.parametrize("kind", [LimitedLoader, None])
@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("b: 1\na: !!int abc", 2, "'abc' is not a whole number"),
        ("a: !!timestamp zz", 1, "is not a date of the calendar"),
        ("a: !!bool x", 1, "is not true or false"),
        ("a: 2024-02-30", 1, "is not a date .*, or put it in quotes"),
        ("a: " + "9" * 5000, 1, "a number has 5,000 characters"),
        ("a: " + "1:" * 4000 + "1", 1, "a number has 8,001 characters"),
        ("a: !!int ١٢", 1, "digits of another script"),
        ("[" * 4000, 1, "nested more than 50 deep"),
        (LAUGHS, 6, "more than 200,000 values"),
        (CHAIN, 50, "nested more than 50 deep"),
        ("a: &a [*a]", 1, "contains itself"),
        ('b: 1\na: "\\ud800"', 2, "half of a character"),
        ('b: 1\na: "\\U00110000"', 2, "out of range"),
        ("a: !!python/name:os.system x", 1, "the tag .* is not allowed"),
        (f"{2**61 - 1}: 1", 1, "a key is a number of more than 18 characters"),
        ("? [a]\n: 1", 1, "unhashable key"),
        ("a: \x07", 1, "is not allowed in YAML; remove it"),
    ],
    ids=lambda each: str(each)[:12],
)
def test_a_text_above_a_limit_or_with_a_false_value_is_refused(kind, text, line, says):
    with pytest.raises(YamlError, match=says) as caught:
        load(text, kind) if kind else load(text)

    assert caught.value.line == line


def test_values_are_counted_before_the_text_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr(yaml_loader, "MOST_VALUES", 10)

    # The mapping, its key and the list are values, too.
    assert load("a: [1, 1, 1, 1, 1, 1, 1]") == {"a": [1] * 7}
    with pytest.raises(YamlError, match="line 1, column 26: more than 10 values"):
        load("a: [1, 1, 1, 1, 1, 1, 1, 1, {")


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: 1\nb: 0100", (2, 4), "0100 would be 64 in YAML 1.1 .*; write 100 or 64"),
        ("a: 1:30", (1, 4), "1:30 would be 90 in YAML 1.1 .*; write 90, or '1:30' for a text"),
        ("a: 1_000", (1, 4), "write 1000"),
        ("a: 0b11", (1, 4), "would be 3 .*; write 3"),
        ("a:\n\tb: 1", (2, 1), "a tab; indent with spaces"),
        ("a:\n  b: 1\n c: 2", (3, 2), "begin keys of one mapping in one column"),
        ("a: {b: 1\nc: 2", (2, 2), "the '{' of line 1, column 4 is not closed"),
        ("a:1\nb: 2", (2, 2), "write a space after the colon of 'a:'"),
        ("a: {b:1}", (1, 5), "'b:1' has no space after the colon"),
        ("a: 1\nb: 'c\nd: 2", (3, 5), "close the quotation mark of line 2"),
        ("a: {b: c: d}", (1, 9), "a second colon; put a text that contains ': ' in quotes"),
        ("- a: {b: 1}}", (1, 12), "no '{' is open here; remove the '}'"),
        ("- [1]]", (1, 6), r"no '\[' is open here; remove the '\]'"),
        ("a: 1\na: 2", (2, 1), "the key 'a' is already on line 1; remove one"),
        ("a: 0,3", (1, 4), "0,3 has a comma; write 0.3 for a decimal fraction"),
        ("a:\n  – b", (2, 3), "en dash.*; write '-'"),
        ("a: −0.5", (1, 4), "minus sign.*; write '-'"),
        ("a: {b: 0,3}", (1, 8), "0,3 has a comma; write 0.3"),
        ("a: {b: 0,30, c: 1}", (1, 8), "0,30 has a comma; write 0.30"),
        ('a: "b\nc: "d"', (2, 5), "close the quotation mark of line 1"),
        ("a: 1\nb = 2\nc: 3", (3, 1), "write 'b: ' for 'b ='"),
        ("a:\n  - b: 1\n  c: 2", (3, 3), "begin each item of a list with '- '"),
        ("a: 1\nb:\xa01\nc: 2", (3, 1), r"U\+00A0 is a no-break space; write a space"),
        ("a: 1\n---\nb: 1", (2, 1), "a file holds one document"),
    ],
)
def test_a_mistake_of_beginners_is_explained(text, place, says):
    with pytest.raises(YamlError, match=says) as caught:
        load(text)

    assert (caught.value.line, caught.value.column) == place


def test_a_form_that_seems_something_else_is_a_text_in_quotes():
    assert load("['0100', '1:30', \"0,3\", '– b']") == ["0100", "1:30", "0,3", "– b"]


def test_a_file_that_cannot_be_read_has_no_line(tmp_path):
    with pytest.raises(YamlError, match=r"^cannot be read: No such file") as caught:
        read_text(tmp_path / "none.yaml")
    assert (caught.value.line, caught.value.column) == (0, 0)


SIGNS = [*":[]{}|>'\"#,~=\t\n %@`", "- ", "? ", "<<: ", "&x ", "*x", "!t ", "!!int ", "!!map "]
WORDS = ["a", "0", "1", "_", "NO", "---\n", "...\n", "%YAML 1.1\n", "\\U", "2024-02-30", "\n  "]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=st.lists(st.sampled_from(SIGNS + WORDS), max_size=20).map("".join) | st.text())
@example("%YAML 1." + "9" * 5000 + "\n--- a")
@example("%TAG ! " + "x" * 100_000 + "\n---\n" + "- !a b\n" * 10_000)
@example("{" * 100_000)
@example("? " * 10_000)
@example("- " * 10_000)
@example("&a " * 1_000)
@example("{[a], b}")
def test_any_text_is_a_value_or_an_error_of_ours(text):
    begin = time.process_time()

    for kind in (LimitedLoader, None):
        with suppress(YamlError):
            load(text, kind) if kind else load(text)

    assert time.process_time() - begin < 5
