import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from epyflow import __version__
from epyflow.cli import app
from epyflow.errors import EpyflowError
from tests.unit.cli.command import run
from tests.unit.experiment.samples import SIR, changed, write_sections

EPYFLOW = Path(sys.executable).with_name("epyflow")

GROUPS = {
    "data": ["fetch"],
    "cloud": ["configure"],
    "config": ["show", "get", "set", "validate", "path"],
    "hub": ["validate", "ensemble", "growth"],
}


def test_help_lists_every_command_once_with_the_exit_codes():
    shown = run("--help").stdout

    listed = [line.split()[1] for line in shown.splitlines() if line.startswith("│ ")]
    commands = [name for name in listed if name in app.COMMANDS]
    assert commands == list(app.COMMANDS)
    assert "Exit codes: 0 done; 1 something is wrong" in shown


@pytest.mark.parametrize("name", app.COMMANDS)
def test_a_command_begins_its_help_as_it_is_listed_and_says_its_exit_codes(name):
    command = app.load_command(name)

    assert " ".join((command.help or "").split()).startswith(app.COMMANDS[name].rstrip("."))
    for leaf in GROUPS.get(name, []) or [None]:
        arguments = [name] if leaf is None else [name, leaf]
        shown = run(*arguments, "--help").stdout
        assert "Exit code 0" in shown
        assert f"Usage: epyflow {' '.join(arguments)} " in shown.replace("root ", "epyflow ")


def test_each_group_has_its_commands():
    for name, commands in GROUPS.items():
        assert list(app.load_command(name).commands) == commands


def test_a_wrong_command_names_the_nearest():
    done = run("valdate")

    assert done.exit_code == 2
    assert "'validate'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status"], "the newest run is flu/a; `epyflow runs` lists all"),
        (["compare", "flu/a"], "the newest run is flu/a"),
        (["cost"], "the newest run is flu/a"),
        (["logs", "--storage", "empty"], "under empty/results; `epyflow run experiment` makes one"),
        (["logs", "flu", "x"], "'x' is not expected; `epyflow logs` takes only {run} and options"),
        (["clean", "exp"], "takes only options: --runs 'exp' with --keep chooses runs"),
        (["fetch", "--storage", "no"], "expected a run; `epyflow runs --storage no` lists all"),
        (["fetch", "--storage", "a b"], "a run; `epyflow runs --storage 'a b'` lists all"),
        (["validate"], "expected the path of an experiment's folder, or its id"),
        (["unpack"], "missing argument 'archive'."),
        (["runs", "--state", "done"], "'done'; expected one of complete, failed, incomplete"),
        (["new", "x", "--template", "fluu"], "'fluu' (did you mean flu?); expected one of sir, se"),
        (["logs", "flu", "--task", "-1"], "expected a number not below 0"),
        (["logs", "flu", "--task", "x"], "'--task': expected a whole number"),
        (["run", "x", "--until", "y"], "follows `--`: epyflow run experiment -- --until"),
        (["run", "x", "--cores", "0"], "'0'; expected a whole number, 1 or more, or all"),
        (["run", "x", "--cores=-1"], "'-1'; expected a whole number, 1 or more, or all"),
        (["run", "x", "--cores", "x"], "'x'; expected a whole number, 1 or more, or all"),
    ],
)
def test_a_command_that_is_called_wrongly_says_what_is_expected(
    tmp_path, monkeypatch, arguments, message
):
    log = tmp_path / "results" / "flu" / "a" / "builder-artifacts" / "input_0.pkl"
    log.parent.mkdir(parents=True)
    log.touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    done = run(*arguments)

    shown = " ".join(done.stderr.replace("│", " ").split()).lower()
    assert done.exit_code == 2
    assert message in shown.replace("root ", "epyflow ")


@pytest.mark.parametrize("arguments", [[], ["status"], ["config"], ["config", "show"]])
def test_h_is_help(arguments):
    assert run(*arguments, "-h").stdout == run(*arguments, "--help").stdout


def test_without_a_command_help_is_shown():
    assert "validate" in run().output


def test_the_version_is_that_of_the_package():
    assert run("--version").stdout == f"epyflow {__version__}\n"


def test_an_error_of_ours_ends_with_1_and_its_message(monkeypatch, capsys):
    def fail():
        raise EpyflowError("the message")

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(SystemExit) as caught:
        app.main()

    assert caught.value.code == 1
    assert capsys.readouterr().err == "epyflow: the message\n"


@pytest.mark.parametrize(("missing", "is_explained"), [("google", True), ("numpy", False)])
def test_a_missing_library_of_googles_is_named_with_what_to_do(monkeypatch, missing, is_explained):
    def fail(name):
        raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)

    monkeypatch.setattr(app, "import_module", fail)
    expected = EpyflowError if is_explained else ModuleNotFoundError
    with pytest.raises(expected) as caught:
        app.load_command("submit")

    if is_explained:
        assert str(caught.value) == "submit needs google, which is not installed: run make setup"


def test_commands_are_imported_in_one_place_and_their_functions_import_nothing():
    found = [
        f"{path.name}:{node.lineno}"
        for path in Path(app.__file__).parent.glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def imported(*arguments: str) -> set[str]:
    """Return the modules that a command has imported when it ends."""
    code = (
        "import sys\nfrom epyflow.cli.app import app\n"
        f"try: app({list(arguments)!r})\nexcept SystemExit: pass\n"
        "print('|', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    return set(done.stdout.rpartition("|")[2].split())


def test_help_imports_no_command_and_a_command_only_itself(root):
    assert not {"numpy", "pydantic", "yaml", "epyflow.cli.validate"} & imported("--help")

    loaded = imported("validate", str(write_sections(root, SIR)))
    assert "epyflow.cli.validate" in loaded
    assert not loaded & {"epyflow.cli.submit", "google.cloud", "pandas", "matplotlib", "numba"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [("va", ["validate"]), ("c", ["compare", "cost", "cancel", "clean", "cloud", "config"])],
)
def test_the_shell_completes_commands(words, expected):
    assert completed(f"epyflow {words}", 1) == expected


def test_the_shell_completes_options_of_a_command_that_is_not_yet_imported():
    assert completed("epyflow validate --st", 2) == ["--strict"]
    assert completed("epyflow config sh", 2) == ["show"]


def completed(line: str, word: int) -> list[str]:
    variables = {
        "_EPYFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(word),
    }
    return CliRunner().invoke(app.app, [], env=variables, prog_name="epyflow").stdout.split()


def test_the_installed_command_ends_with_the_code_and_prints_ascii_where_it_must(root):
    folder = write_sections(root, changed(SIR, ("model.näme", "x")))

    done = subprocess.run(
        [EPYFLOW, "validate", folder],
        env={**os.environ, "PYTHONIOENCODING": "ascii:backslashreplace", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "unknown key" in done.stdout
    assert done.stderr == ""
