import io
import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from epyflow.cli.options import (
    ConfigFiles,
    ConfigValues,
    Format,
    RunId,
    RunName,
    Spot,
    StoragePrefix,
    TextFormat,
    Yes,
    read_input,
    spread_settings,
)

app = typer.Typer()


@app.command()
def show(
    run: RunName,
    run_id: RunId = None,
    storage: StoragePrefix = None,
    configfile: ConfigFiles = None,
    config: ConfigValues = None,
    spot: Spot = None,
    yes: Yes = False,
    format: Format = "table",
) -> None:
    given = {**locals(), "configfile": [str(each) for each in configfile or ()]}
    typer.echo(json.dumps(given))


def given(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_only_the_run_has_to_be_named():
    assert given("us/flu") == {
        "run": "us/flu",
        "run_id": None,
        "storage": None,
        "configfile": [],
        "config": None,
        "spot": None,
        "yes": False,
        "format": "table",
    }


def test_every_option_has_its_name_and_lists_keep_their_order():
    found = given(
        *("us/flu", "--run-id", "week-1", "--storage", "gs://b/p", "--standard", "-y"),
        *("--configfile", "b.yaml", "--configfile", "a.yaml", "--config", "x=1", "--config", "y=2"),
        *("--format", "json"),
    )

    assert found == {
        "run": "us/flu",
        "run_id": "week-1",
        "storage": "gs://b/p",
        "configfile": ["b.yaml", "a.yaml"],
        "config": ["x=1", "y=2"],
        "spot": False,
        "yes": True,
        "format": "json",
    }


@pytest.mark.parametrize(("kind", "names"), [(Format, "table"), (TextFormat, "text")])
def test_another_form_of_output_is_refused_with_those_there_are(kind, names):
    one = typer.Typer()

    @one.command()
    def show(format: kind = names) -> None:
        typer.echo(format)

    assert CliRunner().invoke(one, []).stdout == f"{names}\n"
    refused = CliRunner().invoke(one, ["--format", "xml"])
    assert refused.exit_code == 2
    assert re.search(rf"'xml' is not one of '{names}',\W+'json'", refused.output)


def test_an_input_is_a_file_or_standard_input(tmp_path, monkeypatch):
    (tmp_path / "outputs.json").write_text('{"site": "å"}', encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("piped"))

    assert read_input(tmp_path / "outputs.json") == '{"site": "å"}'
    assert read_input(Path("-")) == "piped"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("x --config a=1 b_c= --strict", "x --config a=1 --config b_c= --strict"),
        ("--set a=1 b=2 x c=3", "--set a=1 --set b=2 x c=3"),
        ("--config=a=1 b=2 -C c=3", "--config=a=1 --config b=2 -C c=3"),
        ("--configfile a=b c=d", "--configfile a=b c=d"),
        ("--config a=1 -- --config b=2 c=3", "--config a=1 -- --config b=2 c=3"),
        ("--config ./a=1", "--config ./a=1"),
    ],
)
def test_settings_are_listed_as_for_snakemake(typed, read):
    assert spread_settings(typed.split()) == read.split()
