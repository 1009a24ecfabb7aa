import pytest

from epyflow.suggest import counted, did_you_mean, listed, nearest


def test_the_nearest_names_come_best_first_and_case_is_ignored():
    assert nearest("us-ma", ["US-MI", "US-MA", "FR"]) == ["US-MA", "US-MI"]


def test_no_more_are_offered_than_asked_for():
    assert len(nearest("item1", [f"item{i}" for i in range(10)], limit=2)) == 2


def test_where_none_is_near_those_that_begin_so_are_offered():
    assert nearest("target", ["type", "target_parameter"]) == ["target_parameter"]
    assert nearest("ta", ["type", "target_parameter"]) == []


def test_a_long_text_is_near_to_nothing_and_takes_no_time():
    assert nearest("x" * 1_000_000, ["x" * 1_000_000 + "y"]) == []


def test_a_question_is_asked_only_where_something_is_near():
    assert did_you_mean("betaa", ["betas", "beta"]) == " (did you mean beta or betas?)"
    assert did_you_mean("zzz", ["beta"]) == ""
    assert did_you_mean("zzz", []) == ""


def test_a_long_list_is_cut_and_says_so():
    assert listed(["a", "b"]) == "a, b"
    assert listed("abcdef", limit=3) == "a, b, c, ... (6 in all)"


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")]
)
def test_things_are_counted(number, expected):
    assert counted(number, "file") == expected
