from contextlib import suppress
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epyflow.errors import SourceError
from epyflow.experiment.reading.yaml_source import read
from forecast_hub.yaml_loader import MOST_BYTES


@pytest.fixture
def yaml_file(tmp_path):
    """Return a function that writes a file and reads it."""

    def write(text):
        path = tmp_path / "file.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return write


def refusal(yaml_file, text):
    with pytest.raises(SourceError) as caught:
        yaml_file(text)
    return caught.value.line, str(caught.value)


def test_every_key_and_every_entry_has_its_line(yaml_file):
    document = yaml_file("model:\n  name: x\n  list:\n    - 1\n    - {a: 2,\n       b: 3}\n")

    assert document.data == {"model": {"name": "x", "list": [1, {"a": 2, "b": 3}]}}
    assert document.line(("model",)) == 1
    assert document.line(("model", "name")) == 2
    assert document.line(("model", "list", 0)) == 4
    assert document.line(("model", "list", 1, "b")) == 6


def test_what_is_not_there_has_the_line_of_what_encloses_it(yaml_file):
    document = yaml_file("model:\n  timespan:\n    delta_t: 1\n")

    assert document.line(("model", "timespan", "end_date")) == 2
    assert document.line(("output",)) == 1
    assert not document.has(("model", "timespan", "end_date"))


def test_a_key_that_stands_twice_is_refused_with_both_lines(yaml_file):
    assert refusal(yaml_file, "a:\n  b: 1\n  c: 2\n  b: 3\n") == (
        4,
        "the key 'b' is already on line 2; remove one",
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 0.0001),
        ("1E5", 100000.0),
        ("-2.5e+3", -2500.0),
        (".5e1", 5.0),
        ("0.1", 0.1),
        ("1/2", "1/2"),
        ("2024-10-01", date(2024, 10, 1)),
        ('"2024-10-01"', "2024-10-01"),
        ("0-4", "0-4"),
        ("65+", "65+"),
        ("NO", False),
        ("~", None),
    ],
)
def test_values_are_those_of_yaml_with_the_numbers_of_yaml_1_2(yaml_file, text, value):
    read_value = yaml_file(f"a: {text}\n").data["a"]

    assert read_value == value
    assert type(read_value) is type(value)


@pytest.mark.parametrize(
    "text", ["2024-13-01", "2024-02-30", "!!bool maybe", "!!int ''", "!!timestamp soon"]
)
def test_what_yaml_cannot_convert_stays_text_for_the_schema_to_refuse(yaml_file, text):
    assert yaml_file(f"a: {text}\n").data["a"] == text.split()[-1].strip("'")


def test_a_number_of_thousands_of_digits_stays_text(yaml_file):
    document = yaml_file(f"a: {'9' * 5000}\nb: 0x{'f' * 5000}\n")

    assert document.data == {"a": "9" * 5000, "b": "0x" + "f" * 5000}


def test_a_key_that_yaml_reads_as_no_text_is_refused_with_what_to_do(yaml_file):
    assert refusal(yaml_file, "a:\n  NO: 1\n") == (
        2,
        "the key 'NO' is not text (YAML reads it as false); quote it",
    )
    assert refusal(yaml_file, "2024: 1\n")[1].endswith("(YAML reads it as 2024); quote it")
    assert refusal(yaml_file, "? [a]\n: 1\n") == (
        1,
        "a key is a list or a mapping; expected text",
    )


def test_anchors_and_merge_keys_are_resolved_and_own_keys_win(yaml_file):
    document = yaml_file(
        "base: &base {x: 1, y: 2}\n"
        "one: &one {<<: *base, x: 3}\n"
        "two: *one\n"
        "three: {<<: [*one, *base], z: 4}\n"
    )

    assert document.data["one"] == {"x": 3, "y": 2}
    assert document.data["two"] == {"x": 3, "y": 2}
    assert document.data["three"] == {"x": 3, "y": 2, "z": 4}


def test_a_merge_of_no_mapping_is_refused(yaml_file):
    assert refusal(yaml_file, "a:\n  <<: 5\n") == (2, "<< expects a mapping, such as *name")


LAUGHS = "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(30))
MERGES = "".join(
    f"a{i + 1}: &a{i + 1} {{<<: [{', '.join([f'*a{i}'] * 10)}], k{i}: 1}}\n" for i in range(4)
)


def test_a_billion_laughs_are_refused_at_once(yaml_file):
    assert "more than 200,000 values" in refusal(yaml_file, "a0: &a0 [1, 1]\n" + LAUGHS)[1]


def test_merges_of_merges_do_not_multiply(yaml_file):
    document = yaml_file("a0: &a0 {x: 1}\n" + MERGES)

    assert document.data["a4"] == {"x": 1, "k0": 1, "k1": 1, "k2": 1, "k3": 1}


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a {<<: *a}\n"])
def test_what_holds_itself_is_refused(yaml_file, text):
    assert refusal(yaml_file, text) == (1, "the value &a contains itself; remove *a from it")


@pytest.mark.parametrize("depth", [60, 20_000])
def test_deep_nesting_is_refused(yaml_file, depth):
    assert "more than 50 deep" in refusal(yaml_file, "a: " + "[" * depth + "]" * depth)[1]


def test_what_is_not_utf_8_is_refused_with_its_line(yaml_file):
    line, message = refusal(yaml_file, b"a: 1\nb: \xe9\n")

    assert (line, message) == (2, "not UTF-8 text; save the file as UTF-8")


def test_a_byte_order_mark_is_no_mistake(yaml_file):
    assert yaml_file(b"\xef\xbb\xbfa: 1\n").data == {"a": 1}


def test_a_control_character_is_refused_with_its_line(yaml_file):
    assert refusal(yaml_file, "a: 1\nb: \x07\n") == (
        2,
        r"not valid YAML: the character '\x07' is not allowed in YAML; remove it",
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "text\n", "5\n"])
def test_what_is_no_mapping_is_refused(yaml_file, text):
    line, message = refusal(yaml_file, text)

    assert line == 1
    assert message == "not a mapping; expected one top-level key, such as 'model:'"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a:\n\t- b\n", 2, "a tab; indent with spaces"),
        ("a: [1, 2\nb: 3\n", 2, "the '[' of line 1, column 4 is not closed"),
        ("a: 1\n---\nb: 2\n", 2, "expected a single document"),
        ("a: 1\nb: *none\n", 2, "undefined alias 'none'"),
        ("a:\n  !!python/object/apply:os.system [x]\n", 2, "is not allowed"),
        ("a: !thing {b: 1}\n", 1, "the tag !thing is not allowed"),
        ("a: !!python/name:os.system x\n", 1, "is not allowed"),
    ],
)
def test_broken_yaml_is_refused_with_its_line(yaml_file, text, line, what):
    found_line, message = refusal(yaml_file, text)

    assert found_line == line
    assert what in message
    assert "\n" not in message


def test_a_file_too_large_for_a_person_to_have_written_is_refused(yaml_file):
    assert (
        refusal(yaml_file, b"#" * (MOST_BYTES + 1))[1]
        == "more than 5,000,000 bytes; expected a shorter file"
    )


def test_a_missing_file_and_a_broken_link_cannot_be_read(tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "nowhere.yaml")

    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(SourceError, match="cannot be read: it is a link to a file that is not"):
        read(link)


def test_free_text_about_a_file_stays_as_it_is_written(yaml_file):
    text = (
        "model:\n  meta: {version: 1.10, id: 007, date: 2024-11-16, author: no, description: ~}\n"
    )

    assert yaml_file(text).data["model"]["meta"] == {
        "version": "1.10",
        "id": "007",
        "date": "2024-11-16",
        "author": "no",
        "description": None,
    }


SIGNS = [*":[]{}|>'\"#,~=\t\n ", "- ", "? ", "<<", "&x ", "*x", "!t ", "!!int ", "!!set "]
WORDS = ["a", "1", "NO", "---\n", "...\n", "%YAML 1.1\n"]
yaml_like = st.lists(st.sampled_from(SIGNS + WORDS), max_size=20).map("".join)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=yaml_like | st.text(max_size=30))
def test_any_text_is_a_mapping_or_an_error_of_ours(yaml_file, text):
    with suppress(SourceError, UnicodeEncodeError):
        assert isinstance(yaml_file(text).data, dict)
