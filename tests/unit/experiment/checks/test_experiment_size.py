import pytest

from epyflow.experiment.checks import modelset
from epyflow.experiment.format.model import Spontaneous
from tests.unit.experiment.samples import CALIBRATION, SAMPLING, SIR, messages


@pytest.mark.parametrize(("members", "refused"), [(1_000_000, False), (1_000_001, True)])
def test_a_million_members_are_accepted_and_one_more_is_not(monkeypatch, members, refused):
    said = []
    report = type("Report", (), {"error": lambda self, where, text: said.append(text)})()
    section = type("Modelset", (), {"sampling": None})()
    monkeypatch.setattr(modelset, "members_per_population", lambda sampling: 1)

    modelset.check_size(section, members, report)

    assert bool(said) is refused


# 25 whole weeks, 5 series, 3 age groups, 20 bytes for each number: 7,500 bytes a trajectory.
@pytest.mark.parametrize(("trajectories", "refused"), [(2_600_000, False), (2_700_000, True)])
def test_trajectories_that_need_more_than_20_gb_are_refused(root, trajectories, refused):
    found = messages(root, SIR, ("model.simulation.n_sims", trajectories))

    assert (
        any("than 20 GB of memory; expected at most 2,666,666, or" in each for each in found)
        is refused
    )


@pytest.mark.parametrize(
    ("sections", "section", "key"),
    [
        (SAMPLING, "model.simulation", "n_sims"),
        (CALIBRATION, "modelset.calibration.projection", "n_trajectories"),
    ],
)
def test_trajectories_are_counted_where_the_start_is_drawn(root, sections, section, key):
    found = messages(root, sections, (section, {key: 10_000_000}))

    assert any(each.startswith(f"{section}.{key}: 10,000,000 trajectories of ") for each in found)


@pytest.mark.parametrize("number", [1.1e12, "-10**13"])
@pytest.mark.parametrize(
    ("sections", "key"),
    [
        (SIR, "model.parameters.R0.value"),
        (SIR, "model.interventions.0.scaling_factor"),
        (SIR, "model.interventions.1.override_value"),
        (SAMPLING, "model.seasonality.max_value"),
        (CALIBRATION, "modelset.calibration.comparison.0.weight"),
        (SIR, "model.transitions.1.rate"),
    ],
)
def test_numbers_whose_products_overflow_are_refused(root, sections, key, number):
    found = messages(root, sections, (key, number))

    assert any("is out of range; expected a number from -1e12 to 1e12" in each for each in found)


@pytest.mark.parametrize("rate", ["1e300 * gamma", "gamma + (2 - 1.1e12)"])
def test_numbers_of_expressions_have_the_limits_of_other_numbers(root, rate):
    found = messages(root, SIR, ("model.transitions.1.rate", rate))

    assert len(found) == 1
    assert "is out of range; expected a number from -1e12 to 1e12" in found[0]


def test_transitions_are_not_compared_each_with_each(root, monkeypatch):
    compared = []
    monkeypatch.setattr(Spontaneous, "__eq__", lambda *both: compared.append(both))
    one = {"type": "spontaneous", "source": "S", "target": "R"}
    many = [*({**one, "rate": f"{number} * gamma"} for number in range(50)), {**one, "rate": 0.5}]

    found = messages(root, SIR, ("model.transitions", [*many, {**one, "rate": 0.5}]))

    assert [each for each in found if "twice" in each] == [
        "model.transitions[51]: warning: is in the list twice; the two rates are added"
    ]
    assert not compared


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # It accepts every simulation; nothing is multiplied with it.
        ("epsilon_schedule", [1e15, 20, 10]),
        ("max_time", "1000D"),
        # epydemix makes one simulation more than the budget.
        ("total_simulations_budget", 19),
    ],
)
def test_options_at_their_limits_are_accepted(root, key, value):
    assert (
        messages(root, CALIBRATION, (f"modelset.calibration.strategy.options.{key}", value)) == []
    )
