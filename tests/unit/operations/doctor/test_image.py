"""Compare the code of the image with that of this folder."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.operations.doctor.answers import HOST, context

from epyflow import __version__
from epyflow.operations.doctor import image, image_code
from epyflow.operations.doctor.image_code import Differences, differences

ROOT = Path(__file__).resolve().parents[4]
COMMIT = "0123456789abcdef" * 2 + "01234567"
LABEL = "org.opencontainers.image"


def version_with(monkeypatch, found: Differences | None, **labels: str):
    """Return the result for an image with these labels, and the commits that were compared."""
    compared = []
    monkeypatch.setattr(
        image, "differences", lambda commit, folder: compared.append(commit) or found
    )
    manifest = f"{HOST}/v2/p/r/epyflow/manifests/sha256:{'1' * 64}"
    its = {f"{LABEL}.{name}": text for name, text in labels.items()}
    documents = {
        manifest: {"config": {"digest": "c"}},
        f"{HOST}/v2/p/r/epyflow/blobs/c": {"config": {"Labels": its}},
    }
    return image.image_version(context(documents)), compared


@pytest.mark.parametrize("version", ["", "unknown", __version__])
def test_an_image_of_the_same_code_is_right_whatever_version_it_names(monkeypatch, version):
    labels = {"version": version, "revision": COMMIT} if version else {"revision": COMMIT}

    result, compared = version_with(monkeypatch, Differences((), ()), **labels)

    shown = version or __version__
    assert (result.state, result.found) == (
        "ok",
        f"epyflow {shown} of 0123456789ab, the code of this folder",
    )
    assert compared == [COMMIT]


@pytest.mark.parametrize(
    ("found", "labels", "state", "words"),
    [
        (None, {"version": "0.0.9", "revision": COMMIT}, "failed", "the image holds epyflow 0.0.9"),
        (None, {}, "warning", "does not say which commit"),
        (None, {"revision": COMMIT[:12]}, "warning", "does not say which commit"),
        (None, {"revision": f"{COMMIT}-dirty"}, "warning", "edited files on 0123456789ab"),
        (None, {"revision": COMMIT}, "warning", "which is not in this clone"),
        (Differences(("run",), ("x",)), {"revision": COMMIT}, "failed", "in the code of run"),
        (Differences((), ("the plugins",)), {"revision": COMMIT}, "warning", "in the plugins"),
    ],
    ids=["version", "none", "short", "dirty", "elsewhere", "stage", "plugins"],
)
def test_an_image_of_other_code_is_named(monkeypatch, found, labels, state, words):
    result, _ = version_with(monkeypatch, found, **labels)

    assert result.state == state
    assert words in result.found
    assert "make image-push" in result.remedy


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Return a folder with two commits: other code, with other packages, and this code."""
    folder = tmp_path_factory.mktemp("clone")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "epyflow", folder / "src" / "epyflow", ignore=ignored)
    lock = (ROOT / "uv.lock").read_text()
    (folder / "uv.lock").write_text(lock)
    plugin = folder / "packages/snakemake-storage-plugin-gcs-indexed/src/a.py"
    plugin.parent.mkdir(parents=True)
    dates = folder / "src/epyflow/model/dates.py"
    code = dates.read_text()
    git(folder, "init", "--quiet")
    dates.write_text(f"{code}\nEDITED = True\n")
    plugin.write_text("EDITED = True\n")
    other = commit(folder)
    dates.write_text(code)
    plugin.write_text("")
    return SimpleNamespace(folder=folder, other=other, this=commit(folder))


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


def test_the_code_of_this_folder_differs_in_nothing(clone):
    assert differences(clone.this, clone.folder) == Differences((), ())


def test_other_code_is_named_by_its_stages_and_the_plugins(clone):
    found = differences(clone.other, clone.folder)

    assert "run" in found.stages
    assert "scores" not in found.stages
    assert found.around == ("the plugins in packages/",)


def test_a_commit_that_is_not_there_cannot_be_compared(clone, monkeypatch):
    assert differences(COMMIT, clone.folder) is None

    monkeypatch.setattr(image_code.shutil, "which", lambda name: None)
    assert differences(clone.this, clone.folder / "src") is None


def test_another_snakemake_is_named_and_fails_no_stage(clone, monkeypatch):
    installed = image_code.installed() | {"snakemake": "9.0.1"}
    monkeypatch.setattr(image_code, "installed", lambda: installed)
    differences.cache_clear()

    found = differences(clone.this, clone.folder)

    differences.cache_clear()
    assert found.stages == ()
    assert len(found.around) == 1
    assert found.around[0].startswith("snakemake 9.")
    assert found.around[0].endswith(" (here 9.0.1)")
