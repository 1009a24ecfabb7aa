"""``epyflow unpack``: extract the experiment that is kept beside the results of a run."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from epyflow.archives import extract_archive
from epyflow.cli.output import exit_on_error, say
from epyflow.errors import UnreadableError
from epyflow.run.bundle import open_bundle

_REMEDY = "fetch it again (`epyflow fetch`), or have the run made again"


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
        if to.exists():
            raise UnreadableError(f"{to} exists; expected the name of a new folder in --to")
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=to.parent) as temporary:
            folder = Path(temporary) / "experiment"
            extract_archive(archive, folder, "the experiment of a run", _REMEDY)
            exp_id = open_bundle(folder, archive).place.exp_id
            folder.rename(to)
    code = to / "experiments" / exp_id / "functions"
    if code.is_dir():
        say(
            f"{code} has Python code, which a run executes as you: read it first if others "
            "can write where the archive comes from",
            err=True,
        )
    say(f"run it with --config experiments_root={to} experiment={exp_id}")
