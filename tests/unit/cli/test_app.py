import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.errors import EpyflowError
from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    SAMPLING,
    SIR,
    changed,
    write_data,
    write_sections,
)

EXAMPLE = Path(__file__).resolve().parents[3] / "config" / "experiments" / "example"

VALID, INVALID, UNREADABLE = 0, 1, 2


def run(*arguments: object):
    """Run the command as a person would; a traceback fails the test."""
    done = CliRunner().invoke(app.app, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    return done


@pytest.fixture
def root(tmp_path):
    write_data(tmp_path)
    return tmp_path


def test_a_valid_experiment_ends_with_0(root):
    folder = write_sections(root, SIR)

    done = run("validate", folder)

    assert done.exit_code == VALID
    assert done.stdout == f"{folder}: valid (0 errors, 0 warnings)\n"


def test_the_engine_can_be_compiled_before_it_is_needed():
    done = run("warm")

    assert done.exit_code == 0
    folder = Path(done.stdout.splitlines()[-1].removeprefix("The engine is compiled, in "))
    assert list(folder.rglob("*.nbc"))


def test_an_invalid_experiment_ends_with_1_and_a_line_for_each_problem(root):
    folder = write_sections(
        root,
        changed(
            SIR, ("model.transitions.1.rate", -1), ("output.zzz", 1), ("model.random_seed", -5)
        ),
    )

    done = run("validate", folder)

    assert done.exit_code == INVALID
    *lines, verdict = done.stdout.splitlines()
    assert verdict == f"{folder}: invalid (3 errors, 0 warnings)"
    places = [re.match(r"(\S+):(\d+): (\S+): ", line).groups() for line in lines]
    assert [(Path(file).name, key) for file, _, key in places] == [
        ("basemodel.yaml", "model.random_seed"),
        ("basemodel.yaml", "model.transitions[1].rate"),
        ("output.yaml", "output.zzz"),
    ]


def test_problems_are_printed_in_the_order_of_files_and_lines(root):
    folder = write_sections(
        root,
        changed(
            SAMPLING,
            ("output.quantiles.compartments", ["Q_total"]),
            ("modelset.population_names", ["US-XX"]),
            ("model.transitions.4.rate", -1),
            ("model.transitions.1.rate", "gama"),
        ),
    )

    lines = run("validate", folder).stdout.splitlines()[:-1]

    places = [(line.split(":")[0], int(line.split(":")[1])) for line in lines]
    assert len(places) == 4
    assert places == sorted(places)


def test_a_warning_ends_with_0_and_strictly_with_1(root):
    sections = changed(SIR, ("model.parameters.extra", {"type": "scalar", "value": 1}))
    folder = write_sections(root, sections)

    lenient, strict = run("validate", folder), run("validate", folder, "--strict")

    assert lenient.exit_code == VALID
    assert "model.parameters.extra: warning: no rate" in lenient.stdout
    assert lenient.stdout.endswith(": valid (0 errors, 1 warning)\n")
    assert strict.exit_code == INVALID
    assert strict.stdout.endswith(": invalid (0 errors, 1 warning)\n")


def test_a_long_message_is_not_wrapped_and_colourless_where_it_is_no_terminal(root):
    folder = write_sections(root, changed(SIR, ("model.colour", "red")))

    done = run("validate", folder)

    assert len(done.stdout.splitlines()) == 2
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("sections", [SIR, changed(SIR, ("model.colour", "red"))])
def test_json_says_the_same(root, sections):
    folder = write_sections(root, sections)

    done = run("validate", folder, "--format", "json")
    document = json.loads(done.stdout)

    assert document["valid"] is (done.exit_code == VALID)
    for problem in document["problems"]:
        assert set(problem) == {"file", "line", "key", "message", "severity"}
        assert Path(problem["file"]).is_file()
    assert [problem["key"] for problem in document["problems"]] == (
        [] if document["valid"] else ["model.colour"]
    )


def unreadable_paths(tmp_path: Path) -> list[Path]:
    empty = tmp_path / "empty"
    empty.mkdir()
    broken = tmp_path / "broken"
    broken.symlink_to(tmp_path / "nowhere")
    notes = tmp_path / "notes.txt"
    notes.touch()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    long = tmp_path / ("x" * 300)
    return [tmp_path / "none", empty, broken, notes, loop, long]


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_what_cannot_be_read_ends_with_2_and_one_line(tmp_path, command):
    for path in unreadable_paths(tmp_path):
        done = run(command, path)

        assert done.exit_code == UNREADABLE, path
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert path.name in done.stderr


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_what_cannot_be_read_is_valid_json_too(tmp_path, command):
    done = run(command, tmp_path / "none", "--format", "json")

    assert done.exit_code == UNREADABLE
    assert json.loads(done.stdout)["valid"] is False
    assert "no such folder" in json.loads(done.stdout)["unreadable"]


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_folder_that_may_not_be_read_ends_with_2(root, command, monkeypatch):
    folder = write_sections(root, SIR)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    done = run(command, folder)

    assert done.exit_code == UNREADABLE
    assert done.stderr == f"{folder}: cannot be read: Permission denied\n"


def test_an_experiment_is_found_by_its_id_below_the_root(root):
    write_sections(root, SIR)

    assert run("validate", "sample", "--root", root).exit_code == VALID
    missing = run("validate", "smaple", "--root", root)
    assert missing.exit_code == UNREADABLE
    assert "did you mean sample?" in missing.stderr


def test_one_of_several_output_files_is_chosen(root):
    folder = write_sections(root, SIR)
    config = folder / "config"
    (config / "output.yaml").rename(config / "a.yaml")
    (config / "b.yaml").write_text("output: {trajectories: {compartments: true}}\n")

    assert run("validate", folder).exit_code == INVALID
    assert run("validate", folder, "--output-config", "b").exit_code == VALID
    assert (
        "expected one of a.yaml, b.yaml" in run("validate", folder, "--output-config", "c").stdout
    )


def test_other_folders_may_be_allowed(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "data.csv"
    outside.write_text("place,date,value\n", encoding="utf-8")
    path = "modelset.calibration.observed_data_path"
    folder = write_sections(root, changed(CALIBRATION, (path, str(outside))))

    assert run("validate", folder).exit_code == INVALID
    for command in ("validate", "plan"):
        done = run(command, folder, "--allowed-data-root", outside.parent)
        assert done.exit_code == VALID, done.output


@pytest.fixture
def atlantis(tmp_path_factory):
    """Return a folder of populations with a place that no codebook knows."""
    folder = tmp_path_factory.mktemp("populations")
    (folder / "population.csv").write_text(
        "population,age_group,persons\nAtlantis,0+,10\n", encoding="utf-8"
    )
    (folder / "contacts.csv").write_text(
        "population,layer,age_group,contact_age_group,contacts\n"
        + "".join(
            f"Atlantis,{layer},0+,0+,1\n" for layer in ("school", "work", "home", "community")
        ),
        encoding="utf-8",
    )
    return folder


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_place_that_only_the_population_data_know_is_accepted_with_them(root, atlantis, command):
    folder = write_sections(root, changed(SIR, ("model.population.name", "Atlantis")))

    assert run(command, folder).exit_code == INVALID
    assert run(command, folder, "--population-data", atlantis).exit_code == VALID
    (root / "data").mkdir()
    (root / "data" / "populations").symlink_to(atlantis)
    assert run(command, folder).exit_code == VALID


def test_population_data_that_are_none_end_with_2(root):
    folder = write_sections(root, SIR)

    done = run("validate", folder, "--population-data", root / "nowhere")

    assert done.exit_code == UNREADABLE
    assert "there is no folder" in done.stderr


# The plan.


def test_the_plan_of_the_example_shows_its_members():
    done = run("plan", EXAMPLE, "--format", "json")

    # 2 states x 2 values of the grid x 8 draws; 20 trajectories each.
    document = json.loads(done.stdout)
    assert done.exit_code == VALID
    assert document["populations"] == ["United_States_Massachusetts", "United_States_New_York"]
    assert (document["members"], document["simulations"]) == (32, 640)
    assert document["simulations_are_a_lower_bound"] is False


def test_members_are_packed_into_tasks_as_asked(root):
    folder = write_sections(root, SAMPLING)

    done = run("plan", folder, "--members-per-task", 10, "--format", "json")

    # 2 states; 2 x 3 grid points x 8 draws = 48 members each, in 5 tasks; 10 trajectories each.
    document = json.loads(done.stdout)
    assert (document["members"], document["tasks"], document["simulations"]) == (96, 10, 960)
    assert document["members_per_task"] == 10


def test_the_table_has_the_figures_of_each_population_and_their_sum(root):
    folder = write_sections(root, SAMPLING)

    done = run("plan", folder, "--members-per-task", 10)

    cells = [re.findall(r"[\w,-]+", line) for line in done.stdout.splitlines()]
    assert ["Massachusetts", "US-MA", "5", "48", "480"] in cells
    assert ["New", "York", "US-NY", "5", "48", "480"] in cells
    assert ["total", "10", "96", "960"] in cells
    assert "up to 10 members in a task" in done.stdout


def test_a_calibration_simulates_at_least_its_particles_and_projections(root):
    folder = write_sections(root, CALIBRATION)

    document = json.loads(run("plan", folder, "--format", "json").stdout)

    # All but the nation and Alaska: 50. Each: 20 particles x 3 generations + 10 trajectories.
    assert (document["tasks"], document["simulations"]) == (50, 50 * 70)
    assert document["strategy"] == "smc"
    assert document["simulations_are_a_lower_bound"] is True


@pytest.mark.parametrize("format", ["text", "json"])
def test_an_invalid_experiment_has_no_plan(root, format):
    folder = write_sections(root, changed(SIR, ("model.timespan.end_date", GONE)))

    done = run("plan", folder, "--format", format)

    assert done.exit_code == INVALID
    if format == "json":
        assert json.loads(done.stdout)["problems"][0]["key"] == "model.timespan.end_date"
    else:
        assert done.stdout == ""
        assert "model.timespan.end_date: missing; expected a value for 'end_date'" in done.stderr


def test_members_per_task_is_at_least_1(root):
    done = run("plan", write_sections(root, SIR), "--members-per-task", 0)

    assert done.exit_code == UNREADABLE
    assert "--members-per-task" in done.output


# The schema, help, and what is left of errors.


def test_the_schema_is_written_and_then_up_to_date(tmp_path):
    folder = tmp_path / "new" / "schemas"

    assert run("schema", folder, "--check").exit_code == INVALID
    assert run("schema", folder).exit_code == VALID
    assert run("schema", folder, "--check").exit_code == VALID
    assert [path.name for path in folder.iterdir()] == ["experiment.schema.json"]

    (folder / "experiment.schema.json").write_text("{}", encoding="utf-8")
    assert "out of date: run epyflow schema" in run("schema", folder, "--check").stdout


def test_a_schema_that_cannot_be_written_ends_with_2(tmp_path):
    (tmp_path / "file").touch()

    done = run("schema", tmp_path / "file")

    assert done.exit_code == UNREADABLE
    assert "cannot be written or read" in done.stderr


def test_help_lists_the_commands_and_each_explains_itself():
    assert all(command in run("--help").stdout for command in ("validate", "plan", "schema"))
    for command in ("validate", "plan", "schema"):
        shown = run(command, "--help").stdout
        assert "Exit code 0" in shown
        options = re.findall(r"--[a-z-]+", shown)
        assert "--help" in options
    for option in ("--strict", "--root", "--population-data", "--output-config", "--format"):
        assert option in run("validate", "--help").stdout


def test_without_a_command_help_is_shown():
    assert "validate" in run().output


def test_the_version_is_that_of_the_package():
    from epyflow import __version__

    assert run("--version").stdout == f"epyflow {__version__}\n"


def test_an_error_of_ours_ends_with_1_and_its_message(monkeypatch, capsys):
    def fail():
        raise EpyflowError("the message")

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(SystemExit) as caught:
        app.main()

    assert caught.value.code == INVALID
    assert capsys.readouterr().err == "epyflow: the message\n"


def test_the_installed_command_ends_with_the_code_and_prints_ascii_where_it_must(root):
    folder = write_sections(root, changed(SIR, ("model.näme", "x")))

    done = subprocess.run(
        [Path(sys.executable).with_name("epyflow"), "validate", folder],
        env={**os.environ, "PYTHONIOENCODING": "ascii:backslashreplace", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == INVALID
    assert "unknown key" in done.stdout
    assert done.stderr == ""
