import json
import re
import shutil
from pathlib import Path

import pytest

from epyflow.cli import experiment_check
from epyflow.cli.options import spread_settings
from epyflow.errors import EpyflowError
from epyflow.experiment.reading.problems import Problem
from epyflow.run.settings import read_settings
from epyflow.run.sources import gather
from forecast_hub.errors import MOST_LINES
from tests.unit.cli.command import run
from tests.unit.experiment.samples import (
    ADMISSIONS,
    CALIBRATION,
    SAMPLING,
    SIR,
    changed,
    write_dateless,
    write_sections,
)


def test_a_valid_experiment_ends_with_0(root):
    folder = write_sections(root, SIR)

    done = run("validate", folder)

    assert done.exit_code == 0
    assert done.stdout == f"{folder}: valid (0 errors, 0 warnings)\n"


def test_an_invalid_experiment_ends_with_1_and_a_line_for_each_problem(root):
    folder = write_sections(
        root,
        changed(
            SIR, ("model.transitions.1.rate", -1), ("output.zzz", 1), ("model.random_seed", -5)
        ),
    )

    done = run("validate", folder)

    assert done.exit_code == 1
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

    assert lenient.exit_code == 0
    assert "model.parameters.extra: warning: no rate" in lenient.stdout
    assert lenient.stdout.endswith(": valid (0 errors, 1 warning)\n")
    assert strict.exit_code == 1
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

    assert document["valid"] is (done.exit_code == 0)
    for problem in document["problems"]:
        assert set(problem) == {"file", "line", "column", "key", "message", "severity"}
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

        assert done.exit_code == 2, path
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert path.name in done.stderr


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_what_cannot_be_read_is_valid_json_too(tmp_path, command):
    done = run(command, tmp_path / "none", "--format", "json")

    assert done.exit_code == 2
    assert json.loads(done.stdout)["valid"] is False
    assert "no such folder" in json.loads(done.stdout)["unreadable"]


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_folder_that_may_not_be_read_ends_with_2(root, command, monkeypatch):
    folder = write_sections(root, SIR)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    done = run(command, folder)

    assert done.exit_code == 2
    assert done.stderr == f"{folder}: cannot be read: Permission denied\n"


@pytest.mark.parametrize(
    "arguments", [("validate",), ("hub", "validate", "x.csv", "--hub"), ("runs", "--storage")]
)
def test_a_name_that_no_file_can_have_ends_with_2(arguments, tmp_path):
    path = tmp_path / ("a" * 300)

    done = run(*arguments, path)

    assert done.exit_code == 2
    assert str(path) in done.stderr
    assert "File name too long" in done.stderr


def test_an_experiment_is_found_by_its_id_below_the_root(root):
    write_sections(root, SIR)

    assert run("validate", "sample", "--root", root).exit_code == 0
    missing = run("validate", "smaple", "--root", root)
    assert missing.exit_code == 2
    assert "did you mean sample?" in missing.stderr


def test_one_of_several_output_files_is_chosen(root):
    folder = write_sections(root, SIR)
    config = folder / "config"
    (config / "output.yaml").rename(config / "a.yaml")
    (config / "b.yaml").write_text("output: {trajectories: {compartments: true}}\n")

    assert run("validate", folder).exit_code == 1
    assert run("validate", folder, "--output-config", "b").exit_code == 0
    assert (
        "expected one of a.yaml, b.yaml" in run("validate", folder, "--output-config", "c").stdout
    )


def test_other_folders_may_be_allowed(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "data.csv"
    outside.write_text(ADMISSIONS, encoding="utf-8")
    path = "modelset.calibration.observed_data_path"
    folder = write_sections(root, changed(CALIBRATION, (path, str(outside))))

    assert run("validate", folder).exit_code == 1
    for command in ("validate", "plan"):
        done = run(command, folder, "--allowed-data-root", outside.parent)
        assert done.exit_code == 0, done.output


def test_a_link_in_config_that_leads_out_of_the_root_is_not_read(root, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.yaml"
    secret.write_text("password: 1\n")
    folder = write_sections(root, SIR)
    (folder / "config" / "z.yaml").symlink_to(secret)

    done = run("validate", folder)

    assert done.exit_code == 1
    assert "z.yaml:1: leads out of the root through a link; expected a file below" in done.stdout
    assert "password" not in done.output
    assert run("validate", folder, "--allowed-data-root", secret.parent).exit_code == 1
    secret.write_text("plot: {}\n")
    assert run("validate", folder, "--allowed-data-root", secret.parent).exit_code == 0


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("data/populations", ""),
        ("data/populations/population.csv", "population.csv"),
        ("data/populations/contacts.csv", "contacts.csv"),
        ("experiments/sample/functions/notes.txt", "population.csv"),
        ("experiments/sample/config", "config"),
        ("experiments/sample", "sample"),
    ],
)
def test_no_other_link_of_a_root_leads_out_of_it(root, atlantis, link, target):
    folder = write_sections(root, changed(SIR, ("model.population.name", "Atlantis")))
    shutil.copytree(atlantis, root / "data" / "populations")
    shutil.copytree(folder / "config", atlantis / "config")
    shutil.copytree(folder, atlantis / "sample")
    path = root / link
    path.parent.mkdir(exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(atlantis / target)

    refused = run("validate", folder)

    assert refused.exit_code in (1, 2)
    place = rf"{link}(/config)?(/basemodel\.yaml)?(:1:)? leads out of the root through a link; "
    assert re.search(place, refused.output)
    assert run("validate", folder, "--allowed-data-root", atlantis).exit_code == 0


def test_a_folder_of_populations_that_a_setting_names_may_be_a_link_but_not_hold_one(
    root, atlantis
):
    folder = write_sections(root, changed(SIR, ("model.population.name", "Atlantis")))
    linked = root / "linked"
    linked.symlink_to(atlantis)
    assert run("validate", folder, "--population-data", linked).exit_code == 0

    secret = atlantis.rename(atlantis.with_name("secret"))
    atlantis.mkdir()
    for each in secret.iterdir():
        (atlantis / each.name).symlink_to(each)

    assert run("validate", folder, "--population-data", linked).exit_code == 2
    assert run("validate", folder, "--population-data", atlantis).exit_code == 0


def test_of_many_problems_the_first_and_the_last_are_printed_without_control_characters(root):
    folder = write_sections(root, SIR)
    path = folder / "config" / "basemodel.yaml"
    keys = "".join(f'"key {number} \\e[2J\\n": 1\n' for number in range(300))
    path.write_text("model:\n" + "".join(f"  {line}\n" for line in keys.splitlines()))

    done = run("validate", folder)

    *lines, verdict = done.stdout.split("\n")[:-1]
    assert len(lines) == MOST_LINES
    assert r"model.key 0 \x1b[2J\n: unknown key" in done.stdout
    assert "more lines ...]" in lines[-2]
    assert verdict.startswith(f"{folder}: invalid (201 errors")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_of_many_problems_a_document_has_errors_first_and_the_number_of_the_others(
    root, monkeypatch, command
):
    folder = write_sections(root, SIR)
    path = folder / "config" / "basemodel.yaml"
    keys = "".join(f"  key_{number}: 1\n" for number in range(10))
    path.write_text(f"{path.read_text().rstrip()}\n{keys}")
    warning = folder / "config" / "a.yaml"
    warning.write_text("plot: {}\n")

    whole = json.loads(run(command, folder, "--format", "json").stdout)
    monkeypatch.setattr(experiment_check, "MOST_PROBLEMS", 10)
    part = json.loads(run(command, folder, "--format", "json").stdout)

    assert whole["left_out"] == 0
    assert {each["severity"] for each in whole["problems"]} == {"error", "warning"}
    assert (len(part["problems"]), part["left_out"]) == (10, len(whole["problems"]) - 10)
    errors = [each for each in whole["problems"] if each["severity"] == "error"]
    assert part["problems"] == errors[:10]


def test_long_texts_of_a_document_are_shortened():
    problem = Problem(Path("a.yaml"), 1, "k" * 9_000, "m" * 9_000).as_dict()

    assert all(len(problem[name]) < 2_000 for name in ("key", "message"))


def test_every_date_of_a_replay_is_checked_with_the_messages_of_the_run(tmp_path):
    folder = write_dateless(tmp_path)

    def validate(*settings):
        given = ("--config", "today=2025-01-29", *settings)
        done = run("validate", folder, *spread_settings(given))
        return done.exit_code, done.stdout.splitlines()[:-1]

    late, early, friday = "2025-01-18", "2010-01-02", "2025-01-24"
    assert validate(f"reference_dates=[{late}]") == (0, [])
    code, lines = validate(f"reference_dates=[{friday}, {late}, {early}]")

    assert code == 1
    vintage, window, weekday = (line.partition("config/")[2] for line in lines)
    first, last = (rf"reference_dates\[{i}\] is {day}: " for i, day in ((0, friday), (2, early)))
    assert re.match(rf"modelset.yaml:\d+: .*: {last}.*no file is dated", vintage)
    assert re.match(rf"modelset.yaml:\d+: .*end_date: {last}2009-12-26", window)
    assert re.match(rf"output.yaml:\d+: .*: {first}.* is a Friday", weekday)
    given = {"experiment": "sample", "experiments_root": str(tmp_path), "today": "2025-01-29"}
    with pytest.raises(EpyflowError) as refused:
        gather(read_settings({**given, "reference_dates": [friday, late, early]}))
    assert str(refused.value).splitlines() == lines[:2]

    code, lines = validate(f"reference_dates=[{late}]", "build=remote")
    assert (code, len(lines)) == (1, 1)
    assert "build is remote" in lines[0]


def test_an_experiment_without_a_reference_date_has_no_dates_to_replay(root):
    done = run("validate", write_sections(root, SIR), "--config", "reference_dates=[2025-01-18]")

    assert done.exit_code == 1
    assert "config:1: reference_dates: " in done.stdout
    assert "has no reference date to replace; expected a hub format" in done.stdout
