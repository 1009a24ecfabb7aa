import pytest
from tests.unit.operations.slurm.answers import ACCOUNTED, ALONE, install

from epyflow.errors import EpyflowError
from epyflow.operations.slurm import commands
from epyflow.operations.slurm.commands import Partition


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("infinite", None),
        ("n/a", None),
        ("30:00", 30),
        ("1:00:00", 60),
        ("1-12:30:00", 2190),
        ("2-00:00:00", 2880),
    ],
)
def test_limits_are_read_in_minutes(limit, expected):
    assert commands.minutes(limit) == expected


def test_a_partition_of_several_kinds_of_nodes_has_the_memory_of_the_largest(tmp_path, monkeypatch):
    install(tmp_path, ACCOUNTED, monkeypatch)

    assert commands.partitions() == [
        Partition("day", True, True, 1440, 128000),
        Partition("long", False, True, None, 64000),
        Partition("short", False, True, 60, 64000),
        Partition("old", False, False, 43200, 64000),
    ]


def test_accounts_are_those_of_the_user_and_none_without_accounting(tmp_path, monkeypatch):
    install(tmp_path, ACCOUNTED, monkeypatch)
    assert commands.accounts() == ["epi_lab"]
    assert commands.has_accounting()

    install(tmp_path, ALONE, monkeypatch)
    assert commands.accounts() == []
    assert not commands.has_accounting()


def test_a_command_that_fails_or_is_missing_is_named_with_what_it_said(tmp_path, monkeypatch):
    install(tmp_path, {"sinfo": None}, monkeypatch)

    assert commands.has_slurm()
    with pytest.raises(EpyflowError, match="sinfo failed: accounting is disabled"):
        commands.partitions()
    with pytest.raises(EpyflowError, match="scontrol is not installed on this machine"):
        commands.configuration()
