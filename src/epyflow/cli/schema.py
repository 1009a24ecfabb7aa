"""``epyflow schema``: the JSON schema of the experiment format."""

from pathlib import Path
from typing import Annotated

import typer

from epyflow.cli.output import ExitCode, fail, say, unreadable_name
from epyflow.experiment.format.json_schema import export
from epyflow.files import write_bytes_atomically


def schema(
    folder: Annotated[Path, typer.Argument(help="Folder to write it to.")] = Path(
        "workflow/schemas"
    ),
    check: Annotated[bool, typer.Option(help="Only check whether it is up to date.")] = False,
) -> None:
    """Write the JSON schema of the experiment format, for editors.

    Exit code 0: written, or up to date. 1: with --check, out of date. 2: it cannot be written.
    """
    path = folder / "experiment.schema.json"
    text = export()
    try:
        if check:
            current = path.is_file() and path.read_text(encoding="utf-8") == text
            say(f"{path} is {'up to date' if current else 'out of date: run epyflow schema'}")
            raise typer.Exit(ExitCode.OK if current else ExitCode.PROBLEM)
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes_atomically(path, text.encode())
    except OSError as error:
        fail(str(unreadable_name(error)), ExitCode.UNREADABLE)
    say(f"wrote {path}")
