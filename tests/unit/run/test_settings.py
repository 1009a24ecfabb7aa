from datetime import date
from pathlib import Path

import pytest
import yaml

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.run.settings import (
    CALENDAR_FILES,
    HUB_FOLDERS,
    POPULATION_FOLDERS,
    Settings,
    read_settings,
)
from forecast_hub.atomic_files import replacing

CONFIG = Path(__file__).resolve().parents[3] / "config" / "config.yaml"


def refusal(**config: object) -> str:
    with pytest.raises(EpyflowError) as caught:
        read_settings({"experiment": "example", **config})
    return str(caught.value)


def test_only_the_experiment_must_be_given():
    settings = read_settings({"experiment": "example"})

    assert settings == Settings(
        experiment="example",
        experiments_root="config",
        run_id="main",
        output_config=None,
        population_data=None,
        school_calendar=None,
        allowed_data_roots=(),
        members_per_task=None,
        engine=settings.engine,
        partial_results=False,
    )


def test_the_configuration_in_the_repository_is_valid():
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))

    assert read_settings(config).experiment == "example"


def test_without_an_experiment_the_message_says_how_to_give_one():
    with pytest.raises(EpyflowError, match="experiment: missing; expected --config experiment="):
        read_settings({})


def test_the_plan_is_no_setting():
    assert read_settings({"experiment": "example", "plan": {"tasks": []}})


def test_an_unknown_key_is_refused_with_the_nearest():
    assert "unknown key 'runn_id' (did you mean run_id?); expected one of experiment," in refusal(
        runn_id="x"
    )


@pytest.mark.parametrize("given", [7, 1.10, True, date(2024, 11, 16)])
def test_a_name_that_was_read_as_something_else_is_refused(given):
    # written_names restores the text; only a program or a template gives anything else.
    for key in ("experiment", "run_id", "team_abbr", "output_config"):
        assert f"{key}: " in refusal(**{key: given})
        assert "is not text; expected text: quote it" in refusal(**{key: given})


@pytest.mark.parametrize("run_id", ["a/b", "..", "a b", "-x", "é", "", "a\n", "a" * 101])
def test_a_run_id_is_one_folder_of_plain_characters(run_id):
    assert refusal(run_id=run_id).startswith("config: run_id: ")


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("members_per_task", 0, "0 is too small; expected 1 or more"),
        ("members_per_task", 2.5, "2.5 is not a whole number"),
        ("members_per_task", "many", "'many' is not a whole number"),
        ("partial_results", "yes", "'yes' is not true or false"),
        ("allowed_data_roots", "folder", "'folder' is not a list; expected a list, such as ['fol"),
        ("allowed_data_roots", [1], "allowed_data_roots[0]: 1 is not text"),
        ("experiments_root", "", "empty; expected text"),
        ("experiments_root", "x/" + "a" * 256, "has 256 bytes or a NUL character; expected names"),
        ("hub", "\N{MICROBE}" * 64, "has 256 bytes or a NUL character; expected names of at most"),
        ("experiments_root", "x/" * 2048, "has 4,096 bytes; expected a path of fewer than 4,096"),
        ("run_id", "a" * 5000, f"'{'a' * 56}... cannot name a run; expected at most 100 letters, "),
        ("target_data", "a\0b", "a name in it has 3 bytes or a NUL character; expected names of"),
    ],
)
def test_a_value_of_another_kind_is_refused_in_plain_words(key, value, what):
    message = refusal(**{key: value})

    assert message.startswith(f"config: {key}")
    assert what in message


@pytest.mark.parametrize(
    ("written", "flag"),
    [("true", True), ("True", True), ("false", False), ("False", False), (True, True)],
)
def test_a_flag_may_be_the_word_of_a_command_line(written, flag):
    assert (
        read_settings({"experiment": "example", "partial_results": written}).partial_results is flag
    )


@pytest.mark.parametrize(
    ("key", "first", "second", "named"),
    [
        ("reference_dates", "2024-12-07", date(2024, 12, 7), "2024-12-07"),
        ("score_models", "a-b", "a-b", "a-b"),
        ("notify_email", "a@b.org", "a@b.org", "a@b.org"),
    ],
)
def test_a_list_names_each_once(key, first, second, named):
    assert refusal(**{key: [first, second]}).endswith(
        f"{key}: {named} is listed twice; expected it once"
    )


def test_an_empty_key_has_its_default():
    settings = read_settings({"experiment": "example", "experiments_root": None, "run_id": None})

    assert (settings.experiments_root, settings.run_id) == ("config", "main")


def test_every_wrong_key_is_named_at_once():
    lines = refusal(runn_id="x", members_per_task=0, partial_results=5).splitlines()

    assert len(lines) == 3
    assert all(line.startswith("config: ") for line in lines)


@pytest.fixture
def root(tmp_path):
    config = tmp_path / "experiments" / "mine" / "config"
    config.mkdir(parents=True)
    (config / "basemodel.yaml").write_text("model: {}\n", encoding="utf-8")
    return tmp_path


def settings_of(root: Path, **config: object) -> Settings:
    return read_settings({"experiment": "mine", "experiments_root": str(root), **config})


def test_the_experiment_is_found_below_the_root(root):
    place = settings_of(root, allowed_data_roots=["elsewhere"]).place()

    assert (place.exp_id, place.root, place.allowed) == ("mine", root, (Path("elsewhere"),))


def test_the_experiment_may_be_a_path(root):
    by_path = settings_of(root, experiment=str(root / "experiments" / "mine")).place()

    assert by_path == settings_of(root).place()


def test_an_experiment_that_is_not_there_is_refused_with_those_that_are(root):
    with pytest.raises(UnreadableError, match=r"did you mean mine\?"):
        settings_of(root, experiment="mien").place()


def test_a_root_that_is_no_folder_is_refused(root):
    with pytest.raises(
        EpyflowError, match=r"experiments_root '.*nowhere' is not a folder; expected"
    ):
        settings_of(root / "nowhere").place()


def write_tables(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "population.csv").touch()
    (folder / "contacts.csv").touch()


def test_populations_and_calendar_are_looked_for_below_the_root(root):
    found = settings_of(root).sources(remote=False)
    assert (found.store.folders, found.calendar) == ({}, None)

    common = root / "common-data"
    write_tables(common / "populations")
    (common / "school_calendars_us.csv").touch()
    found = settings_of(root).sources(remote=False)
    assert found.store.folders == {"population_data": common / "populations"}
    assert found.calendar == common / "school_calendars_us.csv"

    write_tables(root / "data" / "populations")
    found = settings_of(root).sources(remote=False)
    assert found.store.folders == {"population_data": root / "data" / "populations"}


def test_what_is_given_is_used_even_where_the_usual_is_there(root):
    (root / "data" / "populations").mkdir(parents=True)

    assert settings_of(root, population_data="mine").find_path(
        "population_data", POPULATION_FOLDERS
    ) == Path("mine")


@pytest.mark.parametrize(
    ("key", "usual"),
    [
        ("population_data", POPULATION_FOLDERS),
        ("school_calendar", CALENDAR_FILES),
        ("hub", HUB_FOLDERS),
    ],
)
def test_the_usual_path_is_no_link_out_of_the_root_unless_a_setting_names_it(
    root, key, usual, tmp_path_factory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "of mine"
    elsewhere.mkdir()
    (root / "data").mkdir()
    (root / usual[0]).symlink_to(elsewhere)

    with pytest.raises(EpyflowError, match=f"{usual[0]} leads out of .* {key}={elsewhere}"):
        settings_of(root).find_path(key, usual)
    assert settings_of(root, allowed_data_roots=[str(elsewhere)]).find_path(key, usual)
    assert settings_of(root, **{key: str(root / usual[0])}).find_path(key, usual)


def test_a_calendar_that_is_given_must_be_there(root):
    with pytest.raises(
        EpyflowError, match="school_calendar 'nowhere' is not a file; expected a CSV"
    ):
        settings_of(root, school_calendar="nowhere").sources()


def test_the_plan_of_a_run_lies_below_the_working_directory():
    assert Settings(experiment="202611/round3", run_id="a").plan_path == Path(
        ".epyflow/202611/round3/a/plan.json"
    )


@pytest.mark.parametrize("experiment", ["../elsewhere", "/a b/c", "a//b", ".."])
def test_the_plan_of_an_experiment_given_as_a_path_does_not_leave_it(experiment):
    path = Settings(experiment=experiment).plan_path

    assert path.parts[0] == ".epyflow"
    assert ".." not in path.parts
    assert path != Settings(experiment=f"{experiment}/x").plan_path


@pytest.mark.parametrize("name", ["a-b", "b c", "../b", "é", "a" * 51])
@pytest.mark.parametrize("key", ["team_abbr", "model_abbr"])
def test_a_short_name_that_cannot_be_in_a_submissions_name_is_refused(key, name):
    assert "cannot be in a file name; expected at most 50 letters, digits" in refusal(**{key: name})


def test_the_longest_names_leave_room_for_the_ends_of_files(tmp_path, monkeypatch):
    settings = Settings(
        experiment=f"/{'a' * 255}", run_id="a" * 100, team_abbr="a" * 50, model_abbr="a" * 50
    )

    submission = f"2025-01-04-{settings.team_abbr}-{settings.model_abbr}.parquet.findings.json"
    monkeypatch.chdir(tmp_path)
    with replacing(tmp_path / submission) as temporary:
        temporary.touch()
    settings.plan_path.parent.mkdir(parents=True)


def test_no_run_is_named_like_the_word_for_the_newest():
    assert "run_id: 'latest' stands for the newest finished run" in refusal(run_id="latest")
