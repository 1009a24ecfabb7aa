from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.setup.layers import merge_layers, read_layers
from epyflow.run.settings import NUMBERS_AND_FLAGS, Settings
from epyflow.run.written_names import texts_of_arguments, texts_of_file, written_texts

NAMES = ["2024_11_16", "007", "010", "0x1F", "1.10", "1e5", "12:30", "yes", "True", "2024-11-16"]
"""YAML 1.1 or Python reads each of them as a number, a truth or a date."""


def file(folder: Path, text: str, name: str = "layer.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("key", ["experiment", "run_id", "team_abbr", "output_config"])
def test_a_name_stays_as_it_is_written_with_quotes_or_without(tmp_path, name, quote, key):
    path = file(tmp_path, f"{key}: {quote}{name}{quote}\n")

    assert texts_of_file(path) == {key: name}
    assert texts_of_arguments([f"{key}={quote}{name}{quote}"]) == {key: name}


@pytest.mark.parametrize("name", ["2024_11_16", "007", "010", "1.10", "1e5", "yes"])
def test_a_run_has_the_name_that_is_written_wherever_it_is_written(tmp_path, name):
    base = file(tmp_path, f"experiment: 2024_11\nrun_id: {name}\nteam_abbr: 1_2\n", "base.yaml")
    layer = file(tmp_path, f"run_id: {name}\n")

    for layers in (
        read_layers([], [], base),
        read_layers([layer], ["experiment=2024_11", "team_abbr=1_2"], tmp_path / "none"),
        read_layers([], [f"run_id={name}"], base),
    ):
        settings = merge_layers(layers)
        assert (settings.experiment, settings.run_id) == ("2024_11", name)
        assert settings.team_abbr == "1_2"


def test_later_layers_win_and_other_settings_are_left_to_yaml(tmp_path):
    base = file(tmp_path, "run_id: 007\nhub: 1_0\nmembers_per_task: 0x10\n", "base.yaml")
    layer = file(tmp_path, "run_id: 010\nscore_models: [1e5, no]\nplan: {a: 1}\n")

    assert written_texts(["run_id=1_0", "members_per_task=3"], [layer], base) == {
        "run_id": "1_0",
        "hub": "1_0",
        "score_models": ["1e5", "no"],
    }


def test_a_list_on_the_command_line_keeps_its_texts():
    assert texts_of_arguments(["score_models=[007, a]", "run_id=[a", "hub="]) == {
        "score_models": ["007", "a"],
        "run_id": "[a",
        "hub": None,
    }


def test_a_key_without_a_value_stays_without_one(tmp_path):
    assert texts_of_file(file(tmp_path, "run_id:\nhub: null\n")) == {"run_id": None, "hub": None}


@pytest.mark.parametrize(
    "text", ["- a\n", '{\n\t"run_id": "a"}', "__use_yte__: true\nrun_id: ?f'{1}'\n"]
)
def test_a_file_that_is_no_plain_yaml_mapping_is_left_to_its_reader(tmp_path, text):
    assert texts_of_file(file(tmp_path, text)) == {}
    assert texts_of_file(tmp_path / "missing.yaml") == {}


def test_values_of_another_workflows_keys_may_have_any_form(tmp_path):
    path = file(tmp_path, "run_id: a\ntime: 1:30\nrange: 0,3\nnote: – b\n")

    assert texts_of_file(path) == {"run_id": "a"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", r"layer.yaml: line 1, column 5: not valid YAML"),
        ("hub: x\nrun_id: 2024-02-30", "line 2, column 9: '2024-02-30' is not a date"),
        ("seed: 0100", r"line 1, column 7: 0100 would be 64 in YAML 1.1 .*; write 100 or 64"),
        ("run_id: a\nrun_id: b", "line 2, column 1: the key 'run_id' is already on line 1; remove"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_file_line_and_advice(tmp_path, text, says):
    with pytest.raises(UnreadableError, match=says):
        texts_of_file(file(tmp_path, text))


def test_the_settings_that_yaml_reads_are_those_that_hold_numbers_or_flags():
    def kinds(annotation: Any) -> set[Any]:
        return {annotation}.union(*(kinds(each) for each in get_args(annotation)))

    fields: dict[str, FieldInfo] = Settings.model_fields
    assert {
        name for name, field in fields.items() if kinds(field.annotation) & {int, bool}
    } == NUMBERS_AND_FLAGS


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? {a: b}\n: c\n"])
def test_a_list_or_mapping_as_a_key_is_named_by_its_line(tmp_path, text):
    with pytest.raises(EpyflowError, match=r"line 1, column 3: .*key"):
        written_texts([], [file(tmp_path, text)])
