"""Compiled code draws what numpy draws, from the same uniform numbers."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import bdtri

from epyflow.engine import compile_cache, draws

OWN = {"own": draws.FEW, "numpy's": draws.NONE}


def drawn(trials, chances, own_up_to=draws.FEW, seed=1):
    """Return what compiled code draws, and the generator after it."""
    rng = np.random.default_rng(seed)
    out = np.empty(len(trials), dtype=np.int64)
    memory = np.zeros(draws.MEMORY, dtype=np.int64)
    stream = draws.Stream(
        draws.numpy_binomial(), draws.source_of(rng), memory.ctypes.data, own_up_to
    )
    compile_cache.load().draw(stream, np.asarray(trials), np.asarray(chances, dtype=float), out)
    return out, rng


def pairs(trials, chance, count=4_000, seed=2):
    """Random numbers of trials and chances between bounds, spread over orders of magnitude."""
    rng = np.random.default_rng(seed)
    n = np.exp(rng.uniform(*np.log(trials), count)).astype(np.int64)
    return n, np.exp(rng.uniform(*np.log(chance), count))


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
@pytest.mark.parametrize("common", [False, True], ids=["rare", "common"])
@pytest.mark.parametrize("chance", [(1e-17, 1e-9), (1e-9, 1e-5), (1e-5, 1e-2), (1e-2, 0.5)])
@pytest.mark.parametrize("trials", [(1, 10), (10, 1e3), (1e3, 1e6), (1e6, 1e10)])
def test_draws_are_those_of_numpy(trials, chance, common, own):
    n, p = pairs(trials, chance)
    p = 1 - p if common else p

    ours, rng = drawn(n, p, own)

    theirs = np.random.default_rng(1)
    assert (ours == theirs.binomial(n, p)).all()
    assert rng.bit_generator.state == theirs.bit_generator.state


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_chances_of_rare_events_are_computed_as_by_numpy(own):
    # With 10¹⁵ trials the rounding of 1 - p alone would change every hundredth draw.
    n, p = pairs((1e13, 1e15), (1e-15, 1e-14), 20_000)

    ours, _ = drawn(n, p, own)

    assert (ours == np.random.default_rng(1).binomial(n, p)).all()


@pytest.mark.parametrize("successes", [0, 1, 5, 12])
def test_a_number_that_falls_on_a_boundary_is_decided_as_by_numpy(successes):
    # Where the chance of at most so many is the uniform number itself, rounding decides.
    decided = set()
    for seed in range(80):
        uniform, n = np.random.default_rng(seed).random(), 61 + 7 * seed
        on_boundary = bdtri(successes, n, uniform)
        for p in on_boundary * (1 + np.arange(-2, 3) * 2e-16):
            assert n * p <= draws.FEW
            (ours,), rng = drawn([n], [p], seed=seed)
            theirs = np.random.default_rng(seed)
            assert ours == theirs.binomial(n, p)
            assert rng.bit_generator.state == theirs.bit_generator.state
            decided.add(int(ours))
    assert decided == {successes, successes + 1}


def test_a_number_far_in_the_tail_is_no_reason_to_start_again():
    # numpy starts again above mean + 10 √(variance + 1) = 19; a mean of 2 reaches 14 here.
    left = 1 - 1e-8

    drawn_there = draws._few_as_numpy(0, 1_000, 0.002, 0.998**1_000, left)

    assert drawn_there == stats.binom.ppf(left, 1_000, 0.002)


def test_no_number_is_taken_for_what_cannot_happen():
    out, rng = drawn([5, 5], [0.0, 0.0])

    assert out.tolist() == [0, 0]
    assert rng.bit_generator.state == np.random.default_rng(1).bit_generator.state


@pytest.mark.parametrize("chance", [1.0, 1 + 1e-15, 1.3, np.inf])
def test_one_number_is_taken_for_what_is_certain(chance):
    # A chance among those who are left is rounded, and may come out above 1: numpy draws as here.
    out, rng = drawn([5, 7], [chance, chance])

    theirs = np.random.default_rng(1)
    theirs.random(2)
    assert out.tolist() == [5, 7]
    assert rng.bit_generator.state == theirs.bit_generator.state


def test_a_chance_rounded_to_below_zero_takes_one_number():
    out, rng = drawn([5], [-1e-17])

    theirs = np.random.default_rng(1)
    theirs.random()
    assert out.tolist() == [0]
    assert rng.bit_generator.state == theirs.bit_generator.state


def test_a_numpy_that_hides_its_draws_is_noticed(monkeypatch, tmp_path):
    draws.numpy_binomial.cache_clear()
    monkeypatch.setattr(np.random._generator, "__file__", str(tmp_path / "absent.so"))

    assert draws.numpy_binomial() is None

    monkeypatch.undo()
    draws.numpy_binomial.cache_clear()
    assert draws.numpy_binomial() is not None
