import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_executor_plugin_googlebatch_array.arguments import factor, split_arguments


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("python -m snakemake", ["python", "-m", "snakemake"]),
        ("--config 'a=1'  'b=x y'", ["--config", "a=1", "b=x y"]),
        ('--target-jobs "one:name=it\'s $(id)"', ["--target-jobs", "one:name=it's $(id)"]),
        (r"'both \'kinds\' of \"quotes\"'", ["both 'kinds' of \"quotes\""]),
        (r"'a\\b' 'line\nbreak' '\x07\u2028'", ["a\\b", "line\nbreak", "\x07\u2028"]),
        # As shlex.quote writes an apostrophe.
        ("""'it'"'"'s'""", ["it's"]),
        ("", []),
        ("''", [""]),
    ],
)
def test_a_command_line_is_split_as_it_was_quoted(text, arguments):
    assert split_arguments(text) == arguments


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=4))
def test_what_repr_quotes_comes_back(values):
    assert split_arguments(" ".join(map(repr, values))) == values


def test_a_quotation_mark_that_is_not_closed_is_refused():
    with pytest.raises(ValueError, match="character 9"):
        split_arguments("--config 'a")


def test_what_all_lists_begin_and_end_with_is_named_once():
    factored = factor([["a", "b", "1", "z"], ["a", "b", "2", "3", "z"]])

    assert factored == (("a", "b"), (("1",), ("2", "3")), ("z",))


def test_of_a_single_list_everything_is_common():
    assert factor([["a", "b"]]) == (("a", "b"), ((),), ())


def test_a_tail_does_not_reach_into_the_head():
    assert factor([["a", "a"], ["a", "a", "a"]]) == (("a", "a"), ((), ("a",)), ())


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=5), min_size=1, max_size=4))
def test_the_parts_make_the_lists_again(lists):
    head, middles, tail = factor(lists)

    assert [[*head, *middle, *tail] for middle in middles] == lists
