"""Functions that distributions name are found in one module of the experiment."""

import pytest

from tests.unit.experiment.samples import CALIBRATION, changed, inspected, write_data

CUSTOM = {"type": "custom", "name": "my_prior"}
PARAMETERS = "modelset.calibration.parameters"
BOTH = changed(CALIBRATION, (f"{PARAMETERS}.Rt.prior", CUSTOM))


@pytest.fixture
def functions(tmp_path):
    """Return the folder of functions of an experiment; mine.py defines my_prior."""
    write_data(tmp_path)
    return tmp_path / "experiments" / "sample" / "functions"


def found(functions, sections=BOTH):
    """Return the keys and messages of errors about functions."""
    _, problems = inspected(functions.parents[2], sections)
    return [(each.key, each.message) for each in problems if each.severity == "error"]


def test_a_function_that_one_module_defines_is_no_problem(functions):
    assert found(functions) == []


def test_each_name_that_no_module_defines_is_an_error_with_what_is_near(functions):
    named = changed(BOTH, (f"{PARAMETERS}.mu.prior.name", "my_priors"))

    ((key, message),) = found(functions, named)

    assert str(key).endswith("mu.prior.name")
    assert "defines 'my_priors' (did you mean my_prior?)" in message


def test_a_function_that_two_modules_define_is_an_error_at_each_name(functions):
    (functions / "other.py").write_text((functions / "mine.py").read_text())

    keys, messages = zip(*found(functions), strict=True)

    assert [str(key).split(".")[-3] for key in keys] == ["Rt", "mu"]
    assert all("mine.py and other.py in" in each for each in messages)


def test_a_module_that_is_no_python_is_one_error_at_the_first_name(functions):
    (functions / "broken.py").write_text("def (:\n")

    ((key, message),) = found(functions)

    assert str(key).endswith("Rt.prior.name")
    assert "broken.py" in message
