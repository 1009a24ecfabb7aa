import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from epyflow.cli.app import app
from epyflow.errors import EpyflowError, UnreadableError
from epyflow.files import gzip_text_writer
from epyflow.provenance.record import run_metadata
from epyflow.run import completion
from epyflow.run.bundle import unpack_bundle
from epyflow.run.input_build import bundle_experiment, prepare_build
from epyflow.run.plan import read_plan_file
from epyflow.run.planner import write_run_plan
from epyflow.run.settings import Settings, read_settings
from epyflow.run.sources import gather
from epyflow.run.start import read_start
from epyflow.storage.disk import Disk
from tests.unit.experiment.samples import SIR, changed, write_sections
from tests.unit.repositories.serving import Repository


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Repository:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Repository(tmp_path / "repository")


def settings_of(repository: Repository, ref: str = "main") -> Settings:
    return Settings(experiment="small", experiments_root=f"{repository.address}@{ref}")


def planned(settings: Settings) -> bytes:
    return write_run_plan(gather(settings), ["snakemake"], Disk()).read_bytes()


def test_a_run_is_planned_from_the_commit_and_remembers_it(repository):
    commit = repository.commit({"common-data/doses.csv": "new\n"})

    planned(settings_of(repository))

    start = read_start(settings_of(repository))
    assert start.experiments is not None
    assert start.experiments["commit"] == commit
    assert all(commit in Path(source).parts for source in start.sources)


def test_the_plan_that_workers_see_is_that_of_the_same_files_in_a_folder(repository):
    from_repository = planned(settings_of(repository))

    from_folder = planned(Settings(experiment="small", experiments_root=str(repository.work)))

    assert from_folder == from_repository


def test_a_commit_that_changes_nothing_of_the_experiment_changes_no_plan(repository):
    before = planned(settings_of(repository))
    repository.commit({"README.md": "words\n"})

    assert planned(settings_of(repository)) == before


def test_inputs_are_built_from_the_commit_that_was_planned_without_fetching(repository):
    settings = settings_of(repository)
    plan = read_plan_file(planned(settings))
    shutil.rmtree(repository.bare)

    build = prepare_build(settings, plan.seed)

    start = read_start(settings)
    assert start.experiments is not None
    assert build.experiment.files.root == Path(start.experiments["folder"])


def test_a_job_on_another_machine_gets_the_commits_files_in_a_bundle(repository, tmp_path):
    settings = settings_of(repository)
    planned(settings)
    shutil.rmtree(repository.bare)

    bundle_experiment(settings, tmp_path / "bundle.tar.gz")

    with unpack_bundle(tmp_path / "bundle.tar.gz") as sources:
        assert (sources.place.exp_id, sources.place.folder.name) == ("small", "small")
        assert (sources.place.folder / "functions" / "mine.py").is_file()


def test_inputs_are_not_built_where_nothing_was_fetched(repository):
    with pytest.raises(UnreadableError, match="was not fetched on this machine"):
        prepare_build(settings_of(repository), 1)


def test_the_record_of_the_run_names_repository_ref_and_commit(repository):
    settings = settings_of(repository)
    plan = read_plan_file(planned(settings))
    members = Path("model_metadata.csv.gz")
    with gzip_text_writer(members) as file:
        file.write("task,status\n")

    metadata = run_metadata(completion.finish_run(settings, plan.runs[0], members, Disk()))

    start = read_start(settings)
    assert start.experiments is not None
    assert metadata["experiments"] == {
        "repository": f"file://{repository.bare}",
        "ref": "main",
        "commit": start.experiments["commit"],
    }


def test_an_experiment_beside_the_run_is_not_taken_for_one_of_the_repository(repository):
    shutil.copytree(repository.work / "experiments" / "small", "mine")
    address = f"{repository.address}@main"

    with pytest.raises(UnreadableError, match="mine is not in the repository git"):
        planned(Settings(experiment="mine", experiments_root=address))


def test_an_address_that_is_wrong_is_refused_with_the_other_settings():
    with pytest.raises(EpyflowError, match=r"experiments_root: .*before the host") as caught:
        read_settings({"experiment": "x", "experiments_root": "git+https://secret@host/o/r@main"})

    assert "secret" not in str(caught.value)


def test_an_experiment_in_a_repository_is_validated_and_planned_by_its_id(repository):
    root = ["--root", f"{repository.address}@main"]

    valid = CliRunner().invoke(app, ["validate", "small", *root])
    plan = CliRunner().invoke(app, ["plan", "small", "--format", "json", *root])

    assert (valid.exit_code, plan.exit_code) == (0, 0)
    assert json.loads(plan.stdout)["tasks"] == 1


def test_a_repository_that_cannot_be_read_is_no_invalid_experiment(repository):
    root = ["--root", f"{repository.address}@nowhere", "--format", "json"]

    done = CliRunner().invoke(app, ["validate", "small", *root])

    assert done.exit_code == 2
    assert "has no branch or tag 'nowhere'" in json.loads(done.stdout)["unreadable"]


POPULATIONS = Path(__file__).resolve().parents[3] / "config" / "common-data" / "populations"


def warnings_of(root: Path, init: object, populations: Path = POPULATIONS) -> list[str]:
    """Return the warnings of a start of the model with so many infectious people."""
    write_sections(root, changed(SIR, ("model.compartments.1.init", init)))
    settings = Settings(
        experiment="sample", experiments_root=str(root), population_data=str(populations)
    )
    return gather(settings).warnings


def test_a_start_warns_of_a_population_as_epyflow_validate_does(tmp_path):
    (warning,) = warnings_of(tmp_path, 1e-9)

    place = f"{tmp_path}/experiments/sample/config/basemodel.yaml:"
    assert warning.startswith(place)
    said = "model.compartments[1].init: warning: is less than half a person in each age group of"
    assert said in warning
    assert warnings_of(tmp_path, 200) == []


def test_errors_of_a_population_are_left_to_its_tasks(tmp_path):
    persons, broken = "places 9,000,000 persons", tmp_path / "broken"
    shutil.copytree(POPULATIONS, broken)
    sizes = broken / "population.csv"
    sizes.write_text(sizes.read_text().replace("343900", "-1"))

    assert not any(persons in each for each in warnings_of(tmp_path, 9_000_000))
    assert warnings_of(tmp_path, 1e-9, broken) == []
