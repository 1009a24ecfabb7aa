"""``epyflow new``: every template is a valid experiment that needs no network."""

import re
import shutil
from pathlib import Path
from typing import get_args

import pytest

from epyflow import strategies
from epyflow.artifacts.pickling import read_input
from epyflow.cli import new as cli_new
from epyflow.errors import EpyflowError
from epyflow.operations.start.experiment_template import Template
from epyflow.run.input_build import prepare_build
from epyflow.run.settings import read_settings
from tests.unit.cli.command import run

WRITTEN = ["basemodel.yaml", "output.yaml", "README.md", "contacts.csv", "population.csv"]


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """Let each test work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("template", get_args(Template))
def test_each_template_is_valid_and_has_a_source_for_its_parameters(template):
    done = run("new", "x", "--template", template)

    assert done.exit_code == 0
    assert [Path(line).name for line in done.stdout.splitlines()] == WRITTEN
    assert re.search(r"^next: (/.*/|\.venv/bin/)?epyflow run x --cores 2 --rep", done.stderr, re.M)
    assert run("validate", "x", "--strict").exit_code == 0
    text = Path("x/config/basemodel.yaml").read_text()
    parameters = text.partition("  parameters:\n")[2]
    assert parameters.startswith("    # ")
    assert len(re.findall(r"\b(?:19|20)\d\d, [A-Z]", text)) >= 1


@pytest.mark.parametrize("template", get_args(Template))
def test_each_template_is_an_epidemic_without_a_network(template, empty):
    run("new", "x", "--template", template)
    settings = {"experiment": "x", "experiments_root": "x", "n_sims": 2}
    build = prepare_build(read_settings(settings), seed=1)
    paths = {number: empty / f"{number}.pkl" for number in range(build.plan.task_count)}
    build.write(paths)

    for path in paths.values():
        result = strategies.run(read_input(path))
        member = result.members[0]
        assert member.transitions.unpack().sum(axis=(0, 1, 3)).all(), result.transitions


def test_below_experiments_populations_are_those_of_the_root_which_stay(empty):
    run("new", "study/experiments/us/flu", "--template", "flu")
    people = Path("study/common-data/populations/population.csv")
    people.write_text(people.read_text() + "\n")

    done = run("new", "study/experiments/us/rsv", "--template", "rsv")

    assert [Path(line).name for line in done.stdout.splitlines()] == WRITTEN[:2]
    assert people.read_text().endswith("\n\n")
    assert run("validate", "us/rsv", "--root", "study").exit_code == 0


def test_without_the_project_its_populations_are_downloaded_later(empty, monkeypatch):
    def fail():
        raise EpyflowError("none")

    monkeypatch.setattr(cli_new, "project_folder", fail)
    done = run("new", "x")

    assert "its population is downloaded once" in done.stderr
    assert not Path("x/data").exists()


def test_a_path_with_a_detour_makes_no_other_folder(empty):
    done = run("new", "a/../b")

    assert [each.name for each in empty.iterdir()] == ["b"]
    assert "epyflow run b " in done.stderr


@pytest.mark.parametrize(
    ("first", "second", "exp_id"),
    [
        ("a/flu", "c/flu", "flu"),
        ("flu", "c/flu", "flu"),
        ("a/experiments/us/flu", "experiments/us/flu", "us/flu"),
    ],
)
def test_the_id_is_said_and_a_second_experiment_with_it(first, second, exp_id):
    only, again = run("new", first), run("new", second)
    other = run("new", "a/rsv")

    for done in (only, again):
        assert f"id: {exp_id}; its results will be in results/{exp_id}/main\n" in done.stderr
    assert f"{first} has the id {exp_id}, too: " in again.stderr
    assert "too: " not in only.stderr + other.stderr


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("full", 1, "full: exists; expected the name of a new folder"),
        ("link", 1, "link: exists; expected the name of a new folder"),
        ("full/file", 1, "full/file: exists"),
        ("a b", 1, "'a b' cannot name an experiment; expected at most 100 letters"),
        ("a" * 101, 1, "cannot name an experiment; expected at most 100 letters"),
        ("full/file/x", 2, "Not a directory"),
        ("latest", 1, "the experiment latest: a folder of results cannot be named 'latest'"),
        ("experiments/latest/x", 1, "the experiment latest/x: a folder of results cannot be"),
        ("coordinator", 1, "the experiment coordinator: tasks may not write in a folder"),
    ],
)
def test_nothing_is_overwritten(empty, name, code, message):
    Path("full").mkdir()
    Path("full/file").touch()
    Path("link").symlink_to("nothing")

    done = run("new", name)

    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr
    assert {each.name for each in empty.rglob("*")} == {"full", "file", "link"}


def test_an_empty_folder_is_filled(empty):
    Path("x").mkdir()

    assert run("new", "x").exit_code == 0
    shutil.rmtree("x/data")
    assert run("validate", "x").exit_code == 0


def test_without_a_name_the_message_says_what_to_give():
    done = run("new")

    assert done.exit_code == 2
    assert "such as my_first" in " ".join(done.stderr.replace("│", " ").split())
