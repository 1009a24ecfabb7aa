"""Choose and propose settings without the command."""

import json
from pathlib import Path

import pytest

from epyflow.errors import EpyflowError
from epyflow.google.site import Site
from epyflow.operations.setup import choices, questions
from epyflow.operations.setup.proposal import settings_file, site_file

SITE = {
    "project": "my-project",
    "region": "us-central1",
    "storage": "gs://bucket/epyflow",
    "service_account": "tasks@my-project.iam.gserviceaccount.com",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder with settings, and without a project."""
    for name in (
        "EPYFLOW_GCP_SITE",
        *(f"EPYFLOW_GCP_{each.upper()}" for each in Site.model_fields),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(choices, "gcloud_project", lambda: "")
    monkeypatch.setattr(choices, "guess_site", dict)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("experiment: example  # shipped\nrun_id: main\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_options_win_over_values_of_config_and_terraform():
    assert choices.choose_settings(
        {"run_id": "a"}, ["run_id=b", "engine=epydemix"], asking=False
    ) == {
        "run_id": "a",
        "engine": "epydemix",
    }
    outputs = json.dumps({"site": {"value": SITE | {"network": None}}})
    chosen = choices.choose_site({"region": "us-east1"}, outputs, None, asking=False)
    assert chosen == SITE | {"region": "us-east1"}


def test_the_cloud_is_left_alone_unless_it_is_named_or_agreed_to(monkeypatch):
    assert choices.choose_site({}, None, None, asking=False) is None
    assert choices.choose_site(SITE, None, False, asking=False) is None
    with pytest.raises(EpyflowError, match="--project: missing; expected the id of a Google Cloud"):
        choices.choose_site({}, None, True, asking=False)

    asked = []
    monkeypatch.setattr(choices, "confirm", lambda question, default: asked.append(default))
    assert choices.choose_site({}, None, None, asking=True) is None
    monkeypatch.setattr(choices, "ask_site", lambda given, likely: {**likely, **given})
    assert choices.choose_site(SITE, None, None, asking=True) == SITE
    assert asked == [False]


def test_a_proposal_names_what_changes_and_what_was_chosen_before(folder):
    proposed = settings_file({"experiment": "mine", "run_id": "main", "engine": "epydemix"})

    assert [(each.name, each.before, each.replaces) for each in proposed.changes] == [
        ("experiment", "example", False),
        ("engine", None, False),
    ]
    assert proposed.text.startswith("experiment: mine  # shipped\nrun_id: main\n\n# ")
    proposed.write()
    assert Path("config/config.yaml").read_text() == proposed.text
    again = settings_file({"experiment": "other"})
    assert [str(each) for each in again.replaced] == ["experiment: other   (was mine)"]
    assert settings_file({"experiment": "mine"}) is None


def test_a_site_is_proposed_where_it_differs():
    proposed = site_file(SITE)

    assert [each.name for each in proposed.changes] == list(SITE)
    assert proposed.replaced == ()
    proposed.write()
    assert site_file(SITE) is None
    assert [each.name for each in site_file({"region": "us-east1"}).replaced] == ["region"]


@pytest.mark.parametrize(
    ("name", "value", "is_wrong"),
    [("region", "us-central1", False), ("region", "Europe", True), ("network", "default", True)],
)
def test_one_value_of_a_site_is_judged_alone(name, value, is_wrong):
    problem = questions.site_problem(name, value)

    assert bool(problem) is is_wrong
    assert problem.startswith(f"{value!r} is not right; expected ") is is_wrong


def test_an_empty_answer_leaves_out_what_is_optional(monkeypatch):
    asked = {}

    def prompt(text, default, show_default, value_proc, err):
        asked[text.partition(" (")[0]] = (default, text.endswith(", empty for none"))
        return default if default is not None else "given"

    monkeypatch.setattr(questions.typer, "prompt", prompt)

    answers = questions.ask_site({"project": "p"}, {"region": "us-central1"})

    assert asked["region"] == ("us-central1", False)
    assert asked["storage"] == (None, False)
    assert asked["network"] == ("", True)
    assert asked["environment"] == ("dev", False)
    assert "project" not in asked
    assert answers["storage"] == "given"
    assert "network" not in answers


def test_experiments_are_listed_beside_the_question_on_standard_error(folder, capsys, monkeypatch):
    (folder / "own/experiments/flu/config").mkdir(parents=True)
    (folder / "own/experiments/flu/config/model.yaml").write_text("model: {}\n")
    monkeypatch.setattr(questions.typer, "prompt", lambda text, default, **_: default or "flu")

    answers = questions.ask_settings({"experiments_root": "own"}, {})

    assert answers["experiment"] == "flu"
    assert tuple(capsys.readouterr()) == ("", "experiments there: flu\n")


def test_questions_are_asked_on_standard_error_so_that_output_can_be_piped(monkeypatch):
    given = {}
    monkeypatch.setattr(
        questions.typer, "prompt", lambda text, **how: given.update({text: how}) or "my-project"
    )

    questions.ask_site({name: "given" for name in questions.SITE if name != "project"}, {})

    ((text, how),) = given.items()
    assert text == "project (the id of a Google Cloud project)"
    assert how["err"] is True
    assert (how["default"], how["show_default"]) == (None, False)


def test_a_folder_with_settings_or_workflow_is_a_clone(folder, monkeypatch):
    choices.check_clone()  # it has config/config.yaml
    (folder / "other/workflow").mkdir(parents=True)
    monkeypatch.chdir(folder / "other")
    with pytest.raises(EpyflowError, match=r"neither config/config\.yaml nor workflow/Snak"):
        choices.check_clone()

    (folder / "other/workflow/Snakefile").touch()

    choices.check_clone()


@pytest.mark.parametrize(
    ("site", "project", "proposed"), [({}, "", False), ({}, "p", True), (SITE, "", True)]
)
def test_the_cloud_is_proposed_to_those_who_have_a_project(monkeypatch, site, project, proposed):
    asked = []
    monkeypatch.setattr(choices, "configured_site", lambda: site)
    monkeypatch.setattr(choices, "gcloud_project", lambda: project)
    monkeypatch.setattr(choices, "confirm", lambda question, default: asked.append(default))

    choices.choose_site({}, None, None, asking=True)

    assert asked == [proposed]


def test_without_a_cloud_only_the_settings_are_proposed(folder):
    (only,) = choices.propose_files({"experiment": "mine"}, None)

    assert only.path.name == "config.yaml"
