"""Reports of projected trajectories: when they begin, how they drift, and who they belong to."""

import json
from dataclasses import replace

import numpy as np
import pytest

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import NOT_STARTED
from epyflow.calibration import observation_noise
from epyflow.errors import EpyflowError
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
