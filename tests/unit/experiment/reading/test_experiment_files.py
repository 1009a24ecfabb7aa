import os
from pathlib import Path

import pytest

from epyflow.errors import UnreadableError
from epyflow.experiment.reading.experiment_files import is_exp_id, locate
from epyflow.strict import shown
from tests.unit.experiment.reading.small_experiment import MODEL, messages


@pytest.mark.parametrize("part", ["", "config", "config/basemodel.yaml"])
def test_an_experiment_is_found_by_its_folder_its_config_or_a_file(folder, part):
    place = locate(folder / part)

    assert place.folder == folder
    assert place.config == folder / "config"
    assert place.exp_id == "mine"
    assert place.root == folder.parents[1]


def test_an_experiment_is_found_by_a_relative_path(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)

    assert locate("mine").folder == folder
    assert locate("./mine/../mine").folder == folder


def test_a_nested_id_is_the_path_below_experiments(tmp_path):
    config = tmp_path / "experiments" / "202611" / "hosp_round3" / "config"
    config.mkdir(parents=True)
    (config / "basemodel.yml").write_text(MODEL, encoding="utf-8")

    by_id = locate("202611/hosp_round3", tmp_path)
    by_path = locate(config.parent)

    assert by_id.exp_id == by_path.exp_id == "202611/hosp_round3"
    assert by_path.root == tmp_path


def test_a_folder_outside_experiments_is_its_own_root(tmp_path):
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")

    place = locate(tmp_path)

    assert (place.exp_id, place.config, place.root) == (tmp_path.name, tmp_path, tmp_path)


def test_an_unknown_id_is_refused_with_the_nearest_ones(folder):
    with pytest.raises(UnreadableError, match=r"'mien' is not below .* \(did you mean mine\?"):
        locate("mien", folder.parents[1])


def test_an_unknown_id_is_refused_with_a_folder_that_is_here_and_what_to_type(
    folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(folder.parent)
    (tmp_path / "empty").mkdir()

    with pytest.raises(UnreadableError) as caught:
        locate("mien", tmp_path / "empty")

    assert "(did you mean mine?); " in str(caught.value)
    assert "the path of an experiment's folder, or another experiments_root (--root)" in str(
        caught.value
    )


def test_a_root_without_experiments_is_said_to_have_none(tmp_path):
    with pytest.raises(UnreadableError, match="has no experiments"):
        locate("mine", tmp_path)


def test_a_folder_of_experiments_offers_those_below_it(folder):
    with pytest.raises(UnreadableError, match="below it are the experiments mine"):
        locate(folder.parent)


@pytest.mark.parametrize(
    ("below", "kind"),
    [
        ("config/nothing.yaml", "no such file; expected an experiment's folder"),
        ("main/", "no such folder; expected an experiment's folder"),
        ("config/functions/x", "no such folder; expected an experiment's folder"),
        (
            "data",
            "no .yaml or .yml file; expected a basemodel file with the key 'model', or the fo",
        ),
        ("notes.txt", "not a YAML file; expected an experiment's folder"),
    ],
)
def test_a_path_inside_an_experiment_is_refused_with_the_experiments_folder(folder, below, kind):
    (folder / "data").mkdir()
    (folder / "notes.txt").touch()
    ways = [(f"{folder}/{below}", None), (f"{folder.name}/{below}", folder.parents[1])]

    for named, root in ways[: 1 if "data" in below or "notes" in below else 2]:
        with pytest.raises(UnreadableError) as caught:
            locate(named, root)

        assert f"{below.rstrip('/')}: {kind}" in str(caught.value)
        assert str(caught.value).endswith(f": {folder}")


def test_a_path_beside_an_experiment_or_of_a_run_is_refused_with_the_experiment(
    folder, monkeypatch
):
    monkeypatch.chdir(folder.parent)

    with pytest.raises(UnreadableError, match=r"^mien: no such folder \(did you mean mine\?\); "):
        locate("mien")
    with pytest.raises(UnreadableError, match=r"this names a run, of the experiment us/mine$"):
        locate("results/us/mine/main")


def test_a_file_that_is_no_yaml_is_refused(folder):
    path = folder / "notes.txt"
    path.touch()

    with pytest.raises(UnreadableError, match="not a YAML file"):
        locate(path)


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "nul\0byte"])
def test_a_path_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(UnreadableError):
        locate(tmp_path / name)


def test_a_broken_link_is_called_one(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    with pytest.raises(UnreadableError, match="a link to a folder that does not exist"):
        locate(tmp_path / "link")


def test_a_folder_that_may_not_be_read_is_refused_with_the_reason(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)

    with pytest.raises(UnreadableError, match="mine: cannot be read: Permission denied"):
        locate(folder)


def test_a_yaml_file_that_may_not_be_read_is_a_problem_of_that_file(folder, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    assert messages(folder) == [
        f"{folder}/config/basemodel.yaml:1: cannot be read: Permission denied"
    ]


def test_a_yaml_file_that_is_a_broken_link_is_not_passed_over(folder):
    link = folder / "config" / "modelset.yaml"
    link.symlink_to(folder / "nowhere.yaml")

    assert messages(folder) == [
        f"{link}:1: cannot be read: it is a link to a file that is not there"
    ]


def test_links_in_a_circle_and_pipes_among_the_yaml_files_are_problems(folder):
    loop, pipe = folder / "config" / "a.yaml", folder / "config" / "b.yaml"
    loop.symlink_to("a.yaml")
    os.mkfifo(pipe)

    assert messages(folder) == [
        f"{loop}:1: cannot be read: it is a link to a file that is not there",
        f"{pipe}:1: cannot be read: not a regular file",
    ]


def test_folders_too_deep_to_search_offer_no_experiment(tmp_path, monkeypatch):
    def search(path, pattern):
        raise RecursionError

    monkeypatch.setattr(Path, "glob", search)

    with pytest.raises(UnreadableError, match=r"no \.yaml or \.yml file"):
        locate(tmp_path)


@pytest.mark.parametrize("exp_id", ["a", "2024-11_b.c", "202611/hosp_round3"])
def test_letters_digits_and_signs_make_an_id(exp_id):
    assert is_exp_id(exp_id)


@pytest.mark.parametrize(
    "exp_id",
    ["", ".", "..", "a b", "é", "-a", "a//b", "/a", "a/", "a/../b", "a\n", "a:b", "a" * 101],
)
def test_odd_characters_make_no_id(exp_id):
    assert not is_exp_id(exp_id)


@pytest.mark.parametrize("name", ["my experiment", "/".join(["a" * 99] * 6)])
def test_an_experiment_whose_folder_cannot_name_results_is_a_problem(folder, name):
    odd = folder.parent / name
    odd.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(odd)

    (message,) = messages(odd)

    assert message.startswith(f"{odd}:1: the experiment's folder {shown(name)} cannot name its res")
    assert "at most 100 letters" in message
    assert message.endswith("with those above it at most 500 characters")
