"""Send a coordinator the files to plan and build the same run, and no others."""

import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_up_hubs import scorable, tasks, write_hub
from tests.unit.repositories.serving import TOKEN, Repository
from tests.workflow.forecasting import forecast, write_target_data
from tests.workflow.workspace import Workspace

from epyflow import provenance
from epyflow.archives import extract_archive
from epyflow.errors import UnreadableError
from epyflow.operations.detached.job_request import read_submission
from epyflow.operations.detached.source_archive import Packed, find_members, pack
from epyflow.run.input_build import prepare_build
from epyflow.run.plan import PLAN_VARIABLE, plan_checksum, read_plan_file
from epyflow.run.planner import plan_without_seed, write_run_plan
from epyflow.run.settings import Settings, read_settings
from epyflow.run.sources import gather
from epyflow.run.start import read_start
from epyflow.stages import STAGES
from epyflow.storage.disk import Disk

DATES = ["2025-02-08", "2025-02-15"]


def packed_here(settings: Settings, *arguments: str) -> Packed:
    found = gather(settings)
    exp_id = found.experiment.files.exp_id
    return pack(
        find_members(found, arguments),
        exp_id,
        settings.run_id,
        plan_checksum(plan_without_seed(found)),
    )


def unpacked(sources: Packed, folder: Path) -> dict[str, Any]:
    """Unpack the sources and return the settings in them."""
    path = folder.with_suffix(".tar.gz")
    path.write_bytes(sources.data)
    extract_archive(path, folder, "a test", "do it again")
    return dict(yaml.safe_load((folder / "config" / "config.yaml").read_text()))


def planned(settings: Settings, submitted: Packed | None = None) -> tuple[bytes, list[bytes]]:
    """Plan and build a run in the working directory; a submitted one, if it is the same."""
    expected = {} if submitted is None else {PLAN_VARIABLE: submitted.plan}
    path = write_run_plan(gather(settings), [], Disk(), expected)
    plan = read_plan_file(path.read_bytes())
    built = []
    for run in [each.run_id for each in plan.runs]:
        target = Path(f"input-{run.replace('/', '-')}.pkl").absolute()
        prepare_build(settings, plan.seed, run_id=run).write({0: target})
        built.append(target.read_bytes())
    return path.read_bytes(), built


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Workspace:
    """The small study, and its project as the working directory."""
    workspace = Workspace(tmp_path / "here")
    monkeypatch.chdir(workspace.folder)
    return workspace


def small(**more: Any) -> Settings:
    return read_settings({"experiment": "small", "experiments_root": "study", **more})


def hub_with_a_baseline(folder: Path) -> Path:
    """Write a hub of the dates, to which one model submitted for the first of them."""
    document = tasks()
    for task in document["rounds"][0]["model_tasks"]:
        task["task_ids"]["forecast_date"]["optional"] = DATES
        task["task_ids"]["region"] = {"required": None, "optional": ["Massachusetts", "New York"]}
    others = folder / "submissions" / "their-baseline"
    others.mkdir(parents=True)
    (others / f"{DATES[0]}-their-baseline.csv").write_text("of no concern here\n")
    (others / "2024-02-08-their-baseline.csv").write_text("nor this\n")
    return write_hub(folder, scorable(document, ["2025-02-15"]))


def test_the_same_is_planned_and_built_where_there_is_nothing_but_the_archive(
    workspace, tmp_path, monkeypatch
):
    outside = tmp_path / "elsewhere" / "doses.csv"
    outside.parent.mkdir()
    shutil.move(workspace.study / "common-data" / "doses.csv", outside)
    workspace.change(
        "basemodel",
        lambda y: y["model"]["vaccination"].update(preprocessed_vaccination_data_path=str(outside)),
    )
    settings = small(run_id="packed", allowed_data_roots=[str(outside.parent)], members_per_task=3)
    here = planned(settings)

    sources = packed_here(settings)
    values = unpacked(sources, tmp_path / "there")
    shutil.rmtree(workspace.folder)
    shutil.rmtree(outside.parent)
    monkeypatch.chdir(tmp_path / "there")

    assert values == {
        "experiment": "small",
        "experiments_root": "experiments",
        "run_id": "packed",
        "members_per_task": 3,
    }
    assert planned(read_settings(values), sources) == here


def test_so_are_the_dates_of_a_replay_with_its_hub_and_what_it_is_scored_against(
    workspace, tmp_path, monkeypatch
):
    one = {"target": "cases", "simulation": ["S_to_I_total"], "task_ids": {"age_group": "18+"}}
    forecast(workspace, "hub_format", reference_date="2025-02-15", targets=[one])
    hub = hub_with_a_baseline(tmp_path / "hub")
    settings = small(hub=str(hub), target_data=write_target_data(workspace), reference_dates=DATES)
    here = planned(settings)

    sources = packed_here(settings)
    values = unpacked(sources, tmp_path / "there")
    shutil.rmtree(workspace.folder)
    shutil.rmtree(hub)
    monkeypatch.chdir(tmp_path / "there")

    assert values["hub"] == "experiments/common-data/hub"
    assert values["target_data"] == "experiments/against/final.csv"
    assert planned(read_settings(values), sources) == here
    assert len(here[1]) == 2
    assert b'"baseline": "their-baseline"' in here[0]
    there = tmp_path / "there" / "experiments" / "common-data" / "hub" / "submissions"
    assert [path.name for path in there.rglob("*.csv")] == [f"{DATES[0]}-their-baseline.csv"]


def test_a_link_out_of_the_hub_is_not_packed(workspace, tmp_path):
    one = {"target": "cases", "simulation": ["S_to_I_total"], "task_ids": {"age_group": "18+"}}
    forecast(workspace, "hub_format", reference_date="2025-02-15", targets=[one])
    hub = hub_with_a_baseline(tmp_path / "hub")
    (theirs,) = hub.glob(f"submissions/*/{DATES[0]}-*.csv")
    theirs.rename(tmp_path / "secret.csv")
    theirs.symlink_to(tmp_path / "secret.csv")
    target_data = write_target_data(workspace)

    with pytest.raises(UnreadableError, match=r"their-baseline\.csv leads out of the hub .* link"):
        packed_here(small(hub=str(hub), target_data=target_data, reference_dates=DATES))


def test_equal_files_give_equal_bytes_whatever_their_age_and_place(
    workspace, tmp_path, monkeypatch
):
    first = packed_here(small(), "--retries", "0")
    other = Workspace(tmp_path / "another")
    for path in other.folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    monkeypatch.chdir(other.folder)

    assert packed_here(small(), "--retries", "0") == first
    assert packed_here(small(), "--retries", "1").path != first.path


def test_what_is_nobodys_business_stays_at_home(workspace, tmp_path, monkeypatch):
    monkeypatch.setenv("EPYFLOW_GIT_TOKEN", TOKEN)
    for name in (".git/config", "profiles/gcp/site.yaml", "workflow/.env", "study/notes.txt"):
        path = workspace.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(TOKEN)
    (workspace.folder / "workflow" / "scripts" / "__pycache__").mkdir()
    (workspace.folder / "workflow" / "scripts" / "__pycache__" / "x.pyc").write_text(TOKEN)

    path = tmp_path / "sources.tar.gz"
    path.write_bytes(packed_here(small()).data)
    with tarfile.open(path) as archive:
        names = archive.getnames()
        contents = [archive.extractfile(name).read() for name in names]  # type: ignore[union-attr]

    tops = {name.split("/")[0] for name in names}
    assert tops == {"workflow", "envs", "profiles", "config", "experiments", "submission.json"}
    assert [name for name in names if name.startswith("profiles")] == ["profiles/gcp/config.yaml"]
    assert not any(TOKEN.encode() in content for content in contents)
    assert not any(str(tmp_path).encode() in content for content in contents)


def test_a_repository_is_packed_as_it_was_fetched_and_its_commit_recorded(
    workspace, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repository = Repository(tmp_path / "repository")
    commit = repository.commit({"README.md": "experiments\n"})
    settings = small(experiments_root=f"{repository.address}@main")

    values = unpacked(packed_here(settings), tmp_path / "there")
    for name in ("cache", "repository"):
        shutil.rmtree(tmp_path / name)
    monkeypatch.chdir(tmp_path / "there")
    there = read_settings(values)
    write_run_plan(gather(there), [], Disk())

    known = read_start(there).experiments
    assert known is not None
    assert {**known, "folder": None} == {
        "repository": f"file://{repository.bare}",
        "ref": "main",
        "commit": commit,
        "folder": None,
    }
    assert there.start_path.is_file()


def test_the_sources_say_whose_they_are_and_by_what_code_they_were_packed(workspace, tmp_path):
    unpacked(packed_here(small(run_id="mine"), "--retries", "0"), tmp_path / "there")

    said = read_submission((tmp_path / "there" / "submission.json").read_bytes())

    assert (said.exp_id, said.run_id, said.arguments) == ("small", "mine", ("--retries", "0"))
    assert said.code == {stage: provenance.code_version(stage) for stage in STAGES}
    assert said.checkout is None


def test_elsewhere_than_in_the_projects_folder_nothing_is_packed(workspace, tmp_path, monkeypatch):
    study = str(workspace.study)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UnreadableError, match="run epyflow submit in the folder of the project"):
        packed_here(small(experiments_root=study))


def test_equal_sources_have_one_name():
    text, where = b"rule all:\n", ("flu", "main", "12" * 32)
    sources = pack({"workflow/Snakefile": text}, *where, "/a/flu")

    assert pack({"workflow/Snakefile": text}, *where, "/a/flu") == sources
    assert pack({"workflow/Snakefile": b"rule some:\n"}, *where).path != sources.path
