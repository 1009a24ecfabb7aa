"""``epyflow unpack``: extract the experiment that is kept beside the results of a run."""

import os
import shlex
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from epyflow.archives import extract_archive
from epyflow.cli.output import exit_on_error, say
from epyflow.errors import UnreadableError
from epyflow.run.bundle import open_bundle

_REMEDY = (
    "expected the file experiment.tar.gz that a run has written, whole: `epyflow fetch RUN --what "
    "experiment.tar.gz` copies it"
)


def unpack(
    archive: Annotated[Path, typer.Argument(help="`experiment.tar.gz` of a run.")],
    to: Annotated[Path, typer.Option(help="A new folder for the files.")] = Path("experiment"),
) -> None:
    """Extract the experiment that is kept beside the results of a run.

    The folder can be used as experiments_root, on any machine. An archive with other things than
    files below the folder, or with more or larger files than any experiment has, is refused.

    Exit code 0: extracted. 2: the archive cannot be read, is not of a run, or the folder exists.
    """
    with exit_on_error():
        if os.path.lexists(to):
            what = "exists" if to.exists() else "is a link to a file or folder that does not exist"
            raise UnreadableError(f"{to} {what}; expected the name of a new folder in --to")
        to.parent.mkdir(parents=True, exist_ok=True)
        exp_id = _extract(archive, to)
    code = to / "experiments" / exp_id / "functions"
    if code.is_dir():
        say(
            f"{code} has Python code, which a run executes as you: read it first if others "
            "can write where the archive comes from",
            err=True,
        )
    say(f"run it with: {shlex.join(['epyflow', 'run', exp_id, '--root', str(to)])}")


def _extract(archive: Path, to: Path) -> str:
    """Extract the archive beside the folder, which it becomes, and return the experiment's id."""
    try:
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=to.parent) as temporary:
            folder = Path(temporary) / "experiment"
            extract_archive(archive, folder, "the experiment of a run", _REMEDY, named=to)
            exp_id = open_bundle(folder, archive, _REMEDY).place.exp_id
            folder.rename(to)
    except OSError as error:
        raise UnreadableError(f"{to}: cannot be written: {error.strerror}") from None
    return exp_id
