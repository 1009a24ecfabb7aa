"""The YAML files of an experiment are told apart, and one output file is chosen."""

import pytest

from epyflow.experiment.load import inspect
from epyflow.experiment.reading.documents import read_documents
from epyflow.experiment.reading.experiment_files import locate
from tests.unit.experiment.reading.small_experiment import MODEL, messages

OUTPUT = "output:\n  quantiles: {compartments: [%s]}\n"


def test_hidden_files_and_other_suffixes_are_not_read(folder):
    for name in ("._basemodel.yaml", ".basemodel.yaml", "basemodel.yaml~", "notes.txt"):
        (folder / "config" / name).write_bytes(b"\xff")
    (folder / "config" / "folder.yaml").mkdir()

    assert messages(folder) == []


def test_files_are_told_apart_by_their_key_not_by_their_name(folder):
    config = folder / "config"
    (config / "basemodel.yaml").rename(config / "output.yml")
    (config / "basemodel.yaml").write_text(OUTPUT % "I_total", encoding="utf-8")

    experiment, problems = inspect(locate(folder))

    assert problems == []
    assert experiment is not None
    assert experiment.output.quantiles.compartments == ("I_total",)
    assert [path.name for path in experiment.sources] == ["output.yml", "basemodel.yaml"]


@pytest.mark.parametrize("role", ["model", "modelset"])
def test_two_files_for_one_role_are_both_named(folder, role):
    for name in ("one.yaml", "two.yml"):
        text = MODEL if role == "model" else "modelset: {population_names: [US-MA]}"
        (folder / "config" / name).write_text(text, encoding="utf-8")
    if role == "model":
        (folder / "config" / "basemodel.yaml").unlink()

    (message,) = messages(folder)

    assert message.startswith(f"{folder}/config/two.yml:")
    assert f"both one.yaml and two.yml hold the key '{role}'; expected one file" in message


def test_of_three_files_for_one_role_two_are_named(folder):
    for name in ("one.yaml", "two.yml", "three.yml"):
        text = "modelset: {population_names: [US-MA]}"
        (folder / "config" / name).write_text(text, encoding="utf-8")

    (message,) = messages(folder)

    assert "both one.yaml and three.yml hold the key 'modelset'" in message


def test_an_unknown_top_level_key_is_refused_with_the_nearest(folder):
    (folder / "config" / "a.yaml").write_text("\nouput: {}\n", encoding="utf-8")

    (message,) = messages(folder)

    assert message.startswith(f"{folder}/config/a.yaml:2: ouput: unknown top-level key 'ouput'")
    assert "did you mean output?" in message


@pytest.mark.parametrize(
    ("text", "below"),
    [
        ("meta: {version: 1}\nmodel: {name: x}\n", "model:"),
        ("meta: {version: 1}\nmodelset: {}\n", "modelset:"),
        ("transitions: []\n", "model:"),
    ],
)
def test_a_key_of_a_section_that_is_at_the_top_is_told_where_it_belongs(folder, text, below):
    (folder / "config" / "a.yaml").write_text(text, encoding="utf-8")

    found = [message for message in messages(folder) if "/a.yaml:1: " in message]

    assert len(found) == 1
    assert "unknown top-level key" in found[0]
    assert found[0].endswith(f"; indent it below {below}")


def test_the_key_beside_an_unknown_one_is_read_all_the_same(folder):
    (folder / "config" / "basemodel.yaml").write_text(f"{MODEL}\nouput: {{}}\n", encoding="utf-8")

    documents, (problem,) = read_documents(locate(folder))

    assert problem.key == "ouput"
    assert [document.path.name for document in documents["model"]] == ["basemodel.yaml"]


def test_two_keys_in_one_file_are_refused(folder):
    text = MODEL + "\noutput: {}\n"
    (folder / "config" / "basemodel.yaml").write_text(text, encoding="utf-8")

    assert "the keys model and output are in one file" in messages(folder)[0]


def test_a_file_without_keys_says_which_are_expected(folder):
    (folder / "config" / "empty.yaml").write_text("{}\n", encoding="utf-8")

    expected = "empty.yaml:1: has no keys; expected one of model, modelset and output"
    assert messages(folder)[0].endswith(expected)


def test_a_folder_without_a_basemodel_says_so(folder):
    config = folder / "config"
    (config / "basemodel.yaml").write_text("output: {}\n", encoding="utf-8")

    assert messages(folder) == [
        f"{config}:1: no file with the key 'model'; expected a basemodel file"
    ]


def test_every_broken_file_is_reported_at_once(folder):
    (folder / "config" / "a.yaml").write_text("a: [\n", encoding="utf-8")
    (folder / "config" / "b.yaml").write_bytes(b"\xff")

    documents, problems = read_documents(locate(folder))

    assert [problem.file.name for problem in problems] == ["a.yaml", "b.yaml"]
    assert len(documents["model"]) == 1


@pytest.fixture
def outputs(folder):
    """Return an experiment with the output files a.yaml and b.yaml."""
    for name, series in (("a", "S_total"), ("b", "I_total")):
        (folder / "config" / f"{name}.yaml").write_text(OUTPUT % series, encoding="utf-8")
    return folder


@pytest.mark.parametrize("chosen", ["b", "b.yaml"])
def test_one_of_several_output_files_is_chosen_by_name(outputs, chosen):
    experiment, _ = inspect(locate(outputs), chosen)

    assert experiment is not None
    assert experiment.output.quantiles.compartments == ("I_total",)


def test_without_a_choice_output_yaml_is_used(outputs):
    path = outputs / "config" / "output.yaml"
    path.write_text(OUTPUT % "S_65+", encoding="utf-8")

    experiment, _ = inspect(locate(outputs))

    assert experiment is not None
    assert experiment.output.quantiles.compartments == ("S_65+",)
    assert experiment.sources[-1] == path


def test_without_a_choice_and_without_output_yaml_the_names_are_listed(outputs):
    (message,) = messages(outputs)

    assert "several output files and no output_config; expected one of a.yaml, b.yaml" in message


def test_an_output_file_that_is_not_there_is_refused(outputs, folder):
    (message,) = messages(outputs, output_config="c")

    assert "output_config 'c' is not there" in message
    assert "a.yaml, b.yaml" in message


def test_a_choice_that_fits_two_files_is_refused(outputs):
    (outputs / "config" / "b.yml").write_text(OUTPUT % "S_total", encoding="utf-8")

    assert "'b' may be one of two files" in messages(outputs, output_config="b")[0]


def test_an_output_file_that_is_not_chosen_is_checked_too(outputs):
    (outputs / "config" / "a.yaml").write_text(OUTPUT % "X_total", encoding="utf-8")

    assert "unknown compartment series 'X_total'" in messages(outputs, output_config="b")[0]


def test_without_an_output_file_every_series_has_its_quantiles(folder):
    experiment, _ = inspect(locate(folder))

    assert experiment is not None
    assert experiment.output.quantiles.compartments is True
    assert experiment.output.quantiles.transitions is True
