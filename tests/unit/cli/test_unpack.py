import errno
import os
import shlex
import tarfile
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from epyflow import archives
from epyflow.cli import app
from epyflow.errors import EpyflowError
from epyflow.run.experiment_archive import keep_experiment
from epyflow.run.settings import Settings
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk
from tests.unit.experiment.samples import write_dateless
from tests.workflow.workspace import Workspace


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """The experiment of a run, and nothing else of the study."""
    monkeypatch.chdir(tmp_path)
    workspace = Workspace(tmp_path)
    found = gather(Settings(experiment="small", experiments_root="study"))
    keep_experiment(found, Disk())
    workspace.study.rename(tmp_path / "gone")
    return tmp_path / "results" / "small" / "main" / "experiment.tar.gz"


def unpack(*arguments):
    done = CliRunner().invoke(app.app, ["unpack", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_the_experiment_of_a_run_is_run_again_from_its_archive(archive):
    done = unpack(archive, "--to", "again/small")

    assert done.exit_code == 0, done.stderr
    command = "epyflow run small --root again/small"
    assert done.stdout == f"run it with: {command}\n"
    for other in ("validate", "plan"):  # they take what run takes
        again = CliRunner().invoke(app.app, [other, *command.split()[2:]])
        assert (again.exit_code, again.stderr) == (0, "")
    before = archive.read_bytes()
    archive.unlink()
    keep_experiment(gather(Settings(experiment="small", experiments_root="again/small")), Disk())
    assert archive.read_bytes() == before


def test_an_archive_that_lacks_the_vintage_of_another_date_says_which_it_holds(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_dateless(tmp_path)
    keep_experiment(
        gather(Settings(experiment="sample", experiments_root=".", today=date(2025, 1, 15))), Disk()
    )
    unpack(next(Path("results").rglob("experiment.tar.gz")), "--to", "again")

    with pytest.raises(EpyflowError) as found:
        gather(Settings(experiment="sample", experiments_root="again", today=date(2025, 1, 29)))

    assert (
        "the archive of a run holds common-data/vintages as of 2025-01-15, which that run has "
        "read, and not common-data/vintages as of 2025-01-29; expected the dates of that run"
    ) in str(found.value)


@pytest.mark.parametrize(
    "named", [("small", "--root", "again"), ("again/experiments/small",)], ids=["id", "path"]
)
def test_the_unpacked_experiment_is_checked_as_it_is_run(archive, named):
    assert unpack(archive, "--to", "again").exit_code == 0

    for command in ("validate", "plan"):
        done = CliRunner().invoke(app.app, [command, *named])
        assert (done.exit_code, done.stderr) == (0, "")
    given = ("experiment=small", "experiments_root=again")
    done = CliRunner().invoke(app.app, ["doctor", "--no-cloud", "--config", given[0], given[1]])
    assert "small: simulate, 2 tasks" in done.stdout
    assert "2 in again/populations/given" in done.stdout.replace(str(Path.cwd()) + "/", "")


def test_another_experiment_is_not_taken_for_the_unpacked_one(archive):
    assert unpack(archive, "--to", "again").exit_code == 0
    Workspace(Path("other"))

    for command in ("validate", "plan"):
        done = CliRunner().invoke(
            app.app, [command, "other/study/experiments/small", "--root", "again"]
        )
        assert done.exit_code == 2
        assert "not in experiments_root 'again', an unpacked archive; expected small" in done.stderr


def test_the_command_to_type_has_words_of_a_shell(archive):
    done = unpack(archive, "--to", "my study's")

    _, command = done.stdout.split(": ")
    assert shlex.split(command) == ["epyflow", "run", "small", "--root", "my study's"]


def test_a_link_to_nothing_is_named_and_left_alone(archive):
    Path("link").symlink_to("nowhere")

    done = unpack(archive, "--to", "link")

    assert done.exit_code == 2
    assert done.stderr.startswith("link is a link to a file or folder that does not exist")
    assert Path("link").readlink() == Path("nowhere")


def test_a_folder_that_cannot_be_made_is_named_as_it_was_given(archive):
    done = unpack(archive, "--to", "/proc/study")

    assert done.exit_code == 2
    assert done.stderr == "/proc/study: cannot be written: No such file or directory\n"


def test_a_folder_without_space_is_named_as_it_was_given(archive, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archives, "_copy", fail)

    done = unpack(archive, "--to", "study")

    assert done.exit_code == 2
    assert done.stderr.startswith("study: No space left on device, while ")


def test_a_folder_that_exists_is_left_alone(archive):
    assert unpack(archive).exit_code == 0

    again = unpack(archive)

    assert again.exit_code == 2
    assert "experiment exists; expected the name of a new folder in --to" in again.stderr


def test_what_is_no_archive_of_a_run_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("notes")
    with tarfile.open(tmp_path / "notes.tar.gz", "w:gz") as archive:
        archive.add("notes.txt")

    for name in ("notes.txt", "notes.tar.gz", "missing.tar.gz"):
        done = unpack(name, "--to", "there")
        assert done.exit_code == 2
        assert "not usable as" in done.stderr
        assert "expected the file experiment.tar.gz that a run has written" in done.stderr
        assert "delete" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.tar.gz", "notes.txt"]
