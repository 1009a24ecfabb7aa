"""Paths of data files are looked up below the root, and lead nowhere else."""

import os
from pathlib import Path

import pytest

from epyflow.experiment.reading.experiment_files import ExperimentFiles, locate


@pytest.fixture
def place(tmp_path):
    """Return an experiment whose data files say where they stand."""
    root, folder = tmp_path, tmp_path / "experiments" / "mine"
    for each in (folder / "config", root / "common-data"):
        each.mkdir(parents=True)
    (folder / "config" / "basemodel.yaml").write_text("model: {}\n", encoding="utf-8")
    for base in (folder / "config", folder, root):
        (base / "data.csv").write_text(base.name, encoding="utf-8")
    return locate(folder)


def found(place: ExperimentFiles, written: str) -> Path:
    return place.resolve(written, place.config / "basemodel.yaml")


def test_a_path_is_looked_up_beside_the_yaml_then_in_the_experiment_then_in_the_root(place):
    for base in (place.config, place.folder, place.root):
        assert found(place, "data.csv") == base / "data.csv"
        (base / "data.csv").unlink()

    with pytest.raises(ValueError, match=r"no file 'data.csv'; expected one of .*config/data\.csv"):
        found(place, "data.csv")


def test_dots_may_lead_about_within_the_root(place):
    assert found(place, "../../../data.csv") == place.root / "data.csv"


def test_an_absolute_path_within_the_root_is_found(place):
    assert found(place, str(place.root / "data.csv")) == place.root / "data.csv"


@pytest.fixture
def outside(tmp_path_factory):
    """Return a file outside every root."""
    path = tmp_path_factory.mktemp("outside") / "secret.csv"
    path.touch()
    return path


def ways_out(place: ExperimentFiles, outside: Path) -> list[str]:
    (place.config / "link.csv").symlink_to(outside)
    (place.config / "folder").symlink_to(outside.parent)
    return [
        str(outside),
        os.path.relpath(outside, place.config),
        "link.csv",
        f"folder/{outside.name}",
    ]


def test_a_path_that_leaves_the_root_is_refused_however_it_does(place, outside):
    for written in ways_out(place, outside):
        with pytest.raises(
            ValueError, match=r"outside the experiments' root .* allowed_data_roots"
        ):
            found(place, written)


def test_a_path_may_lead_into_an_allowed_root(place, outside):
    allowed = locate(place.folder, allowed=(outside.parent,))

    for written in ways_out(place, outside):
        assert found(allowed, written) == outside


def test_a_root_that_is_itself_a_link_is_no_way_out(place, tmp_path_factory):
    link = tmp_path_factory.mktemp("elsewhere") / "root"
    link.symlink_to(place.root)

    linked = locate("mine", link)

    assert found(linked, "data.csv").samefile(place.config / "data.csv")
    assert linked.exp_id == "mine"


def test_an_experiment_that_is_a_link_keeps_its_name_below_the_root(place, tmp_path_factory):
    elsewhere = place.folder.rename(tmp_path_factory.mktemp("elsewhere") / "other")
    (place.folder.parent / "us").mkdir()
    (place.folder.parent / "us" / "flu").symlink_to(elsewhere)

    assert locate("us/flu", place.root).exp_id == "us/flu"


@pytest.mark.parametrize("written", ["", ".", "../config"])
def test_a_folder_is_no_data_file(place, written):
    with pytest.raises(ValueError, match="is not a file"):
        found(place, written)


@pytest.mark.parametrize("written", ["no\0where", "x" * 5000])
def test_a_path_that_no_file_can_have_is_refused(place, written):
    with pytest.raises(ValueError, match=r"no file|cannot be read"):
        found(place, written)


def test_a_link_to_itself_is_no_file(place):
    (place.config / "loop.csv").symlink_to("loop.csv")

    with pytest.raises(ValueError, match="no file"):
        found(place, "loop.csv")
