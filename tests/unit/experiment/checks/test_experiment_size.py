import pytest

from epyflow.experiment.checks import modelset


@pytest.mark.parametrize(("members", "refused"), [(1_000_000, False), (1_000_001, True)])
def test_a_million_members_are_accepted_and_one_more_is_not(monkeypatch, members, refused):
    said = []
    report = type("Report", (), {"error": lambda self, where, text: said.append(text)})()
    section = type("Modelset", (), {"sampling": None})()
    monkeypatch.setattr(modelset, "members_per_population", lambda sampling: 1)

    modelset.check_size(section, members, report)

    assert bool(said) is refused
