from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from epyflow.errors import DataError
from epyflow.experiment.format.modelset import Sampler, Sampling
from epyflow.inputs.parameter_sets import parameter_sets, unit_draws

SEED = 42


def uniform(low=0.0, width=1.0):
    return {"distribution": {"type": "scipy", "name": "uniform", "args": [low, width]}}


def sampling(*samplers, **section):
    return Sampling.model_validate({"samplers": list(samplers), **section})


def draws(strategy, count, *parameters, compartments=()):
    sampler = {"strategy": strategy, "n_samples": count, "parameters": list(parameters)}
    return {**sampler, "compartments": list(compartments)}


def sets(section, seed=SEED, functions=None):
    return parameter_sets(section, seed, functions or no_functions)


def no_functions(name):
    raise AssertionError(f"asks for {name}")


# --- grid ----------------------------------------------------------------------------------------


def test_without_sampling_there_is_one_empty_set():
    (only,) = sets(None)

    assert (only.parameters, only.compartments, only.start_date) == ({}, {}, None)


def test_a_grid_varies_its_last_parameter_fastest():
    found = sets(
        sampling(
            {"strategy": "grid", "parameters": ["b", "a"]},
            parameters={"a": {"values": [1, 2]}, "b": {"values": [10, 20]}},
        )
    )

    assert [each.parameters for each in found] == [
        {"b": 10, "a": 1},
        {"b": 10, "a": 2},
        {"b": 20, "a": 1},
        {"b": 20, "a": 2},
    ]


def test_every_grid_point_is_combined_with_every_draw():
    found = sets(
        sampling(
            draws("LHS", 3, "x", compartments=["I"]),
            {"strategy": "grid", "parameters": ["a"]},
            parameters={"a": {"values": [5, 6]}, "x": uniform()},
            compartments={"I": {"min": 0.1, "max": 0.2}},
        )
    )

    assert [each.parameters["a"] for each in found] == [5, 5, 5, 6, 6, 6]
    for first, second in zip(found[:3], found[3:], strict=True):
        assert first.parameters["x"] == second.parameters["x"]
        assert first.compartments == second.compartments
    assert len({each.parameters["x"] for each in found}) == 3


# --- draws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_latin_hypercube_hits_each_of_n_strata_once_in_every_column(count):
    sampler = Sampler.model_validate(draws("LHS", count, "a", "b", compartments=["I"]))

    points = unit_draws(sampler, SEED)

    assert points.shape == (count, 3)
    for column in points.T:
        assert sorted(np.floor(column * count).astype(int)) == list(range(count))


def test_sobol_puts_two_of_eight_points_in_every_quarter_of_the_square():
    sampler = Sampler.model_validate(draws("sobol", 8, "a", "b"))

    quarters = np.floor(unit_draws(sampler, SEED) * 2).astype(int)

    assert sorted(map(tuple, quarters.tolist())) == [
        corner for corner in ((0, 0), (0, 1), (1, 0), (1, 1)) for _ in range(2)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9])
def test_a_shorter_sobol_sequence_is_the_beginning_of_a_longer_one(count):
    longest = unit_draws(Sampler.model_validate(draws("sobol", 16, "a", "b")), SEED)

    points = unit_draws(Sampler.model_validate(draws("sobol", count, "a", "b")), SEED)

    assert (points == longest[:count]).all()


@pytest.mark.parametrize("strategy", ["LHS", "sobol", "montecarlo"])
def test_draws_lie_in_the_unit_cube_and_depend_on_the_seed(strategy):
    sampler = Sampler.model_validate(draws(strategy, 64, "a", "b"))

    points = unit_draws(sampler, SEED)

    assert points.min() >= 0
    assert points.max() <= 1
    assert (points == unit_draws(sampler, SEED)).all()
    assert (points != unit_draws(sampler, SEED + 1)).all()


def test_montecarlo_draws_are_uniform():
    points = unit_draws(Sampler.model_validate(draws("montecarlo", 10_000, "a")), SEED)

    # The mean of 10,000 uniform draws has a standard error of 1/sqrt(12 · 10,000) = 0.0029.
    assert abs(points.mean() - 0.5) < 4 * 0.0029


def test_a_distribution_maps_the_unit_draws_through_its_quantiles():
    section = sampling(draws("LHS", 5, "x"), parameters={"x": uniform(1.2, 0.8)})

    found = [each.parameters["x"] for each in sets(section)]

    points = unit_draws(section.samplers[0], SEED)[:, 0]
    assert found == pytest.approx((1.2 + 0.8 * points).tolist(), rel=1e-15)


def test_values_are_plain_numbers():
    section = sampling(
        draws("LHS", 1, "x", compartments=["I"]),
        parameters={"x": uniform()},
        compartments={"I": {"min": 0.1, "max": 0.2}},
    )

    (only,) = sets(section)

    assert type(only.parameters["x"]) is float
    assert type(only.compartments["I"]) is float


# --- start dates ---------------------------------------------------------------------------------


def starting(distribution, count=12):
    start = {"reference_date": "2024-10-01", "distribution": distribution}
    return sampling(draws("LHS", count, "start_date"), start_date=start)


def test_discrete_start_dates_are_equally_often_each_day():
    # randint(0, 4) is 0, 1, 2 or 3; twelve strata are three for each.
    found = sets(starting({"type": "scipy", "name": "randint", "args": [0, 4]}))

    assert sorted(each.start_date for each in found) == [
        date(2024, 10, 1 + days) for days in range(4) for _ in range(3)
    ]
    assert all(each.parameters == {} for each in found)


def test_the_lowest_draw_of_a_discrete_distribution_is_its_smallest_value(monkeypatch):
    # scipy's quantile at probability 0 is one below it.
    monkeypatch.setattr(
        "epyflow.inputs.parameter_sets.unit_draws", lambda *_: np.array([[0.0], [1.0]])
    )

    found = sets(starting({"type": "scipy", "name": "randint", "args": [0, 4]}))

    assert [each.start_date for each in found] == [date(2024, 10, 1), date(2024, 10, 4)]


def test_days_of_a_continuous_distribution_are_rounded(monkeypatch):
    monkeypatch.setattr(
        "epyflow.inputs.parameter_sets.unit_draws", lambda *_: np.array([[0.14], [0.16]])
    )

    found = sets(starting({"type": "scipy", "name": "uniform", "args": [0, 10]}))

    assert [each.start_date for each in found] == [date(2024, 10, 2), date(2024, 10, 3)]


def test_a_start_beyond_the_calendar_is_refused():
    section = starting({"type": "scipy", "name": "uniform", "args": [1e9, 1]})

    with pytest.raises(DataError, match=r"start_date gives 1e\+09 days"):
        sets(section)


# --- initial shares ------------------------------------------------------------------------------


def sharing(monkeypatch, points, **bounds):
    monkeypatch.setattr("epyflow.inputs.parameter_sets.unit_draws", lambda *_: np.array(points))
    section = sampling(
        draws("LHS", len(points), compartments=list(bounds)),
        compartments={name: {"min": low, "max": high} for name, (low, high) in bounds.items()},
    )
    return [each.compartments for each in sets(section)]


def test_shares_lie_between_their_bounds(monkeypatch):
    found = sharing(monkeypatch, [[0.0, 0.5], [1.0, 0.25]], I=(0.1, 0.2), R=(0.0, 0.4))

    assert found[0] == pytest.approx({"I": 0.1, "R": 0.2})
    assert found[1] == pytest.approx({"I": 0.2, "R": 0.1})


def test_shares_above_everybody_shrink_to_it_and_keep_their_lower_bounds(monkeypatch):
    # 0.3 + 0.6 and 0.5 + 0.4 make 1.8. Above the bounds 1.0 is asked for and 0.2 is left, so
    # 0.6 and 0.4 become 0.12 and 0.08.
    (found,) = sharing(monkeypatch, [[1.0, 1.0]], I=(0.3, 0.9), R=(0.5, 0.9))

    assert found == pytest.approx({"I": 0.42, "R": 0.58})


def test_lower_bounds_that_are_everybody_leave_no_room(monkeypatch):
    # As floats the first sum is 1, the second a little less and the third a little more.
    for bounds in ((0.1, 0.9), (0.7, 0.1, 0.2), (0.33, 0.56, 0.11)):
        named = {f"C{k}": (low, 1.0) for k, low in enumerate(bounds)}
        for point in (0.0, 0.5, 0.999):
            (found,) = sharing(monkeypatch, [[point] * len(bounds)], **named)
            assert list(found.values()) == pytest.approx(list(bounds))


def test_drawn_persons_take_no_part_in_the_sum_of_shares(monkeypatch):
    # I is persons and keeps 10 + 0.5 * 90. R and V make 0.6 + 0.8 and shrink to a sum of 1.
    (found,) = sharing(monkeypatch, [[0.5, 0.6, 0.8]], I=(10, 100), R=(0, 1), V=(0, 1))

    assert found == pytest.approx({"I": 55.0, "R": 0.6 / 1.4, "V": 0.8 / 1.4})


def test_each_draw_of_a_range_across_one_is_read_by_its_own_value(monkeypatch):
    # 0.2 * 4 is a share of 0.8, which shrinks beside 0.6; 0.5 * 4 is two persons.
    found = sharing(monkeypatch, [[0.2, 0.6], [0.5, 0.6]], I=(0, 4), R=(0, 1))

    assert found[0] == pytest.approx({"I": 0.8 / 1.4, "R": 0.6 / 1.4})
    assert found[1] == pytest.approx({"I": 2.0, "R": 0.6})


def test_no_draw_has_more_than_everybody():
    section = sampling(
        draws("montecarlo", 500, compartments=["I", "R", "V"]),
        compartments={name: {"min": 0.1, "max": 0.8} for name in ("I", "R", "V")},
    )

    found = np.array([list(each.compartments.values()) for each in sets(section)])

    assert found.sum(axis=1).max() <= 1 + 1e-15
    assert found.min() >= 0.1
    assert (found.sum(axis=1) < 0.999).any()


# --- functions of the user's own -----------------------------------------------------------------


CUSTOM = {"distribution": {"type": "custom", "name": "my_prior"}}


def test_a_function_of_the_users_own_gives_the_quantiles():
    section = sampling(draws("LHS", 4, "x"), parameters={"x": CUSTOM})
    asked = []

    def functions(name):
        asked.append(name)
        return SimpleNamespace(ppf=lambda q: 100 + q)

    found = [each.parameters["x"] for each in sets(section, functions=functions)]

    assert asked == ["my_prior"]
    assert found == (100 + unit_draws(section.samplers[0], SEED)[:, 0]).tolist()


@pytest.mark.parametrize(
    "quantiles",
    [
        lambda q: q * np.nan,
        lambda q: q + np.inf,
        lambda q: 1.0,
        lambda q: np.zeros(len(q) + 1),
    ],
)
def test_what_is_not_one_finite_number_for_each_draw_is_refused(quantiles):
    section = sampling(draws("LHS", 4, "x"), parameters={"x": CUSTOM})

    with pytest.raises(DataError, match="the distribution of x gives values that are not finite"):
        sets(section, functions=lambda _: SimpleNamespace(ppf=quantiles))


@pytest.mark.parametrize("returned", [3.0, SimpleNamespace(ppf=lambda q: {}["key"])])
def test_what_has_no_quantiles_is_refused(returned):
    section = sampling(draws("LHS", 4, "x"), parameters={"x": CUSTOM})

    with pytest.raises(DataError, match=r"the distribution of x has no quantiles: ppf raised \w+"):
        sets(section, functions=lambda _: returned)


@pytest.mark.parametrize(
    ("returned", "count", "says"),
    [
        # 1e6 ** -0.01 / (0.01 zeta(1.01))
        (stats.zipf(1.01), 1, r"zipf with args \[1.01\].*beyond 1e.06 with a probability of 0.87,"),
        (stats.zipf(a=1.5), 10_000, "beyond 1e.06 with a probability of 0.00077, of 10,000 draws"),
        (stats.lognorm(50), 4, r"beyond 1e.10 with a probability of 0.32, of 4 draws about 1\.3;"),
    ],
)
def test_a_function_that_returns_a_distribution_with_long_tails_is_refused(returned, count, says):
    """Nothing asks for its quantiles: scipy adds up probabilities without end."""
    section = sampling(draws("LHS", count, "x"), parameters={"x": CUSTOM})
    returned.ppf = lambda _: pytest.fail("it was asked for quantiles")

    with pytest.raises(DataError, match=says):
        sets(section, functions=lambda _: returned)


@pytest.mark.parametrize(
    "returned", [stats.truncnorm(-1, np.inf), stats.zipf(4), stats.norm([0, 1], 1), stats.norm(1)]
)
def test_other_distributions_of_scipy_give_their_quantiles(returned):
    section = sampling(draws("LHS", 2, "x"), parameters={"x": CUSTOM})

    found = [each.parameters["x"] for each in sets(section, functions=lambda _: returned)]

    assert found == returned.ppf(unit_draws(section.samplers[0], SEED)[:, 0]).tolist()


def test_a_distribution_that_is_not_defined_is_refused_by_its_quantiles():
    section = sampling(draws("LHS", 2, "x"), parameters={"x": CUSTOM})

    with pytest.raises(DataError, match="the distribution of x gives values that are not finite"):
        sets(section, functions=lambda _: stats.uniform(1, -2))
