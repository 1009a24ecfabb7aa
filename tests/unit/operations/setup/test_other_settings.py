"""The settings of a report are compared with those of the run's last start."""

import pytest

from epyflow.operations.runs.coordinator_record import this_coordinator
from epyflow.operations.runs.run_request import Wanted
from epyflow.operations.setup.other_settings import describe_other_settings
from epyflow.run.settings import read_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def describe(*command, **now):
    record = this_coordinator("us/flu", "w1", {}, Wanted(command=command))
    return describe_other_settings(record, read_settings({"experiment": "us/flu", **now}))


def test_each_setting_is_named_with_both_values_and_what_to_type():
    command = ("snakemake", "--config", "run_id=w1", "team_abbr=uni", "hub=my hub", "seed=7")
    dates = "reference_dates=[2025-01-18, 2025-01-25]"

    assert describe(*command, dates, "--cores", "2", seed=7, n_sims=3) == (
        "Settings differ from those of the last start of us/flu/w1: n_sims (then none, now 3), "
        "reference_dates (then [2025-01-18, 2025-01-25], now none), hub (then my hub, now none), "
        "team_abbr (then uni, now team). For the results of that start, give "
        "'reference_dates=[2025-01-18, 2025-01-25]' 'hub=my hub' team_abbr=uni after --set, or "
        "--config of snakemake, and leave out n_sims."
    )


@pytest.mark.parametrize(
    ("command", "now"),
    [
        ((), {"seed": 7}),  # a record of an earlier version
        (("snakemake", "--config", "seed=1", "--config", "seed=7"), {"seed": 7}),
        (("env", "EPYFLOW_SEED=7", "snakemake", "-C", "run_id=w1"), {"seed": 7}),
        (("snakemake", "--config=seed=7"), {"seed": 7}),
        (("snakemake", "--configfile", "gone.yaml"), {"seed": 7}),
        (("EPYFLOW_", "snakemake", "--config", "seed"), {"seed": 7}),  # damaged
        (("snakemake", "--config", "of_another_version=1"), {"seed": 7}),
        (("snakemake", "--config", "partial_results=true", "log_format=json"), {}),
        (("snakemake", "--config", "today=2025-01-15"), {}),  # the run's first day is taken
    ],
)
def test_equal_settings_unreadable_ones_and_those_without_effect_are_not_named(command, now):
    assert describe(*command, **now) is None


def test_settings_of_files_and_variables_are_those_of_the_command(tmp_path):
    (tmp_path / "a.yaml").write_text("n_sims: 5\n")

    said = describe("env", "EPYFLOW_SEED=7", "snakemake", "--configfile", "a.yaml", n_sims=5)

    assert "seed (then 7, now none). For the results of that start, give seed=7 after" in said
    assert "n_sims" not in said
