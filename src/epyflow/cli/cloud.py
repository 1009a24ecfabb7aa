"""``epyflow cloud``: what a project in the cloud is to this folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from epyflow.errors import EpyflowError

cloud = typer.Typer(help="Prepare runs on Google Batch.", no_args_is_help=True)

WRONG, UNREADABLE = 1, 2


@cloud.callback()
def cloud_options() -> None:
    """Prepare runs on Google Batch."""


@cloud.command()
def configure(
    outputs: Annotated[
        Path | None,
        typer.Argument(
            help="What `terraform output -json` printed: a file, or - for standard input."
        ),
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="The workers' image, by its digest: NAME@sha256:...")
    ] = None,
) -> None:
    """Write profiles/gcp/site.yaml from terraform's outputs, keeping what they do not say.

    Exit code 0: written. 1: a value is missing or wrong, and nothing was written. 2: the outputs
    cannot be read.
    """
    # Imported here, as pydantic's models take a moment that other commands need not wait for.
    from epyflow.google.site import read_file
    from epyflow.google.site_file import values_of, write_site

    if outputs is None and image is None:
        typer.echo("nothing to write: give terraform's outputs, --image, or both", err=True)
        raise typer.Exit(UNREADABLE)
    try:
        values = {} if outputs is None else values_of(_read(outputs))
        path = write_site(values | ({} if image is None else {"image": image}))
    except OSError as error:
        typer.echo(f"{outputs}: cannot be read: {error.strerror}", err=True)
        raise typer.Exit(UNREADABLE) from None
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG) from None
    typer.echo(f"wrote {path}")
    if "image" not in read_file(path):
        typer.echo("next: make image-push")


def _read(outputs: Path) -> str:
    return sys.stdin.read() if str(outputs) == "-" else outputs.read_text(encoding="utf-8")
