"""An experiment is found by its id or by a path, from any folder, and with its root."""

from pathlib import Path

import pytest

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.run.environment import read_pairs


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Return a root with an experiment, a draft beside ``experiments/``, and a loose folder."""
    for folder in ("study/experiments/us/flu", "study/drafts/covid", "loose", "here"):
        config = tmp_path / folder / "config"
        config.mkdir(parents=True)
        (config / "basemodel.yaml").write_text("model: {}\n")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "study"


def found(named, *given, **options):
    """Return experiment and root as the settings and as the arguments for Snakemake have them."""
    it = name_experiment(named, (), given, options, environment={})
    settings = {"experiment": it.settings.experiment, "root": it.settings.experiments_root}
    pairs = read_pairs(it.arguments)
    assert pairs.get("experiment", settings["experiment"]) == settings["experiment"]
    assert pairs.get("experiments_root", "config") == settings["root"]
    return settings["experiment"], settings["root"], it.settings.place().folder


@pytest.mark.parametrize("below", ["", "config", "config/basemodel.yaml"])
def test_a_path_to_the_folder_or_a_file_finds_the_root_above_experiments(study, below):
    folder = study / "experiments" / "us" / "flu"

    assert found(str(folder / below)) == ("us/flu", str(study), folder)
    assert found(f"../study/experiments/us/flu/{below}") == ("us/flu", str(study), folder)


def test_a_folder_that_lies_below_no_experiments_is_its_own_root(study, monkeypatch):
    loose = study.parent / "loose"
    assert found(str(loose)) == (str(loose), str(loose), loose)

    monkeypatch.chdir(study.parent)
    assert found("loose") == ("loose", "loose", loose)


def test_an_id_is_looked_for_below_the_root_of_the_settings_first(study, monkeypatch):
    monkeypatch.chdir(study)
    other = study / "us" / "flu" / "config"
    other.mkdir(parents=True)
    (other / "basemodel.yaml").write_text("model: {}\n")
    (study / "config").mkdir()
    (study / "config" / "config.yaml").write_text("experiments_root: .\nexperiment: none\n")

    it = name_experiment("us/flu", environment={})

    assert it.settings.place().folder == study / "experiments" / "us" / "flu"
    assert it.arguments == ("experiment=us/flu",)
    draft = name_experiment("drafts/covid", environment={})
    assert draft.arguments == ("experiment=drafts/covid",)
    assert draft.settings.place().root == study


def test_the_root_of_an_option_or_of_config_is_kept(study):
    folder = study / "experiments" / "us" / "flu"

    assert found("us/flu", experiments_root=str(study)) == ("us/flu", str(study), folder)
    it = name_experiment("us/flu", (), [f"experiments_root={study}", "n_sims=2"], environment={})
    assert it.arguments == (f"experiments_root={study}", "n_sims=2", "experiment=us/flu")


def test_of_a_setting_that_is_given_twice_the_last_is_passed_on_once(study):
    given = ["n_sims=2", f"experiments_root={study}", "n_sims=3"]

    it = name_experiment("us/flu", (), given, environment={})

    assert it.arguments == ("n_sims=3", f"experiments_root={study}", "experiment=us/flu")
    assert it.settings.n_sims == 3


def test_a_name_of_an_option_wins_over_that_of_config(study):
    it = name_experiment(str(study / "drafts" / "covid"), (), ["experiment=x"], environment={})

    assert [each for each in it.arguments if each.startswith("experiment=")] == [
        f"experiment={study / 'drafts' / 'covid'}"
    ]


def test_without_a_name_it_is_that_of_the_settings(study):
    with pytest.raises(EpyflowError, match="experiment: missing"):
        name_experiment(None, environment={})

    it = name_experiment(None, (), ["experiment=us/flu", f"experiments_root={study}"])
    assert it.settings.place().exp_id == "us/flu"


def test_a_repository_as_the_root_is_not_asked_for_a_path_on_this_machine(study):
    root = "git+https://host.example/owner/repo@main"
    variables = {"EPYFLOW_EXPERIMENTS_ROOT": root}

    there = name_experiment("us/flu", environment=variables)
    here = name_experiment(str(study / "experiments/us/flu"), environment=variables)

    assert (there.settings.experiment, there.settings.experiments_root) == ("us/flu", root)
    assert (here.settings.experiment, here.settings.root) == ("us/flu", study)


def test_what_is_not_there_is_refused_with_the_nearest_name(study, monkeypatch):
    with pytest.raises(UnreadableError, match="nothing: no such folder"):
        name_experiment("nothing", environment={})

    monkeypatch.chdir(study)
    with pytest.raises(UnreadableError, match="did you mean us/flu"):
        name_experiment("us/flue", environment={"EPYFLOW_EXPERIMENTS_ROOT": "."})


def test_options_are_settings_for_snakemake_too(study):
    folder = str(study / "experiments/us/flu")
    it = name_experiment(folder, options={"allowed_data_roots": ["/a", "/b c"], "run_id": None})

    assert it.settings.allowed_data_roots == ("/a", "/b c")
    assert read_pairs(it.arguments)["allowed_data_roots"] == ["/a", "/b c"]
    assert "run_id" not in read_pairs(it.arguments)
    assert Path(it.settings.experiments_root) == study
