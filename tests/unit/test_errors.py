import inspect
import re
from pathlib import Path

import pytest

from epyflow import errors
from epyflow.errors import EpyflowError, InvalidExperimentError, user_errors

SOURCES = Path(errors.__file__).parent


def test_every_public_error_stands_in_one_tree_and_is_described():
    defined = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if re.search(r"^ *class [A-Z]\w*(Error|Exception)\b", path.read_text(), re.MULTILINE)
    }
    # The second is Snakemake's kind, which rules alone raise.
    assert defined == {"errors.py", "run/snakemake_messages.py"}

    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    tree = [each for each in classes if each.__module__ == errors.__name__]
    assert len(tree) > 10
    for each in tree:
        assert issubclass(each, EpyflowError), each
        assert vars(each)["__doc__"], each


def test_every_problem_of_an_experiment_is_told():
    error = InvalidExperimentError(iter(["a.yaml:1: no", "b.yaml:2: no"]))

    assert error.problems == ("a.yaml:1: no", "b.yaml:2: no")
    assert str(error) == "a.yaml:1: no\nb.yaml:2: no"


def test_of_many_lines_of_a_message_the_first_and_the_last_are_left():
    error = InvalidExperimentError(f"line {number}" for number in range(5000))

    lines = str(error).split("\n")
    assert lines[:2] == ["line 0", "line 1"]
    assert lines[57:] == ["line 57", "[... 4,941 more lines ...]", "line 4999"]
    assert len(error.problems) == 5000


def test_of_a_long_line_of_a_message_the_beginning_and_the_end_are_left():
    error = EpyflowError(f"a.csv: {'x' * 5000} is no date\n{'y' * 2000}")

    first, second = str(error).split("\n")
    assert first == f"a.csv: {'x' * 1193} [...] {'x' * 589} is no date"
    assert second == "y" * 2000


def test_errors_of_a_package_become_ours_and_others_stay():
    with (
        pytest.raises(EpyflowError, match=r"^the message$") as caught,
        user_errors(ArithmeticError),
    ):
        raise ArithmeticError("the message")
    assert str(caught.value) == "the message"
    assert isinstance(caught.value.__cause__, ArithmeticError)

    with pytest.raises(LookupError), user_errors(ValueError):
        raise LookupError
