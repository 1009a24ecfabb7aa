import re
from itertools import count, cycle

import numpy as np
import pytest
from scipy import stats

from epyflow.calibration.kernels import JumpKernel, NormalKernel, kernel
from epyflow.calibration.rejection import run_rejection, run_top_fraction
from epyflow.calibration.sampler import Generation, Limits, Priors, Simulated
from epyflow.calibration.smc import Smc, SmcSettings
from epyflow.errors import CalibrationError
from tests.unit.calibration.toy import PRIORS, simulate


def smc(simulator=simulate, settings=None, limits=None, seed=1):
    return Smc(
        PRIORS,
        [kernel(None, prior) for prior in PRIORS.distributions.values()],
        simulator,
        settings or SmcSettings(20, 3),
        limits or Limits(),
        np.random.default_rng(seed),
    )


def test_a_calibration_stopped_after_a_generation_goes_on_with_the_same_draws():
    whole = smc()
    while whole.step():
        pass
    first = smc()
    first.step()

    second = smc(seed=99)
    second.done = list(first.done)
    second.rng.bit_generator.state = first.rng.bit_generator.state
    while second.step():
        pass

    assert (second.done[-1].particles == whole.done[-1].particles).all()
    assert (second.done[-1].weights == whole.done[-1].weights).all()
    assert second.done[-1].simulations == whole.done[-1].simulations


def test_max_time_ends_with_the_last_complete_generation():
    ticks = iter(range(10_000))
    run = smc(settings=SmcSettings(20, 50), limits=Limits(100.0, None, lambda: next(ticks)))
    complete = 0
    while run.step():
        complete += 1

    assert run.ended == "max_time"
    assert 1 <= len(run.done) == complete < 50
    assert all(len(generation.particles) == 20 for generation in run.done)


def test_a_limit_before_the_first_generation_is_an_error_that_names_it():
    run = smc(limits=Limits(simulations=5))

    with pytest.raises(CalibrationError, match="total_simulations_budget was reached after 6"):
        run.step()


def test_distances_that_are_all_equal_stop_the_calibration_and_say_why():
    run = smc(lambda values, rng: Simulated(4.0, np.zeros((2, 1))))

    with pytest.raises(CalibrationError, match="all 20 distances are 4"):
        run.step()


def test_a_particle_exactly_as_far_away_as_the_tolerance_is_accepted():
    distances = cycle([1.0, 2.0])
    run = smc(
        lambda values, rng: Simulated(next(distances), np.zeros((2, 1))),
        SmcSettings(4, 1, schedule=(2.0,)),
    )

    run.step()

    assert run.done[0].distances.tolist() == [1.0, 2.0, 1.0, 2.0]


def not_a_number(values, rng):
    return Simulated(float("nan"), np.zeros((2, 1)))


@pytest.mark.parametrize(
    "calibrate",
    [
        lambda rng: smc(not_a_number).step(),
        lambda rng: run_rejection(PRIORS, not_a_number, 5, 1.0, Limits(), rng),
        lambda rng: run_top_fraction(PRIORS, not_a_number, 5, 0.5, rng),
    ],
    ids=["smc", "rejection", "top_fraction"],
)
def test_a_distance_that_is_no_number_stops_the_calibration(calibrate):
    with pytest.raises(CalibrationError, match="distance nan"):
        calibrate(np.random.default_rng(1))


def test_a_simulation_that_raises_is_not_swallowed():
    def raising(values, rng):
        raise ValueError("age group 0-4 is overfull")

    with pytest.raises(ValueError, match="overfull"):
        smc(raising).step()


def test_rejection_that_accepts_nothing_says_how_near_it_came():
    with pytest.raises(CalibrationError, match="the nearest was"):
        run_rejection(PRIORS, simulate, 5, 1e-9, Limits(simulations=20), np.random.default_rng(1))


@pytest.mark.parametrize("stuck", ["rejection", "smc"])
def test_a_calibration_that_is_stuck_says_how_near_it_came(stuck, monkeypatch, caplog):
    seconds = count(0, 40)
    monkeypatch.setattr("epyflow.logs.time.monotonic", lambda: next(seconds))
    caplog.set_level("INFO", "epyflow")

    limits, rng = Limits(simulations=2), np.random.default_rng(1)
    calibrate = {
        "rejection": lambda: run_rejection(PRIORS, simulate, 5, 1e-9, limits, rng),
        "smc": smc(settings=SmcSettings(5, 1, schedule=(1e-9,)), limits=limits).step,
    }

    with pytest.raises(CalibrationError):
        calibrate[stuck]()

    first = caplog.records[0]
    assert first.levelname == "WARNING"
    assert re.fullmatch(
        "particle 0 of 5, 40.0 s: 1 simulations, the nearest .* from the observations; the "
        "tolerance is 1e-09",
        first.getMessage(),
    )


def test_weights_of_a_generation_add_up_to_one():
    run = smc()
    while run.step():
        pass

    assert all(abs(generation.weights.sum() - 1) < 1e-12 for generation in run.done)


def weighted(weights):
    count = len(weights)
    return Generation(
        particles=np.arange(2.0 * count).reshape(count, 2),
        weights=np.array(weights),
        distances=np.zeros(count),
        epsilon=1.0,
        simulations=count,
        series=np.zeros((count, 1, 1)),
    )


def test_particles_are_chosen_by_their_weights_with_the_draws_of_numpys_choice():
    weights = np.random.default_rng(1).random(30) ** 4
    generation = weighted(weights)
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)

    chosen = [generation.choose(ours)[0] for _ in range(2_000)]

    chances = weights / weights.sum()
    assert chosen == [2.0 * theirs.choice(30, p=chances) for _ in range(2_000)]
    assert ours.bit_generator.state == theirs.bit_generator.state


def test_a_particle_without_weight_is_never_chosen():
    rng = np.random.default_rng(1)

    assert {weighted([0.0, 1.0, 0.0]).choose(rng)[0] for _ in range(100)} == {2.0}


def test_weights_that_are_no_numbers_are_refused():
    with pytest.raises(CalibrationError, match="the weights of the particles are not numbers"):
        weighted([0.5, np.nan]).choose(np.random.default_rng(1))


def test_the_normal_kernel_has_twice_the_variance_of_the_particles():
    moved = NormalKernel()
    moved.update(np.array([1.0, 3.0]))

    # Variance of the particles is 1, so the kernel's is 2: density 1/sqrt(4 pi) at its centre.
    assert moved.density(5.0, np.array([5.0]))[0] == pytest.approx(1 / np.sqrt(4 * np.pi))


def test_particles_that_are_all_the_same_cannot_be_moved():
    with pytest.raises(ValueError, match="same value"):
        NormalKernel().update(np.array([2.0, 2.0]))


def test_the_jump_kernel_shares_three_tenths_among_the_other_values():
    moved = JumpKernel(stats.randint(0, 4))

    density = moved.density(2.0, np.array([2.0, 1.0, 0.0]))

    assert density.tolist() == pytest.approx([0.7, 0.1, 0.1])


def test_the_jump_kernel_draws_as_numpys_choice_and_holds_no_list_of_values():
    """A list of these values would have 8 TB."""
    moved = JumpKernel(stats.randint(0, 10**12))
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)

    proposed = [moved.propose(2.0, ours) for _ in range(20)]

    few = JumpKernel(stats.randint(3, 7))
    values = np.arange(3, 7)
    drawn = [few.propose(3.0, theirs) for _ in range(200)]
    again = np.random.default_rng(5)

    def by_choice():
        if again.random() >= 0.3:
            return 3.0
        return next(
            float(value) for value in iter(lambda: again.choice(values), None) if value != 3
        )

    assert max(proposed) > 10**6
    assert drawn == [by_choice() for _ in range(200)]
    assert moved.density(2.5, np.array([2.0]))[0] == 0.0


def test_an_unbounded_discrete_prior_is_refused():
    with pytest.raises(ValueError, match="largest value"):
        JumpKernel(stats.poisson(3))


def test_a_kernel_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no kernel 'mine'; expected one of continuous, discrete"):
        kernel("mine", stats.uniform(0, 1))


def test_a_kernel_named_for_its_own_kind_of_prior_is_the_default():
    assert isinstance(kernel("continuous", stats.uniform(0, 1)), NormalKernel)
    assert isinstance(kernel("discrete", stats.randint(0, 3)), JumpKernel)


def test_rejection_that_can_tell_nothing_apart_stops_although_it_accepts_nothing():
    def same(values, rng):
        return Simulated(4.0, np.zeros((2, 1)))

    with pytest.raises(CalibrationError, match="all 100 distances are 4"):
        run_rejection(PRIORS, same, 5, 1.0, Limits(), np.random.default_rng(1))


def test_a_generation_that_cannot_be_nearer_is_not_begun():
    """Distances that are counts: most particles fit exactly, and none can fit better."""

    def exact(values, rng):
        return Simulated(float(values[0] > 2.5), np.zeros((2, 1)))

    run = smc(exact)
    assert run.step()

    with pytest.raises(CalibrationError, match="generation 1 cannot begin: its tolerance would be"):
        run.step()


def test_a_discrete_prior_with_one_value_stays_there():
    moved = JumpKernel(stats.randint(2, 3))

    assert moved.propose(2.0, np.random.default_rng(1)) == 2.0


def test_priors_are_drawn_in_their_order():
    priors = Priors({"a": stats.uniform(0, 1), "b": stats.uniform(10, 1)})

    first, second = priors.draw(np.random.default_rng(1))

    assert 0 <= first < 1
    assert 10 <= second < 11
