"""A bundle gives the inputs that the experiment itself gives, on a machine that has none of it."""

import io
import json
import re
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from epyflow.archives import extract_archive
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.inputs.build import Build
from epyflow.inputs.fan_out import plan
from epyflow.population.store import PopulationStore
from epyflow.run import bundle
from epyflow.run.bundle import Sources
from tests.unit.inputs.tiny_experiment import edit, tiny_experiment, written

MATRIX = "data/United_States_Vermont/contact_matrices/mistry_2021/contacts_matrix_{}.csv"


def download(cache: Path) -> None:
    """Put Vermont where epydemix-data is kept once it was downloaded."""
    files = {
        MATRIX.format(layer): "1,2\n3,4\n" for layer in ("school", "work", "home", "community")
    }
    files["data/United_States_Vermont/demographic/age_distribution.csv"] = (
        "group_name,value\n0-17,50\n18+,70\n"
    )
    files["locations.csv"] = (
        "location,primary_contact_source\n"
        "United_States_Vermont,mistry_2021\nUnited_States_Maine,mistry_2021\n"
    )
    for name, text in files.items():
        path = cache / "v1.2.0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root whose experiment has a function, a calendar, and data and people from elsewhere."""
    root = tiny_experiment(tmp_path / "root")
    download(tmp_path / "cache")
    config = root / "experiments" / "tiny" / "config"
    outside = tmp_path / "outside" / "coverage.csv"
    outside.parent.mkdir()
    shutil.move(config / "coverage.csv", outside)
    edit(outside, with_vermont)
    edit(config / "basemodel.yaml", lambda text: text.replace("coverage.csv", str(outside)))
    edit(config / "modelset.yaml", lambda text: text.replace("US-MA]", "US-MA, US-VT]"))
    (config / "output.yaml").write_text("output: {}\n")
    (config / "unused.yaml").write_text("output: {}\n")
    (root / "secret.txt").write_text("of no concern")
    return root


def with_vermont(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return text + "".join(
        line.replace("New York", "Vermont") for line in lines if "New York" in line
    )


def sources(root: Path) -> Sources:
    return Sources(
        locate("tiny", root, (root.parent / "outside",)),
        PopulationStore.open(root / "populations", cache=root.parent / "cache"),
        root / "calendar.csv",
    )


def packed(root: Path) -> Path:
    path = root.parent / "experiment.tar.gz"
    given = sources(root)
    bundle.write_bundle(load(given.place), given, path)
    return path


def built(given: Sources, folder: Path) -> list[bytes]:
    experiment = load(given.place)
    build = Build(
        experiment=experiment,
        plan=plan(experiment, 4),
        store=given.store,
        calendar_file=given.calendar,
        seed=7,
        engine="epydemix",
        run_code="0123456789ab",
    )
    return [path.read_bytes() for path in written(build, folder)]


def test_a_machine_that_has_only_the_bundle_builds_the_same_bytes(root, tmp_path):
    here = built(sources(root), tmp_path / "here")
    path = packed(root)
    for name in ("root", "cache", "outside"):
        shutil.rmtree(tmp_path / name)

    with bundle.unpack_bundle(path) as given:
        there = built(given, tmp_path / "there")
        folder = given.place.root

    assert there == here
    assert len(set(here)) == 6
    paths = sorted((tmp_path / "there").iterdir())
    assert not any(isinstance(pickling.read_input(path), Failure) for path in paths)
    assert not folder.exists()


def test_a_bundle_holds_what_the_experiment_names_and_nothing_else(root):
    with tarfile.open(packed(root)) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile("bundle.json"))

    vermont = "populations/downloaded/data/United_States_Vermont"
    mistry = f"{vermont}/contact_matrices/mistry_2021"
    assert sorted(names) == [
        "bundle.json",
        "calendar/calendar.csv",
        "elsewhere/0/coverage.csv",
        "experiments/tiny/config/basemodel.yaml",
        "experiments/tiny/config/modelset.yaml",
        "experiments/tiny/config/output.yaml",
        "experiments/tiny/functions/priors.py",
        *(
            f"{mistry}/contacts_matrix_{layer}.csv"
            for layer in ("community", "home", "school", "work")
        ),
        f"{vermont}/demographic/age_distribution.csv",
        "populations/downloaded/locations.csv",
        "populations/given/contacts.csv",
        "populations/given/population.csv",
    ]
    assert manifest["format"] == 1  # a version of epyflow reads the formats that it knows


def test_equal_experiments_give_equal_bundles_whenever_and_wherever_they_are(root):
    once = packed(root).read_bytes()
    moved = root.parent / "moved"
    for path in root.rglob("*"):
        path.touch()
    for name in ("root", "cache"):
        shutil.copytree(root.parent / name, moved / name, copy_function=shutil.copyfile)
    (moved / "outside").symlink_to(root.parent / "outside")

    assert packed(root).read_bytes() == once
    assert packed(moved / "root").read_bytes() == once


def test_the_bundle_of_an_unpacked_bundle_is_the_same(root, tmp_path):
    path = packed(root)
    again = tmp_path / "again.tar.gz"

    with bundle.unpack_bundle(path) as given:
        bundle.write_bundle(load(given.place), given, again)

    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"data": {"a.csv": "../secret.csv"}}, "'../secret.csv' leads out of the bundle"),
        ({"data": {"a.csv": "/etc/secret.csv"}}, "'/etc/secret.csv' leads out of the bundle"),
        ({"calendar": "data/../../secret.csv"}, "leads out of the bundle"),
        ({"experiment": "../other"}, "'../other' is not the id of an experiment"),
        ({"data": None}, "data"),
        ({"format": 2}, "written by another version of epyflow"),
    ],
)
def test_a_manifest_that_names_files_elsewhere_or_nothing_is_refused(tmp_path, change, expected):
    manifest = {"format": 1, "experiment": "tiny", "data": {}, "calendar": None} | change
    (tmp_path / "bundle.json").write_text(json.dumps(manifest))

    with pytest.raises(ArtifactError, match=re.escape(expected)) as error:
        bundle.open_bundle(tmp_path)
    assert "delete" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("elsewhere/0/coverage.csv", "outside the experiments' root"),
        ("calendar/calendar.csv", r"calendar\.csv leads out of the root"),
        ("populations/given/population.csv", r"population\.csv leads out of the root"),
        ("experiments/tiny/config/modelset.yaml", r"modelset\.yaml:1: leads out of the root"),
        ("experiments/tiny/functions/priors.py", r"priors\.py:1: leads out of the root"),
    ],
)
def test_a_link_in_a_folder_that_is_a_bundle_leads_nowhere_else(root, tmp_path, name, message):
    folder = tmp_path / "unpacked"
    extract_archive(packed(root), folder, "a bundle", "look at it")
    path = folder / name
    path.symlink_to(path.rename(tmp_path / "secret"))

    with pytest.raises(EpyflowError, match=message):
        load(bundle.open_bundle(folder).place)


def test_data_below_the_root_keep_their_places(root):
    outside = root.parent / "outside" / "coverage.csv"
    (root / "common-data").mkdir()
    shutil.move(outside, root / "common-data" / "coverage.csv")
    config = root / "experiments" / "tiny" / "config"
    edit(
        config / "basemodel.yaml",
        lambda text: text.replace(str(outside), "../../../common-data/coverage.csv"),
    )

    with bundle.unpack_bundle(packed(root)) as given:
        (found,) = set(load(given.place).data.values())
        assert found == given.place.root / "data" / "common-data" / "coverage.csv"


def test_a_population_that_could_not_be_had_fails_alone_and_nothing_is_downloaded(root, tmp_path):
    shutil.rmtree(root.parent / "cache" / "v1.2.0" / "data")

    with bundle.unpack_bundle(packed_offline(root)) as given:
        built(given, tmp_path / "there")

    items = [pickling.read_input(path) for path in sorted((tmp_path / "there").iterdir())]
    *others, first, second = items
    assert not any(isinstance(item, Failure) for item in others)
    assert isinstance(first, Failure)
    assert isinstance(second, Failure)
    assert "is not in this copy" in first.cause


def packed_offline(root: Path) -> Path:
    """Pack where what was not downloaded before is out of reach."""
    path = root.parent / "experiment.tar.gz"
    copy = root.parent / "copy"
    shutil.copytree(root / "populations", copy / "given")
    shutil.copytree(root.parent / "cache" / "v1.2.0", copy / "downloaded")
    given = replace(sources(root), store=PopulationStore.open_copy(copy))
    bundle.write_bundle(load(given.place), given, path)
    return path


def archive_of(path: Path, entries: Iterable[tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"x" * entry.size))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, target, int(kind == tarfile.REGTYPE)
    return made


@pytest.mark.parametrize(
    "entries",
    [
        [entry("../escaped")],
        [entry("a/../../escaped")],
        [entry("/escaped")],
        [entry("link", tarfile.SYMTYPE, "../escaped"), entry("link")],
        [entry("link", tarfile.LNKTYPE, "../escaped")],
        [entry("device", tarfile.CHRTYPE)],
        [entry("twice"), entry("twice")],
    ],
    ids=["above", "above-by-a-detour", "absolute", "link", "hard-link", "device", "twice"],
)
def test_what_leads_out_of_a_bundle_is_refused(tmp_path, monkeypatch, entries):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = archive_of(tmp_path / "experiment.tar.gz", entries)

    with (
        pytest.raises(ArtifactError, match=r"experiment\.tar\.gz: not usable"),
        bundle.unpack_bundle(path),
    ):
        pass

    assert [each.name for each in tmp_path.iterdir()] == ["experiment.tar.gz"]


@pytest.mark.parametrize("kept", [0, 10, 400])
def test_a_bundle_that_is_cut_short_is_refused(root, kept):
    path = packed(root)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(ArtifactError, match="delete it and run again"), bundle.unpack_bundle(path):
        pass


def test_a_partitioned_folder_of_data_travels_file_by_file(tmp_path):
    folder = tmp_path / "hub" / "target-data" / "time-series"
    (folder / "as_of=2025-01-11").mkdir(parents=True)
    (folder / "as_of=2025-01-11" / "part-0.csv").write_text("location\n25\n")
    (tmp_path / "plain.csv").write_text("location\n25\n")
    found = {"hub": folder, "plain.csv": tmp_path / "plain.csv"}
    names = {"hub": "data/hub/target-data/time-series", "plain.csv": "data/plain.csv"}

    members = bundle.data_files(found, names)

    assert members == {
        "data/hub/target-data/time-series/as_of=2025-01-11/part-0.csv": folder
        / "as_of=2025-01-11"
        / "part-0.csv",
        "data/plain.csv": tmp_path / "plain.csv",
    }
