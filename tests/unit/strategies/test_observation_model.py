"""Reports of projected trajectories: their distribution, their drift, and who they belong to."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import NOT_STARTED
from epyflow.calibration import observation_noise
from epyflow.errors import EpyflowError
from epyflow.experiment.format.observation_model import Discrepancy
from epyflow.strategies.discrepancy import drifted
from epyflow.strategies.ensemble import report
from epyflow.tables.series import select_comparisons
from tests.calibrating import WEEKLY, calibration_task, observed, section

SMC = {"num_particles": 20, "num_generations": 2}
NOISY = {"type": "negative_binomial", "dispersion": 0.1}
GROWTH = np.linspace(10, 400, 199) * np.ones((1, 4, 1))
"""Quantiles of one comparison and four weeks."""

DRIFTING = {"type": "negative_binomial", "dispersion": 0, "discrepancy": {"sd": 0.3}}
MORE = {
    "type": "parameter",
    "target_parameter": "beta",
    "scaling_factor": 1.5,
    "start_date": "2024-10-27",
    "end_date": "2024-11-16",
}


def run(observation_model, scenarios=(), trajectories=40, **changes):
    projection = {"n_trajectories": trajectories, "scenarios": list(scenarios)}
    if observation_model is not None:
        projection["observation_model"] = observation_model
    return strategies.run(calibration_task(section("smc", SMC, projection=projection), **changes))


def reports(member):
    return member.reported.unpack()[:, :, 0, 0].astype(float)


def infections(member):
    counts = member.transitions.unpack()[:, :, 0]
    return np.where(counts[..., 0] == NOT_STARTED, NOT_STARTED, counts.sum(axis=2))


def evenly(count):
    return (np.arange(count) + 0.5) / count


def test_reports_keep_the_mean_and_have_the_variance_of_their_definition():
    for dispersion, variance in ((0.1, 50 + 0.1 * 50**2), (0.0, 50)):
        counts = report(np.full(20_000, 50.0), dispersion, evenly(20_000))

        assert counts.mean() == pytest.approx(50, rel=5e-3)
        assert counts.var() == pytest.approx(variance, rel=5e-3)


def test_with_mean_1_and_dispersion_1_reports_halve_from_count_to_count():
    # The negative binomial is geometric then: P(0) = 1/2, P(1) = 1/4, P(2) = 1/8.
    counts = report(np.ones(6), 1.0, np.array([0.01, 0.49, 0.51, 0.74, 0.76, 0.87]))

    assert counts.tolist() == [0, 0, 1, 1, 2, 2]


def test_poisson_reports_are_the_quantiles_of_scipy():
    rng = np.random.default_rng(4)
    means, levels = np.exp(rng.uniform(-8, 12, 2_000)), rng.random(2_000)
    levels[:2], means[:2] = 0, (0.1, 1e6)

    counts = report(means, 0, levels)

    assert counts.tolist() == np.maximum(stats.poisson.ppf(levels, means), 0).tolist()


def test_negative_binomial_reports_are_the_quantiles_of_scipy():
    rng = np.random.default_rng(4)
    means, levels = np.exp(rng.uniform(-8, 8, 2_000)), rng.random(2_000)

    for dispersion in (1e-4, 0.01, 1.0, 10.0):
        counts = report(means, dispersion, levels)
        expected = stats.nbinom.ppf(levels, 1 / dispersion, 1 / (1 + dispersion * means))

        assert counts.tolist() == expected.tolist()


def test_large_reports_are_poisson_quantiles_to_the_last_person():
    means = np.full(5, 1e9)
    levels = np.array([0.001, 0.025, 0.5, 0.975, 0.999])

    found = report(np.nextafter(means, 2e9), 0, levels)

    assert found.tolist() == report(means, 0, levels).tolist()


@pytest.mark.parametrize("dispersion", [0.0, 1e-300, 1e-20, 1e-16])
@pytest.mark.parametrize("mean", [1e-3, 1.0, 1e6, 1e10, 1e12])
def test_a_vanishing_dispersion_gives_poisson_counts(dispersion, mean):
    levels = np.array([0.0, 0.001, 0.5, 0.999])
    found = report(np.full(4, mean), dispersion, levels)

    z = stats.norm.ppf(levels[1:])
    assert found[0] == 0
    if mean < 1e6:
        assert found[1:].tolist() == stats.poisson.ppf(levels[1:], mean).tolist()
    else:
        assert (found[1:] - mean) / np.sqrt(mean) == pytest.approx(z, abs=3e-3)


@pytest.mark.parametrize("dispersion", [0.1, 10.0])
def test_large_reports_are_those_of_a_gamma_distribution(dispersion):
    # Poisson counts around gamma means: the Poisson part vanishes for large means.
    levels = np.array([0.25, 0.5, 0.975])
    gamma = stats.gamma.ppf(levels, 1 / dispersion, scale=dispersion * 1e12)

    assert report(np.full(3, 1e12), dispersion, levels) == pytest.approx(gamma, rel=1e-6)


@pytest.mark.parametrize("dispersion", [0.0, 0.5])
def test_nobody_is_reported_where_nobody_is(dispersion):
    assert report(np.zeros(3), dispersion, np.array([0.0, 0.5, 0.999])).tolist() == [0, 0, 0]


def test_a_trajectory_goes_on_from_the_last_observation():
    # 19.5 reported of 9.5 simulated: twice as many, then e times that, then as e^(1 - 2).
    simulated = np.array([[4.0, 9.5, 10.0, 20.0]])
    steps = np.array([[9.0, 9.0, 1.0, -2.0]])

    found = drifted(simulated, 1, 19.5, steps)

    assert found == pytest.approx(np.array([[4.0, 19.0, 20 * np.e, 40 / np.e]]))


def test_growth_damps_by_its_factors_and_the_ratio_begins_as_a_power():
    # x + 1/2 doubles twice, after a ratio of 4: by 2^(1/2), then by 2^(1/4), from 4^(1/2); the
    # ratio's own growth of log 16 continues as 16^(1/4) and 16^(1/16).
    simulated = np.array([[1.0, 1.5, 3.5, 7.5]])
    how = Discrepancy(sd=0, start=0.5, model_growth=0.5, residual_growth=0.25)

    found = drifted(simulated, 1, 7.5, np.zeros((1, 4)), np.log(16), how)

    first, second = 2 * 2**0.5, 2 * 2**0.75
    expected = [1.0, 3.0, 2 * 2 * (first - 0.5), 2 * 2 * 16 ** (1 / 16) * (second - 0.5)]
    assert found == pytest.approx(np.array([expected]))


def test_defaults_of_a_discrepancy_change_no_bit():
    simulated, steps = np.random.default_rng(1).random((2, 5, 9)) * 100
    plain = drifted(simulated, 3, 50.0, steps)

    assert (drifted(simulated, 3, 50.0, steps, 0.3, Discrepancy(sd=1)) == plain).all()


def test_the_growth_of_a_residual_is_kept_with_the_fit():
    growing = {"sd": 0.3, "residual_growth": 0.7}
    fit = run({**DRIFTING, "discrepancy": growing}, trajectories=2).fit

    settings = json.loads(fit.settings["observation_model"])
    assert settings["residual_growth"] == [fit.reporting[0][0].growth] != [0.0]


def test_without_an_observation_model_nothing_is_reported_and_nothing_changes():
    plain, noisy = run(None), run(NOISY)

    assert plain.members[0].reported is None
    assert plain.fit.reporting == ()
    assert "observation_model" not in plain.fit.settings
    assert replace(noisy.members[0], reported=None) == plain.members[0]


def test_the_same_task_gives_the_same_bytes():
    assert pickling.to_bytes(run(DRIFTING)) == pickling.to_bytes(run(DRIFTING))


def test_each_trajectory_has_reports_of_its_own_that_more_trajectories_do_not_change():
    few, many = run(DRIFTING, trajectories=3), run(DRIFTING, trajectories=6)
    days = min(len(each.members[0].dates) for each in (few, many))
    first, second = (reports(each.members[0])[:3, -days:] for each in (few, many))

    assert (first == second).all()
    assert len(np.unique(reports(many.members[0]), axis=0)) == 6


def test_comparisons_are_as_reported_and_compartments_as_simulated():
    plain, noisy = run(None), run(NOISY)
    selection = select_comparisons(noisy, noisy.fit)
    member = noisy.members[0]

    assert selection.columns == ("S_to_I_total",)
    counts = selection.of(selection.counts(member))[..., 0]
    assert (counts[:, -4:] == reports(member)[:, -4:]).all()
    assert (counts[:, -4:] != infections(member)[:, -4:]).any()
    assert member.compartments == plain.members[0].compartments


def test_reports_begin_when_the_trajectory_does():
    member = run(DRIFTING).members[0]

    assert ((reports(member) == NOT_STARTED) == (infections(member) == NOT_STARTED)).all()
    assert (reports(member) == NOT_STARTED).any()


def test_scenarios_have_the_same_reports_until_they_differ_and_more_people_no_fewer():
    as_now, more = run(
        DRIFTING, [{"id": "as_now"}, {"id": "more", "interventions": [MORE]}]
    ).members
    same = infections(as_now) == infections(more)
    higher = infections(more) > infections(as_now)

    assert (reports(as_now)[same] == reports(more)[same]).all()
    assert higher.any()
    assert (reports(more)[higher] >= reports(as_now)[higher]).all()


def test_a_drift_begins_at_the_last_observation():
    calm = {**DRIFTING, "discrepancy": {"sd": 0}}
    member = run(calm, trajectories=200).members[0]
    at = member.dates.index(observed().dates[-1])

    assert np.median(reports(member)[:, at]) == pytest.approx(WEEKLY[-1], rel=0.01)
    # What is left at the last observation is the noise of a Poisson distribution.
    assert reports(member)[:, at].std() == pytest.approx(np.sqrt(WEEKLY[-1]), rel=0.2)


def test_a_drift_widens_with_time():
    member = run({**DRIFTING, "discrepancy": {"sd": 0.5}}, trajectories=200).members[0]
    counts, simulated = (each(member)[:, -3:] for each in (reports, infections))
    there = (counts > 0).all(axis=1) & (simulated > 0).all(axis=1)
    spread = np.log(counts[there] / simulated[there]).std(axis=0)

    assert (np.diff(spread) > 0).all()


def test_no_more_people_are_reported_than_there_are():
    wild = {**DRIFTING, "discrepancy": {"sd": 10}}

    assert reports(run(wild).members[0]).max() == 80_001


def test_a_missing_last_week_moves_the_beginning_of_the_drift():
    gone = observed((*WEEKLY[:3], float("nan")))
    calm = {**DRIFTING, "discrepancy": {"sd": 0}}
    member = run(calm, trajectories=200, observations=gone).members[0]
    at = member.dates.index(gone.dates[2])

    assert np.median(reports(member)[:, at]) == pytest.approx(WEEKLY[2], rel=0.02)


def test_what_was_estimated_is_in_the_settings():
    found = run({**NOISY, "dispersion": "estimated"}).fit
    recorded = json.loads(found.settings["observation_model"])

    assert recorded == {
        "type": "negative_binomial",
        "dispersion": [found.reporting[0][0].dispersion],
        "discrepancy_sd": [None],
    }
    last = found.generations[found.projected_generation]
    mean = np.average(last.series.unpack()[..., 0], axis=0, weights=last.weights)
    beyond = ((np.array(WEEKLY) - mean) ** 2 - mean).sum()
    assert found.reporting[0][0].dispersion == pytest.approx(max(0, beyond / (mean**2).sum()))


def test_what_cannot_be_estimated_fails_with_its_population():
    short = observed(WEEKLY[:3])
    estimated = {**DRIFTING, "discrepancy": {"sd": "estimated"}}

    with pytest.raises(EpyflowError, match="United_States_Massachusetts: the discrepancy cannot"):
        run(estimated, observations=short)


def test_a_default_stands_for_what_cannot_be_estimated_and_the_log_says_so(caplog):
    estimated = {**DRIFTING, "discrepancy": {"sd": "estimated", "default_sd": 0.2}}
    fit = run(estimated, observations=observed(WEEKLY[:3])).fit

    assert fit.reporting[0][0].walk == 0.2
    assert "at least one person was fitted; default_sd 0.2 is used" in caplog.text
    assert run(estimated).fit.reporting[0][0].walk != 0.2


def test_an_ensemble_keeps_what_each_member_used():
    members = [DRIFTING, {**DRIFTING, "discrepancy": {"sd": 0.1}}, {"type": "damped_growth"}]
    fit = run({"type": "ensemble", "members": members}, growth=GROWTH).fit

    assert [[each.walk for each in noise] for noise in fit.reporting] == [[0.3], [0.1]]
    recorded = json.loads(fit.settings["observation_model"])
    kinds = [each["type"] for each in recorded["members"]]
    assert kinds == ["negative_binomial", "negative_binomial", "damped_growth"]
    assert (recorded["method"], recorded["periods"]) == ("median", 4)


def test_an_ensemble_changes_nothing_up_to_the_last_observation():
    single = run(NOISY).members[0]
    members = [NOISY, {"type": "damped_growth"}]
    member = run({"type": "ensemble", "members": members}, growth=GROWTH).members[0]
    at = member.dates.index(observed().dates[-1])

    assert (reports(member)[:, : at + 1] == reports(single)[:, : at + 1]).all()
    assert (reports(member)[:, at + 1] != reports(single)[:, at + 1]).any()


def test_scenarios_of_an_ensemble_stay_paired():
    model = {"type": "ensemble", "members": [NOISY, DRIFTING, {"type": "damped_growth"}]}
    same, again = run(model, [{"id": "a"}, {"id": "b"}], growth=GROWTH).members

    assert (reports(same) == reports(again)).all()


def test_an_estimated_dispersion_beyond_the_largest_is_the_largest_with_a_warning(
    monkeypatch, caplog
):
    monkeypatch.setattr(observation_noise, "estimate_dispersion", lambda y, m: 9800.0)
    fit = run({**NOISY, "dispersion": "estimated"}, trajectories=2).fit

    assert fit.reporting[0][0].dispersion == 10
    assert "the estimated dispersion is 9800; 10 is used" in caplog.text
