from pathlib import Path

import pytest

from epyflow.errors import EpyflowError
from epyflow.operations.setup.yaml_edit import edit_text

CONFIG = Path("config/config.yaml")

DOCUMENT = """\
# About it.
a: 1  # the first
b:
  - x   # of a list
  - y
# Above c.
c:
d: {e: 1,
    f: 2}
"""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": "yes"}, DOCUMENT.replace("a: 1  #", "a: 'yes'  #")),
        ({"a": "Zürich"}, DOCUMENT.replace("a: 1  #", "a: Zürich  #")),
        ({"b": ["z"]}, DOCUMENT.replace("  - x   # of a list\n  - y\n", "  [z]\n")),
        ({"c": 3}, DOCUMENT.replace("c:\n", "c: 3\n")),
        ({"d": None}, DOCUMENT.replace("{e: 1,\n    f: 2}", "null")),
        ({"g": "x: y"}, f"{DOCUMENT}\n# New.\ng: 'x: y'\n"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_value_is_changed_where_it_stands(values, expected):
    assert edit_text(DOCUMENT, values, {"g": "New."}, CONFIG) == expected


def test_an_empty_document_gets_its_first_key():
    assert edit_text("", {"a": 1}, {}, CONFIG) == "a: 1\n"
    assert edit_text("# Only this.\n", {"a": 1}, {}, CONFIG) == "# Only this.\n\na: 1\n"


@pytest.mark.parametrize("text", ["- a\n", "a: &x 1\nb: *x\n", "{a: 1}\n"])
def test_what_cannot_be_changed_in_part_is_left_alone(text):
    with pytest.raises(EpyflowError):
        edit_text(text, {"a": 2, "n": 3}, {}, CONFIG)
