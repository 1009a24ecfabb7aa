"""``epyflow validate`` and ``plan`` of what a run would refuse: its hub, and its name."""

from copy import deepcopy

import pytest

from epyflow.errors import EpyflowError
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.run.hub_choice import choose_destination
from epyflow.run.settings import Settings
from tests.unit.cli.command import run
from tests.unit.experiment.samples import (
    CALIBRATION,
    SIR,
    write_data,
    write_dateless,
    write_sections,
)
from tests.unit.run.test_hub_choice import made_up


def submitted(root, day="2025-01-18", target="cases"):
    """Write a hub and a forecast for it; return the hub's folder and the forecast's."""
    write_data(root)
    hub, sections = made_up(root / "made-up-hub"), deepcopy(CALIBRATION)
    asked = {"target": target, "task_ids": {"age": "18+"}}
    sections["output"] = {"hub_format": {"reference_date": day, "targets": [asked]}}
    return hub, write_sections(root, sections)


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize(
    ("wrong", "key", "message"),
    [
        ({"target": "case"}, "targets", "has no target 'case'"),
        ({"day": "2025-01-25"}, "reference_date", "2025-01-25 is no round of the hub"),
    ],
)
def test_what_a_hub_lacks_is_found_with_the_message_of_the_run(
    tmp_path, command, wrong, key, message
):
    hub, folder = submitted(tmp_path, **wrong)
    file = folder / "config" / "output.yaml"

    done = run(command, folder, "--config", f"hub={hub}")

    line = 1 + next(i for i, text in enumerate(file.read_text().splitlines()) if f"{key}:" in text)
    experiment = load(locate(folder))
    with pytest.raises(EpyflowError, match=message) as refused:
        choose_destination(experiment, Settings(experiment=str(folder), hub=str(hub)))
    assert done.exit_code == 1
    assert f"{file}:{line}: {refused.value}\n" in done.output
    for unread in ((), ("--config", f"hub={tmp_path / 'nowhere'}")):
        assert run(command, folder, *unread).exit_code == 0


def test_what_a_hub_has_is_valid_and_a_wrong_locations_table_is_not(tmp_path):
    hub, folder = submitted(tmp_path)
    given = ("validate", folder, "--config", f"hub={hub}")

    assert run(*given).exit_code == 0
    done = run(*given, "hub_locations=nowhere.csv")
    assert done.exit_code == 1
    assert "output.yaml:1: hub_locations 'nowhere.csv' is not a file" in done.stdout


def test_a_date_of_a_replay_that_is_no_round_is_named_by_its_setting(tmp_path):
    hub, folder = made_up(tmp_path / "made-up-hub"), write_dateless(tmp_path)
    dates = "reference_dates=[2025-01-25,2025-01-18]"

    done = run("validate", folder, "--config", f"hub={hub}", "today=2025-01-29", dates)

    assert done.exit_code == 1
    assert "_date: reference_dates[0] is 2025-01-25: 2025-01-25 is no round" in done.stdout


@pytest.mark.parametrize("command", ["validate", "plan"])
@pytest.mark.parametrize("name", ["latest", "coordinator"])
def test_names_that_the_run_refuses_are_not_valid(tmp_path, command, name):
    write_data(tmp_path)
    folder = tmp_path / "experiments" / name
    write_sections(tmp_path, SIR).rename(folder)

    done = run(command, folder)

    assert done.exit_code == 1
    assert f"{folder}:1: the " in done.output
    assert "; rename the experiment" in done.output
