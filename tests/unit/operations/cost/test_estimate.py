from dataclasses import replace

import pytest
from tests.unit.experiment.samples import CALIBRATION, changed
from tests.unit.operations.cost.made_up import PRICES, PROFILE
from tests.unit.operations.cost.test_profile import ROOT

from epyflow.errors import EpyflowError
from epyflow.experiment.format.modelset import Modelset
from epyflow.inputs.fan_out import Plan
from epyflow.operations.cost.estimate import (
    Range,
    Work,
    assumptions,
    estimate,
    fitted_simulations,
    task_seconds,
    total_usd,
    unpriced,
    work,
)
from epyflow.operations.cost.prices import read_prices
from epyflow.operations.cost.profile import REGION, read_profile
from epyflow.population.locations import Location

# Four tasks of 10 members with 100 simulations, 2 s each with the reference engine.
PLAN = Plan(
    strategy="simulate",
    populations=(Location("Left", None, None, None, "Left"),) * 2,
    members_per_population=20,
    members_per_task=10,
    simulations_per_member=100,
    seconds_per_simulation=2.0,
)


def calibration(strategy: str, options: dict[str, object], projected: int | None = None):
    sections = changed(
        CALIBRATION, ("modelset.calibration.strategy", {"name": strategy, "options": options})
    )
    given = Modelset.model_validate(sections["modelset"]).calibration
    projection = None if projected is None else given.projection
    return given.model_copy(update={"projection": projection})


def test_a_task_takes_its_simulations_with_the_compiled_engine():
    # 1000 simulations of 2 s, 100 to 20 times faster; 3 to 15 s for the process.
    assert task_seconds(PLAN, None) == (3 + 20, 15 + 100)


@pytest.mark.parametrize(
    ("strategy", "options", "expected"),
    [
        # 100 for the first generation, 2 to 20 times 100 for each of two more.
        ("smc", {"num_particles": 100, "num_generations": 3}, (500, 4100)),
        ("smc", {"num_particles": 100, "num_generations": 1}, (100, 100)),
        (
            "smc",
            {"num_particles": 100, "num_generations": 3, "total_simulations_budget": 700},
            (500, 700),
        ),
        ("rejection", {"num_particles": 10, "epsilon": 1.0}, (10, 1000)),
        ("top_fraction", {"Nsim": 300}, (300, 300)),
    ],
)
def test_a_calibration_makes_as_many_simulations_as_may_be_accepted(strategy, options, expected):
    assert fitted_simulations(calibration(strategy, options)) == expected


def test_a_time_limit_ends_a_calibration():
    limited = calibration("smc", {"num_particles": 100, "num_generations": 3, "max_time": "60s"})

    # 500 simulations of 20 ms, or 60 s, whichever ends first.
    assert task_seconds(PLAN, limited) == (3 + 10, 15 + 60)


def test_jobs_machines_and_starts_are_paid():
    works = [Work("run_task", Range(4, 4), Range(100, 200))]

    (stage,) = estimate(works, PROFILE, PRICES, "here")

    # A cent a second. Least: 4 × 100 s and starts of the 2 machines at once, 60 s each.
    # Most: 4 × 200 s and 4 starts of 120 s.
    assert stage.usd == pytest.approx((5.2, 12.8))
    # Two at a time.
    assert stage.elapsed == (2 * 100 + 60, 2 * (200 + 120))


def test_a_stage_without_a_machine_type_is_not_priced_and_the_total_is_without_it():
    chosen = replace(PROFILE.shape("run_task"), machine_type="")
    profile = replace(PROFILE, rules={**PROFILE.rules, "run_task": (chosen,)})
    works = [Work(rule, Range(4, 4), Range(100, 200)) for rule in ("run_task", "make_tables")]

    run, tables = estimate(works, profile, PRICES, "here")

    assert (run.usd, run.machine_type) == (None, "chosen by Google Batch")
    assert total_usd([run, tables]) == tables.usd
    assert unpriced([run, tables]) == [
        "run_task is not priced: Google Batch chooses the machine type"
    ]


def test_jobs_that_share_a_machine_share_its_cost():
    (stage,) = estimate(
        [Work("draw_figures", Range(4, 4), Range(100, 100))], PROFILE, PRICES, "here"
    )

    # Two machines for 100 s; one at a time, so one start at least, two at most.
    assert stage.usd == pytest.approx((2.6, 4.4))


def test_the_stages_of_a_run_are_those_of_the_profile():
    works = work(PLAN, None, tables=3, submissions=0, profile=PROFILE)
    stages = estimate(works, PROFILE, PRICES, "here")

    assert [(stage.stage, stage.jobs) for stage in stages] == [
        ("run", (4, 4)),
        ("tables", (1, 1)),
        ("figures", (1, 2)),
    ]
    assert total_usd(stages) == pytest.approx(
        (sum(stage.usd.low for stage in stages), sum(stage.usd.high for stage in stages))
    )


def test_the_rules_of_the_projects_profile_each_have_their_stage():
    profile = read_profile(ROOT / "profiles" / "gcp" / "config.yaml")

    works = work(PLAN, None, tables=3, submissions=1, profile=profile)
    stages = estimate(works, profile, read_prices(), REGION)

    assert {stage.stage for stage in stages} == {"run", "tables", "hub", "figures"}
    assert [stage.rule for stage in stages if stage.stage == "figures"] == ["draw_figures"]


def test_a_run_without_a_submission_pays_for_none():
    profile = read_profile(ROOT / "profiles" / "gcp" / "config.yaml")

    works = work(PLAN, None, tables=3, submissions=0, profile=profile)

    assert "make_submission" not in {each.rule for each in works}


def test_a_rule_that_the_profile_does_not_have_is_refused():
    with pytest.raises(EpyflowError, match="no resources of rule other"):
        estimate([Work("other", Range(1, 1), Range(1, 1))], PROFILE, PRICES, "here")


def test_projections_come_after_the_fit_at_the_same_speed():
    fitted = calibration("smc", {"num_particles": 100, "num_generations": 1}, projected=1)
    fitted = fitted.model_copy(
        update={"projection": fitted.projection.model_copy(update={"n_trajectories": 50})}
    )

    # 100 simulations and 50 projections of 20 to 100 ms; 3 to 15 s for the process.
    assert task_seconds(PLAN, fitted) == (3 + 2 + 1, 15 + 10 + 5)


def test_each_strategy_has_its_own_assumption():
    smc = calibration("smc", {"num_particles": 100, "num_generations": 3})
    kept = calibration("rejection", {"num_particles": 10, "epsilon": 1.0})

    said = {name: " ".join(assumptions(PLAN, each, PRICES))
            for name, each in (("smc", smc), ("rejection", kept), ("none", None))}  # fmt: skip

    texts = ("for each particle", "that is kept")
    found = {name: [text in words for text in texts] for name, words in said.items()}
    assert found == {"smc": [True, False], "rejection": [False, True], "none": [False, False]}
