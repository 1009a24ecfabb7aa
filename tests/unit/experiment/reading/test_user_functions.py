import os

import pytest

from epyflow.errors import DataError
from epyflow.experiment.reading.user_functions import UserFunctions, defined


@pytest.fixture
def functions(tmp_path):
    (tmp_path / "one.py").write_text(
        "from math import sqrt\n"
        "def two():\n    return 2\n"
        "def broken():\n    return 1 / 0\n"
        "def leaving():\n    raise SystemExit(3)\n"
        "def _helper():\n    def inner(): pass\n"
        "class Thing: pass\n",
        encoding="utf-8",
    )
    return tmp_path


def test_a_function_is_called_by_its_name(functions):
    assert UserFunctions(functions)("two") == 2


def test_names_are_those_of_functions_at_the_top_level(functions):
    assert defined(functions / "one.py") == {"two", "broken", "leaving", "_helper"}


def test_looking_for_names_runs_nothing(tmp_path):
    path = tmp_path / "side.py"
    path.write_text("raise SystemExit\ndef f(): pass\n", encoding="utf-8")

    assert defined(path) == {"f"}


@pytest.mark.parametrize("name", ["three", "Thing", "sqrt", "inner"])
def test_what_no_module_defines_is_refused(functions, name):
    with pytest.raises(DataError, match=f"no module in .* defines '{name}'; expected exactly one"):
        UserFunctions(functions)(name)


def test_a_folder_that_is_not_there_defines_nothing(tmp_path):
    with pytest.raises(DataError, match="no module"):
        UserFunctions(tmp_path / "nowhere")("f")


def test_what_two_modules_define_is_refused(functions):
    (functions / "two.py").write_text("def two(): pass\n", encoding="utf-8")

    with pytest.raises(DataError, match=r"one\.py and two\.py in .* expected exactly one"):
        UserFunctions(functions)("two")


@pytest.mark.parametrize(
    ("name", "what"), [("broken", "ZeroDivisionError: division"), ("leaving", "SystemExit: 3")]
)
def test_a_function_that_raises_is_an_error_with_its_file(functions, name, what):
    with pytest.raises(DataError, match=rf"one\.py: {name}\(\) raised {what}"):
        UserFunctions(functions)(name)


@pytest.mark.parametrize("content", [b"def f(:\n", b"\xff", b"x = '\x00'\n", b"(" * 500])
def test_a_file_that_is_no_python_is_refused(tmp_path, content):
    path = tmp_path / "bad.py"
    path.write_bytes(content)

    with pytest.raises(DataError, match=r"bad\.py:\d+: is not a Python module"):
        defined(path)


def test_a_module_that_cannot_be_read_is_refused(tmp_path):
    path = tmp_path / "gone.py"
    path.symlink_to(tmp_path / "nowhere.py")

    with pytest.raises(DataError, match=r"gone\.py cannot be read"):
        defined(path)


def test_an_edit_within_the_same_second_is_seen_and_no_bytecode_is_left(functions):
    first = UserFunctions(functions)("two")
    path = functions / "one.py"
    times = path.stat()
    path.write_text(path.read_text().replace("return 2", "return 3"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert (first, UserFunctions(functions)("two")) == (2, 3)
    assert not (functions / "__pycache__").exists()
