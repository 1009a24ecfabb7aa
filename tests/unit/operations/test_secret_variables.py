"""No process but those that need them is started with secrets."""

import os
from contextlib import suppress
from dataclasses import replace
from zipfile import BadZipFile

import pytest

from epyflow.errors import EpyflowError
from epyflow.operations.doctor.image_code import differences
from epyflow.operations.secret_variables import (
    GIT_TOKENS,
    NOTIFICATION_SECRETS,
    SECRETS,
    without_secrets,
)
from epyflow.operations.setup.gcloud_defaults import gcloud_project
from epyflow.operations.slurm.commands import ask
from epyflow.operations.start.snakemake_command import (
    SnakemakeCommand,
    Start,
    run_commands,
    write_command,
)
from epyflow.operations.week.hub_branch import check_clone
from epyflow.provenance.record import git_state
from epyflow.repositories.address import parse_address
from epyflow.repositories.git import Git

PLAIN = Start(None, None, (), ("experiment=a",), ())


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Plant every secret; programs that epyflow starts write down their variables in the file."""
    seen, programs = tmp_path / "variables", tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "gcloud", "sinfo"):
        (programs / name).write_text(f"#!/bin/sh\nenv >> {seen}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    for name in SECRETS:
        monkeypatch.setenv(name, "planted")
    return seen


@pytest.mark.parametrize(
    "start",
    [
        lambda folder: Git(parse_address("git+https://example.org/a/b"), None).run("version"),
        lambda folder: git_state(folder, without_secrets()),
        lambda folder: differences("0" * 40, folder),
        lambda folder: ask("sinfo"),
        lambda folder: gcloud_project(),
        lambda folder: check_clone(folder, ""),
    ],
)
def test_programs_that_need_no_secret_get_none(start, started, tmp_path):
    (tmp_path / ".git").mkdir()
    with suppress(EpyflowError, BadZipFile):  # what the stand-in prints is no answer
        start(tmp_path)

    lines = started.read_text().splitlines()
    assert any(line.startswith("PATH=") for line in lines)
    assert not [line for line in lines if line.endswith("=planted")]


@pytest.mark.parametrize("fetches", [True, False])
def test_snakemake_gets_the_token_only_of_experiments_in_a_repository(fetches, started):
    command = write_command(replace(PLAIN, fetches=fetches))

    assert run_commands([SnakemakeCommand(["git"], command.variables, command.secrets)]) == 0

    planted = {line.removesuffix("=planted") for line in started.read_text().splitlines()}
    assert planted & {*SECRETS} == {*NOTIFICATION_SECRETS, *(GIT_TOKENS if fetches else ())}
