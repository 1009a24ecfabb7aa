from textwrap import dedent

import pytest

from epyflow.errors import DataError
from epyflow.experiment.reading.user_functions import UserFunctions
from epyflow.inputs.resolved_priors import with_named_priors
from tests.calibrating import section

CUSTOM = {"type": "custom", "name": "mine"}


@pytest.fixture
def functions(tmp_path):
    """Return what resolves ``mine``, a function with this body."""

    def written(body):
        text = "from scipy import stats\n\ndef mine():\n" + dedent(body)
        (tmp_path / "own.py").write_text(text.replace("return", "    return"))
        return UserFunctions(tmp_path)

    return written


def with_beta(functions):
    return with_named_priors(section("smc", {}, parameters={"beta": {"prior": CUSTOM}}), functions)


@pytest.mark.parametrize(
    ("body", "name", "args", "kwargs"),
    [
        ("return stats.uniform(1, 2)", "uniform", (1, 2), {}),
        ("return stats.norm(loc=3, scale=0.5)", "norm", (), {"loc": 3, "scale": 0.5}),
        ("return stats.truncnorm(-1, 1, loc=2)", "truncnorm", (-1, 1), {"loc": 2}),
        ("return stats.randint(0, 4)", "randint", (0, 4), {}),
    ],
)
def test_a_function_that_returns_a_frozen_distribution_is_replaced_by_it(
    functions, body, name, args, kwargs
):
    prior = with_beta(functions(body)).parameters["beta"].prior

    assert (prior.type, prior.name, prior.args, prior.kwargs) == ("scipy", name, args, kwargs)


def test_initial_conditions_and_the_start_date_are_resolved_too(functions):
    given = section(
        "smc",
        {},
        compartments={"I": {"prior": CUSTOM}},
        start_date={"reference_date": "2024-10-01", "prior": CUSTOM},
    )

    resolved = with_named_priors(given, functions("return stats.uniform(0, 0.5)"))

    assert resolved.compartments["I"].prior.name == "uniform"
    assert resolved.start_date.prior.name == "uniform"
    assert resolved.parameters == given.parameters


@pytest.mark.parametrize(
    ("body", "returned"),
    [
        ("return 3", "int"),
        ("return None", "NoneType"),
        ("return stats.norm", "norm_gen"),
        ("return stats.multivariate_normal()", "multivariate_normal_frozen"),
        ("return stats.norm([0, 1], 1)", "rv_continuous_frozen"),
        ("return stats.rv_histogram(([1, 2], [0, 1, 2])).freeze()", "rv_continuous_frozen"),
        ("return type('own', (stats.rv_continuous,), {})(name='norm')()", "rv_continuous_frozen"),
        ("return stats.uniform(1, -2)", "rv_continuous_frozen"),
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_function(functions, body, returned):
    with pytest.raises(
        DataError, match=rf"the prior mine\(\) returned {returned}; expected a frozen distribution"
    ):
        with_beta(functions(body))


def test_a_function_that_raises_is_refused_with_its_error(functions):
    with pytest.raises(DataError, match=r"own.py: mine\(\) raised ZeroDivisionError"):
        with_beta(functions("return 1 / 0"))


def test_a_function_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no module in .* defines 'mine'; expected exactly one"):
        with_beta(UserFunctions(tmp_path))


def test_a_start_date_of_the_users_own_that_can_pass_the_fitting_window_is_refused(functions):
    given = section("smc", {}, start_date={"reference_date": "2024-10-01", "prior": CUSTOM})

    # The window ends 25 days after the reference date.
    assert with_named_priors(given, functions("return stats.randint(0, 26)"))
    with pytest.raises(DataError, match="can reach 26 days after 2024-10-01, past the fitting"):
        with_named_priors(given, functions("return stats.randint(0, 27)"))
